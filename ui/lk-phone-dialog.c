/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-phone-dialog.h"

#include "ui/lk-field.h"
#include "ui/lk-phone-call.h"
#include "ui/lk-print-sheet.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

#define N_COLUMNS 3 /* of the installation ID's groups */
#define N_BOXES   LK_CID_GROUPS
#define IN_A_ROW  4

struct _LkPhoneDialog
{
  AdwWindow parent_instance;

  LkDesk *desk;
  LkPhoneList *list;
  guint at;
  guint going_to; /* once the person agrees */
  gboolean is_busy;
  gboolean is_filling; /* the list of products */
  gboolean is_spreading;
  gboolean is_agreed; /* to throw away what was typed */

  GtkButton *go;
  GtkLabel *which;
  GtkLabel *machine;
  GtkWidget *steps;
  GtkDropDown *product;
  GtkStringList *products;
  GtkWidget *previous;
  GtkWidget *next;
  GtkGrid *iid;
  GtkLabel *cost;
  GtkLabel *hint;
  GtkGrid *cid;
  GtkLabel *problem;
  GtkWidget *reading;
  GtkLabel *reading_groups;
  GtkWidget *boxes[N_BOXES];
};

G_DEFINE_FINAL_TYPE (LkPhoneDialog, lk_phone_dialog, ADW_TYPE_WINDOW)

static LkPhoneLine *
get_line (LkPhoneDialog *self)
{
  return self->list->lines->pdata[self->at];
}

static const char *
get_text (LkPhoneDialog *self, guint box)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->boxes[box]));
}

static char *
join_boxes (LkPhoneDialog *self)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < N_BOXES; i++)
    g_string_append (joined, get_text (self, i));
  return g_string_free (joined, FALSE);
}

/* Typed, and not kept yet. */
static gboolean
has_news (LkPhoneDialog *self)
{
  g_autofree char *typed = join_boxes (self);

  return *typed != '\0' && g_strcmp0 (typed, get_line (self)->cid) != 0;
}

static void
mark_box (GtkWidget *box, gboolean is_wrong)
{
  if (is_wrong)
    gtk_widget_add_css_class (box, "error");
  else
    gtk_widget_remove_css_class (box, "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (box), GTK_ACCESSIBLE_STATE_INVALID,
                               is_wrong ? GTK_ACCESSIBLE_INVALID_TRUE
                                        : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
}

/* All groups once more, to be read back over the telephone: check digits miss one wrong digit in
 * fifteen. */
static void
show_reading (LkPhoneDialog *self, gboolean is_right)
{
  GString *groups = g_string_new (NULL);

  for (guint i = 0; i < N_BOXES; i++)
    g_string_append_printf (groups, "%s%c %s",
                            i == 0              ? ""
                            : i % IN_A_ROW == 0 ? "\n"
                                                : "  ",
                            lk_phone_group_letter (i), get_text (self, i));
  gtk_label_set_text (self->reading_groups, is_right ? groups->str : "");
  gtk_widget_set_visible (self->reading, is_right && has_news (self));
  g_string_free (groups, TRUE);
}

/* Marks what is wrong, says the first of it, and lets the button be pressed when all is right. */
static void
judge (LkPhoneDialog *self)
{
  g_autofree char *problem = NULL;
  guint n_right = 0;

  for (guint i = 0; i < N_BOXES; i++)
    {
      LkGroupState state = lk_cid_judge_group (get_text (self, i));

      mark_box (self->boxes[i], state == LK_GROUP_WRONG);
      n_right += state == LK_GROUP_RIGHT;
      if (state == LK_GROUP_WRONG && problem == NULL)
        problem = lk_phone_explain_group (i, get_text (self, i));
    }
  gtk_label_set_text (self->problem, problem != NULL ? problem : "");
  show_reading (self, n_right == N_BOXES);
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), n_right == N_BOXES && !self->is_busy);
}

static guint
find_box (LkPhoneDialog *self, GtkEditable *box)
{
  guint i = 0;

  while (i + 1 < N_BOXES && self->boxes[i] != GTK_WIDGET (box))
    i++;
  return i;
}

static void
focus_box (LkPhoneDialog *self, guint box)
{
  gtk_widget_grab_focus (self->boxes[box]);
  gtk_editable_set_position (GTK_EDITABLE (self->boxes[box]), -1);
}

/* What is too long for its box goes on in the next ones, and who has filled a box right is led to
 * the next. */
