/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-intake.h"
#include "transfer/lk-transfer-file.h"

/* A transfer file that holds all of a store, to move it or to merge it into another one. */

/* Opens the product key of that @fingerprint; to be freed. */
typedef LkSecret *(*LkKeyOpenFunc) (const char *fingerprint,
                                    GBytes *ciphertext,
                                    gpointer user_data,
                                    GError **error);
/* Reads a product key and seals it for the store that takes it: a row without what the file says of
 * it beside, to be freed. */
typedef LkKeyRow *(*LkKeySealFunc) (const char *key, gpointer user_data, GError **error);

/**
 * LkInventoryOrder:
 *
 * @head: kind and ids; of the file that is written
 * @passphrase: seals it, or NULL
 * @open_key: product keys are written, too, which needs a passphrase; NULL: they are left out
 */
typedef struct
{
  const char *path;
  const LkTransferHead *head;
  const LkSecret *passphrase;
  LkKeyOpenFunc open_key;
  gpointer user_data;
} LkInventoryOrder;

/* What of a store is written, and what is not, is said at lk_store_read_inventory(). */
gboolean lk_inventory_write (LkStore *store,
                             const LkInventoryOrder *order,
                             guint *n_records,
                             GError **error);

/**
 * LkInventoryMerge:
 *
 * @store_id: of the store that takes it
 * @dry_run: finds out what would change, and changes nothing
 * @seal_key: NULL: product keys are not taken
 * @finish: the last part of the same transaction, or NULL; is not called on a dry run
 */
typedef struct
{
  const char *store_id;
  gint64 now;
  gboolean dry_run;
  LkKeySealFunc seal_key;
  LkWriteFunc finish;
  gpointer user_data;
} LkInventoryMerge;

/* Takes an inventory, in one transaction: what is newer wins, group of fields by group of fields,
 * see lk-intake.h. Each field is held to its form and length; a record that is not is left out and
 * told, and the rest is taken. @tally: all zeros, to be cleared also when this fails. */
gboolean lk_inventory_merge (LkStore *store,
                             LkTransferReader *reader,
                             const LkInventoryMerge *merge,
                             LkIntakeTally *tally,
                             GError **error);
