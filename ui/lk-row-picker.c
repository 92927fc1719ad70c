/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-row-picker.h"

struct _LkRowPicker
{
  GObject parent_instance;

  LkRowList *list;
  GtkMultiSelection *model;
  GHashTable *keys; /* gint64, of the selected rows */
  gboolean is_restoring;
};

typedef enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
} LkRowPickerSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkRowPicker, lk_row_picker, G_TYPE_OBJECT)

/* A person selected or deselected. */
static void
on_selection_changed (LkRowPicker *self, guint position, guint n)
{
  g_autoptr (GtkBitset) selected = NULL;

  if (self->is_restoring)
    return;
  selected =
      gtk_selection_model_get_selection_in_range (GTK_SELECTION_MODEL (self->model), position, n);
  for (guint i = position; i < position + n; i++)
    {
      gint64 key = lk_row_list_get_key (self->list, i);

      if (gtk_bitset_contains (selected, i))
        g_hash_table_add (self->keys, g_memdup2 (&key, sizeof key));
      else
        g_hash_table_remove (self->keys, &key);
    }
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* The rows are complete: selects what was selected, and forgets what is gone. */
static void
on_loaded (LkRowPicker *self)
{
  g_autoptr (GtkBitset) selected = gtk_bitset_new_empty ();
  g_autoptr (GtkBitset) now = NULL;
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->list));
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      guint position = lk_row_list_find (self->list, *(gint64 *) key);

      if (position < n)
        gtk_bitset_add (selected, position);
      else
        g_hash_table_iter_remove (&iter);
    }

  now = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->model));
  if (!gtk_bitset_equals (now, selected))
    {
      g_autoptr (GtkBitset) mask = gtk_bitset_new_range (0, n);

      self->is_restoring = TRUE;
      gtk_selection_model_set_selection (GTK_SELECTION_MODEL (self->model), selected, mask);
      self->is_restoring = FALSE;
    }
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

GtkSelectionModel *
lk_row_picker_get_model (LkRowPicker *self)
{
  return GTK_SELECTION_MODEL (self->model);
}

guint
lk_row_picker_get_n_selected (LkRowPicker *self)
{
  return g_hash_table_size (self->keys);
}

GArray *
lk_row_picker_get_keys (LkRowPicker *self)
{
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_array_append_vals (keys, key, 1);
  return keys;
}

guint
lk_row_picker_get_first (LkRowPicker *self)
{
  g_autoptr (GtkBitset) selected =
      gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->model));

  return gtk_bitset_is_empty (selected) ? GTK_INVALID_LIST_POSITION
                                        : gtk_bitset_get_minimum (selected);
}

static void
lk_row_picker_finalize (GObject *object)
{
  LkRowPicker *self = LK_ROW_PICKER (object);

  g_clear_pointer (&self->keys, g_hash_table_unref);
  g_clear_object (&self->model);
  g_clear_object (&self->list);

  G_OBJECT_CLASS (lk_row_picker_parent_class)->finalize (object);
}

static void
lk_row_picker_class_init (LkRowPickerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = lk_row_picker_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", LK_TYPE_ROW_PICKER, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
lk_row_picker_init (LkRowPicker *self)
{
  self->keys = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

LkRowPicker *
lk_row_picker_new (LkRowList *list)
{
  LkRowPicker *self = g_object_new (LK_TYPE_ROW_PICKER, NULL);

  self->list = g_object_ref (list);
  self->model = gtk_multi_selection_new (g_object_ref (G_LIST_MODEL (list)));
  g_signal_connect_object (self->model, "selection-changed", G_CALLBACK (on_selection_changed),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (list, "loaded", G_CALLBACK (on_loaded), self, G_CONNECT_SWAPPED);
  return self;
}
