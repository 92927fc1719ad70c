/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"
#include "store/lk-queue.h"
#include "store/lk-spends.h"

#include <glib/gstdio.h>

/* The store as a queue, without a network: verdicts go in as steps would give them. */

#define KEY   "90001-000000007"
#define EPID  "12345-90001-000-000007-03-1033-20348.0000-1002026"
#define IID_A "111111222222333333444444555555666666777777888888999999"
#define IID_B "999999888888777777666666555555444444333333222222111111"
#define CID   "123456123456123456123456123456123456123456123456"
#define NOW   ((gint64) 1000000)

typedef struct
{
  char *folder;
  LkStore *store;
  gint64 key_id;
  gint64 job_id;
} Fixture;

static gboolean
deliver (Fixture *f, LkMethod method)
{
  const LkDelivery delivery = {
    .key_identity = KEY, .iid = IID_A, .epid = EPID, .cid = CID, .method = method
  };

  return lk_store_deliver_cid (f->store, &delivery, NOW, NULL);
}

static void
add_machines (Fixture *f, guint n)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GError) error = NULL;
  guint n_added = 0;
  guint n_known = 0;

  for (guint i = 0; i < n; i++)
    {
      LkSighting *sighting = g_new0 (LkSighting, 1);

      sighting->name = g_strdup_printf ("PC-%u", i + 1);
      g_ptr_array_add (sightings, sighting);
    }
  lk_store_add_machines (f->store, sightings, NOW, &n_added, &n_known, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_added, ==, n);
}

