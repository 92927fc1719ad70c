/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-directory-page.h"

#include "console/lk-console-credentials.h"
#include "ui/lk-field.h"
#include "ui/lk-find-bar.h"
#include "ui/lk-find-directory.h"
#include "ui/lk-save-search-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define ANY_DOMAIN "lab.test" /* where one is needed to check something else */

/* The choices before the sets. */
enum
{
  SIGN_IN_AUTO,
  SIGN_IN_ANONYMOUS,
  N_SIGN_INS,
};

struct _LkFindDirectoryPage
{
  GtkBox parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;

  AdwEntryRow *domain;
  AdwEntryRow *server;
  AdwExpanderRow *more;
  AdwEntryRow *base;
  AdwEntryRow *filter;
  AdwEntryRow *name;
  GtkSwitch *disabled;
  AdwComboRow *sign_in;
  AdwExpanderRow *advanced;
  AdwEntryRow *ca;
  AdwEntryRow *fingerprint;
  AdwEntryRow *map;
  LkFindBar *bar;
};

G_DEFINE_FINAL_TYPE (LkFindDirectoryPage, lk_find_directory_page, GTK_TYPE_BOX)

static char *
dup_text (AdwEntryRow *row)
{
  char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  if (*text != '\0')
    return text;
  g_free (text);
  return NULL;
}

static LkFindDirectory *
make_order (LkFindDirectoryPage *self)
{
  LkFindDirectory *order = g_new0 (LkFindDirectory, 1);
  guint sign_in = adw_combo_row_get_selected (self->sign_in);
  GtkStringObject *set = adw_combo_row_get_selected_item (self->sign_in);

  order->domain = dup_text (self->domain);
  order->server = dup_text (self->server);
  order->base = dup_text (self->base);
  order->filter = dup_text (self->filter);
  order->name = dup_text (self->name);
  order->ca_file = dup_text (self->ca);
  order->fingerprint = dup_text (self->fingerprint);
  order->map = dup_text (self->map);
  order->with_disabled = gtk_switch_get_active (self->disabled);
  order->is_anonymous = sign_in == SIGN_IN_ANONYMOUS;
  if (sign_in >= N_SIGN_INS && set != NULL)
    order->credential = g_strdup (gtk_string_object_get_string (set));
  return order;
}

/* What is typed in @row alone, so that the mark stands where the fault is. */
static gboolean
judge (LkFindDirectoryPage *self, AdwEntryRow *row)
{
  g_autofree char *text = dup_text (row);
  LkFindDirectory one = { .domain = (char *) ANY_DOMAIN };
  GError *error = NULL;

  if (row == self->domain)
    one.domain = text;
  else if (row == self->server)
    {
      one.domain = NULL;
      one.server = text;
    }
  else if (row == self->base)
    one.base = text;
  else if (row == self->filter)
    one.filter = text;
  else if (row == self->ca)
    one.ca_file = text;
  else if (row == self->fingerprint)
    one.fingerprint = text;
  else if (row == self->map)
    one.map = text;
  else
    one.name = text;

  if (text != NULL)
    lk_find_directory_check (&one, &error);
  return lk_field_judge (GTK_WIDGET (row), error);
}

static void
on_changed (LkFindDirectoryPage *self, AdwEntryRow *row)
{
  judge (self, row);
}

/* NULL when something is wrong, which is marked then. */
static LkFindDirectory *
check_order (LkFindDirectoryPage *self)
{
  AdwEntryRow *const rows[] = { self->domain, self->server, self->base,        self->filter,
                                self->name,   self->ca,     self->fingerprint, self->map };
  LkFindDirectory *order;
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!judge (self, rows[i]))
      {
        if (i > 1) /* which is below one of the two */
          adw_expander_row_set_expanded (i > 4 ? self->advanced : self->more, TRUE);
        gtk_widget_grab_focus (GTK_WIDGET (rows[i]));
        return NULL;
      }

  order = make_order (self);
  lk_find_directory_check (order, &error);
  if (lk_field_judge (GTK_WIDGET (self->domain), error))
    return order;
  lk_find_directory_free (order);
  gtk_widget_grab_focus (GTK_WIDGET (self->domain));
  return NULL;
}

static void
start (LkFindDirectoryPage *self, gboolean is_test)
{
  LkFindDirectory *order = check_order (self);

  if (order == NULL)
    return;
  order->is_test = is_test;
  lk_find_bar_start (self->bar, self->desk, is_test, lk_find_directory_run, order,
                     (GDestroyNotify) lk_find_directory_free);
}

static void
on_search (LkFindDirectoryPage *self)
{
  start (self, FALSE);
}

static void
on_test (LkFindDirectoryPage *self)
{
  start (self, TRUE);
}

static void
on_save (LkFindDirectoryPage *self)
{
  LkFindDirectory *order = check_order (self);

  if (order == NULL)
    return;
  lk_save_search_ask (GTK_WIDGET (self), self->desk, lk_find_directory_make_source (order));
  lk_find_directory_free (order);
}

static gpointer
list_credentials (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  return lk_console_list_credentials (console, error);
}

static void
on_credentials (gpointer answer, const GError *error, gpointer user_data)
{
  LkFindDirectoryPage *self = user_data;
  g_autoptr (GPtrArray) rows = answer;
  GtkStringList *choices = GTK_STRING_LIST (adw_combo_row_get_model (self->sign_in));

  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const LkCredentialRow *row = rows->pdata[i];

      gtk_string_list_append (choices, row->name);
    }
}

void
lk_find_directory_page_set_desk (LkFindDirectoryPage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
  lk_desk_call (desk, list_credentials, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                self->cancellable, on_credentials, self);
}

GListModel *
lk_find_directory_page_get_list (LkFindDirectoryPage *self)
{
  return lk_find_bar_get_list (self->bar);
}

static void
lk_find_directory_page_dispose (GObject *object)
{
  LkFindDirectoryPage *self = LK_FIND_DIRECTORY_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_FIND_DIRECTORY_PAGE);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_find_directory_page_parent_class)->dispose (object);
}

static void
lk_find_directory_page_finalize (GObject *object)
{
  g_object_unref (LK_FIND_DIRECTORY_PAGE (object)->cancellable);

  G_OBJECT_CLASS (lk_find_directory_page_parent_class)->finalize (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkFindDirectoryPage, child)

static void
lk_find_directory_page_class_init (LkFindDirectoryPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_find_directory_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_find_directory_page_finalize;
  g_type_ensure (LK_TYPE_FIND_BAR);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/latchkey/Latchkey/ui/lk-find-directory-page.ui");
  BIND (domain);
  BIND (server);
  BIND (more);
  BIND (base);
  BIND (filter);
  BIND (name);
  BIND (disabled);
  BIND (sign_in);
  BIND (advanced);
  BIND (ca);
  BIND (fingerprint);
  BIND (map);
  BIND (bar);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_save);
  gtk_widget_class_bind_template_callback (widget_class, on_search);
  gtk_widget_class_bind_template_callback (widget_class, on_test);
}

static void
lk_find_directory_page_init (LkFindDirectoryPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_find_bar_show_test (self->bar);
  lk_find_bar_show_save (self->bar);
}
