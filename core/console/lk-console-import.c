/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "console/lk-transfer-private.h"
#include "transfer/lk-transfer-lines.h"

#include <glib/gi18n-lib.h>

/* The third hop: what the core network answered comes home to the lab. */

LkImportResult *
lk_import_result_new (LkTransferKind kind)
{
  LkImportResult *self = g_new0 (LkImportResult, 1);

  self->kind = kind;
  self->keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->remarks = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
lk_import_result_free (LkImportResult *self)
{
  if (self == NULL)
    return;
  g_free (self->fault);
  g_array_unref (self->keys);
  g_ptr_array_unref (self->remarks);
  g_free (self);
}

static void
take_result (LkImportResult *self, LkMergingResult *merged)
{
  self->n_rows = merged->n_rows;
  self->n_new = merged->n_new;
  self->n_known = merged->n_known;
  self->n_differs = merged->n_differs;
  self->n_errors = merged->n_errors;
  self->n_open = merged->n_open;
  self->n_gone = merged->n_gone;
  self->n_foreign = merged->n_foreign;
  self->n_bad = merged->n_bad;
  g_array_unref (self->keys);
  self->keys = g_steal_pointer (&merged->keys);
  g_ptr_array_unref (self->remarks);
  self->remarks = g_steal_pointer (&merged->remarks);
}

/* What speaks against taking the answer as it is; NULL: nothing. */
static char *
find_fault (LkTransferReader *reader, const char *path, const char *store_id)
{
  const LkTransferHead *head = lk_transfer_reader_get_head (reader);
  const char *fault = lk_transfer_reader_get_fault (reader);

  if (fault != NULL)
    return g_strdup (fault);
  if (g_strcmp0 (head->request_store_id, store_id) == 0)
    return NULL;

  return g_strdup_printf (_ ("“%s” answers a request of the store %s, and this is the store %s;"
                             " import it there"),
                          path, head->request_store_id != NULL ? head->request_store_id : "?",
                          store_id);
}

static LkImportResult *
import_answer (LkConsole *self, LkTransferSource *source, gboolean dry_run, GError **error)
{
  LkTransferReader *reader = source->reader;
  g_autofree char *store_id = lk_console_get_store_id (self, error);
  g_autofree char *absolute = lk_transfer_make_path (source->path);
  g_autofree char *fault = NULL;
  g_auto (LkMergingResult) merged = { 0 };
  g_autoptr (LkImportResult) result = NULL;
  LkTransferEntry entry;
  LkLineSource lines = { .reader = reader };
  LkMerging merging = {
    .entry = &entry,
    .next = lk_line_source_next,
    .user_data = &lines,
    .is_rehearsal = dry_run,
  };

  if (store_id == NULL)
    return NULL;
  fault = find_fault (reader, source->path, store_id);
  if (fault != NULL && !source->salvage)
    {
      g_set_error_literal (error, LK_ERROR, LK_ERROR_INVALID, fault);
      return NULL;
    }

  lk_transfer_entry_init (&entry, lk_transfer_reader_get_head (reader), absolute, FALSE,
                          lk_transfer_reader_is_sealed (reader), lk_console_now (self));
  entry.note = fault;
  merging.is_trusted = lines.is_trusted = fault == NULL;
  if (!lk_store_merge_answer (lk_console_get_store (self, NULL), &merging, lk_console_now (self),
                              &merged, error))
    return NULL;

  result = lk_import_result_new (LK_TRANSFER_ANSWER);
  take_result (result, &merged);
  result->fault = g_steal_pointer (&fault);
  return g_steal_pointer (&result);
}

LkImportResult *
lk_console_import (LkConsole *self, LkTransferSource *source, gboolean dry_run, GError **error)
{
  if (source->reader == NULL)
    return lk_console_import_vamt (self, source->path, dry_run, error);

  lk_transfer_reader_rewind (source->reader);
  switch (lk_transfer_source_get_kind (source))
    {
    case LK_TRANSFER_INVENTORY:
      return lk_console_import_inventory (self, source->reader, source->path, dry_run, error);
    case LK_TRANSFER_ANSWER:
      return import_answer (self, source, dry_run, error);
    case LK_TRANSFER_REQUEST:
    default:
      g_set_error (
          error, LK_ERROR, LK_ERROR_INVALID,
          _ ("“%s” is a request: it is answered in the core network, and its answer is imported"
             " here"),
          source->path);
      return NULL;
    }
}
