/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "ledger/lk-ledger.h"
#include "store/lk-fleet.h"
#include "store/lk-spends.h"
#include "store/lk-transfers.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* An answer comes home: lk_store_merge_answer() of lk-transfers.h. */

#define MAX_REMARKS 100

typedef struct
{
  const LkMerging *merging;
  gint64 now;
  LkMergingResult *out;
} Merge;

/* Where a row belongs here. */
typedef struct
{
  char *key_identity; /* NULL: nowhere */
  char *epid;
  gboolean is_asked;  /* by the request that the file answers */
  gint64 transfer_id; /* of that request */
  gint64 place;
  char *state; /* what an earlier answer said */
  gint64 answered_at;
} Home;

static void
home_clear (Home *self)
{
  g_free (self->key_identity);
  g_free (self->epid);
  g_free (self->state);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Home, home_clear)

void
lk_merging_result_clear (LkMergingResult *self)
{
  g_clear_pointer (&self->keys, g_array_unref);
  g_clear_pointer (&self->remarks, g_ptr_array_unref);
}

static void remark (Merge *self, const LkTransferLine *line, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
remark (Merge *self, const LkTransferLine *line, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (self->out->remarks->len >= MAX_REMARKS)
    return;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->out->remarks,
                   g_strdup_printf (_ ("Row %d (installation ID %.12s…): %s"), (int) line->row_id,
                                    line->iid != NULL ? line->iid : "?", text));
}

static gboolean
settle (GError **error, GError **local_error)
{
  if (*local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (local_error));
  return FALSE;
}

/* By what was asked for, this very request first, and of one IID under two keys the very row. What
 * was asked for counts, not what the file says of it. */
static gboolean
find_asked (LkDb *db, const Merge *self, const LkTransferLine *line, Home *home, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (
      db, error,
      "SELECT r.key_identity, r.epid, t.file_id IS ?2, t.id, r.place, r.state, r.answered_at"
      " FROM transfer_row AS r JOIN transfer AS t ON t.id = r.transfer_id"
      " WHERE r.iid = ?1 AND r.key_identity IS NOT NULL AND t.is_written = 1"
      " ORDER BY t.file_id IS ?2 DESC, r.row_id = ?3 DESC, t.id DESC LIMIT 1",
      "ssi", line->iid, self->merging->entry->request_id, line->row_id);

  if (query == NULL)
    return FALSE;
  if (lk_query_next (query, &local_error))
    {
      home->key_identity = lk_query_dup (query, 0);
      home->epid = lk_query_dup (query, 1);
      home->is_asked = lk_query_int (query, 2) != 0;
      home->transfer_id = lk_query_int (query, 3);
      home->place = lk_query_int (query, 4);
      home->state = lk_query_dup (query, 5);
      home->answered_at = lk_query_int (query, 6);
    }
  return settle (error, &local_error);
}

/* No request is remembered: it may still be a product's, a spend's or an open job's. */
static gboolean
find_known (LkDb *db, const LkTransferLine *line, Home *home, GError **error)
{
  gint64 is_known = 0;

  if (line->key_identity == NULL)
    return TRUE;
  if (!lk_db_get_int (
          db, &is_known, 0, error,
          "SELECT EXISTS (SELECT 1 FROM product WHERE key_identity = ?1 AND iid = ?2)"
          " OR EXISTS (SELECT 1 FROM spend WHERE key_identity = ?1 AND iid = ?2)"
          " OR EXISTS (SELECT 1 FROM item WHERE key_identity = ?1 AND iid = ?2"
          "  AND state = 'parked')"
          " OR EXISTS (SELECT 1 FROM transfer_row WHERE iid = ?2 AND key_identity = ?1)",
          "ss", line->key_identity, line->iid))
    return FALSE;

  if (is_known != 0)
    {
      home->key_identity = g_strdup (line->key_identity);
      home->epid = g_strdup (line->epid);
    }
  return TRUE;
}

/* Where a row belongs; @home stays empty for one that is not of this store, or makes no sense. */
static gboolean
find_home (LkDb *db, Merge *self, const LkTransferLine *line, Home *home, GError **error)
{
  if (!find_asked (db, self, line, home, error) ||
      (home->key_identity == NULL && !find_known (db, line, home, error)))
    return FALSE;

  if (home->key_identity == NULL)
    {
      self->out->n_foreign++;
      remark (self, line, _ ("this store knows no such installation ID; left out"));
    }
  else if (line->key_identity != NULL && !g_str_equal (line->key_identity, home->key_identity))
    {
      self->out->n_bad++;
      remark (self, line, _ ("it is for another product key than was asked for; left out"));
      g_clear_pointer (&home->key_identity, g_free);
    }
  return TRUE;
}

