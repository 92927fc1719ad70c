/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "ledger/lk-ledger.h"

#define KEY   "90001-000000007"
#define EPID  "12345-90001-000-000007-03-1033-20348.0000-1002026"
#define IID_A "111111222222333333444444555555666666777777888888999999"
#define IID_B "999999888888777777666666555555444444333333222222111111"
#define CID   "123456123456123456123456123456123456123456123456"
#define NOW   1000000

typedef struct
{
  LkDb *db;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->db = lk_db_open (":memory:", LK_DB_READ_WRITE, &error);
  g_assert_no_error (error);
  lk_db_exec (f->db, lk_db_get_sql ("ledger/schema/0001-ledger.sql"), &error);
  g_assert_no_error (error);
  lk_db_exec (f->db, lk_db_get_sql ("ledger/schema/0002-salvaged.sql"), &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lk_db_free (f->db);
}

static LkReservation
reserve (Fixture *f, const char *iid, gboolean allow_unknown, gboolean again)
{
  g_autoptr (GError) error = NULL;
  LkReservation reservation = LK_RESERVE_NO_ROOM;

  lk_ledger_reserve (f->db, KEY, iid, EPID, LK_METHOD_PROXY, allow_unknown, again, NOW,
                     &reservation, &error);
  g_assert_no_error (error);
  return reservation;
}

static LkSpend *
get_spend (Fixture *f, const char *iid)
{
  g_autoptr (GError) error = NULL;
  LkSpend *spend = lk_ledger_get_spend (f->db, KEY, iid, &error);

  g_assert_no_error (error);
  g_assert_nonnull (spend);
  return spend;
}

static void
set_remaining (Fixture *f, gint64 remaining)
{
  g_assert_true (lk_ledger_set_remaining (f->db, KEY, remaining, NOW, NULL));
}

static void
send (Fixture *f, const char *iid)
{
  g_autoptr (LkSpend) spend = get_spend (f, iid);
  g_autoptr (GError) error = NULL;

  lk_ledger_mark_sent (f->db, spend->id, NOW, &error);
  g_assert_no_error (error);
}

static gint64
get_left (Fixture *f)
{
  LkPool pool;

  g_assert_true (lk_ledger_get_pool (f->db, KEY, &pool, NULL));
  return pool.left;
}

static guint
count_due (Fixture *f, gint64 now)
{
  g_autoptr (GPtrArray) due = lk_ledger_list_due (f->db, LK_METHOD_PROXY, now, 100, NULL, 0, NULL);

  return due->len;
}

static void
test_unknown_pool_needs_a_word (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (reserve (f, IID_A, FALSE, FALSE), ==, LK_RESERVE_UNKNOWN_POOL);
  g_assert_cmpint (reserve (f, IID_A, TRUE, FALSE), ==, LK_RESERVE_OK);
}

static void
test_reservations_count (Fixture *f, gconstpointer data)
{
  set_remaining (f, 1);
  g_assert_cmpint (reserve (f, IID_A, FALSE, FALSE), ==, LK_RESERVE_OK);
  g_assert_cmpint (reserve (f, IID_A, FALSE, FALSE), ==, LK_RESERVE_OK); /* the same one */
  g_assert_cmpint (get_left (f), ==, 0);
  g_assert_cmpint (reserve (f, IID_B, FALSE, FALSE), ==, LK_RESERVE_NO_ROOM);

  g_assert_true (lk_ledger_release (f->db, KEY, IID_A, NULL));
  g_assert_cmpint (reserve (f, IID_B, FALSE, FALSE), ==, LK_RESERVE_OK);
}

static void
test_sent_is_not_released (Fixture *f, gconstpointer data)
{
  set_remaining (f, 1);
  reserve (f, IID_A, FALSE, FALSE);
  send (f, IID_A);
  g_assert_true (lk_ledger_release (f->db, KEY, IID_A, NULL));

  g_assert_cmpint (get_left (f), ==, 0);
  g_assert_cmpint (reserve (f, IID_A, FALSE, FALSE), ==, LK_RESERVE_IN_FLIGHT);
}

static void
test_confirmed_for_ever (Fixture *f, gconstpointer data)
{
  g_autofree char *cid = NULL;
  g_autofree char *still = NULL;

  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  send (f, IID_A);
  g_assert_true (lk_ledger_confirm (f->db, KEY, IID_A, EPID, CID, LK_METHOD_PROXY, NOW + 1, NULL));

  cid = lk_ledger_get_cid (f->db, KEY, IID_A, NULL);
  g_assert_cmpstr (cid, ==, CID);
  g_assert_cmpint (get_left (f), ==, 4);
  g_assert_cmpint (reserve (f, IID_A, FALSE, TRUE), ==, LK_RESERVE_CONFIRMED);

  /* A second answer changes nothing. */
  g_assert_true (
      lk_ledger_confirm (f->db, KEY, IID_A, EPID, "000000", LK_METHOD_PHONE, NOW + 2, NULL));
  still = lk_ledger_get_cid (f->db, KEY, IID_A, NULL);
  g_assert_cmpstr (still, ==, CID);
  g_assert_cmpint (get_left (f), ==, 4);
}

static void
test_cid_without_a_spend_is_kept (Fixture *f, gconstpointer data)
{
  g_autofree char *cid = NULL;

  g_assert_true (lk_ledger_confirm (f->db, KEY, IID_A, NULL, CID, LK_METHOD_PHONE, NOW, NULL));
  cid = lk_ledger_get_cid (f->db, KEY, IID_A, NULL);
  g_assert_cmpstr (cid, ==, CID);
}

/* A person may have misheard; nobody else corrects a CID, and it costs nothing. */
static void
test_typed_is_corrected (Fixture *f, gconstpointer data)
{
  g_autofree char *corrected = NULL;
  g_autofree char *still = NULL;
  LkMethod method = LK_METHOD_PROXY;

  set_remaining (f, 5);
  lk_ledger_confirm (f->db, KEY, IID_A, EPID, "000000", LK_METHOD_PHONE, NOW + 1, NULL);
  lk_ledger_confirm (f->db, KEY, IID_A, EPID, CID, LK_METHOD_PHONE, NOW + 2, NULL);
  corrected = lk_ledger_get_confirmation (f->db, KEY, IID_A, &method, NULL);
  g_assert_cmpstr (corrected, ==, CID);
  g_assert_cmpint (method, ==, LK_METHOD_PHONE);
  lk_ledger_confirm (f->db, KEY, IID_A, EPID, "111111", LK_METHOD_PROXY, NOW + 3, NULL);
  still = lk_ledger_get_cid (f->db, KEY, IID_A, NULL);
  g_assert_cmpstr (still, ==, CID);
  g_assert_cmpint (get_left (f), ==, 4);
}

/* Who confirms what was only reserved, spent it. */
static void
test_reserved_goes_to_who_confirms (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSpend) spend = NULL;
  g_autoptr (LkSpend) sent = NULL;

  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  lk_ledger_confirm (f->db, KEY, IID_A, EPID, CID, LK_METHOD_PHONE, NOW, NULL);
  spend = lk_ledger_get_spend (f->db, KEY, IID_A, NULL);
  g_assert_cmpint (spend->method, ==, LK_METHOD_PHONE);

  reserve (f, IID_B, FALSE, FALSE);
  send (f, IID_B);
  lk_ledger_confirm (f->db, KEY, IID_B, EPID, CID, LK_METHOD_PHONE, NOW, NULL);
  sent = lk_ledger_get_spend (f->db, KEY, IID_B, NULL);
  g_assert_cmpint (sent->method, ==, LK_METHOD_PROXY);
}

