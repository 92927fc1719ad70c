/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-fleet.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "model/lk-summary.h"
#include "model/lk-table-list.h"
#include "store/lk-fleet.h"
#include "store/lk-queue.h"
#include "store/lk-rows.h"

/* Figures and short lists over a real store. */

#define KEY  "90001-000000007"
#define EPID "12345-90001-000-000007-03-1033-20348.0000-1002026"
#define NOW  LK_TEST_NOW
#define DAYS 1440

typedef struct
{
  GMainContext *context;
  LkTestFleet *fleet;
  LkReader *reader;
  LkTableList *list;
  GString *changes;
  guint n_loaded;
  guint n_filled;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->context = g_main_context_new ();
  g_main_context_push_thread_default (f->context);
  f->fleet = lk_test_fleet_new ();
  f->reader = lk_reader_new (f->fleet->path);
  f->changes = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->list);
  g_clear_object (&f->reader);
  while (g_main_context_iteration (f->context, FALSE))
    continue;
  lk_test_fleet_free (f->fleet);
  g_main_context_pop_thread_default (f->context);
  g_main_context_unref (f->context);
  g_string_free (f->changes, TRUE);
}

/* A machine with Windows in that state. */
static gint64
add (Fixture *f, const char *name, LkLicenseStatus status, guint minutes, const char *iid)
{
  gint64 id = lk_test_fleet_add (f->fleet, name, "lab.test");
  LkReading *reading = lk_test_reading_new (id, name);
  LkProduct *product = lk_test_reading_add (reading, FALSE, status, minutes);

  product->epid = g_strdup (EPID);
  product->iid = g_strdup (iid);
  lk_test_fleet_read (f->fleet, id, NOW, reading);
  return id;
}

static gint64
file_all (Fixture *f, const char *plan, const char *step, const gint64 *machines, guint n)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  g_autoptr (GError) error = NULL;
  LkJobRequest request = { .plan = plan,
                           .first_step = step,
                           .selection = "*",
                           .max_attempts = 1,
                           .give_up_after = LK_DAY,
                           .requested_by = "tester",
                           .targets = targets };
  gint64 job = 0;
  gint64 open_job = 0;
  guint n_open = 0;

  for (guint i = 0; i < n; i++)
    {
      LkTarget *target = g_new0 (LkTarget, 1);

      target->machine_id = machines[i];
      g_ptr_array_add (targets, target);
    }
  lk_store_file_job (f->fleet->store, &request, NOW, &job, &n_open, &open_job, &error);
  g_assert_no_error (error);
  return job;
}

static gint64
file (Fixture *f, const char *plan, const char *step, gint64 machine_id)
{
  return file_all (f, plan, step, &machine_id, 1);
}

