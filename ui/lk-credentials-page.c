/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-credentials-page.h"

#include "console/lk-console-credentials.h"
#include "ui/lk-credential-dialog.h"
#include "ui/lk-field.h"

#include <glib/gi18n.h>

#define KEY_NAME "lk-name"

/* One set, as it is shown. */
typedef struct
{
  char *name;
  char *what; /* kind, user and scope */
  char *state;
  gboolean is_stopped;
} Line;

struct _LkCredentialsPage
{
  AdwPreferencesPage parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GPtrArray *rows; /* the group's */
  char *removing;

  AdwPreferencesGroup *group;
};

G_DEFINE_FINAL_TYPE (LkCredentialsPage, lk_credentials_page, ADW_TYPE_PREFERENCES_PAGE)

static void load (LkCredentialsPage *self);

static void
line_free (gpointer data)
{
  Line *self = data;

  g_free (self->name);
  g_free (self->what);
  g_free (self->state);
  g_free (self);
}

static char *
describe (const LkCredentialRow *row)
{
  const char *kind = lk_credential_kind_to_title (row->kind);

  /* Translators: kind of a credential set, its user, and the pattern of the machines it is for */
  return *row->user != '\0' ? g_strdup_printf (_ ("%s · %s · for %s"), kind, row->user, row->scope)
                            : g_strdup_printf (_ ("%s · for %s"), kind, row->scope);
}

static gpointer
list_credentials (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (console, error);
  GPtrArray *lines;

  if (rows == NULL)
    return NULL;

  lines = g_ptr_array_new_with_free_func (line_free);
  for (guint i = 0; i < rows->len; i++)
    {
      const LkCredentialRow *row = rows->pdata[i];
      Line *line = g_new0 (Line, 1);

      line->name = g_strdup (row->name);
      line->what = describe (row);
      line->state = lk_console_describe_credential (console, row);
      line->is_stopped = row->stopped_at != 0;
      g_ptr_array_add (lines, line);
    }
  return lines;
}

/* Gives something on success. */
static gpointer
remove_credential (LkConsole *console, gpointer name, GCancellable *cancellable, GError **error)
{
  return lk_console_remove_credential (console, name, error) ? g_strdup ("") : NULL;
}

static void
say (LkCredentialsPage *self, const char *text)
{
  GtkWidget *window = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_WINDOW);
  g_autofree char *markup = g_markup_escape_text (text, -1);

  if (window != NULL)
    adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (window), adw_toast_new (markup));
}

static void
on_removed (gpointer answer, const GError *error, gpointer user_data)
{
  g_autofree char *done = answer;

  if (done == NULL)
    say (user_data, error->message);
  load (user_data);
}

static void
on_remove_agreed (LkCredentialsPage *self)
{
  lk_desk_call (self->desk, remove_credential, g_strdup (self->removing), g_free, g_free,
                self->cancellable, on_removed, self);
}

static void
on_remove (GtkButton *button, gpointer user_data)
{
  LkCredentialsPage *self = user_data;
  g_autofree char *heading = NULL;

  g_free (self->removing);
  self->removing = g_strdup (g_object_get_data (G_OBJECT (button), KEY_NAME));
  heading = g_strdup_printf (_ ("Remove “%s”?"), self->removing);
  lk_field_confirm (GTK_WIDGET (self), heading,
                    _ ("Its password is deleted from the store. Machines that it was for are talked"
                       " to with another set, or not at all."),
                    _ ("_Remove"), G_CALLBACK (on_remove_agreed), self);
}

static void
add_row (LkCredentialsPage *self, GtkWidget *row)
{
  adw_preferences_group_add (self->group, row);
  g_ptr_array_add (self->rows, row);
}

static void
add_line (LkCredentialsPage *self, const Line *line)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  g_autofree char *text = g_strdup_printf ("%s\n%s", line->what, line->state);
  g_autofree char *subtitle = g_markup_escape_text (text, -1);
  g_autofree char *title = g_markup_escape_text (line->name, -1);
  g_autofree char *tooltip = g_strdup_printf (_ ("Remove “%s”"), line->name);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  if (line->is_stopped)
    {
      GtkWidget *icon = gtk_image_new_from_icon_name ("dialog-warning-symbolic");

      gtk_widget_add_css_class (icon, "warning");
      gtk_widget_set_tooltip_text (icon, C_ ("credential set", "Stopped"));
      adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
    }
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, tooltip);
  lk_field_name (button, tooltip);
  g_object_set_data_full (G_OBJECT (button), KEY_NAME, g_strdup (line->name), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (on_remove), self);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  add_row (self, row);
}

static void
add_note (LkCredentialsPage *self, const char *text)
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
  LkCredentialsPage *self = user_data;
  g_autoptr (GPtrArray) lines = answer;

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->group, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);

  if (lines == NULL)
    add_note (self, error->message);
  else if (lines->len == 0)
    add_note (self, _ ("There are no credential sets yet"));
  for (guint i = 0; lines != NULL && i < lines->len; i++)
    add_line (self, lines->pdata[i]);
}

static void
load (LkCredentialsPage *self)
{
  lk_desk_call (self->desk, list_credentials, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                self->cancellable, on_listed, self);
}

static void
on_add (LkCredentialsPage *self)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
  GtkWidget *dialog = lk_credential_dialog_new (window, self->desk);

  g_signal_connect_object (dialog, "added", G_CALLBACK (load), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
lk_credentials_page_set_desk (LkCredentialsPage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
  load (self);
}

static void
lk_credentials_page_dispose (GObject *object)
{
  LkCredentialsPage *self = LK_CREDENTIALS_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->removing, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_CREDENTIALS_PAGE);

  G_OBJECT_CLASS (lk_credentials_page_parent_class)->dispose (object);
}

static void
lk_credentials_page_class_init (LkCredentialsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_credentials_page_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-credentials-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LkCredentialsPage, group);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
}

static void
lk_credentials_page_init (LkCredentialsPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