static void
test_refused_waits_for_a_person (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSpend) spend = NULL;

  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  send (f, IID_A);
  spend = get_spend (f, IID_A);
  g_assert_true (lk_ledger_mark_refused (f->db, spend->id, 0x90, "not accepted", NOW, NULL));

  g_assert_cmpint (get_left (f), ==, 5);
  g_assert_cmpint (reserve (f, IID_A, FALSE, FALSE), ==, LK_RESERVE_REFUSED);
  g_assert_cmpuint (count_due (f, NOW + 1), ==, 0);
  g_assert_cmpint (reserve (f, IID_A, FALSE, TRUE), ==, LK_RESERVE_OK);
  g_assert_cmpuint (count_due (f, NOW + 1), ==, 1);
}

static void
test_unsent_goes_back_only_without_doubt (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSpend) spend = NULL;
  g_autoptr (LkSpend) reserved = NULL;
  g_autoptr (LkSpend) doubted = NULL;

  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  send (f, IID_A);
  spend = get_spend (f, IID_A);
  g_assert_true (lk_ledger_mark_unsent (f->db, spend->id, NOW, NULL));
  reserved = get_spend (f, IID_A);
  g_assert_cmpint (reserved->state, ==, LK_SPEND_RESERVED);

  /* An earlier send may have got through: that a later one did not proves nothing. */
  send (f, IID_A);
  g_assert_true (lk_ledger_mark_unknown (f->db, spend->id, "no answer", NOW, NULL));
  send (f, IID_A);
  g_assert_true (lk_ledger_mark_unsent (f->db, spend->id, NOW, NULL));
  doubted = get_spend (f, IID_A);
  g_assert_cmpint (doubted->state, ==, LK_SPEND_UNKNOWN);
}

static void
test_recovery_makes_sent_unknown (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSpend) spend = NULL;
  guint n = 0;

  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  reserve (f, IID_B, FALSE, FALSE);
  send (f, IID_A);
  g_assert_true (lk_ledger_recover (f->db, LK_METHOD_PROXY, NOW, &n, NULL));

  g_assert_cmpuint (n, ==, 1);
  spend = get_spend (f, IID_A);
  g_assert_cmpint (spend->state, ==, LK_SPEND_UNKNOWN);
  g_assert_cmpuint (count_due (f, NOW), ==, 2);
}