static void
add_key (Fixture *f)
{
  g_autoptr (GBytes) ciphertext = g_bytes_new ("sealed", 6);
  LkKeyRow row = { .ciphertext = ciphertext,
                   .fingerprint = (char *) "f1",
                   .last_five = (char *) "ABC12",
                   .kind = LK_KEY_MAK };
  gboolean is_new = FALSE;

  g_assert_true (lk_store_add_key (f->store, &row, NOW, &f->key_id, &is_new, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("latchkey-settle-XXXXXX", NULL);
  path = g_build_filename (f->folder, "fleet.db", NULL);
  f->store = lk_store_open (path, &error);
  g_assert_no_error (error);
  add_machines (f, 2);
  add_key (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "fleet.db", "fleet.db-wal", "fleet.db-shm",
                                       "fleet.db.lock" };

  lk_store_free (f->store);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->folder, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
}

static void
file_job (Fixture *f, const char *plan, const char *first_step, guint n_machines)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  g_autoptr (GError) error = NULL;
  guint n_open = 0;
  gint64 open_job = 0;
  LkJobRequest request = {
    .plan = plan,
    .first_step = first_step,
    .selection = "--all",
    .key_id = f->key_id,
    .give_up_after = LK_HOUR,
    .targets = targets,
  };

  for (guint i = 0; i < n_machines; i++)
    {
      LkTarget *target = g_new0 (LkTarget, 1);

      target->machine_id = i + 1;
      target->application_id = g_strdup (LK_APPLICATION_WINDOWS);
      g_ptr_array_add (targets, target);
    }
  lk_store_file_job (f->store, &request, NOW, &f->job_id, &n_open, &open_job, &error);
  g_assert_no_error (error);
}

static LkItem *
claim_at (Fixture *f, gint64 now)
{
  g_autoptr (GError) error = NULL;
  LkItem *item = lk_store_claim (f->store, 0, now, &error);

  g_assert_no_error (error);
  return item;
}

static void
settle (Fixture *f, const LkVerdict *verdict, const char *next_step, LkItem **next)
{
  g_autoptr (GError) error = NULL;

  lk_store_settle (f->store, verdict, next_step, NOW, next, &error);
  g_assert_no_error (error);
}

/* Claims the next item and settles it as a step that learnt an IID and wants a CID for it. */
static void
want_cid (Fixture *f, LkOutcome outcome, const char *iid)
{
  g_autoptr (LkItem) item = claim_at (f, NOW);
  g_auto (LkVerdict) verdict = { .item = item, .outcome = outcome };

  g_assert_nonnull (item);
  verdict.key_identity = g_strdup (KEY);
  verdict.iid = g_strdup (iid);
  verdict.epid = g_strdup (EPID);
  settle (f, &verdict, "deposit-cid", NULL);
}

static LkItemRow *
get_item (Fixture *f, guint index)
{
  g_autoptr (GPtrArray) items = lk_store_list_items (f->store, f->job_id, 0, NULL);

  g_assert_cmpuint (items->len, >, index);
  return g_ptr_array_steal_index (items, index);
}

static void
assert_item (Fixture *f, guint index, const char *state, const char *step)
{
  g_autoptr (LkItemRow) item = get_item (f, index);

  g_assert_cmpstr (item->state, ==, state);
  g_assert_cmpstr (item->step, ==, step);
}

static void
set_remaining (Fixture *f, gint64 remaining)
{
  g_assert_true (lk_store_set_remaining (f->store, KEY, remaining, NOW, NULL));
}

static LkSpendState
get_spend_state (Fixture *f, const char *iid)
{
  LkDb *db = lk_store_borrow_reader (f->store, NULL);
  g_autoptr (LkSpend) spend = lk_ledger_get_spend (db, KEY, iid, NULL);

  lk_store_return_reader (f->store, db);
  g_assert_nonnull (spend);
  return spend->state;
}

static gboolean
has_spend (Fixture *f, const char *iid)
{
  LkDb *db = lk_store_borrow_reader (f->store, NULL);
  g_autoptr (LkSpend) spend = lk_ledger_get_spend (db, KEY, iid, NULL);

  lk_store_return_reader (f->store, db);
  return spend != NULL;
}

/* Lets the courier's half happen to the first due spend. */
static void
answer (Fixture *f, LkSpendAnswerKind kind, guint32 code, gboolean stops_key)
{
  g_autoptr (GPtrArray) due = lk_store_list_due_spends (f->store, 0, NOW, 1, NULL);
  g_autoptr (GPtrArray) answers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_answer_free);
  LkSpendAnswer *spend_answer = g_new0 (LkSpendAnswer, 1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (due->len, ==, 1);
  lk_store_mark_spends_sent (f->store, due, NOW, &error);
  g_assert_no_error (error);

  spend_answer->spend = g_ptr_array_index (due, 0);
  spend_answer->kind = kind;
  spend_answer->cid = kind == LK_SPEND_ANSWER_CONFIRMED ? g_strdup (CID) : NULL;
  spend_answer->code = code;
  spend_answer->message = g_strdup ("as it was answered");
  spend_answer->remaining = -1;
  spend_answer->stops_key = stops_key;
  spend_answer->due_at = NOW + 10;
  g_ptr_array_add (answers, spend_answer);
  lk_store_settle_answers (f->store, answers, NOW, &error);
  g_assert_no_error (error);
}

static void
test_proxy_parks_and_wakes (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItem) item = NULL;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  assert_item (f, 0, "parked", "await-cid");
  g_assert_null (claim_at (f, NOW));

  answer (f, LK_SPEND_ANSWER_CONFIRMED, 0, FALSE);
  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_CONFIRMED);
  item = claim_at (f, NOW);
  g_assert_nonnull (item);
  g_assert_cmpstr (item->cid, ==, CID);
}

static void
test_cid_on_record_costs_nothing (Fixture *f, gconstpointer data)
{
  g_assert_true (deliver (f, LK_METHOD_PHONE));
  set_remaining (f, 0);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  assert_item (f, 0, "ready", "deposit-cid");
}

static void
test_no_room_waits_for_room (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItemRow) waiting = NULL;

  set_remaining (f, 1);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 2);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_B);
  g_assert_true (has_spend (f, IID_A));
  g_assert_false (has_spend (f, IID_B));
  waiting = get_item (f, 1);
  g_assert_nonnull (strstr (waiting->message, "No activations left"));

  set_remaining (f, 2);
  assert_item (f, 0, "parked", "await-cid"); /* it has its reservation and goes on waiting */
  assert_item (f, 1, "ready", "await-cid");
}

