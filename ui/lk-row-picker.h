/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-row-list.h"

#include <gtk/gtk.h>

#define LK_TYPE_ROW_PICKER (lk_row_picker_get_type ())
G_DECLARE_FINAL_TYPE (LkRowPicker, lk_row_picker, LK, ROW_PICKER, GObject)

/**
 * LkRowPicker:
 *
 * Which rows of the main list are selected, by their keys: what the list does to itself while it
 * follows the store deselects nothing that is still there. What is filtered away is no longer
 * selected, so that nothing is done to rows that are not seen.
 *
 * Signal "changed": other rows are selected, or there are more or fewer rows.
 */
LkRowPicker *lk_row_picker_new (LkRowList *list);

/* For the view. */
GtkSelectionModel *lk_row_picker_get_model (LkRowPicker *self);
guint lk_row_picker_get_n_selected (LkRowPicker *self);
/* The keys (gint64) of the selected rows, in no order. */
GArray *lk_row_picker_get_keys (LkRowPicker *self);
/* The position of the first selected row, or GTK_INVALID_LIST_POSITION. */
guint lk_row_picker_get_first (LkRowPicker *self);
