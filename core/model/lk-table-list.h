/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-reader.h"

#define LK_TYPE_TABLE_ITEM (lk_table_item_get_type ())
G_DECLARE_FINAL_TYPE (LkTableItem, lk_table_item, LK, TABLE_ITEM, GObject)

/**
 * LkTableItem:
 *
 * One line of a short list: a plain value of the store (LkKeyRow, LkJobRow, LkItemRow, LkEvent,
 * LkMerged).
 * Signal "filled": its value is another one now.
 */
gint64 lk_table_item_get_id (LkTableItem *self);
/* Belongs to the item; never NULL. */
gconstpointer lk_table_item_get_value (LkTableItem *self);

/**
 * LkTableKind:
 *
 * How a short list is read. @read gives an array of values; @get_id tells them apart, so that a
 * line which stays keeps its item; @equal tells whether it is "filled" anew. A list that may be
 * long, by id, has @read_changes in the place of @read: lk_store_list_changed_items().
 */
typedef struct
{
  GPtrArray *(*read) (LkStore *store, gint64 of, GError **error);
  gint64 (*get_id) (gconstpointer value);
  GDestroyNotify free_value;
  gboolean (*equal) (gconstpointer a, gconstpointer b);
  gboolean (*read_changes) (LkStore *store,
                            gint64 of,
                            GArray *known,
                            GArray **versions,
                            GPtrArray **values,
                            GError **error);
} LkTableKind;

extern const LkTableKind lk_table_keys;   /* LkKeyRow; @of is not looked at */
extern const LkTableKind lk_table_jobs;   /* LkJobRow, the last 500; the same */
extern const LkTableKind lk_table_items;  /* LkItemRow of job @of */
extern const LkTableKind lk_table_events; /* LkEvent of machine @of, the last 200 */
extern const LkTableKind lk_table_merged; /* LkMerged of machine @of */

#define LK_TYPE_TABLE_LIST (lk_table_list_get_type ())
G_DECLARE_FINAL_TYPE (LkTableList, lk_table_list, LK, TABLE_LIST, GObject)

/* A GListModel of LkTableItem that follows the store. Signals: "loaded" after each reading,
 * "failed" (a GError). */
LkTableList *lk_table_list_new (LkReader *reader, const LkTableKind *kind, gint64 of);
/* Of another job or machine; 0: of none, empty. It is empty until that is read. */
void lk_table_list_set_of (LkTableList *self, gint64 of);
gint64 lk_table_list_get_of (LkTableList *self);
/* Position of an id, or G_MAXUINT. */
guint lk_table_list_find (LkTableList *self, gint64 id);