static void
test_impossible_moves_are_errors (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSpend) spend = NULL;
  g_autoptr (GError) error = NULL;

  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  spend = get_spend (f, IID_A);
  g_assert_false (lk_ledger_mark_unknown (f->db, spend->id, "?", NOW, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
  g_clear_error (&error);

  lk_ledger_confirm (f->db, KEY, IID_A, EPID, CID, LK_METHOD_PROXY, NOW, NULL);
  g_assert_false (lk_ledger_mark_sent (f->db, spend->id, NOW, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
}

static void
test_blocked_key_sends_nothing (Fixture *f, gconstpointer data)
{
  set_remaining (f, 5);
  reserve (f, IID_A, FALSE, FALSE);
  g_assert_true (lk_ledger_block (f->db, KEY, 0x67, NULL));
  g_assert_cmpuint (count_due (f, NOW), ==, 0);
  g_assert_cmpint (reserve (f, IID_B, FALSE, FALSE), ==, LK_RESERVE_NO_ROOM);

  set_remaining (f, 5); /* a new official figure lifts it */
  g_assert_cmpuint (count_due (f, NOW), ==, 1);
}

/* The index is the promise; whatever the code above it does, a second row cannot be. */
static void
test_one_row_for_each_pair (Fixture *f, gconstpointer data)
{
  static const char insert[] =
      "INSERT INTO spend (key_identity, iid, epid, method, state, created_at)"
      " VALUES (?1, ?2, '', 'proxy', 'reserved', 1)";
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_db_run (f->db, &error, insert, "ss", KEY, IID_A));
  g_assert_false (lk_db_run (f->db, &error, insert, "ss", KEY, IID_A));
  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
}

/* The counts that the triggers keep are what counting would give, after any history. */
static void
test_counts_are_true (Fixture *f, gconstpointer data)
{
  static const char wrong[] =
      "SELECT count (*) FROM pool AS p WHERE"
      " n_open <> (SELECT count (*) FROM spend AS s WHERE s.key_identity = p.key_identity"
      "   AND state IN ('reserved', 'sent', 'unknown'))"
      " OR n_confirmed <> (SELECT count (*) FROM spend AS s"
      "   WHERE s.key_identity = p.key_identity AND state = 'confirmed')"
      " OR n_confirmed_since <> (SELECT count (*) FROM spend AS s"
      "   WHERE s.key_identity = p.key_identity AND state = 'confirmed'"
      "   AND settled_at > p.checked_at)";

  set_remaining (f, 3);
  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *iid = g_strdup_printf ("%054d", g_test_rand_int_range (0, 6));
      g_autoptr (LkSpend) spend = lk_ledger_get_spend (f->db, KEY, iid, NULL);
      gint64 now = NOW + i;
      gint64 n_wrong = -1;
      LkReservation reservation;

      switch (g_test_rand_int_range (0, 8))
        {
        case 0:
          lk_ledger_set_remaining (f->db, KEY, g_test_rand_int_range (-1, 6), now, NULL);
          break;
        case 1:
          lk_ledger_release (f->db, KEY, iid, NULL);
          break;
        case 2:
          if (g_test_rand_int_range (0, 20) == 0)
            lk_ledger_confirm (f->db, KEY, iid, EPID, CID, LK_METHOD_PROXY, now, NULL);
          break;
        case 3:
          if (spend != NULL)
            lk_ledger_mark_sent (f->db, spend->id, now, NULL);
          break;
        case 4:
          if (spend != NULL)
            lk_ledger_mark_unsent (f->db, spend->id, now, NULL);
          break;
        case 5:
          if (spend != NULL)
            lk_ledger_mark_refused (f->db, spend->id, 0x90, "no", now, NULL);
          break;
        default:
          lk_ledger_reserve (f->db, KEY, iid, EPID, LK_METHOD_PROXY, TRUE, TRUE, now, &reservation,
                             NULL);
        }
      g_assert_true (lk_db_get_int (f->db, &n_wrong, -1, NULL, wrong, ""));
      g_assert_cmpint (n_wrong, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/ledger/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("unknown-pool-needs-a-word", test_unknown_pool_needs_a_word);
  ADD ("reservations-count", test_reservations_count);
  ADD ("sent-is-not-released", test_sent_is_not_released);
  ADD ("confirmed-for-ever", test_confirmed_for_ever);
  ADD ("cid-without-a-spend-is-kept", test_cid_without_a_spend_is_kept);
  ADD ("typed-is-corrected", test_typed_is_corrected);
  ADD ("reserved-goes-to-who-confirms", test_reserved_goes_to_who_confirms);
  ADD ("refused-waits-for-a-person", test_refused_waits_for_a_person);
  ADD ("unsent-goes-back-only-without-doubt", test_unsent_goes_back_only_without_doubt);
  ADD ("recovery-makes-sent-unknown", test_recovery_makes_sent_unknown);
  ADD ("impossible-moves-are-errors", test_impossible_moves_are_errors);
  ADD ("blocked-key-sends-nothing", test_blocked_key_sends_nothing);
  ADD ("one-row-for-each-pair", test_one_row_for_each_pair);
  ADD ("counts-are-true", test_counts_are_true);
#undef ADD

  return g_test_run ();
}
