/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-duplicates-window.h"

#include "console/lk-console-identity.h"
#include "ui/lk-field.h"
#include "ui/lk-identity-call.h"

#include <glib/gi18n.h>

#define MAX_SHOWN 200 /* pairs; settling some shows the next ones */

struct _LkDuplicatesWindow
{
  AdwWindow parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GPtrArray *pairs; /* LkDuplicate */
  char **asked;     /* the rows of the question that is open */

  GtkWidget *again;
  GtkStack *stack;
  GtkLabel *problem;
  GtkLabel *count;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (LkDuplicatesWindow, lk_duplicates_window, ADW_TYPE_WINDOW)

static void begin (LkDuplicatesWindow *self);

static GtkWidget *
make_text (const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  return label;
}

static void
show_problem (LkDuplicatesWindow *self, const GError *error)
{
  gtk_label_set_text (self->problem, error != NULL ? error->message : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), error != NULL);
}

static void
on_done (gpointer answer, const GError *error, gpointer user_data)
{
  LkDuplicatesWindow *self = user_data;
  g_autofree char *done = answer;

  show_problem (self, error);
  begin (self);
}

/* Takes @names. */
static void
call (LkDuplicatesWindow *self, LkDeskFunc func, char **names)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->list), FALSE);
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, func, names, (GDestroyNotify) g_strfreev, g_free, self->cancellable,
                on_done, self);
}

static const LkDuplicate *
get_pair (GtkWidget *button)
{
  return g_object_get_data (G_OBJECT (button), "lk-pair");
}

static void
on_merge_agreed (LkDuplicatesWindow *self)
{
  if (self->asked != NULL)
    call (self, lk_identity_call_merge, g_steal_pointer (&self->asked));
}

static void
on_merge (LkDuplicatesWindow *self, GtkWidget *button)
{
  const LkDuplicate *pair = get_pair (button);
  g_autofree char *heading =
      g_strdup_printf (_ ("Merge %s into %s?"), pair->second_name, pair->first_name);

  g_strfreev (self->asked);
  self->asked = lk_identity_name_two (pair->first_id, pair->second_id);
  lk_field_confirm (GTK_WIDGET (self), heading,
                    _ ("Its activations, jobs and timeline go along, and what was read last counts."
                       " It can be split off again in the details of the machine."),
                    _ ("_Merge"), G_CALLBACK (on_merge_agreed), self);
}

static void
on_apart (LkDuplicatesWindow *self, GtkWidget *button)
{
  const LkDuplicate *pair = get_pair (button);

  call (self, lk_identity_call_keep_apart, lk_identity_name_two (pair->first_id, pair->second_id));
}

static void
add_button (LkDuplicatesWindow *self,
            GtkWidget *box,
            const LkDuplicate *pair,
            const char *label,
            const char *name,
            GCallback clicked)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);

  g_object_set_data (G_OBJECT (button), "lk-pair", (gpointer) pair);
  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  lk_field_name (button, name);
  gtk_box_append (GTK_BOX (box), button);
}

static char *
describe_row (const char *name, gint64 id, const char *address)
{
  if (address == NULL || g_str_equal (address, name))
    return g_strdup_printf ("%s (#%d)", name, (int) id);
  return g_strdup_printf ("%s (#%d, %s)", name, (int) id, address);
}

