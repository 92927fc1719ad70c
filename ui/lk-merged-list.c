/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-merged-list.h"

#include "console/lk-console-identity.h"
#include "console/lk-preview.h"
#include "model/lk-table-list.h"
#include "ui/lk-field.h"
#include "ui/lk-identity-call.h"
#include "ui/lk-product-columns.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkMergedList
{
  GtkBox parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  LkTableList *merged;
  LkMerged *asked; /* of the question that is open */

  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (LkMergedList, lk_merged_list, GTK_TYPE_BOX)

static LkMerged *
copy (const LkMerged *merged)
{
  LkMerged *self = g_new0 (LkMerged, 1);

  self->id = merged->id;
  self->machine_id = merged->machine_id;
  self->name = g_strdup (merged->name);
  return self;
}

static void
on_done (gpointer answer, const GError *error, gpointer user_data)
{
  LkMergedList *self = user_data;
  g_autofree char *done = answer;

  lk_window_say (GTK_WIDGET (self),
                 done != NULL ? _ ("Split off; read both machines again") : error->message);
}

static void
on_agreed (LkMergedList *self)
{
  if (self->asked == NULL || self->desk == NULL)
    return;
  lk_reader_expect_change (lk_desk_get_reader (self->desk));
  lk_desk_call (self->desk, lk_identity_call_split, g_steal_pointer (&self->asked),
                (GDestroyNotify) lk_merged_free, g_free, self->cancellable, on_done, self);
}

static void
on_split (LkMergedList *self, GtkWidget *button)
{
  LkTableItem *item = g_object_get_data (G_OBJECT (button), "lk-item");
  const LkMerged *merged = lk_table_item_get_value (item);
  g_autofree char *heading = g_strdup_printf (_ ("Split off %s?"), merged->name);

  g_clear_pointer (&self->asked, lk_merged_free);
  self->asked = copy (merged);
  lk_field_confirm (GTK_WIDGET (self), heading,
                    _ ("It is a row of its own again, with the jobs and the timeline that came with"
                       " it, and is never merged with this one by itself again."),
                    _ ("_Split Off"), G_CALLBACK (on_agreed), self);
}

static GtkWidget *
make_label (const char *text, const char *style)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  return label;
}

static GtkWidget *
make_row (gpointer item, gpointer user_data)
{
  const LkMerged *merged = lk_table_item_get_value (item);
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_Split Off…"));
  g_autofree char *at = lk_time_to_text (merged->at);
  g_autofree char *title = merged->address != NULL && !g_str_equal (merged->address, merged->name)
                               ? g_strdup_printf ("%s (%s)", merged->name, merged->address)
                               : g_strdup (merged->name);
  g_autofree char *why = g_strdup_printf ("%s · %s", at, merged->reason);
  g_autofree char *spoken = g_strdup_printf ("%s, %s", title, why);
  g_autofree char *verb = g_strdup_printf (_ ("Split off %s"), merged->name);

  gtk_box_append (GTK_BOX (texts), make_label (title, NULL));
  gtk_box_append (GTK_BOX (texts), make_label (why, "caption"));
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_object_set_data_full (G_OBJECT (button), "lk-item", g_object_ref (item), g_object_unref);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_split), user_data, G_CONNECT_SWAPPED);
  lk_field_name (button, verb);
  gtk_box_append (GTK_BOX (line), texts);
  gtk_box_append (GTK_BOX (line), button);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), line);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  lk_field_name (row, spoken);
  return row;
}

static void
on_changed (LkMergedList *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self),
                          g_list_model_get_n_items (G_LIST_MODEL (self->merged)) > 0);
}

static void
drop_list (LkMergedList *self)
{
  gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  if (self->merged != NULL)
    g_signal_handlers_disconnect_by_data (self->merged, self);
  g_clear_object (&self->merged);
}

void
lk_merged_list_set_desk (LkMergedList *self, LkDesk *desk)
{
  drop_list (self);
  gtk_widget_hide (GTK_WIDGET (self));
  g_set_object (&self->desk, desk);
  if (desk == NULL)
    return;

  self->merged = lk_table_list_new (lk_desk_get_reader (desk), &lk_table_merged, 0);
  g_signal_connect_swapped (self->merged, "items-changed", G_CALLBACK (on_changed), self);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (self->merged), make_row, self, NULL);
}

void
lk_merged_list_set_machine (LkMergedList *self, gint64 machine_id)
{
  if (self->merged != NULL)
    lk_table_list_set_of (self->merged, machine_id);
}

static void
lk_merged_list_dispose (GObject *object)
{
  LkMergedList *self = LK_MERGED_LIST (object);

  g_cancellable_cancel (self->cancellable);
  if (self->list != NULL)
    drop_list (self);
  self->list = NULL;
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_merged_list_parent_class)->dispose (object);
}

static void
lk_merged_list_finalize (GObject *object)
{
  LkMergedList *self = LK_MERGED_LIST (object);

  g_object_unref (self->cancellable);
  g_clear_pointer (&self->asked, lk_merged_free);

  G_OBJECT_CLASS (lk_merged_list_parent_class)->finalize (object);
}

static void
lk_merged_list_class_init (LkMergedListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = lk_merged_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_merged_list_finalize;
}

static void
lk_merged_list_init (LkMergedList *self)
{
  GtkWidget *heading = make_label (_ ("Merged Into It"), "heading");

  self->cancellable = g_cancellable_new ();
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 6);
  gtk_widget_hide (GTK_WIDGET (self));
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "timeline");
  lk_field_name (GTK_WIDGET (self->list), _ ("Rows that were merged into this machine"));
  gtk_widget_set_margin_top (heading, 12);
  gtk_box_append (GTK_BOX (self), heading);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->list));
}
