/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-spends.h"

#include "base/lk-error.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"

#include <glib/gi18n-lib.h>

void
lk_spend_answer_free (LkSpendAnswer *self)
{
  if (self == NULL)
    return;
  g_free (self->cid);
  g_free (self->message);
  g_free (self);
}

void
lk_spend_count_free (LkSpendCount *self)
{
  if (self == NULL)
    return;
  g_free (self->key_identity);
  g_free (self);
}

/* What the courier may send: a reservation needs someone who waits for it in an open job, or a
 * request that was taken in; an unknown one is money in the air and is asked for whoever cancelled.
 * ?4 is the job, 0 for any. */
static const char is_wanted[] =
    "EXISTS (SELECT 1 FROM item AS i JOIN job AS j ON j.id = i.job_id"
    "  WHERE i.key_identity = spend.key_identity AND i.iid = spend.iid AND i.state = 'parked'"
    "  AND j.state = 'open' AND (?4 = 0 OR j.id = ?4))"
    " OR (state = 'unknown' AND (?4 = 0 OR EXISTS (SELECT 1 FROM item AS i WHERE i.job_id = ?4"
    "  AND i.key_identity = spend.key_identity AND i.iid = spend.iid)))"
    " OR (?4 = 0 AND EXISTS (SELECT 1 FROM transfer_row AS r WHERE r.is_wanted = 1"
    "  AND r.iid = spend.iid AND r.key_identity = spend.key_identity))";

/* The same for one request. */
static const char is_asked[] =
    "EXISTS (SELECT 1 FROM transfer_row AS r WHERE r.is_wanted = 1 AND r.transfer_id = ?4"
    "  AND r.iid = spend.iid AND r.key_identity = spend.key_identity)";

static GPtrArray *
list_due (LkStore *self,
          const char *condition,
          gint64 argument,
          gint64 now,
          guint max,
          GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  GPtrArray *spends =
      db != NULL ? lk_ledger_list_due (db, LK_METHOD_PROXY, now, max, condition, argument, error)
                 : NULL;

  lk_store_return_reader (self, db);
  return spends;
}

static gboolean
get_next_due (LkStore *self, const char *condition, gint64 argument, gint64 *due_at, GError **error)
{
  g_autoptr (GPtrArray) next = list_due (self, condition, argument, G_MAXINT64, 1, error);

  if (next == NULL)
    return FALSE;

  *due_at = next->len > 0 ? ((LkSpend *) g_ptr_array_index (next, 0))->due_at : G_MAXINT64;
  return TRUE;
}

GPtrArray *
lk_store_list_due_spends (LkStore *self, gint64 job_id, gint64 now, guint max, GError **error)
{
  return list_due (self, is_wanted, job_id, now, max, error);
}

gboolean
lk_store_get_next_spend_due (LkStore *self, gint64 job_id, gint64 *due_at, GError **error)
{
  return get_next_due (self, is_wanted, job_id, due_at, error);
}

GPtrArray *
lk_store_list_due_spends_of_request (LkStore *self,
                                     gint64 transfer_id,
                                     gint64 now,
                                     guint max,
                                     GError **error)
{
  return list_due (self, is_asked, transfer_id, now, max, error);
}

gboolean
lk_store_get_next_spend_due_of_request (LkStore *self,
                                        gint64 transfer_id,
                                        gint64 *due_at,
                                        GError **error)
{
  return get_next_due (self, is_asked, transfer_id, due_at, error);
}

typedef struct
{
  GPtrArray *rows;
  gint64 now;
} Batch;

static gboolean
mark_sent (LkDb *db, gpointer user_data, GError **error)
{
  Batch *batch = user_data;

  for (guint i = 0; i < batch->rows->len; i++)
    if (!lk_ledger_mark_sent (db, ((LkSpend *) g_ptr_array_index (batch->rows, i))->id, batch->now,
                              error))
      return FALSE;

  return TRUE;
}

gboolean
lk_store_mark_spends_sent (LkStore *self, GPtrArray *spends, gint64 now, GError **error)
{
  Batch batch = { spends, now };

  return lk_store_write (self, mark_sent, &batch, error);
}

gboolean
lk_spends_wake_items (LkDb *db,
                      const char *key_identity,
                      const char *iid,
                      gint64 now,
                      GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE item SET due_at = ?3, updated_at = ?3, state ="
                    "  CASE (SELECT state FROM job AS j WHERE j.id = item.job_id)"
                    "  WHEN 'open' THEN 'ready' ELSE 'paused' END"
                    " WHERE state = 'parked' AND key_identity = ?1 AND iid = ?2",
                    "ssi", key_identity, iid, now);
}

static gboolean
explain_waiting (LkDb *db, const LkSpend *spend, const char *message, gint64 now, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE item SET message = ?3, updated_at = ?4 WHERE state = 'parked'"
                    " AND key_identity = ?1 AND iid = ?2",
                    "sssi", spend->key_identity, spend->iid, message, now);
}

