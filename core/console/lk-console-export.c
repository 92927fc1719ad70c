/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-private.h"
#include "console/lk-transfer-private.h"
#include "domain/lk-identifiers.h"
#include "transfer/lk-transfer-lines.h"

/* The first hop: the lab asks. Nothing is reserved here; the ledger of who answers counts. */

LkTransferHead *
lk_console_make_head (LkConsole *self, LkTransferKind kind, GError **error)
{
  g_autofree char *store_id = lk_console_get_store_id (self, error);
  LkTransferHead *head;

  if (store_id == NULL)
    return NULL;

  head = g_new0 (LkTransferHead, 1);
  head->kind = kind;
  head->id = g_uuid_string_random ();
  head->store_id = g_steal_pointer (&store_id);
  head->created_at = lk_console_now (self);
  return head;
}

void
lk_transfer_entry_init (LkTransferEntry *out,
                        const LkTransferHead *head,
                        const char *path,
                        gboolean is_written,
                        gboolean is_sealed,
                        gint64 now)
{
  *out = (LkTransferEntry){
    .kind = (char *) lk_transfer_kind_to_word (head->kind),
    .is_written = is_written,
    .file_id = head->id,
    .path = (char *) path,
    .store_id = head->store_id,
    .request_id = head->request_id,
    .at = now,
    .created_at = head->created_at,
    .is_sealed = is_sealed,
  };
}

char *
lk_transfer_make_path (const char *path)
{
  return g_canonicalize_filename (path, NULL);
}

static LkTransferLine *
line_from_product (const LkProduct *product)
{
  g_autofree char *key_identity = product->partial_key != NULL && product->iid != NULL &&
                                          product->key_kind != LK_KEY_GVLK &&
                                          lk_digits_is_plausible (LK_DIGITS_IID, product->iid)
                                      ? lk_key_identity_from_epid (product->epid)
                                      : NULL;
  LkTransferLine *line;

  if (key_identity == NULL)
    return NULL;

  line = g_new0 (LkTransferLine, 1);
  line->row_id = product->id;
  line->iid = g_strdup (product->iid);
  line->epid = g_strdup (product->epid);
  line->key_identity = g_steal_pointer (&key_identity);
  return line;
}

/* The rows that could be asked for, before it is looked up what is known of them. */
static GPtrArray *
list_candidates (const LkExportOrder *order, LkExportResult *out)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_transfer_line_free);

  for (guint i = 0; i < order->rows->len; i++)
    {
      const LkProduct *product = ((const LkRow *) g_ptr_array_index (order->rows, i))->product;
      LkTransferLine *line =
          product->status != LK_LICENSE_LICENSED ? line_from_product (product) : NULL;

      if (line != NULL)
        g_ptr_array_add (lines, line);
      else if (product->status == LK_LICENSE_LICENSED)
        out->n_licensed++;
      else
        out->n_no_iid++;
    }

  return lines;
}

static gboolean
is_wanted (LkPairState state, gboolean again, LkExportResult *out)
{
  switch (state)
    {
    case LK_PAIR_FREE:
      return TRUE;
    case LK_PAIR_SALVAGED:
      out->n_on_record += !again;
      return again;
    case LK_PAIR_ASKED:
      out->n_outstanding += !again;
      return again;
    case LK_PAIR_ON_RECORD:
      out->n_on_record++;
      return FALSE;
    case LK_PAIR_IN_FLIGHT:
      out->n_in_flight++;
      return FALSE;
    }

  g_assert_not_reached ();
}

/* The rows that are to be asked for; @out counts them and why the others are not. */
static GPtrArray *
choose_lines (LkConsole *self, const LkExportOrder *order, LkExportResult *out, GError **error)
{
  g_autoptr (GPtrArray) candidates = NULL;
  g_autofree LkPairState *states = NULL;
  LkStore *store = lk_console_get_store (self, error);
  GPtrArray *lines;

  *out = (LkExportResult){ 0 };
  if (store == NULL)
    return NULL;

  candidates = list_candidates (order, out);
  states = g_new0 (LkPairState, candidates->len);
  if (!lk_store_judge_lines (store, candidates, states, error))
    return NULL;

  lines = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_transfer_line_free);
  for (guint i = 0; i < candidates->len; i++)
    if (is_wanted (states[i], order->again, out))
      g_ptr_array_add (lines, g_steal_pointer (&candidates->pdata[i]));
  out->n_written = lines->len;
  return lines;
}

gboolean
lk_console_preview_export (LkConsole *self,
                           const LkExportOrder *order,
                           LkExportResult *out,
                           GError **error)
{
  g_autoptr (GPtrArray) lines = choose_lines (self, order, out, error);

  return lines != NULL;
}

static gboolean
write_lines (const LkExportOrder *order,
             const LkTransferHead *head,
             GPtrArray *lines,
             GError **error)
{
  g_autoptr (LkTransferWriter) writer =
      lk_transfer_writer_new (order->path, head, order->passphrase, error);

  if (writer == NULL)
    return FALSE;
  for (guint i = 0; i < lines->len; i++)
    {
      g_autoptr (LkRecord) record =
          lk_transfer_line_to_record (g_ptr_array_index (lines, i), LK_TRANSFER_REQUEST);

      if (!lk_transfer_writer_add (writer, record, error))
        return FALSE;
    }

  return lk_transfer_writer_finish (writer, error);
}

gboolean
lk_console_export_request (LkConsole *self,
                           const LkExportOrder *order,
                           LkExportResult *out,
                           GError **error)
{
  g_autoptr (GPtrArray) lines = choose_lines (self, order, out, error);
  g_autoptr (LkTransferHead) head = NULL;
  g_autofree char *path = lk_transfer_make_path (order->path);
  LkTransferEntry entry;

  if (lines == NULL)
    return FALSE;
  if (lines->len == 0)
    return TRUE;
  head = lk_console_make_head (self, LK_TRANSFER_REQUEST, error);
  if (head == NULL)
    return FALSE;

  /* The file first: one that is not remembered costs nothing, since its answer is matched by IID
   * and who answers counts each IID once; rows that were remembered without a file would be waited
   * for in vain. */
  head->n_records = lines->len;
  if (!write_lines (order, head, lines, error))
    return FALSE;
  lk_transfer_entry_init (&entry, head, path, TRUE, order->passphrase != NULL,
                          lk_console_now (self));
  entry.n_rows = lines->len;
  return lk_store_record_transfer (lk_console_get_store (self, NULL), &entry, lines, NULL, error);
}
