/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "ledger/lk-ledger.h"
#include "store/lk-facts.h"
#include "store/lk-fleet.h"
#include "store/lk-identity.h"
#include "store/lk-jobs.h"
#include "store/lk-queue.h"

#include <glib/gi18n-lib.h>

/* How a verdict is applied: lk_store_settle() of lk-queue.h, which fills a file of its own. */

/* An unknown outcome of an online activation is settled by looking, not by asking again. */
#define ONLINE_RECOVERY_DUE 0

/* One settlement under way: what the item will be when it is written. */
typedef struct
{
  const LkVerdict *verdict;
  const char *plan_next_step;
  gint64 now;
  gboolean keep; /* the worker can go on with it */
  LkItem *next;

  gboolean job_open;
  gboolean job_cancelled;
  gboolean allow_unknown;
  const char *key_identity;
  const char *iid;
  const char *epid;

  LkOutcome outcome;
  const char *state;
  const char *step;
  guint attempt;
  gint64 due_at;
  char *message;
  guint32 code;
  const char *error;
  gboolean has_answered; /* the machine itself, with what it is */
  gboolean is_mistaken;  /* another machine did */
  gboolean order_used;   /* a person's order to try again holds once */
} Settlement;

static void
set_message (Settlement *s, const char *message)
{
  g_free (s->message);
  s->message = g_strdup (message);
}

static void
fail (Settlement *s, LkError error, guint32 code, const char *message)
{
  s->outcome = LK_OUTCOME_FAILED;
  s->error = lk_error_code_to_word (error);
  s->code = code;
  set_message (s, message);
}

static gboolean
load_job (LkDb *db, Settlement *s, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT state, allow_unknown FROM job WHERE id = ?1", "i",
                   s->verdict->item->job_id);

  if (query == NULL || !lk_query_next (query, error))
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Job %d is gone"),
                     (int) s->verdict->item->job_id);
      return FALSE;
    }

  s->job_open = g_str_equal (lk_query_text (query, 0), "open");
  s->job_cancelled = g_str_equal (lk_query_text (query, 0), "cancelled");
  s->allow_unknown = lk_query_int (query, 1) != 0;
  return TRUE;
}

/* Another machine answered. One that is known has moved there, as when two swapped their addresses:
 * then this one is looked for where that one was, once. */
static gboolean
explain_stranger (LkDb *db, Settlement *s, const char *difference, GError **error)
{
  const LkItem *item = s->verdict->item;
  g_autofree char *message = NULL;
  gint64 id = 0;

  if (!lk_identity_relocate (db, item, s->verdict->reading->identity, s->now, &id, error))
    return FALSE;

  if (id != 0)
    message =
        g_strdup_printf (_ ("This is another machine than %s: %s. It is the one listed as"
                            " %s (#%d)"),
                         item->name, difference, s->verdict->reading->identity->name, (int) id);
  else
    message = g_strdup_printf (_ ("This is another machine than %s: %s. If it was replaced, forget"
                                  " the old row and add it anew"),
                               item->name, difference);
  fail (s, LK_ERROR_REJECTED, 0, message);
  s->is_mistaken = TRUE;
  if (id != 0 && item->attempt <= 1)
    s->outcome = LK_OUTCOME_RETRY;
  return TRUE;
}

/* The certificate of another machine that is known: it is there now, and this one is looked for
 * where that one was, once. */
static gboolean
explain_certificate (LkDb *db, Settlement *s, GError **error)
{
  const LkItem *item = s->verdict->item;
  g_autofree char *message = NULL;
  gint64 id = 0;

  if (!lk_identity_relocate_by_pin (db, item, s->verdict->shown_pin,
                                    (const char *const *) s->verdict->shown_names, s->now, &id,
                                    error))
    return FALSE;
  if (id == 0)
    return TRUE;

  message = g_strdup_printf (_ ("Another machine than %s is at its address now, #%d by its"
                                " certificate"),
                             item->name, (int) id);
  fail (s, LK_ERROR_REJECTED, 0, message);
  s->is_mistaken = TRUE;
  if (item->attempt <= 1)
    s->outcome = LK_OUTCOME_RETRY;
  return TRUE;
}