static gboolean
close_jobs_of_failed (LkDb *db, GArray *jobs, gint64 now, GError **error)
{
  for (guint i = 0; i < jobs->len; i++)
    if (!lk_job_close_if_done (db, g_array_index (jobs, gint64, i), now, error))
      return FALSE;

  return TRUE;
}

gboolean
lk_spends_fail_items (LkDb *db,
                      const char *key_identity,
                      const char *iid,
                      guint32 code,
                      const char *message,
                      gint64 now,
                      GError **error)
{
  g_autoptr (GArray) jobs = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT DISTINCT job_id FROM item WHERE state = 'parked' AND key_identity = ?1"
                   " AND (?2 IS NULL OR iid = ?2)",
                   "ss", key_identity, iid);

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    g_array_append_vals (jobs, (gint64[]){ lk_query_int (query, 0) }, 1);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  g_clear_pointer (&query, lk_query_free);

  return lk_db_run (db, error,
                    "UPDATE machine SET last_result = ?3, last_code = ?4, last_ok = 0"
                    " WHERE id IN (SELECT machine_id FROM item WHERE state = 'parked'"
                    "  AND key_identity = ?1 AND (?2 IS NULL OR iid = ?2))",
                    "sssi", key_identity, iid, message, (gint64) code) &&
         lk_db_run (db, error,
                    "UPDATE item SET state = 'failed', message = ?3, code = ?4, error = 'rejected',"
                    " updated_at = ?5 WHERE state = 'parked' AND key_identity = ?1"
                    " AND (?2 IS NULL OR iid = ?2)",
                    "sssii", key_identity, iid, message, (gint64) code, now) &&
         close_jobs_of_failed (db, jobs, now, error);
}

/* Nothing more goes out for the key: what was only reserved is given back and its items say why. */
static gboolean
stop_key (LkDb *db, const LkSpendAnswer *answer, gint64 now, GError **error)
{
  const char *key_identity = answer->spend->key_identity;

  return lk_ledger_block (db, key_identity, answer->code, error) &&
         lk_db_run (db, error, "DELETE FROM spend WHERE key_identity = ?1 AND state = 'reserved'",
                    "s", key_identity) &&
         lk_db_run (db, error,
                    "UPDATE item SET state = 'failed', message = ?2, code = ?3, error = 'rejected',"
                    " updated_at = ?4 WHERE state = 'parked' AND key_identity = ?1 AND NOT EXISTS"
                    " (SELECT 1 FROM spend AS s WHERE s.key_identity = item.key_identity"
                    "  AND s.iid = item.iid AND s.state IN ('sent', 'unknown', 'confirmed'))",
                    "ssii", key_identity, answer->message, (gint64) answer->code, now) &&
         lk_db_run (
             db, error,
             "UPDATE job SET state = 'done', finished_at = ?1 WHERE state IN ('open', 'paused')"
             " AND NOT EXISTS (SELECT 1 FROM item AS i WHERE i.job_id = job.id"
             "  AND i.state IN ('ready', 'running', 'parked', 'paused'))",
             "i", now);
}

static gboolean
settle_answer (LkDb *db, const LkSpendAnswer *answer, gint64 now, GError **error)
{
  const LkSpend *spend = answer->spend;

  if (answer->remaining >= 0 &&
      !lk_ledger_set_remaining (db, spend->key_identity, answer->remaining, now, error))
    return FALSE;

  if (answer->kind != LK_SPEND_ANSWER_CONFIRMED)
    {
      gint64 open = 0;

      if (!lk_db_get_int (db, &open, 0, error,
                          "SELECT 1 FROM spend WHERE id = ?1 AND state IN ('sent', 'unknown')", "i",
                          spend->id))
        return FALSE;
      if (open == 0)
        return TRUE; /* settled meanwhile by a person, a file or the machine itself */
    }

  switch (answer->kind)
    {
    case LK_SPEND_ANSWER_CONFIRMED:
      return lk_ledger_confirm (db, spend->key_identity, spend->iid, spend->epid, answer->cid,
                                LK_METHOD_PROXY, now, error) &&
             lk_spends_wake_items (db, spend->key_identity, spend->iid, now, error);
    case LK_SPEND_ANSWER_REFUSED:
      return lk_ledger_mark_refused (db, spend->id, answer->code, answer->message, now, error) &&
             lk_spends_fail_items (db, spend->key_identity, spend->iid, answer->code,
                                   answer->message, now, error) &&
             (!answer->stops_key || stop_key (db, answer, now, error));
    case LK_SPEND_ANSWER_LATER:
    case LK_SPEND_ANSWER_UNKNOWN:
      return lk_ledger_mark_unknown (db, spend->id, answer->message, answer->due_at, error) &&
             explain_waiting (db, spend, answer->message, now, error);
    case LK_SPEND_ANSWER_UNSENT:
      return lk_ledger_mark_unsent (db, spend->id, answer->due_at, error) &&
             lk_db_run (
                 db, error,
                 "DELETE FROM spend WHERE id = ?1 AND state = 'reserved' AND NOT EXISTS"
                 " (SELECT 1 FROM item AS i WHERE i.key_identity = spend.key_identity"
                 "  AND i.iid = spend.iid AND i.state IN ('ready', 'running', 'parked', 'paused'))"
                 " AND NOT EXISTS (SELECT 1 FROM transfer_row AS r WHERE r.is_wanted = 1"
                 "  AND r.iid = spend.iid AND r.key_identity = spend.key_identity)",
                 "i", spend->id) &&
             explain_waiting (db, spend, answer->message, now, error);
    }

  g_assert_not_reached ();
}