/* Works on the job's next item: it fails at @now. */
static void
fail (Fixture *f, gint64 job, gint64 now)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkItem) item = lk_store_claim (f->fleet->store, job, NOW, &error);
  g_auto (LkVerdict) verdict = { .item = item, .outcome = LK_OUTCOME_FAILED, .error = "denied" };

  g_assert_no_error (error);
  g_assert_nonnull (item);
  verdict.message = g_strdup ("It said no");
  lk_store_settle (f->fleet->store, &verdict, NULL, now, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
spend (LkDb *db, gpointer user_data, GError **error)
{
  LkReservation reservation;

  return lk_ledger_set_remaining (db, KEY, 10, NOW, error) &&
         lk_ledger_reserve (db, KEY, "222", EPID, LK_METHOD_PROXY, FALSE, FALSE, NOW, &reservation,
                            error) &&
         lk_ledger_confirm (db, KEY, "333", EPID, "444", LK_METHOD_PROXY, NOW, error);
}

static void
add_key (Fixture *f)
{
  g_autoptr (GBytes) ciphertext = g_bytes_new ("sealed", 6);
  LkKeyRow key = { .ciphertext = ciphertext,
                   .fingerprint = (char *) "print",
                   .last_five = (char *) "ABC12",
                   .key_identity = (char *) KEY,
                   .kind = LK_KEY_MAK };
  g_autoptr (GError) error = NULL;
  gboolean is_new = FALSE;
  gint64 id = 0;

  lk_store_add_key (f->fleet->store, &key, NOW, &id, &is_new, &error);
  g_assert_no_error (error);
}

static void
take_pointer (gpointer answer, const GError *error, gpointer user_data)
{
  gpointer *out = user_data;

  g_assert_no_error (error);
  *out = answer;
}

static gboolean
is_there (gpointer data)
{
  return *(gpointer *) data != NULL;
}

static LkSummary *
read_summary (Fixture *f)
{
  gint64 now = NOW;
  gpointer summary = NULL;

  lk_reader_ask (f->reader, lk_summary_read, g_memdup2 (&now, sizeof now), g_free,
                 (GDestroyNotify) lk_summary_free, NULL, take_pointer, &summary);
  lk_test_wait (is_there, &summary);
  return summary;
}

/* Each figure that has a list behind it is the number of its rows. */
static void
assert_views (Fixture *f, const LkSummary *summary)
{
  const char *const views[] = { "",
                                "state=unread",
                                "state=licensed",
                                "state=grace",
                                "state=grace,days<7",
                                "state=grace,days<30",
                                "state=attention",
                                "stage=needs-key",
                                "stage=has-iid",
                                "stage=waiting",
                                "stage=has-cid",
                                "stage=deposited",
                                "stage=licensed",
                                "name=pc-*0|zz*,state=grace",
                                NULL };
  const guint expected[] = { summary->n_products + summary->by_state[0],
                             summary->by_state[0],
                             summary->by_state[2],
                             summary->n_grace,
                             summary->n_expiring_7,
                             summary->n_expiring_30,
                             summary->n_attention,
                             summary->n_needs_key,
                             summary->n_has_iid,
                             summary->n_waiting,
                             summary->n_has_cid,
                             summary->n_deposited,
                             summary->n_licensed,
                             1 };
  gpointer counts = NULL;

  lk_reader_ask (f->reader, lk_summary_count_views, g_strdupv ((char **) views),
                 (GDestroyNotify) g_strfreev, (GDestroyNotify) g_array_unref, NULL, take_pointer,
                 &counts);
  lk_test_wait (is_there, &counts);
  for (guint i = 0; views[i] != NULL; i++)
    {
      g_autoptr (LkSelection) selection = lk_selection_parse (views[i], NULL);
      g_autoptr (GPtrArray) rows = lk_store_list_rows (f->fleet->store, selection, NULL);

      g_assert_cmpuint (g_array_index ((GArray *) counts, guint, i), ==, rows->len);
      g_assert_cmpuint (rows->len, ==, expected[i]);
    }
  g_array_unref (counts);
}

static void
test_summary (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSummary) summary = NULL;
  g_autoptr (GError) error = NULL;
  gint64 unread = lk_test_fleet_add (f->fleet, "pc-00", NULL);
  gint64 lost;

  lk_test_fleet_add (f->fleet, "pc-01", NULL);
  add (f, "pc-10", LK_LICENSE_OOB_GRACE, 7 * DAYS - 1, "111");
  add (f, "pc-11", LK_LICENSE_OOT_GRACE, 7 * DAYS, "222");
  add (f, "pc-12", LK_LICENSE_EXTENDED_GRACE, 200 * DAYS, "333");
  add (f, "pc-13", LK_LICENSE_NONGENUINE_GRACE, 0, NULL);
  add (f, "pc-14", LK_LICENSE_LICENSED, 0, "555");
  add (f, "pc-15", LK_LICENSE_LICENSED, 5 * DAYS, "666"); /* not in grace, by KMS */
  add (f, "pc-16", LK_LICENSE_NOTIFICATION, 0, NULL);
  add (f, "pc-17", LK_LICENSE_UNLICENSED, 0, NULL);
  /* It lost its only product: a row of a machine again. */
  lost = add (f, "pc-18", LK_LICENSE_LICENSED, 0, NULL);
  lk_test_fleet_read (f->fleet, lost, NOW, lk_test_reading_new (lost, "pc-18"));
  add_key (f);
  lk_store_write (f->fleet->store, spend, NULL, &error);
  g_assert_no_error (error);

  fail (f, file (f, "refresh", "refresh", unread), NOW - LK_HOUR);
  fail (f, file (f, "rearm", "rearm", 3), NOW - 2 * LK_HOUR);
  fail (f, file (f, "refresh", "refresh", 4), NOW - LK_DAY - 1);
  file (f, "activate-proxy", "install-key", 5);
  file (f, "activate-proxy", "read-iid", 6);
  file (f, "deposit", "verify", 7);
  lk_store_pause_job (f->fleet->store, file (f, "activate-online", "read-iid", 8), NOW, &error);
  g_assert_no_error (error);

  summary = read_summary (f);
  g_assert_cmpuint (summary->n_machines, ==, 11);
  g_assert_cmpuint (summary->n_products, ==, 8);
  g_assert_cmpuint (summary->by_state[LK_LICENSE_UNREAD + 1], ==, 3);
  g_assert_cmpuint (summary->by_state[LK_LICENSE_LICENSED + 1], ==, 2);
  g_assert_cmpuint (summary->by_state[LK_LICENSE_UNLICENSED + 1], ==, 1);
  g_assert_cmpuint (summary->by_state[LK_LICENSE_NOTIFICATION + 1], ==, 1);
  g_assert_cmpuint (summary->by_state[LK_LICENSE_EXTENDED_GRACE + 1], ==, 1);
  g_assert_cmpuint (summary->n_grace, ==, 4);
  g_assert_cmpuint (summary->n_expiring_7, ==, 2); /* pc-10 and pc-13 */
  g_assert_cmpuint (summary->n_expiring_30, ==, 3);
  g_assert_cmpuint (summary->by_day[0], ==, 1);
  g_assert_cmpuint (summary->by_day[6], ==, 1);
  g_assert_cmpuint (summary->by_day[7], ==, 1);
  g_assert_cmpuint (summary->by_day[LK_SUMMARY_DAYS], ==, 1);
  g_assert_cmpuint (summary->n_attention, ==, 5); /* pc-00, 10, 11 failed; 13 and 16 by state */
  g_assert_cmpuint (summary->n_failed_today, ==, 2);
  g_assert_cmpuint (summary->failures->len, ==, 2);
  g_assert_cmpstr (((LkItemRow *) summary->failures->pdata[0])->machine, ==, "pc-00");
  g_assert_cmpstr (((LkItemRow *) summary->failures->pdata[1])->message, ==, "It said no");
  g_assert_cmpuint (summary->pools->len, ==, 1);
  g_assert_cmpint (((LkKeyRow *) summary->pools->pdata[0])->pool.open, ==, 1);
  g_assert_cmpuint (summary->running->len, ==, 4);
  g_assert_cmpuint (summary->n_needs_key, ==, 2);
  g_assert_cmpuint (summary->n_has_iid, ==, 1); /* pc-10 */
  g_assert_cmpuint (summary->n_waiting, ==, 1); /* pc-11 */
  g_assert_cmpuint (summary->n_has_cid, ==, 1); /* pc-12 */
  g_assert_cmpuint (summary->n_deposited, ==, 1);
  g_assert_cmpuint (summary->n_licensed, ==, 2);
  assert_views (f, summary);
}

