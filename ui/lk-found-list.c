/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-found-list.h"

#include "ui/lk-field.h"
#include "ui/lk-found.h"

#include <glib/gi18n.h>

struct _LkFoundList
{
  GtkBox parent_instance;

  GListModel *model;
  guint n_chosen;
  gboolean is_counting; /* its own changes */

  GtkLabel *title;
  GtkCheckButton *all;
  GtkListView *view;
};

typedef enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
} LkFoundListSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkFoundList, lk_found_list, GTK_TYPE_BOX)

/* A row: a check button with two lines in it, and the marks. */
typedef struct
{
  LkFoundList *list;
  GtkCheckButton *check;
  GtkLabel *name;
  GtkLabel *details;
  GtkLabel *marks;
  LkFound *found; /* while it is bound */
} Row;

static char *
make_title (guint n, guint n_known)
{
  g_autofree char *found = NULL;
  g_autofree char *known = NULL;

  if (n == 0)
    return g_strdup (_ ("What is found appears here"));
  found = g_strdup_printf (ngettext ("%u machine was found", "%u machines were found", n), n);
  if (n_known == 0)
    return g_steal_pointer (&found);
  known =
      g_strdup_printf (ngettext ("%u is known already", "%u are known already", n_known), n_known);
  return g_strdup_printf ("%s, %s", found, known);
}

void
lk_found_list_count (LkFoundList *self)
{
  guint n = self->model != NULL ? g_list_model_get_n_items (self->model) : 0;
  guint n_known = 0;
  g_autofree char *title = NULL;

  self->n_chosen = 0;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LkFound) found = g_list_model_get_item (self->model, i);

      self->n_chosen += lk_found_is_chosen (found) ? 1 : 0;
      n_known += lk_found_is_known (found) ? 1 : 0;
    }

  title = make_title (n, n_known);
  gtk_label_set_text (self->title, title);
  self->is_counting = TRUE;
  gtk_widget_set_visible (GTK_WIDGET (self->all), n > 0);
  gtk_check_button_set_active (self->all, n > 0 && self->n_chosen == n);
  gtk_check_button_set_inconsistent (self->all, self->n_chosen > 0 && self->n_chosen < n);
  self->is_counting = FALSE;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
on_all (LkFoundList *self)
{
  gboolean is_active = gtk_check_button_get_active (self->all);

  if (self->is_counting || self->model == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (self->model); i++)
    {
      g_autoptr (LkFound) found = g_list_model_get_item (self->model, i);

      lk_found_set_chosen (found, is_active);
    }
  lk_found_list_count (self);
}

static void
on_check (GtkCheckButton *check, Row *row)
{
  gboolean is_active = gtk_check_button_get_active (check);

  if (row->found == NULL || lk_found_is_chosen (row->found) == is_active)
    return;
  lk_found_set_chosen (row->found, is_active);
  lk_found_list_count (row->list);
}

static void
on_activate (LkFoundList *self, guint position)
{
  g_autoptr (LkFound) found = g_list_model_get_item (self->model, position);

  lk_found_set_chosen (found, !lk_found_is_chosen (found));
  lk_found_list_count (self);
}

static void
show_row (Row *row)
{
  const char *name = lk_found_get_sighting (row->found)->name;
  g_autofree char *details = lk_found_describe (row->found);
  g_autofree char *marks = lk_found_describe_marks (row->found);
  g_autofree char *spoken = g_strdup_printf ("%s%s%s%s%s", name, *details != '\0' ? ", " : "",
                                             details, *marks != '\0' ? ", " : "", marks);

  gtk_label_set_text (row->name, name);
  gtk_label_set_text (row->details, details);
  gtk_widget_set_visible (GTK_WIDGET (row->details), *details != '\0');
  gtk_label_set_text (row->marks, marks);
  gtk_widget_set_visible (GTK_WIDGET (row->marks), *marks != '\0');
  gtk_check_button_set_active (row->check, lk_found_is_chosen (row->found));
  lk_field_name (GTK_WIDGET (row->check), spoken);
}