static gboolean
apply_facts (LkDb *db, Settlement *s, GError **error)
{
  const LkVerdict *verdict = s->verdict;
  const LkItem *item = verdict->item;
  g_autofree char *stranger = NULL;

  if (verdict->reading != NULL &&
      !lk_facts_apply_reading (db, item->machine_id, verdict->reading, s->now, &stranger, error))
    return FALSE;
  if (stranger != NULL)
    return explain_stranger (db, s, stranger, error);
  if (verdict->shown_pin != NULL && verdict->outcome == LK_OUTCOME_FAILED)
    return explain_certificate (db, s, error);
  s->has_answered = verdict->reading != NULL;

  if (verdict->products != NULL &&
      !lk_facts_apply_products (db, item->machine_id, item->application_id, verdict->products,
                                s->now, error))
    return FALSE;
  if (verdict->key_identity == NULL || item->key_id == 0)
    return TRUE;

  return lk_db_run (db, error,
                    "UPDATE product_key SET key_identity = ?2, epid = coalesce (epid, ?3)"
                    " WHERE id = ?1 AND key_identity IS NULL",
                    "iss", item->key_id, verdict->key_identity, verdict->epid);
}

/* Items of other jobs that wait for a CID of a machine that is licensed by now: they look again. */
static gboolean
wake_others (LkDb *db, const Settlement *s, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE item SET step = 'read-iid', attempt = 0, due_at = ?3, updated_at = ?3,"
                    " state = CASE (SELECT state FROM job AS j WHERE j.id = item.job_id)"
                    "  WHEN 'open' THEN 'ready' ELSE 'paused' END"
                    " WHERE state = 'parked' AND key_identity = ?1 AND iid = ?2",
                    "ssi", s->key_identity, s->iid, s->now);
}