static void
test_unknown_pool_is_not_spent (Fixture *f, gconstpointer data)
{
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  assert_item (f, 0, "failed", "await-cid");
  g_assert_false (has_spend (f, IID_A));
}

static void
test_refusal_fails_and_a_person_retries (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItemRow) failed = NULL;
  guint n = 0;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  answer (f, LK_SPEND_ANSWER_REFUSED, 0x90, FALSE);
  failed = get_item (f, 0);
  g_assert_cmpstr (failed->state, ==, "failed");
  g_assert_cmpuint (failed->code, ==, 0x90);

  g_assert_true (lk_store_retry_job (f->store, f->job_id, NOW, &n, NULL));
  g_assert_cmpuint (n, ==, 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_RESERVED);
}

static void
test_used_up_key_stops_its_batch (Fixture *f, gconstpointer data)
{
  g_autoptr (LkJobRow) job = NULL;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 2);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_B);
  answer (f, LK_SPEND_ANSWER_REFUSED, 0x7F, TRUE);

  assert_item (f, 0, "failed", "await-cid");
  assert_item (f, 1, "failed", "await-cid");
  g_assert_false (has_spend (f, IID_B)); /* what was only reserved is given back */
  job = lk_store_get_job (f->store, f->job_id, NULL);
  g_assert_cmpstr (job->state, ==, "done");
}

static void
test_cancel_never_touches_what_was_sent (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) due = NULL;
  g_autofree char *cid = NULL;
  LkDb *db;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 2);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_B);
  answer (f, LK_SPEND_ANSWER_UNKNOWN, 0, FALSE);
  g_assert_true (lk_store_cancel_job (f->store, f->job_id, NOW, NULL));

  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_UNKNOWN);
  g_assert_false (has_spend (f, IID_B));
  /* It is still asked for, and its CID is kept. */
  due = lk_store_list_due_spends (f->store, 0, NOW + 10, 10, NULL);
  g_assert_cmpuint (due->len, ==, 1);
  g_assert_true (deliver (f, LK_METHOD_PROXY));
  db = lk_store_borrow_reader (f->store, NULL);
  cid = lk_ledger_get_cid (db, KEY, IID_A, NULL);
  lk_store_return_reader (f->store, db);
  g_assert_cmpstr (cid, ==, CID);
}

static void
test_recall_spends_nothing (Fixture *f, gconstpointer data)
{
  set_remaining (f, 5);
  file_job (f, LK_PLAN_DEPOSIT, "recall-cid", 1);
  want_cid (f, LK_OUTCOME_RECALL_CID, IID_A);
  assert_item (f, 0, "failed", "recall-cid");
  g_assert_false (has_spend (f, IID_A));
}

static void
test_online_spend_is_sent_before_its_step (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItem) item = NULL;
  guint n = 0;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_ONLINE, "commit-spend", 1);
  {
    g_autoptr (LkItem) first = claim_at (f, NOW);
    g_auto (LkVerdict) verdict = { .item = first, .outcome = LK_OUTCOME_COMMIT_SPEND };

    verdict.key_identity = g_strdup (KEY);
    verdict.iid = g_strdup (IID_A);
    verdict.epid = g_strdup (EPID);
    settle (f, &verdict, "activate", &item);
  }
  g_assert_cmpstr (item->step, ==, "activate");
  g_assert_cmpuint (item->attempt, ==, 1);
  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_SENT);

  /* The process dies here: the next one may only look. */
  g_clear_pointer (&item, lk_item_free);
  g_assert_true (lk_store_recover (f->store, TRUE, NOW, &n, NULL));
  g_assert_cmpuint (n, ==, 1);
  item = claim_at (f, NOW);
  g_assert_cmpuint (item->attempt, ==, 2);
  g_assert_cmpint (item->sent_at, ==, NOW);
  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_UNKNOWN);
}

