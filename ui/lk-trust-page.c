/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-trust-page.h"

#include "console/lk-console-settings.h"
#include "console/lk-console-trust.h"
#include "ui/lk-field.h"
#include "ui/lk-setting-row.h"

#include <glib/gi18n.h>

#define KEY_INDEX  "lk-index"
#define SHOWN_MAX  200
#define PIN_DIGITS 16

/* Which of the listed certificates is to be forgotten. */
typedef struct
{
  GPtrArray *certificates;
  guint n;
} Question;

struct _LkTrustPage
{
  AdwPreferencesPage parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GPtrArray *certificates; /* LkAcceptedCertificate; also read by the console's thread */
  GPtrArray *rows;         /* the group's */
  guint forgetting;

  AdwEntryRow *ca_file;
  AdwPreferencesGroup *group;
};

G_DEFINE_FINAL_TYPE (LkTrustPage, lk_trust_page, ADW_TYPE_PREFERENCES_PAGE)

static void load (LkTrustPage *self);

static void
question_free (gpointer data)
{
  Question *self = data;

  g_ptr_array_unref (self->certificates);
  g_free (self);
}

static gpointer
list_certificates (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  const LkChoice all = { 0 };
  g_autoptr (GPtrArray) rows = lk_console_list_rows (console, &all, NULL, error);

  return rows != NULL ? lk_console_list_certificates (console, rows, error) : NULL;
}

/* Gives something on success. */
static gpointer
forget (LkConsole *console, gpointer data, GCancellable *cancellable, GError **error)
{
  const Question *question = data;

  return lk_console_forget_certificate (console, question->certificates->pdata[question->n], error)
             ? g_strdup ("")
             : NULL;
}

static void
on_forgotten (gpointer answer, const GError *error, gpointer user_data)
{
  LkTrustPage *self = user_data;
  GtkWidget *window = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_WINDOW);
  g_autofree char *done = answer;

  if (done == NULL && window != NULL)
    {
      g_autofree char *markup = g_markup_escape_text (error->message, -1);

      adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (window), adw_toast_new (markup));
    }
  load (self);
}

static void
on_forget_agreed (LkTrustPage *self)
{
  Question *question;

  if (self->forgetting >= self->certificates->len)
    return;
  question = g_new0 (Question, 1);
  question->certificates = g_ptr_array_ref (self->certificates);
  question->n = self->forgetting;
  lk_desk_call (self->desk, forget, question, question_free, g_free, self->cancellable,
                on_forgotten, self);
}

static void
on_forget (GtkButton *button, gpointer user_data)
{
  LkTrustPage *self = user_data;
  const LkAcceptedCertificate *accepted;
  g_autofree char *heading = NULL;

  self->forgetting = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), KEY_INDEX));
  accepted = self->certificates->pdata[self->forgetting];
  heading = g_strdup_printf (_ ("Forget the certificate of %s?"), accepted->name);
  lk_field_confirm (GTK_WIDGET (self), heading,
                    _ ("The machine is trusted again only if an authority certifies it, or when its"
                       " certificate is accepted anew."),
                    _ ("_Forget"), G_CALLBACK (on_forget_agreed), self);
}

static void
add_row (LkTrustPage *self, GtkWidget *row)
{
  adw_preferences_group_add (self->group, row);
  g_ptr_array_add (self->rows, row);
}

static void
add_certificate (LkTrustPage *self, guint n)
{
  const LkAcceptedCertificate *accepted = self->certificates->pdata[n];
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_Forget"));
  g_autofree char *state = lk_accepted_certificate_describe (accepted, lk_clock_now (NULL));
  g_autofree char *text = g_strdup_printf ("%s:%u · SHA-256 %.*s… · %s", accepted->host,
                                           accepted->port, PIN_DIGITS, accepted->pin, state);
  g_autofree char *subtitle = g_markup_escape_text (text, -1);
  g_autofree char *title = g_markup_escape_text (accepted->name, -1);
  g_autofree char *name = g_strdup_printf (_ ("Forget the certificate of %s"), accepted->name);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  gtk_widget_set_tooltip_text (row, accepted->pin);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data (G_OBJECT (button), KEY_INDEX, GUINT_TO_POINTER (n));
  g_signal_connect (button, "clicked", G_CALLBACK (on_forget), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  add_row (self, row);
}

static void
add_note (LkTrustPage *self, const char *text)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *markup = g_markup_escape_text (text, -1);

  gtk_widget_add_css_class (row, "dim-label");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), markup);
  add_row (self, row);
}

static void
on_listed (gpointer answer, const GError *error, gpointer user_data)
{
  LkTrustPage *self = user_data;
  guint n_all;

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->group, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  self->certificates = answer;
  if (answer == NULL)
    {
      add_note (self, error->message);
      return;
    }

  n_all = self->certificates->len;
  for (guint i = 0; i < MIN (n_all, SHOWN_MAX); i++)
    add_certificate (self, i);
  if (n_all == 0)
    add_note (self, _ ("No certificate was accepted yet"));
  if (n_all > SHOWN_MAX)
    {
      g_autofree char *text =
          g_strdup_printf (ngettext ("…and %u more: latchkeyctl trust list --all",
                                     "…and %u more: latchkeyctl trust list --all",
                                     n_all - SHOWN_MAX),
                           n_all - SHOWN_MAX);

      add_note (self, text);
    }
}

static void
load (LkTrustPage *self)
{
  lk_desk_call (self->desk, list_certificates, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                self->cancellable, on_listed, self);
}

void
lk_trust_page_set_desk (LkTrustPage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
  lk_setting_row_bind_entry (self->ca_file, desk, LK_SETTING_MACHINES_CA);
  load (self);
}

static void
lk_trust_page_dispose (GObject *object)
{
  LkTrustPage *self = LK_TRUST_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->certificates, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_TRUST_PAGE);

  G_OBJECT_CLASS (lk_trust_page_parent_class)->dispose (object);
}

static void
lk_trust_page_class_init (LkTrustPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_trust_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-trust-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkTrustPage, ca_file);
  gtk_widget_class_bind_template_child (widget_class, LkTrustPage, group);
}

static void
lk_trust_page_init (LkTrustPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