/* Says it in the timeline of each machine that has such a product, and on its row when it failed.
 */
static gboolean
tell_machines (LkDb *db,
               Merge *self,
               const Home *home,
               const LkTransferLine *line,
               const char *message,
               gboolean *is_here,
               GError **error)
{
  gboolean is_ok = line->state == LK_LINE_CONFIRMED;
  g_autoptr (GArray) machines = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   /* by the pair: the planner would go through all that are not hidden */
                   "SELECT id, machine_id, status FROM product INDEXED BY product_pair"
                   " WHERE key_identity = ?1 AND iid = ?2 AND hidden = 0",
                   "ss", home->key_identity, line->iid);

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    {
      gint64 ids[] = { lk_query_int (query, 0), lk_query_int (query, 1) };

      g_array_append_val (machines, ids[1]);
      if (is_ok && lk_query_int (query, 2) != LK_LICENSE_LICENSED)
        g_array_append_val (self->out->keys, ids[0]);
    }
  g_clear_pointer (&query, lk_query_free);

  *is_here = machines->len > 0;
  for (guint i = 0; message != NULL && local_error == NULL && i < machines->len; i++)
    {
      gint64 machine_id = g_array_index (machines, gint64, i);

      if (lk_event_note (db, self->now, machine_id, 0, LK_STEP_IMPORT, is_ok ? "done" : "failed",
                         message, line->code, &local_error) &&
          !is_ok)
        lk_db_run (db, &local_error,
                   "UPDATE machine SET last_result = ?2, last_code = ?3, last_ok = 0 WHERE id = ?1",
                   "isi", machine_id, message, (gint64) line->code);
    }
  return settle (error, &local_error);
}

static gboolean
keep_cid (LkDb *db, Merge *self, const Home *home, const LkTransferLine *line, GError **error)
{
  const char *message = self->merging->is_trusted
                            ? _ ("Confirmation ID out of a transfer file")
                            : _ ("Confirmation ID salvaged from a transfer file; not verified");
  gboolean is_here = FALSE;

  if (self->merging->is_trusted ? !lk_ledger_confirm (db, home->key_identity, line->iid, home->epid,
                                                      line->cid, LK_METHOD_PROXY, self->now, error)
                                : !lk_ledger_salvage (db, home->key_identity, line->iid, home->epid,
                                                      line->cid, self->now, error))
    return FALSE;
  if (!lk_spends_wake_items (db, home->key_identity, line->iid, self->now, error) ||
      !tell_machines (db, self, home, line, message, &is_here, error))
    return FALSE;

  self->out->n_new++;
  self->out->n_gone += !is_here;
  return TRUE;
}

static gboolean
take_cid (LkDb *db, Merge *self, const Home *home, const LkTransferLine *line, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *cid = lk_ledger_get_cid (db, home->key_identity, line->iid, &local_error);
  gboolean is_salvaged = FALSE;
  gboolean is_here;

  if (!settle (error, &local_error))
    return FALSE;
  if (cid == NULL)
    return keep_cid (db, self, home, line, error);
  if (!lk_ledger_is_salvaged (db, home->key_identity, line->iid, &is_salvaged, error))
    return FALSE;

  if (g_str_equal (cid, line->cid))
    {
      self->out->n_known++;
      return (!is_salvaged || !self->merging->is_trusted ||
              lk_ledger_confirm (db, home->key_identity, line->iid, home->epid, line->cid,
                                 LK_METHOD_PROXY, self->now, error)) &&
             tell_machines (db, self, home, line, NULL, &is_here, error);
    }
  if (is_salvaged && self->merging->is_trusted)
    {
      remark (self, line, _ ("the confirmation ID that was salvaged before was wrong; replaced"));
      return keep_cid (db, self, home, line, error);
    }

  self->out->n_differs++;
  remark (self, line, _ ("another confirmation ID is on record, which stays"));
  return TRUE;
}

/* What an older answer says, or one that cannot be trusted, undoes nothing. */
static gboolean
is_news (const Merge *self, const Home *home)
{
  return self->merging->is_trusted && home->is_asked &&
         self->merging->entry->created_at > home->answered_at;
}