/* A confirmation ID may have been bought already: no second activation beside it. */
static void
test_online_waits_for_a_proxy_answer (Fixture *f, gconstpointer data)
{
  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  answer (f, LK_SPEND_ANSWER_UNKNOWN, 0, FALSE);
  g_assert_true (lk_store_cancel_job (f->store, f->job_id, NOW, NULL));

  file_job (f, LK_PLAN_ACTIVATE_ONLINE, "commit-spend", 1);
  want_cid (f, LK_OUTCOME_COMMIT_SPEND, IID_A);
  assert_item (f, 0, "failed", "commit-spend");
  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_UNKNOWN);
}

/* One spend that was settled another way must not keep the others' answers from the disk. */
static void
test_settled_meanwhile (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) due = NULL;
  g_autoptr (GPtrArray) answers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_answer_free);
  g_autoptr (GError) error = NULL;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 2);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_B);
  due = lk_store_list_due_spends (f->store, 0, NOW, 10, NULL);
  g_assert_true (lk_store_mark_spends_sent (f->store, due, NOW, NULL));
  g_assert_true (deliver (f, LK_METHOD_PHONE));

  for (guint i = 0; i < due->len; i++)
    {
      LkSpendAnswer *one = g_new0 (LkSpendAnswer, 1);

      one->spend = g_ptr_array_index (due, i);
      one->kind = g_str_equal (one->spend->iid, IID_A) ? LK_SPEND_ANSWER_UNKNOWN
                                                       : LK_SPEND_ANSWER_CONFIRMED;
      one->cid = one->kind == LK_SPEND_ANSWER_CONFIRMED ? g_strdup (CID) : NULL;
      one->remaining = -1;
      g_ptr_array_add (answers, one);
    }
  lk_store_settle_answers (f->store, answers, NOW, &error);
  g_assert_no_error (error);
  g_assert_cmpint (get_spend_state (f, IID_A), ==, LK_SPEND_CONFIRMED);
  g_assert_cmpint (get_spend_state (f, IID_B), ==, LK_SPEND_CONFIRMED);
}

/* Room that a cancelled job leaves is room for those who wait. */
static void
test_cancel_makes_room (Fixture *f, gconstpointer data)
{
  gint64 first;

  set_remaining (f, 1);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  first = f->job_id;
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  file_job (f, LK_PLAN_ACTIVATE_ONLINE, "await-cid", 1); /* any other job on that machine */
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_B);
  assert_item (f, 0, "parked", "await-cid");

  g_assert_true (lk_store_cancel_job (f->store, first, NOW, NULL));
  assert_item (f, 0, "ready", "await-cid");
}

/* A service that may count twice is asked once more after ten minutes, and then by order only. */
static void
test_service_is_not_asked_at_every_start (Fixture *f, gconstpointer data)
{
  guint n = 0;
  guint n_sent = 0;

  set_remaining (f, 5);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid", 1);
  want_cid (f, LK_OUTCOME_AWAIT_CID, IID_A);
  for (int start = 0; start < 5; start++)
    {
      gint64 now = NOW + start * LK_HOUR;
      g_autoptr (GPtrArray) due = lk_store_list_due_spends (f->store, 0, now, 1, NULL);

      if (due->len > 0)
        g_assert_true (lk_store_mark_spends_sent (f->store, due, now, NULL));
      n_sent += due->len;
      g_assert_true (lk_store_recover (f->store, FALSE, now, &n, NULL)); /* the process died */
    }
  g_assert_cmpuint (n_sent, ==, 2);
}