static void
on_typed (GtkEditable *box, LkPhoneDialog *self)
{
  char *groups[N_BOXES];
  guint at = find_box (self, box);
  guint last = at;

  if (self->is_spreading)
    return;

  self->is_spreading = TRUE;
  if (lk_cid_spread (gtk_editable_get_text (box), at, groups))
    for (guint i = 0; i < N_BOXES; i++)
      {
        if (groups[i] == NULL)
          continue;
        if (!g_str_equal (groups[i], get_text (self, i)))
          gtk_editable_set_text (GTK_EDITABLE (self->boxes[i]), groups[i]);
        last = i;
        g_free (groups[i]);
      }
  self->is_spreading = FALSE;
  judge (self);
  if (last == at && lk_cid_judge_group (get_text (self, at)) == LK_GROUP_RIGHT &&
      gtk_editable_get_position (box) == LK_CID_GROUP_LENGTH)
    last = MIN (at + 1, N_BOXES - 1);
  if (last != at)
    focus_box (self, last);
}

static void
show_iid (LkPhoneDialog *self, const char *iid)
{
  g_autofree char *text = lk_digits_to_groups (iid);
  g_auto (GStrv) groups = g_strsplit (text, " ", -1);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->iid))) != NULL)
    gtk_grid_remove (self->iid, child);
  for (guint i = 0; groups[i] != NULL; i++)
    {
      GtkWidget *cell = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
      g_autofree char *number = g_strdup_printf ("%u", i + 1);
      GtkWidget *caption = gtk_label_new (number);
      GtkWidget *digits = gtk_label_new (groups[i]);

      gtk_widget_add_css_class (caption, "dim-label");
      gtk_widget_add_css_class (caption, "caption");
      gtk_widget_add_css_class (digits, "title-2");
      gtk_widget_add_css_class (digits, "numeric");
      gtk_label_set_selectable (GTK_LABEL (digits), TRUE);
      gtk_widget_set_can_focus (digits, FALSE);
      gtk_box_append (GTK_BOX (cell), caption);
      gtk_box_append (GTK_BOX (cell), digits);
      gtk_grid_attach (self->iid, cell, (int) (i % N_COLUMNS), (int) (i / N_COLUMNS), 1, 1);
    }
}

static const char *
get_hint (const LkPhoneLine *line)
{
  if (line->cid == NULL)
    return _ ("Type the eight groups as they are said. A whole ID can be pasted into any box.");
  if (line->is_typed)
    return _ ("It is on record, as it was typed. Correct it if the machine refused it, or deposit"
              " it again.");
  return _ ("It is on record: there is no need to telephone, and depositing it costs nothing.");
}

static void
show_boxes (LkPhoneDialog *self, const LkPhoneLine *line)
{
  self->is_spreading = TRUE;
  for (guint i = 0; i < N_BOXES; i++)
    {
      g_autofree char *group =
          line->cid != NULL ? g_strndup (line->cid + i * LK_CID_GROUP_LENGTH, LK_CID_GROUP_LENGTH)
                            : g_strdup ("");

      gtk_editable_set_text (GTK_EDITABLE (self->boxes[i]), group);
      gtk_editable_set_editable (GTK_EDITABLE (self->boxes[i]),
                                 line->cid == NULL || line->is_typed);
    }
  self->is_spreading = FALSE;
  judge (self);
  focus_box (self, 0);
}

/* What stands for a line in the list of products. */
static char *
describe (const LkPhoneLine *line)
{
  const char *product = line->product != NULL ? line->product : "";

  if (line->cid != NULL)
    return g_strdup_printf (_ ("%s · %s: on record"), line->machine, product);
  return g_strdup_printf (_ ("%s · %s"), line->machine, product);
}

static void
fill_products (LkPhoneDialog *self)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->list->lines->len; i++)
    g_ptr_array_add (texts, describe (self->list->lines->pdata[i]));
  g_ptr_array_add (texts, NULL);
  self->is_filling = TRUE;
  gtk_string_list_splice (self->products, 0,
                          g_list_model_get_n_items (G_LIST_MODEL (self->products)),
                          (const char *const *) texts->pdata);
  self->is_filling = FALSE;
}

static void
select_product (LkPhoneDialog *self)
{
  self->is_filling = TRUE;
  gtk_drop_down_set_selected (self->product, self->at);
  self->is_filling = FALSE;
}

static void
show_line (LkPhoneDialog *self)
{
  const LkPhoneLine *line = get_line (self);
  guint n = self->list->lines->len;
  g_autofree char *which = g_strdup_printf (_ ("%u of %u"), self->at + 1, n);
  g_autofree char *cost = lk_phone_line_describe_cost (line);
  g_autofree char *machine =
      g_strdup_printf (_ ("%s · %s"), line->machine, line->product != NULL ? line->product : "");

  gtk_label_set_text (self->which, which);
  gtk_widget_set_visible (self->steps, n > 1);
  gtk_widget_set_sensitive (self->previous, self->at > 0 && !self->is_busy);
  gtk_widget_set_sensitive (self->next, self->at + 1 < n && !self->is_busy);
  select_product (self);
  gtk_label_set_text (self->machine, machine);
  gtk_label_set_text (self->cost, cost);
  gtk_label_set_text (self->hint, get_hint (line));
  show_iid (self, line->iid);
  show_boxes (self, line);
}

