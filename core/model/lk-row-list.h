/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-reader.h"
#include "store/lk-fleet.h"

#define LK_TYPE_ROW_ITEM (lk_row_item_get_type ())
G_DECLARE_FINAL_TYPE (LkRowItem, lk_row_item, LK, ROW_ITEM, GObject)

/**
 * LkRowItem:
 *
 * One row of the main list. Signal "filled": its row is here, or is another one now.
 */

/* Stays the same for the same product: its id, or minus the machine's when no product is known. */
gint64 lk_row_item_get_key (LkRowItem *self);
/* NULL until it is filled. Belongs to the item. */
const LkRow *lk_row_item_get_row (LkRowItem *self);

/* What the list is sorted by; ties by name. */
typedef enum
{
  LK_SORT_MACHINE,
  LK_SORT_DOMAIN,
  LK_SORT_PRODUCT,
  LK_SORT_EDITION,
  LK_SORT_STATE,
  LK_SORT_DAYS,
  LK_SORT_KIND,
  LK_SORT_KEY,
  LK_SORT_READ,
  LK_SORT_RESULT,
} LkRowSort;

#define LK_TYPE_ROW_LIST (lk_row_list_get_type ())
G_DECLARE_FINAL_TYPE (LkRowList, lk_row_list, LK, ROW_LIST, GObject)

/**
 * LkRowList:
 *
 * The rows that match a selection, in an order: a GListModel of LkRowItem over a vector of ids.
 * Filter and order are SQL, in the reader's thread. It follows the store: when the ids stay the
 * same, only the rows that are looked at are read again and no item comes or goes. When they
 * change, it first empties itself and then fills anew in one step, which is what GtkListView 4.8
 * takes quickly.
 *
 * Signals: "loaded" (after each reading of ids; also when nothing changed), "failed" (a GError).
 */
LkRowList *lk_row_list_new (LkReader *reader);

/* The language of lk_selection_parse(). LK_ERROR_INVALID at once, and nothing changes, when it is
 * not understood. */
gboolean lk_row_list_set_selection (LkRowList *self, const char *selection, GError **error);
void lk_row_list_set_order (LkRowList *self, LkRowSort sort, gboolean is_descending);
const char *lk_row_list_get_selection (LkRowList *self);

gboolean lk_row_list_is_loading (LkRowList *self);
/* Position of a key, or G_MAXUINT: to keep a selection of keys across changes. */
guint lk_row_list_find (LkRowList *self, gint64 key);
gint64 lk_row_list_get_key (LkRowList *self, guint position);
