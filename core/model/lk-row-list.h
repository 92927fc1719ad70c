/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-reader.h"
#include "store/lk-rows.h"

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

#define LK_TYPE_ROW_LIST (lk_row_list_get_type ())
G_DECLARE_FINAL_TYPE (LkRowList, lk_row_list, LK, ROW_LIST, GObject)

/**
 * LkRowList:
 *
 * The rows that match a selection, in an order: a GListModel of LkRowItem over a vector of keys.
 * Filter and order are the store's, in the reader's thread. It follows the store: when the keys
 * stay the same, only the rows that are looked at are read again and no item comes or goes. When a
 * few come, go or move, items-changed says so for these. When many do, it says once that all are
 * others, so that GtkListView takes its widgets up again instead of making them anew; whoever keeps
 * a selection takes it up again at "loaded", by lk_row_list_find().
 *
 * Items are made when they are asked for and live as long as somebody holds them; the same key
 * gives the same item meanwhile. Nothing is read before the main context runs: setters may follow
 * each other.
 *
 * Signals: "loaded" (after each reading of keys; also when nothing changed), "failed" (a GError).
 */
LkRowList *lk_row_list_new (LkReader *reader);

/* The language of lk_selection_parse(). LK_ERROR_INVALID at once, and nothing changes, when it is
 * not understood. */
gboolean lk_row_list_set_selection (LkRowList *self, const char *selection, GError **error);
void lk_row_list_set_order (LkRowList *self, LkRowSort sort, gboolean is_descending);
/* "" in the beginning. */
const char *lk_row_list_get_selection (LkRowList *self);
LkRowSort lk_row_list_get_sort (LkRowList *self, gboolean *is_descending);

/* Whether selection or order are others than those of the rows that are shown. */
gboolean lk_row_list_is_loading (LkRowList *self);
/* Position of a key, or G_MAXUINT: to keep a selection of keys across changes. */
guint lk_row_list_find (LkRowList *self, gint64 key);
/* 0 beyond the end. */
gint64 lk_row_list_get_key (LkRowList *self, guint position);
