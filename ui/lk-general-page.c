/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-general-page.h"

#include "console/lk-console-secrets.h"
#include "console/lk-console-settings.h"
#include "ui/lk-setting-row.h"

#include <glib/gi18n.h>

struct _LkGeneralPage
{
  AdwPreferencesPage parent_instance;

  GCancellable *cancellable;

  AdwActionRow *store;
  AdwActionRow *key_place;
  AdwActionRow *workers_row;
  GtkSpinButton *workers;
  AdwEntryRow *connect_timeout;
  AdwEntryRow *answer_timeout;
};

G_DEFINE_FINAL_TYPE (LkGeneralPage, lk_general_page, ADW_TYPE_PREFERENCES_PAGE)

static void
set_subtitle (AdwActionRow *row, const char *text)
{
  g_autofree char *markup = g_markup_escape_text (text, -1);

  adw_action_row_set_subtitle (row, markup);
}

static gpointer
get_key_place (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  return lk_console_get_key_place (console, error);
}

static void
on_key_place (gpointer answer, const GError *error, gpointer user_data)
{
  LkGeneralPage *self = user_data;
  g_autoptr (LkKeyPlace) place = answer;

  if (place == NULL)
    set_subtitle (self->key_place, error->message);
  else
    set_subtitle (self->key_place,
                  place->place != NULL ? place->place : _ ("Nothing was sealed yet"));
}

void
lk_general_page_set_desk (LkGeneralPage *self, LkDesk *desk)
{
  set_subtitle (self->store, lk_desk_get_path (desk));
  lk_desk_call (desk, get_key_place, NULL, NULL, (GDestroyNotify) lk_key_place_free,
                self->cancellable, on_key_place, self);
  lk_setting_row_bind_number (self->workers, GTK_WIDGET (self->workers_row), desk,
                              LK_SETTING_WORKERS);
  lk_setting_row_bind_entry (self->connect_timeout, desk, LK_SETTING_CONNECT_TIMEOUT);
  lk_setting_row_bind_entry (self->answer_timeout, desk, LK_SETTING_ANSWER_TIMEOUT);
}

static void
lk_general_page_dispose (GObject *object)
{
  LkGeneralPage *self = LK_GENERAL_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_GENERAL_PAGE);

  G_OBJECT_CLASS (lk_general_page_parent_class)->dispose (object);
}

static void
lk_general_page_class_init (LkGeneralPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_general_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-general-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkGeneralPage, store);
  gtk_widget_class_bind_template_child (widget_class, LkGeneralPage, key_place);
  gtk_widget_class_bind_template_child (widget_class, LkGeneralPage, workers_row);
  gtk_widget_class_bind_template_child (widget_class, LkGeneralPage, workers);
  gtk_widget_class_bind_template_child (widget_class, LkGeneralPage, connect_timeout);
  gtk_widget_class_bind_template_child (widget_class, LkGeneralPage, answer_timeout);
}

static void
lk_general_page_init (LkGeneralPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