static void
on_copy (LkPhoneDialog *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), get_line (self)->iid);
}

static void
on_print (LkPhoneDialog *self)
{
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < self->list->lines->len; i++)
    {
      const LkPhoneLine *line = self->list->lines->pdata[i];

      g_array_append_val (keys, line->key);
    }
  lk_print_sheet (GTK_WINDOW (self), self->desk, keys);
}

static void
on_going_agreed (LkPhoneDialog *self)
{
  self->at = self->going_to;
  show_line (self);
}

/* Nothing that was typed goes away unasked. */
static void
go_to (LkPhoneDialog *self, guint at)
{
  self->going_to = at;
  if (!has_news (self))
    on_going_agreed (self);
  else
    lk_field_confirm (GTK_WIDGET (self), _ ("Throw Away What Was Typed?"),
                      _ ("This confirmation ID was not deposited, and is not kept."),
                      _ ("_Throw Away"), G_CALLBACK (on_going_agreed), self);
}

static void
on_previous (LkPhoneDialog *self)
{
  go_to (self, self->at - 1);
}

static void
on_next (LkPhoneDialog *self)
{
  go_to (self, self->at + 1);
}

static void
on_product (LkPhoneDialog *self)
{
  guint at = gtk_drop_down_get_selected (self->product);

  if (self->is_filling || at == self->at || at >= self->list->lines->len)
    return;
  select_product (self); /* until the person agrees */
  go_to (self, at);
}

static void
on_close_agreed (LkPhoneDialog *self)
{
  self->is_agreed = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

static gboolean
lk_phone_dialog_close_request (GtkWindow *window)
{
  LkPhoneDialog *self = LK_PHONE_DIALOG (window);

  if (self->is_agreed || !has_news (self))
    return GTK_WINDOW_CLASS (lk_phone_dialog_parent_class)->close_request (window);

  lk_field_confirm (GTK_WIDGET (self), _ ("Throw Away What Was Typed?"),
                    _ ("This confirmation ID was not deposited, and is not kept."),
                    _ ("_Throw Away"), G_CALLBACK (on_close_agreed), self);
  return TRUE;
}

/* The next one that is to be telephoned for, or none. */
static gboolean
find_next (LkPhoneDialog *self, guint *at)
{
  guint n = self->list->lines->len;

  for (guint i = 1; i < n; i++)
    {
      const LkPhoneLine *line = self->list->lines->pdata[(self->at + i) % n];

      *at = (self->at + i) % n;
      if (line->cid == NULL)
        return TRUE;
    }
  return FALSE;
}

static void
on_taken (gpointer answer, const GError *error, gpointer user_data)
{
  LkPhoneDialog *self = user_data;
  LkPhoneLine *line = get_line (self);
  g_autofree char *typed = join_boxes (self);
  char *text = answer;
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));

  self->is_busy = FALSE;
  gtk_widget_set_sensitive (self->steps, TRUE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cid), TRUE);
  if (text == NULL)
    {
      judge (self);
      gtk_label_set_text (self->problem, error->message);
      return;
    }

  if (window != NULL)
    lk_window_say_with (window, text, _ ("_Show"), "win.show-page", g_variant_new_string ("jobs"));
  g_free (text);
  if (line->cid == NULL)
    line->is_typed = TRUE;
  g_free (line->cid);
  line->cid = g_steal_pointer (&typed);
  fill_products (self);
  if (find_next (self, &self->at))
    show_line (self);
  else
    on_close_agreed (self);
}

static void
on_go (LkPhoneDialog *self)
{
  g_autofree char *typed = join_boxes (self);

  self->is_busy = TRUE;
  gtk_window_set_focus (GTK_WINDOW (self), NULL); /* a box must not lose it by going away */
  gtk_widget_set_sensitive (GTK_WIDGET (self->go), FALSE);
  gtk_widget_set_sensitive (self->steps, FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cid), FALSE);
  lk_desk_call (self->desk, lk_phone_call_take, lk_phone_typed_new (get_line (self), typed),
                (GDestroyNotify) lk_phone_typed_free, g_free, NULL, on_taken, self);
}

static void
lk_phone_dialog_dispose (GObject *object)
{
  LkPhoneDialog *self = LK_PHONE_DIALOG (object);

  g_clear_object (&self->desk);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_PHONE_DIALOG);

  G_OBJECT_CLASS (lk_phone_dialog_parent_class)->dispose (object);
}

