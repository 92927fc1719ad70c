/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-key-dialog.h"

#include "console/lk-console-keys.h"
#include "domain/lk-identifiers.h"
#include "ui/lk-field.h"

#include <glib/gi18n.h>

#define GROUP_LENGTH 5
#define N_LETTERS    25

typedef struct
{
  LkSecret *key;
  char *remarks;
} Question;

struct _LkKeyDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;

  gboolean has_key; /* a right one */
  GtkWidget *add;
  GtkWidget *key;
  GtkWidget *remarks;
};

typedef enum
{
  SIGNAL_ADDED,
  N_SIGNALS,
} LkKeyDialogSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkKeyDialog, lk_key_dialog, ADW_TYPE_WINDOW)

static void
question_free (gpointer data)
{
  Question *self = data;

  lk_secret_free (self->key);
  g_free (self->remarks);
  g_free (self);
}

static guint
count_letters (const char *text)
{
  guint n = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    n += !lk_is_separator (g_utf8_get_char (p));
  return n;
}

/* Underlines group @group (from 1) of what is typed; 0: none. */
static void
underline (LkKeyDialog *self, const char *text, guint group)
{
  PangoAttrList *attributes = pango_attr_list_new ();
  PangoAttribute *line = pango_attr_underline_new (PANGO_UNDERLINE_ERROR);
  guint n = 0;

  line->start_index = G_MAXUINT;
  line->end_index = 0;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (lk_is_separator (g_utf8_get_char (p)))
        continue;
      if (n / GROUP_LENGTH + 1 == group)
        {
          line->start_index = MIN (line->start_index, (guint) (p - text));
          line->end_index = (guint) (g_utf8_next_char (p) - text);
        }
      n++;
    }
  if (line->end_index > 0)
    pango_attr_list_insert (attributes, line);
  else
    pango_attribute_destroy (line);
  adw_entry_row_set_attributes (ADW_ENTRY_ROW (self->key), attributes);
  pango_attr_list_unref (attributes);
}

static gboolean
check_remarks (LkKeyDialog *self)
{
  GError *error = NULL;

  lk_console_check_remarks (gtk_editable_get_text (GTK_EDITABLE (self->remarks)), &error);
  return lk_field_judge (GTK_WIDGET (self->remarks), error);
}

static void
on_remarks_changed (LkKeyDialog *self)
{
  gtk_widget_set_sensitive (self->add, check_remarks (self) && self->has_key);
}

static void
on_key_changed (LkKeyDialog *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->key));
  guint place = lk_product_key_find_fault (text);
  guint group = place > 0 ? (place - 1) / GROUP_LENGTH + 1 : 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) key = NULL;

  underline (self, text, group);
  if (place > 0)
    {
      g_autofree char *problem =
          g_strdup_printf (_ ("Group %u: character %u is not one that product keys use"), group,
                           (place - 1) % GROUP_LENGTH + 1);

      lk_field_mark (self->key, problem);
    }
  else if (count_letters (text) >= N_LETTERS)
    {
      key = lk_product_key_parse (text, NULL, &error);
      lk_field_mark (self->key, error != NULL ? error->message : NULL);
    }
  else
    lk_field_mark (self->key, NULL);
  self->has_key = key != NULL;
  gtk_widget_set_sensitive (self->add, check_remarks (self) && self->has_key);
}

/* Gives what came of it, in words. */
static gpointer
add_key (LkConsole *console, gpointer data, GCancellable *cancellable, GError **error)
{
  const Question *question = data;
  g_autoptr (LkKeyRow) row = NULL;
  g_autofree char *mask = NULL;
  gboolean is_new = FALSE;

  if (!lk_console_add_key (console, question->key, question->remarks, &row, &is_new, error))
    return NULL;
  mask = lk_product_key_mask (row->last_five);
  return g_strdup_printf (is_new ? _ ("%s is added") : _ ("%s is owned already"), mask);
}

static void
on_added (gpointer answer, const GError *error, gpointer user_data)
{
  LkKeyDialog *self = user_data;
  g_autofree char *text = answer;

  if (text == NULL)
    {
      lk_field_mark (self->key, error->message);
      gtk_widget_set_sensitive (self->add, TRUE);
      return;
    }
  g_signal_emit (self, signals[SIGNAL_ADDED], 0, text);
  gtk_window_close (GTK_WINDOW (self));
}

static void
on_add (LkKeyDialog *self)
{
  const char *remarks = gtk_editable_get_text (GTK_EDITABLE (self->remarks));
  Question *question;

  if (!gtk_widget_get_sensitive (self->add) || !check_remarks (self))
    return;
  question = g_new0 (Question, 1);
  question->key = lk_secret_new (gtk_editable_get_text (GTK_EDITABLE (self->key)), -1);
  question->remarks = *remarks != '\0' ? g_strdup (remarks) : NULL;
  gtk_widget_set_sensitive (self->add, FALSE);
  lk_desk_call (self->desk, add_key, question, question_free, g_free, self->cancellable, on_added,
                self);
}

GtkWidget *
lk_key_dialog_new (GtkWindow *parent, LkDesk *desk)
{
  LkKeyDialog *self = g_object_new (LK_TYPE_KEY_DIALOG, "transient-for", parent, NULL);

  self->desk = g_object_ref (desk);
  return GTK_WIDGET (self);
}

static void
lk_key_dialog_dispose (GObject *object)
{
  LkKeyDialog *self = LK_KEY_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->desk);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_KEY_DIALOG);

  G_OBJECT_CLASS (lk_key_dialog_parent_class)->dispose (object);
}

static void
lk_key_dialog_class_init (LkKeyDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_key_dialog_dispose;

  signals[SIGNAL_ADDED] = g_signal_new ("added", LK_TYPE_KEY_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-key-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, LkKeyDialog, add);
  gtk_widget_class_bind_template_child (widget_class, LkKeyDialog, key);
  gtk_widget_class_bind_template_child (widget_class, LkKeyDialog, remarks);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
  gtk_widget_class_bind_template_callback (widget_class, on_key_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_remarks_changed);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_key_dialog_init (LkKeyDialog *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_grab_focus (self->key);
}