static gboolean
apply_spend_news (LkDb *db, Settlement *s, GError **error)
{
  const LkVerdict *verdict = s->verdict;
  g_autoptr (LkSpend) spend = NULL;
  g_autoptr (GError) local_error = NULL;

  if (verdict->news == LK_SPEND_NEWS_NONE || s->key_identity == NULL || s->iid == NULL)
    return TRUE;
  spend = lk_ledger_get_spend (db, s->key_identity, s->iid, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (spend == NULL || spend->method != LK_METHOD_ONLINE ||
      (spend->state != LK_SPEND_SENT && spend->state != LK_SPEND_UNKNOWN))
    return TRUE;
  if (verdict->news == LK_SPEND_NEWS_CONFIRMED)
    return lk_ledger_confirm (db, s->key_identity, s->iid, s->epid, NULL, LK_METHOD_ONLINE, s->now,
                              error) &&
           wake_others (db, s, error);

  switch (verdict->news)
    {
    case LK_SPEND_NEWS_REFUSED:
      return lk_ledger_mark_refused (db, spend->id, verdict->code, verdict->message, s->now, error);
    case LK_SPEND_NEWS_UNSENT:
      return spend->state != LK_SPEND_SENT ||
             (lk_ledger_mark_unsent (db, spend->id, ONLINE_RECOVERY_DUE, error) &&
              lk_ledger_release (db, s->key_identity, s->iid, error));
    case LK_SPEND_NEWS_UNKNOWN:
      return lk_ledger_mark_unknown (db, spend->id, verdict->message, ONLINE_RECOVERY_DUE, error);
    case LK_SPEND_NEWS_NONE:
    case LK_SPEND_NEWS_CONFIRMED:
      break;
    }
  return TRUE;
}

static gboolean
explain_refusal (LkDb *db, Settlement *s, GError **error)
{
  g_autoptr (LkSpend) spend = lk_ledger_get_spend (db, s->key_identity, s->iid, error);
  g_autofree char *message = NULL;

  if (spend == NULL)
    return FALSE;

  message = g_strdup_printf (_ ("The service refused this installation ID before: %s. “job retry”"
                                " asks again"),
                             spend->message != NULL ? spend->message : _ ("no reason given"));
  fail (s, LK_ERROR_REJECTED, spend->code, message);
  return TRUE;
}

static gboolean
explain_no_room (LkDb *db, Settlement *s, GError **error)
{
  LkPool pool;

  if (!lk_ledger_get_pool (db, s->key_identity, &pool, error))
    return FALSE;

  if (pool.blocked_code != 0)
    fail (s, LK_ERROR_REJECTED, pool.blocked_code,
          _ ("The service has stopped this product key; nothing more is sent for it"));
  else
    {
      s->state = "parked";
      set_message (s, _ ("No activations left: waits until the product key has room"));
    }
  return TRUE;
}

/* The job was paused or cancelled meanwhile: nothing is reserved or spent for it now. */
static gboolean
put_off (Settlement *s)
{
  s->outcome = LK_OUTCOME_RETRY;
  return TRUE;
}

/* A CID is wanted: on record, or to be bought for one activation. */
static gboolean
await_cid (LkDb *db, Settlement *s, GError **error)
{
  LkReservation reservation;
  g_autofree char *cid = NULL;
  g_autoptr (LkSpend) spend = NULL;

  if (!s->job_open)
    return put_off (s);
  if (!lk_ledger_reserve (db, s->key_identity, s->iid, s->epid, LK_METHOD_PROXY, s->allow_unknown,
                          s->verdict->item->again, s->now, &reservation, error))
    return FALSE;

  switch (reservation)
    {
    case LK_RESERVE_OK:
    case LK_RESERVE_IN_FLIGHT:
      spend = lk_ledger_get_spend (db, s->key_identity, s->iid, error);
      if (spend == NULL)
        return FALSE;
      if (spend->method == LK_METHOD_ONLINE)
        {
          fail (s, LK_ERROR_REJECTED, 0,
                _ ("The machine was told to activate online and the outcome is not known. Retry"
                   " that job, or refresh the machine, before it is activated by proxy"));
          return TRUE;
        }
      s->state = "parked";
      set_message (s, _ ("Waiting for the confirmation ID"));
      return TRUE;
    case LK_RESERVE_CONFIRMED:
      cid = lk_ledger_get_cid (db, s->key_identity, s->iid, error);
      if (cid != NULL)
        s->outcome = LK_OUTCOME_DONE;
      else
        fail (s, LK_ERROR_REJECTED, 0,
              _ ("This installation ID was activated online before, so there is no confirmation ID"
                 " to deposit. Activate it online again"));
      return error == NULL || *error == NULL;
    case LK_RESERVE_REFUSED:
      return explain_refusal (db, s, error);
    case LK_RESERVE_NO_ROOM:
      return explain_no_room (db, s, error);
    case LK_RESERVE_UNKNOWN_POOL:
      fail (s, LK_ERROR_REJECTED, 0,
            _ ("How many activations the product key has left is not known. Enter the figure with"
               " “key set-remaining”, or run the command with --yes to spend anyway"));
      return TRUE;
    }

  g_assert_not_reached ();
}

static gboolean
recall_cid (LkDb *db, Settlement *s, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *cid = lk_ledger_get_cid (db, s->key_identity, s->iid, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (cid != NULL)
    {
      s->outcome = LK_OUTCOME_DONE;
      set_message (s, NULL);
    }
  else
    fail (s, LK_ERROR_REJECTED, 0,
          s->verdict->message != NULL
              ? s->verdict->message
              : _ ("No confirmation ID is on record for this installation ID, and nothing was"
                   " spent. Activate by proxy to ask for one"));
  return TRUE;
}

/* An online activation is about to be asked for by the machine itself. */
static gboolean
commit_spend (LkDb *db, Settlement *s, GError **error)
{
  LkReservation reservation;
  g_autoptr (LkSpend) spend = NULL;

  if (!s->job_open)
    return put_off (s);
  if (!lk_ledger_reserve (db, s->key_identity, s->iid, s->epid, LK_METHOD_ONLINE, s->allow_unknown,
                          s->verdict->item->again, s->now, &reservation, error))
    return FALSE;

  s->outcome = LK_OUTCOME_DONE;
  switch (reservation)
    {
    case LK_RESERVE_CONFIRMED:
      return TRUE; /* paid for already: asking again costs nothing */
    case LK_RESERVE_IN_FLIGHT:
      spend = lk_ledger_get_spend (db, s->key_identity, s->iid, error);
      if (spend == NULL)
        return FALSE;
      if (spend->method != LK_METHOD_ONLINE)
        {
          fail (s, LK_ERROR_REJECTED, 0,
                _ ("A confirmation ID was asked for and its outcome is not known yet"));
          return TRUE;
        }
      g_clear_pointer (&spend, lk_spend_free);
      if (!s->verdict->item->again)
        {
          s->attempt = 1; /* the next step starts as a second attempt: it looks and does not ask */
          return TRUE;
        }
      break;
    case LK_RESERVE_OK:
      break;
    case LK_RESERVE_REFUSED:
      return explain_refusal (db, s, error);
    case LK_RESERVE_NO_ROOM:
      s->outcome = LK_OUTCOME_COMMIT_SPEND;
      return explain_no_room (db, s, error);
    case LK_RESERVE_UNKNOWN_POOL:
      fail (s, LK_ERROR_REJECTED, 0,
            _ ("How many activations the product key has left is not known. Enter the figure with"
               " “key set-remaining”, or run the command with --yes to spend anyway"));
      return TRUE;
    }

  spend = lk_ledger_get_spend (db, s->key_identity, s->iid, error);
  return spend != NULL && lk_ledger_mark_sent (db, spend->id, s->now, error);
}

static gboolean
apply_outcome (LkDb *db, Settlement *s, GError **error)
{
  s->order_used = s->outcome == LK_OUTCOME_AWAIT_CID || s->outcome == LK_OUTCOME_COMMIT_SPEND;
  if (s->outcome == LK_OUTCOME_AWAIT_CID && !await_cid (db, s, error))
    return FALSE;
  if (s->outcome == LK_OUTCOME_RECALL_CID && !recall_cid (db, s, error))
    return FALSE;
  if (s->outcome == LK_OUTCOME_COMMIT_SPEND && !commit_spend (db, s, error))
    return FALSE;

  switch (s->outcome)
    {
    case LK_OUTCOME_DONE:
      s->step = s->verdict->next_step != NULL ? s->verdict->next_step : s->plan_next_step;
      s->due_at = s->now;
      s->state = s->step == NULL ? "done" : (s->keep && s->job_open ? "running" : "ready");
      if (g_str_equal (s->state, "running"))
        s->attempt++;
      break;
    case LK_OUTCOME_RETRY:
      s->step = s->is_mistaken ? NULL : s->verdict->next_step;
      s->due_at = s->is_mistaken ? s->now : s->verdict->due_at;
      s->attempt = s->verdict->item->attempt;
      s->state = "ready";
      break;
    case LK_OUTCOME_NOT_YET:
      s->step = s->verdict->next_step;
      s->due_at = s->verdict->due_at;
      s->attempt = MAX (s->verdict->item->attempt, 1) - 1; /* the claim counted one */
      s->state = "ready";
      break;
    case LK_OUTCOME_FAILED:
      s->attempt = s->verdict->item->attempt;
      s->state = "failed";
      break;
    case LK_OUTCOME_CANCELLED:
      s->state = "cancelled";
      break;
    case LK_OUTCOME_AWAIT_CID:
    case LK_OUTCOME_RECALL_CID:
    case LK_OUTCOME_COMMIT_SPEND:
      break; /* parked above */
    }

  if (g_str_equal (s->state, "ready") && !s->job_open)
    s->state = s->job_cancelled ? "cancelled" : "paused";
  return TRUE;
}

static gboolean
write_item (LkDb *db, const Settlement *s, GError **error)
{
  const LkItem *item = s->verdict->item;
  gboolean failing = g_str_equal (s->state, "failed") || s->outcome == LK_OUTCOME_RETRY;
  gint64 failing_since = item->failing_since != 0 ? item->failing_since : s->now;

  return lk_db_run (db, error,
                    "UPDATE item SET state = ?2, step = coalesce (?3, step), attempt = ?4,"
                    " due_at = ?5, failing_since = ?6, key_identity = ?7, iid = ?8, epid = ?9,"
                    " partial_key = coalesce (?10, partial_key), message = ?11, code = ?12,"
                    " error = ?13, updated_at = ?14, again = again * ?15 WHERE id = ?1",
                    "issiiisssssisii", item->id, s->state, s->step, (gint64) s->attempt, s->due_at,
                    failing ? failing_since : (gint64) 0, s->key_identity, s->iid, s->epid,
                    s->verdict->partial_key, s->message, (gint64) s->code, s->error, s->now,
                    (gint64) !s->order_used);
}

static gboolean
write_trace (LkDb *db, const Settlement *s, GError **error)
{
  const LkItem *item = s->verdict->item;
  gboolean ended = g_str_equal (s->state, "done") || g_str_equal (s->state, "failed") ||
                   s->outcome == LK_OUTCOME_RETRY;
  const char *outcome = s->outcome == LK_OUTCOME_RETRY || s->outcome == LK_OUTCOME_NOT_YET ? "retry"
                        : s->outcome == LK_OUTCOME_DONE                                    ? "done"
                                                        : s->state;

  if (!lk_event_note (db, s->now, item->machine_id, item->job_id, item->step, outcome, s->message,
                      s->code, error))
    return FALSE;
  if (!ended)
    return TRUE;

  return lk_db_run (db, error,
                    "UPDATE machine SET last_result = ?2, last_code = ?3, last_ok = ?4,"
                    " tried_at = ?5 WHERE id = ?1",
                    "isiii", item->machine_id, s->message != NULL ? s->message : _ ("Done"),
                    (gint64) s->code, (gint64) g_str_equal (s->state, "done"), s->now);
}

/* Rows of one machine: this one that answered takes in others; one that could not be reached goes
 * into the one that it has become. */
static gboolean
recognise (LkDb *db, const Settlement *s, GError **error)
{
  const LkItem *item = s->verdict->item;
  gboolean is_lost =
      g_str_equal (s->state, "failed") &&
      (s->is_mistaken || g_strcmp0 (s->error, lk_error_code_to_word (LK_ERROR_UNREACHABLE)) == 0);

  return (!s->has_answered && !is_lost) ||
         lk_identity_recognise (db, item->machine_id, item->job_id, s->has_answered, s->now, error);
}

static gboolean
settle (LkDb *db, gpointer user_data, GError **error)
{
  Settlement *s = user_data;
  const LkVerdict *verdict = s->verdict;
  const LkItem *item = verdict->item;

  s->outcome = verdict->outcome;
  s->step = NULL;
  s->state = NULL;
  s->attempt = 0;
  s->due_at = s->now;
  s->code = verdict->code;
  s->error = verdict->error;
  s->key_identity = verdict->key_identity != NULL ? verdict->key_identity : item->key_identity;
  s->iid = verdict->iid != NULL ? verdict->iid : item->iid;
  s->epid = verdict->epid != NULL ? verdict->epid : item->epid;
  set_message (s, verdict->message);

  if (!load_job (db, s, error) || !apply_facts (db, s, error) || !apply_spend_news (db, s, error) ||
      !apply_outcome (db, s, error) || !write_item (db, s, error) || !write_trace (db, s, error) ||
      !recognise (db, s, error) || !lk_job_close_if_done (db, item->job_id, s->now, error))
    return FALSE;

  g_clear_pointer (&s->next, lk_item_free);
  if (!g_str_equal (s->state, "running"))
    return TRUE;

  s->next = lk_item_load (db, item->id, error);
  return s->next != NULL;
}

gboolean
lk_store_settle (LkStore *self,
                 const LkVerdict *verdict,
                 const char *plan_next_step,
                 gint64 now,
                 LkItem **next,
                 GError **error)
{
  Settlement s = {
    .verdict = verdict, .plan_next_step = plan_next_step, .now = now, .keep = next != NULL
  };
  gboolean done = lk_store_write (self, settle, &s, error);

  g_free (s.message);
  if (done && next != NULL)
    *next = g_steal_pointer (&s.next);
  g_clear_pointer (&s.next, lk_item_free);
  return done;
}
