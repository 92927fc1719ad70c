/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-item-cell.h"

#include "console/lk-preview.h"
#include "ui/lk-job-words.h"

struct _LkItemCell
{
  AdwBin parent_instance;

  LkTableItem *item;

  GtkLabel *machine;
  GtkImage *state_icon;
  GtkLabel *state;
  GtkLabel *step;
};

G_DEFINE_FINAL_TYPE (LkItemCell, lk_item_cell, ADW_TYPE_BIN)

void
lk_item_cell_set_row (LkItemCell *self, const LkItemRow *row)
{
  const char *step = lk_step_get_title (row->step);
  g_autofree char *text = row->message != NULL && *row->message != '\0'
                              ? g_strdup_printf ("%s · %s", step, row->message)
                              : g_strdup (step);

  gtk_label_set_text (self->machine, row->machine);
  gtk_image_set_from_icon_name (self->state_icon, lk_item_get_state_icon (row));
  gtk_label_set_text (self->state, lk_item_get_state_title (row));
  gtk_label_set_text (self->step, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), row->message);
  if (g_str_equal (row->state, "failed"))
    gtk_widget_add_css_class (GTK_WIDGET (self->state_icon), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->state_icon), "error");
}

static void
fill (LkItemCell *self)
{
  lk_item_cell_set_row (self, lk_table_item_get_value (self->item));
}

void
lk_item_cell_set_item (LkItemCell *self, LkTableItem *item)
{
  if (self->item == item)
    return;
  if (self->item != NULL)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_set_object (&self->item, item);
  if (item == NULL)
    return;

  g_signal_connect_swapped (item, "filled", G_CALLBACK (fill), self);
  fill (self);
}

GtkWidget *
lk_item_cell_new (void)
{
  return g_object_new (LK_TYPE_ITEM_CELL, NULL);
}

static void
lk_item_cell_dispose (GObject *object)
{
  LkItemCell *self = LK_ITEM_CELL (object);

  lk_item_cell_set_item (self, NULL);
  /* No gtk_widget_dispose_template(): it would unparent the child, which the bin does, too. */

  G_OBJECT_CLASS (lk_item_cell_parent_class)->dispose (object);
}

static void
lk_item_cell_class_init (LkItemCellClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_item_cell_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-item-cell.ui");
  gtk_widget_class_bind_template_child (widget_class, LkItemCell, machine);
  gtk_widget_class_bind_template_child (widget_class, LkItemCell, state_icon);
  gtk_widget_class_bind_template_child (widget_class, LkItemCell, state);
  gtk_widget_class_bind_template_child (widget_class, LkItemCell, step);
}

static void
lk_item_cell_init (LkItemCell *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