static void
add_pair (LkDuplicatesWindow *self, const LkDuplicate *pair)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  g_autofree char *first = describe_row (pair->first_name, pair->first_id, pair->first_address);
  g_autofree char *second = describe_row (pair->second_name, pair->second_id, pair->second_address);
  g_autofree char *both = g_strdup_printf (_ ("%s and %s: %s"), first, second, pair->reason);
  g_autofree char *merge =
      g_strdup_printf (_ ("Merge %s into %s"), pair->second_name, pair->first_name);
  g_autofree char *apart =
      g_strdup_printf (_ ("%s and %s are not the same"), pair->first_name, pair->second_name);

  gtk_box_append (GTK_BOX (texts), make_text (first, "heading"));
  gtk_box_append (GTK_BOX (texts), make_text (second, "heading"));
  gtk_box_append (GTK_BOX (texts), make_text (pair->reason, NULL));
  add_button (self, buttons, pair, _ ("_Not the Same"), apart, G_CALLBACK (on_apart));
  add_button (self, buttons, pair, _ ("_Merge…"), merge, G_CALLBACK (on_merge));
  gtk_widget_set_halign (buttons, GTK_ALIGN_END);
  gtk_box_append (GTK_BOX (texts), buttons);
  gtk_widget_add_css_class (texts, "fact");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), texts);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  lk_field_name (row, both);
  gtk_list_box_append (self->list, row);
}

static void
show_pairs (LkDuplicatesWindow *self)
{
  guint n = self->pairs->len;
  GtkListBoxRow *row;
  g_autofree char *all = g_strdup_printf (ngettext ("%u pair of rows may be one machine",
                                                    "%u pairs of rows may be one machine", n),
                                          n);
  g_autofree char *some = g_strdup_printf (ngettext ("%s; the first %u is shown",
                                                     "%s; the first %u are shown", MAX_SHOWN),
                                           all, MAX_SHOWN);

  while ((row = gtk_list_box_get_row_at_index (self->list, 0)) != NULL)
    gtk_list_box_remove (self->list, GTK_WIDGET (row));
  for (guint i = 0; i < MIN (n, MAX_SHOWN); i++)
    add_pair (self, self->pairs->pdata[i]);
  gtk_label_set_text (self->count, n > MAX_SHOWN ? some : all);
  lk_field_show_page (self->stack, n > 0 ? "pairs" : "none");
}

static void
on_listed (gpointer answer, const GError *error, gpointer user_data)
{
  LkDuplicatesWindow *self = user_data;

  gtk_widget_set_sensitive (self->again, TRUE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->list), TRUE);
  if (answer == NULL)
    {
      show_problem (self, error);
      lk_field_show_page (self->stack, "pairs");
      return;
    }
  g_clear_pointer (&self->pairs, g_ptr_array_unref);
  self->pairs = answer;
  show_pairs (self);
}

static void
begin (LkDuplicatesWindow *self)
{
  gtk_widget_set_sensitive (self->again, FALSE);
  lk_desk_call (self->desk, lk_identity_call_list, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                self->cancellable, on_listed, self);
}

static void
on_again (LkDuplicatesWindow *self)
{
  show_problem (self, NULL);
  begin (self);
}

static void
lk_duplicates_window_dispose (GObject *object)
{
  LkDuplicatesWindow *self = LK_DUPLICATES_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_DUPLICATES_WINDOW);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_duplicates_window_parent_class)->dispose (object);
}

static void
lk_duplicates_window_finalize (GObject *object)
{
  LkDuplicatesWindow *self = LK_DUPLICATES_WINDOW (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->pairs, g_ptr_array_unref);
  g_strfreev (self->asked);

  G_OBJECT_CLASS (lk_duplicates_window_parent_class)->finalize (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkDuplicatesWindow, child)

static void
lk_duplicates_window_class_init (LkDuplicatesWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_duplicates_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_duplicates_window_finalize;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-duplicates-window.ui");
  BIND (again);
  BIND (stack);
  BIND (problem);
  BIND (count);
  BIND (list);
  gtk_widget_class_bind_template_callback (widget_class, on_again);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
lk_duplicates_window_init (LkDuplicatesWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  lk_field_show_page (self->stack, "waiting");
}

LkDuplicatesWindow *
lk_duplicates_window_new (GtkWindow *parent, LkDesk *desk)
{
  LkDuplicatesWindow *self =
      g_object_new (LK_TYPE_DUPLICATES_WINDOW, "transient-for", parent, NULL);

  self->desk = g_object_ref (desk);
  begin (self);
  return self;
}
