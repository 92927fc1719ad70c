/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "ledger/lk-ledger.h"
#include "store/lk-transfers.h"

#include <glib/gi18n-lib.h>

/* A request of another store is taken in: lk_store_take_request() of lk-transfers.h. */

typedef struct
{
  const LkTaking *taking;
  gint64 now;
  gint64 id;
  gboolean was_known; /* the same file was taken in before */
  LkTakingCounts counts;
} Take;

/* The same file has the same rows; one that was changed and given a new digest has not. */
static gboolean
refuse_changed (const Take *self, GError **error)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("“%s” says that it is the request %s, which was taken in before with other rows:"
                  " one of the two was changed. Save a new request"),
               self->taking->entry->path, self->taking->entry->file_id);
  return FALSE;
}

static gboolean
check_same (LkDb *db, const Take *self, const LkTransferLine *line, gint64 place, GError **error)
{
  gint64 n_same = 0;

  if (!lk_db_get_int (db, &n_same, 0, error,
                      "SELECT count (*) FROM transfer_row WHERE transfer_id = ?1 AND place = ?2"
                      " AND row_id = ?3 AND iid = ?4 AND epid = ?5",
                      "iiiss", self->id, place, line->row_id, line->iid, line->epid))
    return FALSE;

  return n_same == 1 || refuse_changed (self, error);
}

/* The store that asks means the same product as before, but another installation ID. */
static gboolean
count_changed (LkDb *db, Take *self, const LkTransferLine *line, GError **error)
{
  gint64 n_others = 0;

  if (!lk_db_get_int (db, &n_others, 0, error,
                      "SELECT EXISTS (SELECT 1 FROM transfer_row AS r JOIN transfer AS t"
                      "  ON t.id = r.transfer_id WHERE r.row_id = ?1 AND r.iid <> ?2"
                      "  AND t.store_id = ?3 AND t.is_written = 0)",
                      "iss", line->row_id, line->iid, self->taking->entry->store_id))
    return FALSE;

  self->counts.n_changed += n_others != 0;
  return TRUE;
}

static const char *
explain (LkReservation reservation)
{
  switch (reservation)
    {
    case LK_RESERVE_NO_ROOM:
      return _ ("The product key has no activations left");
    case LK_RESERVE_UNKNOWN_POOL:
      return _ ("How many activations the product key has left is not known, and nobody agreed to"
                " spend all the same");
    case LK_RESERVE_OK:
    case LK_RESERVE_CONFIRMED:
    case LK_RESERVE_IN_FLIGHT:
    case LK_RESERVE_REFUSED:
      return NULL;
    }

  g_assert_not_reached ();
}

static gboolean
count_reserved (LkDb *db, Take *self, const LkTransferLine *line, GError **error)
{
  LkPool pool;

  if (!lk_ledger_get_pool (db, line->key_identity, &pool, error))
    return FALSE;

  self->counts.n_reserved++;
  self->counts.n_unknown_pool += pool.remaining < 0;
  return TRUE;
}

static gboolean
reserve (LkDb *db, Take *self, const LkTransferLine *line, LkReservation *out, GError **error)
{
  LkTakingCounts *counts = &self->counts;
  gint64 was_open = 0;

  if (!lk_db_get_int (db, &was_open, 0, error,
                      "SELECT 1 FROM spend WHERE key_identity = ?1 AND iid = ?2"
                      " AND state = 'reserved'",
                      "ss", line->key_identity, line->iid) ||
      !lk_ledger_reserve (db, line->key_identity, line->iid, line->epid, LK_METHOD_PROXY,
                          self->taking->allow_unknown, self->taking->again, self->now, out, error))
    return FALSE;

  switch (*out)
    {
    case LK_RESERVE_OK:
      if (was_open == 0)
        return count_reserved (db, self, line, error);
      counts->n_in_flight++;
      break;
    case LK_RESERVE_IN_FLIGHT:
      counts->n_in_flight++;
      break;
    case LK_RESERVE_CONFIRMED:
      counts->n_on_record++;
      break;
    case LK_RESERVE_REFUSED:
      counts->n_refused++;
      break;
    case LK_RESERVE_NO_ROOM:
    case LK_RESERVE_UNKNOWN_POOL:
      counts->n_no_room++;
      break;
    }
  return TRUE;
}