static void
test_empty (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSummary) summary = read_summary (f);

  g_assert_cmpuint (summary->n_machines, ==, 0);
  g_assert_cmpuint (summary->by_state[0], ==, 0);
  g_assert_cmpuint (summary->failures->len, ==, 0);
  g_assert_cmpuint (summary->running->len, ==, 0);
}

static void
note_change (GListModel *model, guint position, guint n_removed, guint n_added, Fixture *f)
{
  g_string_append_printf (f->changes, "%u-%u+%u=%u ", position, n_removed, n_added,
                          g_list_model_get_n_items (model));
}

static void
note_loaded (Fixture *f)
{
  f->n_loaded++;
}

static void
note_filled (Fixture *f)
{
  f->n_filled++;
}

static void
show (Fixture *f, const LkTableKind *kind, gint64 of)
{
  g_clear_object (&f->list);
  f->list = lk_table_list_new (f->reader, kind, of);
  f->n_loaded = 0;
  g_string_truncate (f->changes, 0);
  g_signal_connect (f->list, "items-changed", G_CALLBACK (note_change), f);
  g_signal_connect_swapped (f->list, "loaded", G_CALLBACK (note_loaded), f);
}

static gboolean
is_loaded (gpointer data)
{
  Fixture *f = data;

  return f->n_loaded > 0;
}

static void
wait_loaded (Fixture *f)
{
  lk_test_wait (is_loaded, f);
  lk_test_run_for (300);
  f->n_loaded = 0;
}

static void
test_jobs (Fixture *f, gconstpointer data)
{
  gint64 machine = lk_test_fleet_add (f->fleet, "pc-00", NULL);
  gint64 first = file (f, "refresh", "refresh", machine);
  g_autoptr (LkTableItem) item = NULL;
  g_autoptr (LkTableItem) again = NULL;
  gint64 second;

  show (f, &lk_table_jobs, 0);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+1=1 ");
  item = g_list_model_get_item (G_LIST_MODEL (f->list), 0);
  g_assert_cmpint (lk_table_item_get_id (item), ==, first);
  g_assert_cmpuint (((const LkJobRow *) lk_table_item_get_value (item))->n_ready, ==, 1);
  g_signal_connect_swapped (item, "filled", G_CALLBACK (note_filled), f);

  second = file (f, "rearm", "rearm", machine);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+1=1 0-0+1=2 ");
  g_assert_cmpuint (f->n_filled, ==, 0);
  g_assert_cmpuint (lk_table_list_find (f->list, second), ==, 0);
  g_assert_cmpuint (lk_table_list_find (f->list, first), ==, 1);

  fail (f, first, NOW);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+1=1 0-0+1=2 ");
  g_assert_cmpuint (f->n_filled, >=, 1);
  g_assert_cmpuint (((const LkJobRow *) lk_table_item_get_value (item))->n_failed, ==, 1);
  again = g_list_model_get_item (G_LIST_MODEL (f->list), 1);
  g_assert_true (again == item);
}

