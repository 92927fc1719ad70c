/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-product-key.h"
#include "ledger/lk-ledger.h"
#include "store/lk-store.h"

/* Product keys: rows about secrets, never the secrets. */

/**
 * LkKeyRow:
 *
 * One product key that the organisation owns, and what its pool has left.
 */
typedef struct
{
  gint64 id;
  GBytes *ciphertext;
  char *fingerprint;
  char *last_five;
  LkKeyKind kind;
  char *key_identity; /* NULL until known */
  char *epid;         /* one that was seen with it, or NULL */
  char *edition;
  gboolean is_practice;
  char *remarks;
  gint64 created_at;
  LkPool pool;
} LkKeyRow;

void lk_key_row_free (LkKeyRow *self);

/* Adds a key; one that is owned already (same fingerprint) keeps its row. */
gboolean lk_store_add_key (LkStore *self,
                           const LkKeyRow *row,
                           gint64 now,
                           gint64 *id,
                           gboolean *is_new,
                           GError **error);
/* Inside a write, which must be lk_store_write_sealed(): the same. */
gboolean lk_keys_add (LkDb *db,
                      const LkKeyRow *row,
                      gint64 now,
                      gint64 *id,
                      gboolean *is_new,
                      GError **error);
GPtrArray *lk_store_list_keys (LkStore *self, GError **error);
/* By row id or last five; LK_ERROR_INVALID when there is none or more than one. */
LkKeyRow *lk_store_find_key (LkStore *self, const char *ref, GError **error);
LkKeyRow *lk_store_get_key (LkStore *self, gint64 id, GError **error);
/* Refused while open work needs it. Its spends and confirmations stay. */
gboolean lk_store_remove_key (LkStore *self, gint64 id, GError **error);
/* What is left, by the service or by a person; wakes items that wait for room. */
gboolean lk_store_set_remaining (LkStore *self,
                                 const char *key_identity,
                                 gint64 remaining,
                                 gint64 now,
                                 GError **error);
/* Open items that will spend under this key but have not reserved yet. @key_id 0: a key that is not
 * owned here, by its last five alone. */
gboolean lk_store_count_planned (LkStore *self,
                                 gint64 key_id,
                                 const char *last_five,
                                 guint *n,
                                 GError **error);
/* What the key of that identity has left, owned here or not. */
gboolean lk_store_get_pool (LkStore *self, const char *key_identity, LkPool *pool, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKeyRow, lk_key_row_free)