static GtkLabel *
add_label (GtkBox *box, const char *style)
{
  GtkLabel *label = GTK_LABEL (gtk_label_new (NULL));

  gtk_label_set_xalign (label, 0);
  gtk_label_set_wrap (label, TRUE);
  gtk_label_set_wrap_mode (label, PANGO_WRAP_WORD_CHAR);
  if (style != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (label), style);
  gtk_box_append (box, GTK_WIDGET (label));
  return label;
}

static void
on_setup (LkFoundList *self, GtkListItem *item)
{
  Row *row = g_new0 (Row, 1);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  row->list = self;
  row->check = GTK_CHECK_BUTTON (gtk_check_button_new ());
  gtk_widget_set_hexpand (texts, TRUE);
  row->name = add_label (GTK_BOX (texts), NULL);
  row->details = add_label (GTK_BOX (texts), "caption");
  gtk_widget_add_css_class (GTK_WIDGET (row->details), "dim-label");
  gtk_box_append (GTK_BOX (line), GTK_WIDGET (row->check));
  gtk_box_append (GTK_BOX (line), texts);
  row->marks = add_label (GTK_BOX (line), "caption");
  g_signal_connect (row->check, "toggled", G_CALLBACK (on_check), row);
  gtk_list_item_set_child (item, line);
  g_object_set_data_full (G_OBJECT (item), "lk-row", row, g_free);
}

static void
on_bind (LkFoundList *self, GtkListItem *item)
{
  Row *row = g_object_get_data (G_OBJECT (item), "lk-row");

  row->found = gtk_list_item_get_item (item);
  g_signal_connect_swapped (row->found, "notify", G_CALLBACK (show_row), row);
  show_row (row);
}

static void
on_unbind (LkFoundList *self, GtkListItem *item)
{
  Row *row = g_object_get_data (G_OBJECT (item), "lk-row");

  g_signal_handlers_disconnect_by_data (row->found, row);
  row->found = NULL;
}

void
lk_found_list_set_model (LkFoundList *self, GListModel *model)
{
  g_autoptr (GtkNoSelection) rows = NULL;

  g_return_if_fail (LK_IS_FOUND_LIST (self));

  if (self->model == model)
    return;
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_set_object (&self->model, model);
  rows = gtk_no_selection_new (model != NULL ? g_object_ref (model) : NULL);
  gtk_list_view_set_model (self->view, GTK_SELECTION_MODEL (rows));
  if (model != NULL)
    g_signal_connect_swapped (model, "items-changed", G_CALLBACK (lk_found_list_count), self);
  lk_found_list_count (self);
}

guint
lk_found_list_count_chosen (LkFoundList *self)
{
  return self->n_chosen;
}

GPtrArray *
lk_found_list_copy_chosen (LkFoundList *self)
{
  GPtrArray *sightings = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);

  for (guint i = 0; i < g_list_model_get_n_items (self->model); i++)
    {
      g_autoptr (LkFound) found = g_list_model_get_item (self->model, i);

      if (lk_found_is_chosen (found))
        g_ptr_array_add (sightings, lk_sighting_copy (lk_found_get_sighting (found)));
    }
  return sightings;
}

static void
lk_found_list_dispose (GObject *object)
{
  LkFoundList *self = LK_FOUND_LIST (object);

  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_clear_object (&self->model);
  if (self->view != NULL)
    gtk_list_view_set_model (self->view, NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_FOUND_LIST);

  G_OBJECT_CLASS (lk_found_list_parent_class)->dispose (object);
}

static void
lk_found_list_class_init (LkFoundListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_found_list_dispose;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", LK_TYPE_FOUND_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-found-list.ui");
  gtk_widget_class_bind_template_child (widget_class, LkFoundList, title);
  gtk_widget_class_bind_template_child (widget_class, LkFoundList, all);
  gtk_widget_class_bind_template_child (widget_class, LkFoundList, view);
  gtk_widget_class_bind_template_callback (widget_class, on_all);
  gtk_widget_class_bind_template_callback (widget_class, on_activate);
}

static void
lk_found_list_init (LkFoundList *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (factory, "setup", G_CALLBACK (on_setup), self);
  g_signal_connect_swapped (factory, "bind", G_CALLBACK (on_bind), self);
  g_signal_connect_swapped (factory, "unbind", G_CALLBACK (on_unbind), self);
  gtk_list_view_set_factory (self->view, factory);
  lk_found_list_count (self);
}