static void
test_items_and_events (Fixture *f, gconstpointer data)
{
  gint64 machine = lk_test_fleet_add (f->fleet, "pc-00", NULL);
  gint64 job = file (f, "refresh", "refresh", machine);
  g_autoptr (LkTableItem) item = NULL;
  g_autoptr (LkTableItem) event = NULL;

  show (f, &lk_table_items, job);
  wait_loaded (f);
  item = g_list_model_get_item (G_LIST_MODEL (f->list), 0);
  g_assert_cmpstr (((const LkItemRow *) lk_table_item_get_value (item))->machine, ==, "pc-00");
  lk_table_list_set_of (f->list, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->list)), ==, 0);
  lk_test_run_for (100);
  g_assert_cmpuint (f->n_loaded, ==, 0);
  lk_table_list_set_of (f->list, job);
  wait_loaded (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->list)), ==, 1);

  show (f, &lk_table_events, machine);
  wait_loaded (f);
  g_string_truncate (f->changes, 0);
  fail (f, job, NOW);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+1=1 ");
  event = g_list_model_get_item (G_LIST_MODEL (f->list), 0);
  g_assert_cmpstr (((const LkEvent *) lk_table_item_get_value (event))->message, ==, "It said no");
  lk_table_list_set_of (f->list, machine + 1);
  wait_loaded (f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->list)), ==, 0);
}

/* Of a job with many rows only those are read again that changed, though it was within the same
 * millisecond. */
static void
test_changed_items (Fixture *f, gconstpointer data)
{
  enum
  {
    N_ITEMS = 200
  };
  gint64 machines[N_ITEMS];
  gint64 job;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GArray) versions = NULL;
  g_autoptr (GArray) versions_after = NULL;
  g_autoptr (LkTableItem) first = NULL;
  g_autoptr (LkTableItem) second = NULL;
  g_autoptr (GError) error = NULL;
  guint n_changed = 0;

  for (guint i = 0; i < N_ITEMS; i++)
    {
      g_autofree char *name = g_strdup_printf ("pc-%03u", i);

      machines[i] = lk_test_fleet_add (f->fleet, name, NULL);
    }
  job = file_all (f, "refresh", "refresh", machines, N_ITEMS);
  lk_store_list_changed_items (f->fleet->store, job, NULL, &versions, &rows, &error);
  g_assert_no_error (error);
  g_clear_pointer (&rows, g_ptr_array_unref);

  show (f, &lk_table_items, job);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+200=200 ");
  first = g_list_model_get_item (G_LIST_MODEL (f->list), 0);
  second = g_list_model_get_item (G_LIST_MODEL (f->list), 1);
  g_signal_connect_swapped (first, "filled", G_CALLBACK (note_filled), f);

  fail (f, job, NOW);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+200=200 ");
  g_assert_cmpuint (f->n_filled, ==, 1);
  g_assert_cmpstr (((const LkItemRow *) lk_table_item_get_value (first))->state, ==, "failed");
  g_assert_cmpstr (((const LkItemRow *) lk_table_item_get_value (second))->state, ==, "ready");

  lk_store_list_changed_items (f->fleet->store, job, versions, &versions_after, &rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, N_ITEMS);
  for (guint i = 0; i < rows->len; i++)
    n_changed += rows->pdata[i] != NULL ? 1 : 0;
  g_assert_cmpuint (n_changed, ==, 1);
}

static void
test_keys (Fixture *f, gconstpointer data)
{
  g_autoptr (LkTableItem) item = NULL;
  g_autoptr (GError) error = NULL;

  add_key (f);
  show (f, &lk_table_keys, 0);
  wait_loaded (f);
  item = g_list_model_get_item (G_LIST_MODEL (f->list), 0);
  g_signal_connect_swapped (item, "filled", G_CALLBACK (note_filled), f);
  g_assert_cmpint (((const LkKeyRow *) lk_table_item_get_value (item))->pool.remaining, ==, -1);
  lk_store_set_remaining (f->fleet->store, KEY, 77, NOW, &error);
  g_assert_no_error (error);
  wait_loaded (f);
  g_assert_cmpuint (f->n_filled, ==, 1);
  g_assert_cmpint (((const LkKeyRow *) lk_table_item_get_value (item))->pool.remaining, ==, 77);
}

#define ADD(name, func) g_test_add ("/model/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("summary", test_summary);
  ADD ("summary/empty", test_empty);
  ADD ("table/jobs", test_jobs);
  ADD ("table/items-and-events", test_items_and_events);
  ADD ("table/changed-items", test_changed_items);
  ADD ("table/keys", test_keys);
  return g_test_run ();
}
