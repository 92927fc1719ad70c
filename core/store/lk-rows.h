/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-machine.h"
#include "store/lk-selection.h"
#include "store/lk-store.h"

/* The rows of the main list, and how many there are of what. */

/**
 * LkRow:
 *
 * One row of the main list: a product on a machine, or a machine of which no product is known.
 */
typedef struct
{
  gint64 machine_id;
  char *name;
  char *address;
  guint16 port;
  gboolean tls;
  char *pin;
  char *stack;
  LkIdentity *identity;
  char *os_version;
  gint64 read_at;
  char *last_result;
  guint32 last_code;
  gboolean last_ok;
  gboolean is_subscription;
  gboolean has_oem_key;
  int rearm_left;
  LkProduct *product;   /* status LK_LICENSE_UNREAD and no ids for an unread machine */
  char *cid;            /* on record for the product's key and IID */
  gboolean is_salvaged; /* that CID is out of a file that could not be trusted whole */
  char *tags;           /* of the machine: "floor 2, lab"; or NULL */
} LkRow;

void lk_row_free (LkRow *self);
/* Whether a person would see the same in both. */
gboolean lk_row_equal (const LkRow *a, const LkRow *b);

/* Stays the same for the same row: the product's id, or minus the machine's when no product is
 * known. */
gint64 lk_row_get_key (const LkRow *self);

/* Rows that match, by name, Windows before add-ons and the rest. */
GPtrArray *lk_store_list_rows (LkStore *self, const LkSelection *selection, GError **error);

/* What the list is sorted by; ties by name. What is not known comes before all that is, but a
 * licence without an end after all that have one. */
typedef enum
{
  LK_SORT_MACHINE,
  LK_SORT_DOMAIN,
  LK_SORT_PRODUCT,
  LK_SORT_EDITION,
  LK_SORT_STATE,
  LK_SORT_DAYS, /* to the minute: what locks out first */
  LK_SORT_KIND,
  LK_SORT_KEY,
  LK_SORT_READ,
  LK_SORT_RESULT,
} LkRowSort;

/* The keys (gint64) of the rows that match, in order. @selection NULL: of all. */
GArray *lk_store_list_keys_of_rows (LkStore *self,
                                    const LkSelection *selection,
                                    LkRowSort sort,
                                    gboolean is_descending,
                                    GError **error);
/* The rows of @n keys, in their order; NULL in the place of one that is gone. */
GPtrArray *lk_store_load_rows (LkStore *self, const gint64 *keys, guint n, GError **error);

/* How many rows each of @n selections has (NULL: all rows), in one pass. */
gboolean lk_store_count_selections (LkStore *self,
                                    const LkSelection *const *selections,
                                    guint n,
                                    guint *counts,
                                    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkRow, lk_row_free)
