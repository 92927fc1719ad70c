/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-tags-dialog.h"

#include "domain/lk-tag.h"
#include "ui/lk-field.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

/* What is asked, and then told to the console's thread. Lives as long as the dialog, and while the
 * call is under way. */
typedef struct
{
  GtkWidget *from; /* weak */
  LkDesk *desk;
  GPtrArray *rows;
  char **common; /* that all machines had */
  GtkWidget *entry;
  GtkLabel *problem;
  AdwMessageDialog *dialog;
  char *add;
  char *remove;
} Asking;

static void
asking_free (gpointer data)
{
  Asking *self = data;

  g_clear_weak_pointer (&self->from);
  g_object_unref (self->desk);
  g_ptr_array_unref (self->rows);
  g_strfreev (self->common);
  g_free (self->add);
  g_free (self->remove);
  g_free (self);
}

static char **
list_common (GPtrArray *rows)
{
  char **common = NULL;

  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = rows->pdata[i];
      g_auto (GStrv) tags = lk_tags_parse (row->tags != NULL ? row->tags : "", NULL);
      g_auto (GStrv) before = common;
      g_auto (GStrv) missing = NULL;

      if (tags == NULL)
        tags = g_new0 (char *, 1);
      missing = before != NULL ? lk_tags_subtract (before, tags) : NULL;
      common = missing != NULL ? lk_tags_subtract (before, missing) : g_strdupv (tags);
    }
  return common;
}

/* Gives something on success. In the console's thread. */
static gpointer
change_tags (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  const Asking *self = question;
  guint n = 0;

  return lk_console_change_tags (console, self->rows, self->add, self->remove, &n, error)
             ? g_memdup2 (&n, sizeof n)
             : NULL;
}

static void
on_changed (gpointer answer, const GError *error, gpointer user_data)
{
  Asking *self = user_data;
  g_autofree guint *n = answer;
  g_autofree char *text = n != NULL
                              ? g_strdup_printf (g_dngettext (NULL, "Tags of %u machine changed",
                                                              "Tags of %u machines changed", *n),
                                                 *n)
                              : g_strdup (error->message);

  if (self->from != NULL)
    lk_window_say (self->from, text);
  asking_free (self);
}

static char **
read_tags (Asking *self, GError **error)
{
  return lk_tags_parse (gtk_editable_get_text (GTK_EDITABLE (self->entry)), error);
}

static void
on_typed (Asking *self)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) tags = read_tags (self, &error);

  gtk_label_set_text (self->problem, error != NULL ? error->message : "");
  if (error != NULL)
    gtk_widget_add_css_class (self->entry, "error");
  else
    gtk_widget_remove_css_class (self->entry, "error");
  adw_message_dialog_set_response_enabled (self->dialog, "go", error == NULL);
}

static void
on_response (Asking *self, const char *response)
{
  g_auto (GStrv) tags = g_str_equal (response, "go") ? read_tags (self, NULL) : NULL;
  g_auto (GStrv) added = tags != NULL ? lk_tags_subtract (tags, self->common) : NULL;
  g_auto (GStrv) removed = tags != NULL ? lk_tags_subtract (self->common, tags) : NULL;

  if (tags == NULL || (added[0] == NULL && removed[0] == NULL))
    {
      asking_free (self);
      return;
    }
  self->add = g_strjoinv (",", added);
  self->remove = g_strjoinv (",", removed);
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, change_tags, self, NULL, g_free, NULL, on_changed, self);
}

static GtkWidget *
make_form (Asking *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *problem = gtk_label_new (NULL);
  g_autofree char *text = g_strjoinv (", ", self->common);

  self->entry = gtk_entry_new ();
  self->problem = GTK_LABEL (problem);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  gtk_entry_set_activates_default (GTK_ENTRY (self->entry), TRUE);
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), _ ("lab, floor 2"));
  lk_field_name (self->entry, _ ("Tags"));
  gtk_label_set_wrap (self->problem, TRUE);
  gtk_label_set_xalign (self->problem, 0);
  gtk_widget_add_css_class (problem, "error");
  gtk_box_append (GTK_BOX (box), self->entry);
  gtk_box_append (GTK_BOX (box), problem);
  g_signal_connect_swapped (self->entry, "changed", G_CALLBACK (on_typed), self);
  return box;
}

void
lk_tags_ask (GtkWidget *from, LkDesk *desk, GPtrArray *rows)
{
  Asking *self = g_new0 (Asking, 1);
  const LkRow *first = rows->pdata[0];
  guint n = rows->len;
  g_autofree char *heading =
      n == 1
          ? g_strdup_printf (_ ("Tags of %s"), first->name)
          : g_strdup_printf (g_dngettext (NULL, "Tags of %u Machine", "Tags of %u Machines", n), n);
  const char *body = n == 1 ? _ ("With commas between. To find machines by them, type tag=NAME"
                                 " into the search.")
                            : _ ("With commas between. Tags that only some of the machines have"
                                 " are not shown, and stay.");
  GtkWidget *dialog =
      adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (from)), heading, body);

  g_set_weak_pointer (&self->from, from);
  self->desk = g_object_ref (desk);
  self->rows = g_ptr_array_ref (rows);
  self->common = list_common (rows);
  self->dialog = ADW_MESSAGE_DIALOG (dialog);
  adw_message_dialog_set_extra_child (self->dialog, make_form (self));
  adw_message_dialog_add_responses (self->dialog, "cancel", _ ("_Cancel"), "go", _ ("_Save"), NULL);
  adw_message_dialog_set_response_appearance (self->dialog, "go", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (self->dialog, "go");
  adw_message_dialog_set_close_response (self->dialog, "cancel");
  lk_field_name_parts (dialog);
  g_signal_connect_swapped (dialog, "response", G_CALLBACK (on_response), self);
  gtk_window_present (GTK_WINDOW (dialog));
}