static gboolean
take_line (LkDb *db, Take *self, const LkTransferLine *line, GError **error)
{
  gint64 place = self->counts.n_rows++;
  LkReservation reservation = LK_RESERVE_REFUSED;
  gboolean is_bad = line->state == LK_LINE_BAD;
  gboolean is_wanted;

  self->counts.n_bad += is_bad;
  if (self->was_known && !check_same (db, self, line, place, error))
    return FALSE;
  if (!is_bad &&
      (!count_changed (db, self, line, error) || !reserve (db, self, line, &reservation, error)))
    return FALSE;

  is_wanted = !is_bad && (reservation == LK_RESERVE_OK || reservation == LK_RESERVE_IN_FLIGHT);
  return lk_db_run (db, error,
                    "INSERT INTO transfer_row (transfer_id, place, row_id, iid, epid, key_identity,"
                    "  is_wanted, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                    " ON CONFLICT (transfer_id, place) DO UPDATE SET is_wanted = ?7, message = ?8"
                    "  WHERE is_wanted <> ?7 OR message IS NOT ?8",
                    "iiisssis", self->id, place, line->row_id, line->iid, line->epid,
                    is_bad ? NULL : line->key_identity, (gint64) is_wanted,
                    is_bad ? _ ("The installation ID or the extended PID makes no sense")
                           : explain (reservation));
}

static gboolean
begin (LkDb *db, Take *self, GError **error)
{
  const LkTransferEntry *entry = self->taking->entry;
  gint64 known = 0;

  if (!lk_db_get_int (db, &known, 0, error,
                      "SELECT id FROM transfer WHERE file_id = ?1 AND is_written = 0", "s",
                      entry->file_id) ||
      !lk_transfer_record (db, entry, &self->id, error))
    return FALSE;

  self->was_known = known != 0;
  /* The answer goes beside the file, which may have been moved. */
  return lk_db_run (db, error, "UPDATE transfer SET path = ?2, is_dropped = 0 WHERE id = ?1", "is",
                    self->id, entry->path);
}

static gboolean
finish (LkDb *db, const Take *self, GError **error)
{
  gint64 n_rows = 0;

  if (!lk_db_get_int (db, &n_rows, 0, error,
                      "SELECT count (*) FROM transfer_row WHERE transfer_id = ?1", "i", self->id))
    return FALSE;
  if (n_rows != self->counts.n_rows)
    return refuse_changed (self, error);

  return lk_db_run (db, error, "UPDATE transfer SET n_rows = ?2 WHERE id = ?1", "ii", self->id,
                    n_rows);
}

static gboolean
take (LkDb *db, gpointer user_data, GError **error)
{
  Take *self = user_data;
  const LkTaking *taking = self->taking;
  g_autoptr (GError) local_error = NULL;
  LkTransferLine *line;

  if (!begin (db, self, error))
    return FALSE;
  while ((line = taking->next (taking->user_data, &local_error)) != NULL)
    {
      g_autoptr (LkTransferLine) owned = line;

      if (!take_line (db, self, owned, error))
        return FALSE;
    }
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  return finish (db, self, error);
}

gboolean
lk_store_take_request (LkStore *self,
                       const LkTaking *taking,
                       gint64 now,
                       gint64 *id,
                       LkTakingCounts *counts,
                       GError **error)
{
  Take question = { .taking = taking, .now = now };
  gboolean done = taking->is_rehearsal ? lk_store_rehearse (self, take, &question, error)
                                       : lk_store_write (self, take, &question, error);

  if (id != NULL)
    *id = question.id;
  *counts = question.counts;
  return done;
}
