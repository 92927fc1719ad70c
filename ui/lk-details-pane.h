/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-row-list.h"
#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_DETAILS_PANE (lk_details_pane_get_type ())
G_DECLARE_FINAL_TYPE (LkDetailsPane, lk_details_pane, LK, DETAILS_PANE, AdwBin)

/* Everything that is known of one row of the main list, and what was done to its machine. Follows
 * the row. */

void lk_details_pane_set_desk (LkDetailsPane *self, LkDesk *desk);
/* NULL: none. @n_selected: of how many rows it is the first. */
void lk_details_pane_set_item (LkDetailsPane *self, LkRowItem *item, guint n_selected);