static void
test_stranger_changes_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItemRow) item = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  const LkRow *row;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (LkItem) claimed = NULL;
      g_auto (LkVerdict) verdict = { .outcome = LK_OUTCOME_DONE };

      file_job (f, LK_PLAN_REFRESH, "refresh", 1);
      claimed = claim_at (f, NOW);
      verdict.item = claimed;
      verdict.reading = lk_reading_new ();
      verdict.reading->identity->name = g_strdup (i == 0 ? "PC-1" : "OTHER");
      verdict.reading->identity->uuid = g_strdup (i == 0 ? "UUID-1" : "UUID-2");
      verdict.reading->identity->cmid = g_strdup (i == 0 ? "CMID-1" : "CMID-2");
      settle (f, &verdict, NULL, NULL);
    }

  item = get_item (f, 0);
  g_assert_cmpstr (item->state, ==, "failed");
  g_assert_nonnull (strstr (item->message, "another machine"));
  rows = lk_store_list_rows (f->store, NULL, NULL);
  row = g_ptr_array_index (rows, 0);
  g_assert_cmpstr (row->name, ==, "PC-1");
  g_assert_cmpstr (row->identity->uuid, ==, "UUID-1");
}

static void
test_one_step_at_a_time_on_a_machine (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItem) first = NULL;
  g_autoptr (LkItem) second = NULL;

  file_job (f, LK_PLAN_REFRESH, "refresh", 1);
  file_job (f, LK_PLAN_INSTALL_KEY, "install-key", 1);
  first = claim_at (f, NOW);
  second = claim_at (f, NOW);
  g_assert_nonnull (first);
  g_assert_null (second);
}

static void
test_pause_holds_and_resume_goes_on (Fixture *f, gconstpointer data)
{
  g_autoptr (LkItem) item = NULL;

  file_job (f, LK_PLAN_REFRESH, "refresh", 1);
  g_assert_true (lk_store_pause_job (f->store, f->job_id, NOW, NULL));
  g_assert_null (claim_at (f, NOW));
  g_assert_true (lk_store_resume_job (f->store, f->job_id, NOW, NULL));
  item = claim_at (f, NOW);
  g_assert_nonnull (item);
}

static void
test_clock_jump (Fixture *f, gconstpointer data)
{
  gint64 due_at = 0;
  gint64 earlier = NOW - 30 * LK_DAY;
  g_autoptr (LkItem) item = NULL;

  file_job (f, LK_PLAN_REFRESH, "refresh", 1);
  g_assert_null (claim_at (f, earlier)); /* the clock was set back by a month */
  g_assert_true (lk_store_get_next_due (f->store, 0, earlier, LK_HOUR, &due_at, NULL));
  g_assert_cmpint (due_at, ==, earlier);
  item = claim_at (f, earlier);
  g_assert_nonnull (item);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(name, func) g_test_add ("/settle/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("proxy-parks-and-wakes", test_proxy_parks_and_wakes);
  ADD ("cid-on-record-costs-nothing", test_cid_on_record_costs_nothing);
  ADD ("no-room-waits-for-room", test_no_room_waits_for_room);
  ADD ("unknown-pool-is-not-spent", test_unknown_pool_is_not_spent);
  ADD ("refusal-fails-and-a-person-retries", test_refusal_fails_and_a_person_retries);
  ADD ("used-up-key-stops-its-batch", test_used_up_key_stops_its_batch);
  ADD ("cancel-never-touches-what-was-sent", test_cancel_never_touches_what_was_sent);
  ADD ("recall-spends-nothing", test_recall_spends_nothing);
  ADD ("online-spend-is-sent-before-its-step", test_online_spend_is_sent_before_its_step);
  ADD ("online-waits-for-a-proxy-answer", test_online_waits_for_a_proxy_answer);
  ADD ("settled-meanwhile", test_settled_meanwhile);
  ADD ("cancel-makes-room", test_cancel_makes_room);
  ADD ("service-is-not-asked-at-every-start", test_service_is_not_asked_at_every_start);
  ADD ("stranger-changes-nothing", test_stranger_changes_nothing);
  ADD ("one-step-at-a-time-on-a-machine", test_one_step_at_a_time_on_a_machine);
  ADD ("pause-holds-and-resume-goes-on", test_pause_holds_and_resume_goes_on);
  ADD ("clock-jump", test_clock_jump);
#undef ADD

  return g_test_run ();
}
