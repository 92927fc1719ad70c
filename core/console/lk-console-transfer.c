/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-transfer.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "console/lk-transfer-private.h"

#include <glib/gi18n-lib.h>

/* What crossed the air gap, and which step comes next. The steps are in lk-console-export.c,
 * lk-console-answer.c and lk-console-import.c. */

void
lk_transfer_row_free (LkTransferRow *self)
{
  if (self == NULL)
    return;
  g_free (self->file_id);
  g_free (self->path);
  g_free (self->store_id);
  g_free (self->note);
  g_free (self);
}

const char *
lk_transfer_row_get_title (const LkTransferRow *self)
{
  switch (self->kind)
    {
    case LK_TRANSFER_REQUEST:
      return self->is_written ? _ ("Request, written") : _ ("Request, opened");
    case LK_TRANSFER_ANSWER:
      return self->is_written ? _ ("Answer, written") : _ ("Answer, imported");
    case LK_TRANSFER_INVENTORY:
      return self->is_written ? _ ("Inventory, written") : _ ("Inventory, imported");
    }

  g_assert_not_reached ();
}

const char *
lk_line_state_to_title (LkLineState state)
{
  switch (state)
    {
    case LK_LINE_OPEN:
      return _ ("no answer yet");
    case LK_LINE_CONFIRMED:
      return _ ("has a confirmation ID");
    case LK_LINE_REFUSED:
      return _ ("refused");
    case LK_LINE_BAD:
      return _ ("makes no sense");
    }

  g_assert_not_reached ();
}

static LkTransferKind
kind_from_word (const char *word)
{
  for (int kind = LK_TRANSFER_REQUEST; kind < LK_TRANSFER_INVENTORY; kind++)
    if (g_str_equal (word, lk_transfer_kind_to_word ((LkTransferKind) kind)))
      return (LkTransferKind) kind;

  return LK_TRANSFER_INVENTORY;
}

LkTransferRow *
lk_transfer_row_from_entry (LkTransferEntry *entry)
{
  LkTransferRow *row = g_new0 (LkTransferRow, 1);

  row->id = entry->id;
  row->kind = kind_from_word (entry->kind);
  row->is_written = entry->is_written;
  row->file_id = g_steal_pointer (&entry->file_id);
  row->path = g_steal_pointer (&entry->path);
  row->store_id = g_steal_pointer (&entry->store_id);
  row->at = entry->at;
  row->n_rows = entry->n_rows;
  row->n_done = entry->n_done;
  row->n_failed = entry->n_failed;
  row->n_open = entry->n_open;
  row->is_sealed = entry->is_sealed;
  row->note = g_steal_pointer (&entry->note);
  row->is_dropped = entry->is_dropped;
  return row;
}

GPtrArray *
lk_console_list_transfers (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GPtrArray) entries = NULL;
  GPtrArray *rows;

  if (store == NULL)
    return NULL;
  entries = lk_store_list_transfers (store, 0, error);
  if (entries == NULL)
    return NULL;

  rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_transfer_row_free);
  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (rows, lk_transfer_row_from_entry (g_ptr_array_index (entries, i)));
  return rows;
}

LkTransferRow *
lk_console_get_transfer (LkConsole *self, gint64 id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkTransferEntry) entry =
      store != NULL ? lk_store_get_transfer (store, id, error) : NULL;

  return entry != NULL ? lk_transfer_row_from_entry (entry) : NULL;
}

static gboolean
add_line (const LkTransferLine *line, gpointer user_data, GError **error)
{
  LkTransferLine *copy = g_new0 (LkTransferLine, 1);

  copy->row_id = line->row_id;
  copy->iid = g_strdup (line->iid);
  copy->epid = g_strdup (line->epid);
  copy->key_identity = g_strdup (line->key_identity);
  copy->state = line->state;
  copy->cid = g_strdup (line->cid);
  copy->code = line->code;
  copy->message = g_strdup (line->message);
  copy->machine = g_strdup (line->machine);
  copy->is_waiting = line->is_waiting;
  g_ptr_array_add (user_data, copy);
  return TRUE;
}

GPtrArray *
lk_console_list_transfer_lines (LkConsole *self, gint64 id, GError **error)
{
  g_autoptr (GPtrArray) lines =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_transfer_line_free);
  LkStore *store = lk_console_get_store (self, error);

  if (store == NULL || !lk_store_foreach_line (store, id, add_line, lines, error))
    return NULL;
  return g_steal_pointer (&lines);
}

gboolean
lk_console_drop_request (LkConsole *self, gint64 id, GError **error)
{
  g_autoptr (LkTransferRow) row = lk_console_get_transfer (self, id, error);

  if (row == NULL)
    return FALSE;
  if (row->kind == LK_TRANSFER_REQUEST)
    return lk_store_drop_request (lk_console_get_store (self, NULL), id, error);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("Transfer file %d is no request; only a request is waited for"), (int) id);
  return FALSE;
}

char *
lk_console_get_store_id (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_get_id (store, error) : NULL;
}

/* Who answers comes first; in the lab what came back, then what is awaited. */
static LkHop
choose_hop (const LkTransferCounts *counts)
{
  if (counts->n_to_answer > 0)
    return LK_HOP_ANSWER;
  if (counts->n_to_deposit > 0)
    return LK_HOP_DEPOSIT;
  if (counts->n_outstanding > 0)
    return LK_HOP_IMPORT;
  return counts->n_to_request > 0 ? LK_HOP_REQUEST : LK_HOP_NONE;
}

gboolean
lk_console_get_transfer_state (LkConsole *self, LkTransferState *out, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  LkTransferCounts counts;

  if (store == NULL || !lk_store_count_transfers (store, &counts, error))
    return FALSE;

  *out = (LkTransferState){
    .next = choose_hop (&counts),
    .n_to_request = counts.n_to_request,
    .n_outstanding = counts.n_outstanding,
    .n_to_answer = counts.n_to_answer,
    .n_to_deposit = counts.n_to_deposit,
  };
  return TRUE;
}

char *
lk_transfer_state_to_text (const LkTransferState *self)
{
  switch (self->next)
    {
    case LK_HOP_REQUEST:
      return g_strdup_printf (ngettext ("%u row needs a confirmation ID: save a request",
                                        "%u rows need a confirmation ID: save a request",
                                        self->n_to_request),
                              self->n_to_request);
    case LK_HOP_ANSWER:
      return g_strdup_printf (
          ngettext ("%u row of a request that was opened here has no answer yet: answer it",
                    "%u rows of requests that were opened here have no answer yet: answer them",
                    self->n_to_answer),
          self->n_to_answer);
    case LK_HOP_IMPORT:
      return g_strdup_printf (
          ngettext ("%u row was asked for in a request: carry it to the core network, and import"
                    " its answer here",
                    "%u rows were asked for in requests: carry them to the core network, and import"
                    " their answers here",
                    self->n_outstanding),
          self->n_outstanding);
    case LK_HOP_DEPOSIT:
      return g_strdup_printf (
          ngettext ("%u row has its confirmation ID on record: deposit it on the machine",
                    "%u rows have their confirmation IDs on record: deposit them on the machines",
                    self->n_to_deposit),
          self->n_to_deposit);
    case LK_HOP_NONE:
      return g_strdup (_ ("Nothing waits for a transfer file"));
    }

  g_assert_not_reached ();
}
