/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "console/lk-transfer-private.h"
#include "transfer/lk-inventory.h"

#include <glib/gi18n-lib.h>

/* All of a store in one file. */

static LkSecret *
open_key (const char *fingerprint, GBytes *ciphertext, gpointer user_data, GError **error)
{
  g_autofree char *purpose = lk_console_get_key_purpose (fingerprint);

  return lk_vault_unseal (user_data, purpose, ciphertext, error);
}

gboolean
lk_console_export_inventory (LkConsole *self,
                             const char *path,
                             gboolean with_keys,
                             const LkSecret *passphrase,
                             guint *n_records,
                             GError **error)
{
  g_autoptr (LkTransferHead) head = lk_console_make_head (self, LK_TRANSFER_INVENTORY, error);
  g_autofree char *absolute = lk_transfer_make_path (path);
  LkInventoryOrder order = { .path = path, .head = head, .passphrase = passphrase };
  LkTransferEntry entry;

  if (head == NULL)
    return FALSE;
  if (with_keys)
    {
      order.open_key = open_key;
      order.user_data = lk_console_get_vault (self, error);
      if (order.user_data == NULL)
        return FALSE;
    }
  if (!lk_inventory_write (lk_console_get_store (self, NULL), &order, n_records, error))
    return FALSE;

  lk_transfer_entry_init (&entry, head, absolute, TRUE, passphrase != NULL, lk_console_now (self));
  entry.n_rows = *n_records;
  return lk_store_record_transfer (lk_console_get_store (self, NULL), &entry, NULL, NULL, error);
}

typedef struct
{
  LkVault *vault;
  LkTransferEntry *entry;
  const LkIntakeTally *tally;
} Taking;

static LkKeyRow *
seal_key (const char *key, gpointer user_data, GError **error)
{
  const Taking *taking = user_data;

  return lk_console_draft_key (taking->vault, key, error);
}

static gboolean
record (LkDb *db, gpointer user_data, GError **error)
{
  const Taking *taking = user_data;
  gint64 id;

  taking->entry->n_done = taking->tally->n_changed;
  taking->entry->n_failed = taking->tally->n_bad;
  return lk_transfer_record (db, taking->entry, &id, error);
}

static LkImportResult *
make_result (LkIntakeTally *tally, guint64 n_records)
{
  LkImportResult *result = lk_import_result_new (LK_TRANSFER_INVENTORY);

  result->n_rows = (guint) n_records;
  result->n_new = tally->n_cids_new;
  result->n_known = tally->n_cids_known;
  result->n_differs = tally->n_cids_differ;
  result->n_bad = tally->n_bad;
  result->n_machines_new = tally->n_machines_new;
  result->n_machines_merged = tally->n_machines_merged;
  result->n_conflicts = tally->n_conflicts;
  result->n_keys_new = tally->n_keys_new;
  result->n_keys_known = tally->n_keys_known;
  g_ptr_array_unref (result->remarks);
  result->remarks = g_steal_pointer (&tally->remarks);
  return result;
}

LkImportResult *
lk_console_import_inventory (LkConsole *self,
                             LkTransferReader *reader,
                             const char *path,
                             gboolean dry_run,
                             GError **error)
{
  g_autofree char *store_id = lk_console_get_store_id (self, error);
  g_autofree char *absolute = lk_transfer_make_path (path);
  g_auto (LkIntakeTally) tally = { .n_changed = 0 };
  LkTransferEntry entry;
  Taking taking = { .entry = &entry, .tally = &tally };
  LkInventoryMerge merge = { .store_id = store_id,
                             .now = lk_console_now (self),
                             .dry_run = dry_run,
                             .finish = record,
                             .user_data = &taking };

  if (store_id == NULL)
    return NULL;
  lk_transfer_entry_init (&entry, lk_transfer_reader_get_head (reader), absolute, FALSE,
                          lk_transfer_reader_is_sealed (reader), merge.now);
  entry.n_rows = (guint) lk_transfer_reader_get_count (reader);

  /* Only sealed files have product keys. */
  if (lk_transfer_reader_is_sealed (reader))
    {
      taking.vault = lk_console_get_vault (self, error);
      if (taking.vault == NULL)
        return NULL;
      merge.seal_key = seal_key;
    }
  if (!lk_inventory_merge (lk_console_get_store (self, NULL), reader, &merge, &tally, error))
    return NULL;
  return make_result (&tally, entry.n_rows);
}
