/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"
#include "model/lk-table-list.h"

#include <adwaita.h>

#define LK_TYPE_ITEM_CELL (lk_item_cell_get_type ())
G_DECLARE_FINAL_TYPE (LkItemCell, lk_item_cell, LK, ITEM_CELL, AdwBin)

/* One row of a job in a list: machine, state, step, and what was said. */
GtkWidget *lk_item_cell_new (void);
/* Follows that item (of lk_table_items), or nothing. */
void lk_item_cell_set_item (LkItemCell *self, LkTableItem *item);
/* Shows this once. */
void lk_item_cell_set_row (LkItemCell *self, const LkItemRow *row);
