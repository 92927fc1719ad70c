/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-backend-page.h"

#include "console/lk-backend-test.h"
#include "console/lk-console-settings.h"
#include "ui/lk-setting-row.h"

#include <glib/gi18n.h>

struct _LkBackendPage
{
  AdwPreferencesPage parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GPtrArray *lines; /* of the last test; the group's */
  GtkFileChooserNative *chooser;

  AdwEntryRow *url;
  AdwComboRow *kind;
  AdwEntryRow *ca_file;
  AdwEntryRow *digest_key;
  AdwEntryRow *token;
  AdwPreferencesGroup *test_group;
  GtkWidget *test_button;
};

G_DEFINE_FINAL_TYPE (LkBackendPage, lk_backend_page, ADW_TYPE_PREFERENCES_PAGE)

static void
clear_lines (LkBackendPage *self)
{
  for (guint i = 0; i < self->lines->len; i++)
    adw_preferences_group_remove (self->test_group, self->lines->pdata[i]);
  g_ptr_array_set_size (self->lines, 0);
}

static void
add_line (LkBackendPage *self,
          const char *icon,
          const char *css_class,
          const char *title,
          const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *image = gtk_image_new_from_icon_name (icon);
  g_autofree char *markup = subtitle != NULL ? g_markup_escape_text (subtitle, -1) : NULL;

  gtk_widget_add_css_class (image, css_class);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), image);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  if (markup != NULL)
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), markup);
  adw_preferences_group_add (self->test_group, row);
  g_ptr_array_add (self->lines, row);
}

static void
on_tested (gpointer answer, const GError *error, gpointer user_data)
{
  LkBackendPage *self = user_data;
  g_autoptr (LkBackendTest) test = answer;

  gtk_widget_set_sensitive (self->test_button, TRUE);
  clear_lines (self);
  if (test == NULL)
    {
      add_line (self, "dialog-warning-symbolic", "warning", _ ("Not tested"), error->message);
      return;
    }

  if (test->error == NULL)
    add_line (self, "emblem-ok-symbolic", "success", _ ("The backend can be used"), test->peer);
  else
    add_line (self, "dialog-error-symbolic", "error", lk_backend_test_get_step (test->n_done),
              test->error->message);
}

static gpointer
test_backend (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  return lk_console_test_backend (console, cancellable, error);
}

static void
on_test (LkBackendPage *self)
{
  gtk_widget_set_sensitive (self->test_button, FALSE);
  clear_lines (self);
  add_line (self, "content-loading-symbolic", "dim-label", _ ("Asking…"), NULL);
  lk_desk_call_long (self->desk, test_backend, NULL, NULL, (GDestroyNotify) lk_backend_test_free,
                     self->cancellable, on_tested, self);
}

static void
on_file_chosen (LkBackendPage *self, int response)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  if (file != NULL)
    {
      g_autofree char *path = g_file_get_path (file);

      gtk_editable_set_text (GTK_EDITABLE (self->ca_file), path != NULL ? path : "");
      g_signal_emit_by_name (self->ca_file, "apply");
    }
  g_clear_object (&self->chooser);
}

static void
on_choose_file (LkBackendPage *self)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));

  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (_ ("Certificate Authorities"), window,
                                               GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (on_file_chosen), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

void
lk_backend_page_set_desk (LkBackendPage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
  lk_setting_row_bind_entry (self->url, desk, LK_SETTING_BACKEND_URL);
  lk_setting_row_bind_choice (self->kind, desk, LK_SETTING_BACKEND_KIND);
  lk_setting_row_bind_entry (self->ca_file, desk, LK_SETTING_BACKEND_CA);
  lk_setting_row_bind_entry (self->digest_key, desk, LK_SETTING_BACKEND_DIGEST_KEY);
  lk_setting_row_bind_entry (self->token, desk, LK_SETTING_BACKEND_TOKEN);
}

static void
lk_backend_page_dispose (GObject *object)
{
  LkBackendPage *self = LK_BACKEND_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->chooser);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_BACKEND_PAGE);

  G_OBJECT_CLASS (lk_backend_page_parent_class)->dispose (object);
}

static void
lk_backend_page_class_init (LkBackendPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_backend_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-backend-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, url);
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, kind);
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, ca_file);
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, digest_key);
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, token);
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, test_group);
  gtk_widget_class_bind_template_child (widget_class, LkBackendPage, test_button);
  gtk_widget_class_bind_template_callback (widget_class, on_choose_file);
  gtk_widget_class_bind_template_callback (widget_class, on_test);
}

static void
lk_backend_page_init (LkBackendPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->lines = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