gboolean
lk_spends_wake_waiting (LkDb *db, const char *key_identity, gint64 now, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE item SET due_at = ?2, updated_at = ?2, state ="
                    "  CASE (SELECT state FROM job AS j WHERE j.id = item.job_id)"
                    "  WHEN 'open' THEN 'ready' ELSE 'paused' END"
                    " WHERE state = 'parked' AND (?1 IS NULL OR key_identity = ?1)"
                    " AND NOT EXISTS (SELECT 1 FROM spend AS s"
                    "  WHERE s.key_identity = item.key_identity AND s.iid = item.iid)"
                    " AND EXISTS (SELECT 1 FROM pool AS p WHERE p.key_identity = item.key_identity"
                    "  AND p.blocked_code = 0 AND (p.remaining < 0"
                    "   OR p.remaining - p.n_confirmed_since - p.n_open > 0))",
                    "si", key_identity, now);
}

static gboolean
settle_answers (LkDb *db, gpointer user_data, GError **error)
{
  Batch *batch = user_data;
  const char *key_identity = NULL;

  for (guint i = 0; i < batch->rows->len; i++)
    {
      const LkSpendAnswer *answer = g_ptr_array_index (batch->rows, i);

      if (!settle_answer (db, answer, batch->now, error))
        return FALSE;
      if (g_strcmp0 (key_identity, answer->spend->key_identity) == 0)
        continue;
      key_identity = answer->spend->key_identity;
      if (!lk_spends_wake_waiting (db, key_identity, batch->now, error))
        return FALSE;
    }

  return key_identity == NULL || lk_spends_wake_waiting (db, key_identity, batch->now, error);
}

gboolean
lk_store_settle_answers (LkStore *self, GPtrArray *answers, gint64 now, GError **error)
{
  Batch batch = { answers, now };

  return lk_store_write (self, settle_answers, &batch, error);
}

typedef struct
{
  const LkDelivery *delivery;
  gint64 now;
} Deliver;

static gboolean
deliver (LkDb *db, gpointer user_data, GError **error)
{
  const Deliver *self = user_data;
  const LkDelivery *what = self->delivery;

  return lk_ledger_confirm (db, what->key_identity, what->iid, what->epid, what->cid, what->method,
                            self->now, error) &&
         lk_spends_wake_items (db, what->key_identity, what->iid, self->now, error) &&
         (what->machine_id == 0 ||
          lk_event_note (db, self->now, what->machine_id, 0, LK_STEP_TAKE_CID, "done",
                         what->message, 0, error));
}

gboolean
lk_store_deliver_cid (LkStore *self, const LkDelivery *delivery, gint64 now, GError **error)
{
  Deliver question = { delivery, now };

  return lk_store_write (self, deliver, &question, error);
}

gboolean
lk_store_find_spend (LkStore *self,
                     const char *key_identity,
                     const char *iid,
                     char **cid,
                     LkMethod *method,
                     LkSpend **spend,
                     GError **error)
{
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  *cid = NULL;
  *spend = NULL;
  if (db == NULL)
    return FALSE;

  *cid = lk_ledger_get_confirmation (db, key_identity, iid, method, &local_error);
  if (local_error == NULL)
    *spend = lk_ledger_get_spend (db, key_identity, iid, &local_error);
  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return TRUE;

  g_clear_pointer (cid, g_free);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

GPtrArray *
lk_store_count_spends (LkStore *self, GError **error)
{
  g_autoptr (GPtrArray) counts =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_count_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, &local_error,
                     "SELECT key_identity, sum (state = 'reserved'), sum (state = 'sent'),"
                     " sum (state = 'confirmed'), sum (state = 'refused'), sum (state = 'unknown')"
                     " FROM spend GROUP BY key_identity ORDER BY key_identity",
                     "");

    while (query != NULL && lk_query_next (query, &local_error))
      {
        LkSpendCount *count = g_new0 (LkSpendCount, 1);

        count->key_identity = lk_query_dup (query, 0);
        for (int i = 0; i < 5; i++)
          count->n[i] = (guint) lk_query_int (query, i + 1);
        g_ptr_array_add (counts, count);
      }
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&counts);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}