static void
lk_phone_dialog_finalize (GObject *object)
{
  lk_phone_list_free (LK_PHONE_DIALOG (object)->list);

  G_OBJECT_CLASS (lk_phone_dialog_parent_class)->finalize (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkPhoneDialog, child)

static void
lk_phone_dialog_class_init (LkPhoneDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_phone_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_phone_dialog_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = lk_phone_dialog_close_request;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-phone-dialog.ui");
  BIND (go);
  BIND (which);
  BIND (machine);
  BIND (steps);
  BIND (product);
  BIND (products);
  BIND (previous);
  BIND (next);
  BIND (iid);
  BIND (cost);
  BIND (hint);
  BIND (cid);
  BIND (problem);
  BIND (reading);
  BIND (reading_groups);
  gtk_widget_class_bind_template_callback (widget_class, on_go);
  gtk_widget_class_bind_template_callback (widget_class, on_copy);
  gtk_widget_class_bind_template_callback (widget_class, on_print);
  gtk_widget_class_bind_template_callback (widget_class, on_product);
  gtk_widget_class_bind_template_callback (widget_class, on_previous);
  gtk_widget_class_bind_template_callback (widget_class, on_next);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
add_box (LkPhoneDialog *self, guint i)
{
  GtkWidget *cell = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  g_autofree char *letter = g_strdup_printf ("%c", lk_phone_group_letter (i));
  g_autofree char *name = g_strdup_printf (_ ("Group %c"), lk_phone_group_letter (i));
  GtkWidget *caption = gtk_label_new (letter);
  GtkWidget *box = gtk_entry_new ();

  gtk_widget_add_css_class (caption, "dim-label");
  gtk_widget_add_css_class (caption, "caption");
  gtk_widget_add_css_class (box, "numeric");
  gtk_editable_set_width_chars (GTK_EDITABLE (box), 6);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (box), 8);
  gtk_entry_set_input_purpose (GTK_ENTRY (box), GTK_INPUT_PURPOSE_DIGITS);
  gtk_entry_set_activates_default (GTK_ENTRY (box), TRUE);
  lk_field_name (box, name);
  g_signal_connect (box, "changed", G_CALLBACK (on_typed), self);
  gtk_box_append (GTK_BOX (cell), caption);
  gtk_box_append (GTK_BOX (cell), box);
  gtk_grid_attach (self->cid, cell, (int) (i % IN_A_ROW), (int) (i / IN_A_ROW), 1, 1);
  self->boxes[i] = box;
}

static void
lk_phone_dialog_init (LkPhoneDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  /* Groups of digits are said from left to right in every language. */
  gtk_widget_set_direction (GTK_WIDGET (self->iid), GTK_TEXT_DIR_LTR);
  gtk_widget_set_direction (GTK_WIDGET (self->cid), GTK_TEXT_DIR_LTR);
  gtk_widget_set_direction (GTK_WIDGET (self->reading_groups), GTK_TEXT_DIR_LTR);
  for (guint i = 0; i < N_BOXES; i++)
    add_box (self, i);
}

/* A question that is under way to its dialog. */
typedef struct
{
  GtkWidget *window; /* weak */
  LkDesk *desk;
} Asking;

static void
on_listed (gpointer answer, const GError *error, gpointer user_data)
{
  Asking *asking = user_data;
  LkPhoneList *list = answer;

  if (asking->window == NULL)
    ;
  else if (list == NULL)
    lk_window_say (asking->window, error->message);
  else if (list->lines->len == 0)
    lk_window_say (asking->window, lk_phone_list_explain (list));
  else
    {
      LkPhoneDialog *self =
          g_object_new (LK_TYPE_PHONE_DIALOG, "transient-for", asking->window, NULL);

      self->desk = g_object_ref (asking->desk);
      self->list = g_steal_pointer (&list);
      fill_products (self);
      show_line (self);
      gtk_window_present (GTK_WINDOW (self));
    }

  lk_phone_list_free (list);
  g_clear_weak_pointer (&asking->window);
  g_object_unref (asking->desk);
  g_free (asking);
}

void
lk_phone_ask (GtkWidget *from, LkDesk *desk, GArray *keys)
{
  Asking *asking = g_new0 (Asking, 1);

  g_set_weak_pointer (&asking->window, gtk_widget_get_ancestor (from, LK_TYPE_WINDOW));
  asking->desk = g_object_ref (desk);
  lk_desk_call (desk, lk_phone_call_list, g_array_ref (keys), (GDestroyNotify) g_array_unref,
                (GDestroyNotify) lk_phone_list_free, NULL, on_listed, asking);
}