static gboolean
note_state (LkDb *db,
            const Merge *self,
            const Home *home,
            const LkTransferLine *line,
            GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE transfer_row SET state = ?3, code = ?4, message = ?5, answered_at = ?6"
                    " WHERE transfer_id = ?1 AND place = ?2",
                    "iisisi", home->transfer_id, home->place, lk_line_state_to_word (line->state),
                    (gint64) line->code, line->message, self->merging->entry->created_at);
}

/* A job here that waits for the same CID fails as it does when the service itself says no. */
static gboolean
refuse_spend (LkDb *db,
              const Merge *self,
              const Home *home,
              const LkTransferLine *line,
              const char *message,
              GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSpend) spend = lk_ledger_get_spend (db, home->key_identity, line->iid, &local_error);

  if (!settle (error, &local_error))
    return FALSE;

  return spend == NULL || spend->state != LK_SPEND_RESERVED ||
         (lk_ledger_mark_refused (db, spend->id, line->code, message, self->now, error) &&
          lk_spends_fail_items (db, home->key_identity, line->iid, line->code, message, self->now,
                                error));
}

static gboolean
take_refusal (LkDb *db, Merge *self, const Home *home, const LkTransferLine *line, GError **error)
{
  g_autofree char *message = NULL;
  gboolean is_here;

  self->out->n_errors++;
  if (!is_news (self, home))
    return TRUE;

  message = g_strdup_printf (_ ("The core network could not get a confirmation ID: %s"),
                             line->message != NULL ? line->message : _ ("no reason given"));
  return note_state (db, self, home, line, error) &&
         refuse_spend (db, self, home, line, message, error) &&
         tell_machines (db, self, home, line, message, &is_here, error);
}

static gboolean
take_news (LkDb *db, Merge *self, const Home *home, const LkTransferLine *line, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *cid = lk_ledger_get_cid (db, home->key_identity, line->iid, &local_error);

  if (!settle (error, &local_error))
    return FALSE;
  if (cid != NULL)
    {
      self->out->n_known++; /* it came by another file, or another way */
      return TRUE;
    }
  if (line->state != LK_LINE_OPEN)
    return take_refusal (db, self, home, line, error);

  self->out->n_open++;
  return !is_news (self, home) || g_str_equal (home->state, "open") ||
         note_state (db, self, home, line, error);
}

static gboolean
merge_line (LkDb *db, Merge *self, const LkTransferLine *line, GError **error)
{
  g_auto (Home) home = { 0 };

  self->out->n_rows++;
  if (line->iid == NULL || (line->state == LK_LINE_CONFIRMED && line->cid == NULL))
    {
      self->out->n_bad++;
      remark (self, line, "%s",
              line->message != NULL ? line->message : _ ("it makes no sense; left out"));
      return TRUE;
    }
  if (!find_home (db, self, line, &home, error))
    return FALSE;
  if (home.key_identity == NULL)
    return TRUE;

  return line->state == LK_LINE_CONFIRMED ? take_cid (db, self, &home, line, error)
                                          : take_news (db, self, &home, line, error);
}

static gboolean
record (LkDb *db, const Merge *self, GError **error)
{
  const LkMergingResult *out = self->out;
  LkTransferEntry entry = *self->merging->entry;
  gint64 id = 0;

  entry.n_rows = out->n_rows;
  entry.n_done = out->n_new;
  entry.n_failed = out->n_errors + out->n_bad + out->n_foreign + out->n_differs;
  entry.n_open = out->n_open;
  return lk_transfer_record (db, &entry, &id, error);
}

static gboolean
merge (LkDb *db, gpointer user_data, GError **error)
{
  Merge *self = user_data;
  const LkMerging *merging = self->merging;
  g_autoptr (GError) local_error = NULL;
  LkTransferLine *line;

  while ((line = merging->next (merging->user_data, &local_error)) != NULL)
    {
      g_autoptr (LkTransferLine) owned = line;

      if (!merge_line (db, self, owned, error))
        return FALSE;
    }

  return settle (error, &local_error) && record (db, self, error);
}

gboolean
lk_store_merge_answer (LkStore *self,
                       const LkMerging *merging,
                       gint64 now,
                       LkMergingResult *out,
                       GError **error)
{
  Merge question = { .merging = merging, .now = now, .out = out };

  *out = (LkMergingResult){ .keys = g_array_new (FALSE, FALSE, sizeof (gint64)),
                            .remarks = g_ptr_array_new_with_free_func (g_free) };
  return merging->is_rehearsal ? lk_store_rehearse (self, merge, &question, error)
                               : lk_store_write (self, merge, &question, error);
}
