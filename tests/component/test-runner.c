/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "domain/lk-practice.h"
#include "gateway/lk-gateway-client.h"
#include "gateway/lk-gateway.h"
#include "job/lk-plan.h"
#include "job/lk-runner.h"
#include "lab/lk-lab.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"
#include "store/lk-queue.h"

#include "lk-test-login.h"

#include <glib/gstdio.h>

/* The whole way of a machine through the house, in one process: store, runner and courier against
 * the practice lab and a gateway in practice mode, over sockets. */

#define N_MACHINES 12
#define PASSWORD   "practice-password"
#define DIGEST_KEY "0123456789abcdef0123456789abcdef"

typedef struct
{
  char *folder;
  LkLab *lab;
  LkGateway *gateway;
  char *url;
  LkStore *store;
  LkSecret *key;
  gint64 key_id;
  LkBackendOptions backend;
  LkAccess access;
  LkRunnerOptions options;
  gint64 job_id;
} Fixture;

static LkLogin *
get_login (const LkItem *item, gpointer user_data, GError **error)
{
  return lk_test_login_new ("administrator", PASSWORD, LK_SCHEME_AUTO);
}

static LkSecret *
get_key (gint64 key_id, gpointer user_data, GError **error)
{
  Fixture *f = user_data;

  return lk_secret_copy (f->key);
}

static char *
in_folder (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

static void
start_lab (Fixture *f)
{
  g_autoptr (LkSecret) password = lk_secret_new (PASSWORD, -1);
  g_autoptr (GError) error = NULL;
  LkLabOptions options = {
    .fleet = { .n_machines = N_MACHINES, .seed = 3, .profile_mix = "10=1" },
    .door = { .password = password },
  };

  f->lab = lk_lab_new (&options, &error);
  g_assert_no_error (error);
}

static void
start_gateway (Fixture *f)
{
  g_autofree char *path = in_folder (f, "gateway.db");
  g_autoptr (GError) error = NULL;
  LkGatewayOptions options = { .state_path = path, .is_practice = TRUE };
  guint16 port;

  options.digest_key = f->backend.digest_key;
  f->gateway = lk_gateway_new (&options, &error);
  g_assert_no_error (error);
  f->backend.token = lk_gateway_token_new ();
  lk_gateway_client_add (lk_gateway_get_state (f->gateway), "console",
                         &(LkGatewayProof){ .token = f->backend.token }, &error);
  g_assert_no_error (error);
  port = lk_gateway_start (f->gateway, &error);
  g_assert_no_error (error);
  f->url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  f->backend.url = f->url;
}

/* Gives how many of them were new. */
static guint
add_machines (Fixture *f)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GError) error = NULL;
  guint n_added = 0;
  guint n_known = 0;

  for (guint i = 0; i < N_MACHINES; i++)
    {
      LkSighting *sighting = g_new0 (LkSighting, 1);
      guint32 address = lk_lab_fleet_get_address (i);

      sighting->name = g_strdup_printf ("MACHINE-%u", i + 1);
      sighting->address = g_strdup_printf ("%u.%u.%u.%u", address >> 24, (address >> 16) & 255,
                                           (address >> 8) & 255, address & 255);
      sighting->port = lk_lab_get_port (f->lab);
      g_ptr_array_add (sightings, sighting);
    }
  lk_store_add_machines (f->store, sightings, 1, &n_added, &n_known, &error);
  g_assert_no_error (error);
  return n_added;
}

static void
add_key (Fixture *f)
{
  g_autoptr (GBytes) ciphertext = g_bytes_new ("sealed", 6);
  LkKeyFacts facts;
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) practice = lk_practice_key_new (LK_KEY_MAK, 1);
  LkKeyRow row = { .ciphertext = ciphertext, .fingerprint = (char *) "f", .kind = LK_KEY_MAK };
  gboolean is_new = FALSE;

  f->key = lk_product_key_parse (lk_secret_peek (practice), &facts, &error);
  g_assert_no_error (error);
  row.last_five = facts.last_five;
  lk_store_add_key (f->store, &row, 1, &f->key_id, &is_new, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("latchkey-runner-XXXXXX", NULL);
  f->backend.digest_key = lk_secret_new (DIGEST_KEY, -1);
  start_lab (f);
  start_gateway (f);

  path = in_folder (f, "fleet.db");
  f->store = lk_store_open (path, &error);
  g_assert_no_error (error);
  add_machines (f);
  add_key (f);

  f->access = (LkAccess){ get_login, get_key, f };
  f->options = (LkRunnerOptions){
    .access = &f->access,
    .n_workers = 4,
    .backend = &f->backend,
    .asks_again = TRUE,
    .first_back_off = 50,
    .longest_back_off = 200,
  };
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  lk_store_free (f->store);
  lk_gateway_free (f->gateway);
  lk_lab_free (f->lab);
  lk_secret_free (f->key);
  lk_secret_free (f->backend.digest_key);
  lk_secret_free (f->backend.token);
  g_free (f->url);

  dir = g_dir_open (f->folder, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = in_folder (f, name);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
}

static void
file_job (Fixture *f, const char *plan, gint64 key_id)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  g_autoptr (GError) error = NULL;
  guint n_open = 0;
  gint64 open_job = 0;
  LkJobRequest request = {
    .plan = plan,
    .first_step = lk_plan_get_first_step (plan),
    .selection = "--all",
    .key_id = key_id,
    .allow_unknown = TRUE,
    .max_attempts = 3,
    .give_up_after = LK_MINUTE,
    .targets = targets,
  };

  for (guint i = 0; i < N_MACHINES; i++)
    {
      LkTarget *target = g_new0 (LkTarget, 1);

      target->machine_id = i + 1;
      if (!g_str_equal (plan, LK_PLAN_REFRESH))
        target->application_id = g_strdup (LK_APPLICATION_WINDOWS);
      g_ptr_array_add (targets, target);
    }
  lk_store_file_job (f->store, &request, lk_clock_now (NULL), &f->job_id, &n_open, &open_job,
                     &error);
  g_assert_no_error (error);
}

/* Runs the job to its end with real threads. */
static LkJobRow *
run_job (Fixture *f)
{
  g_autoptr (LkRunner) runner = lk_runner_new (f->store, &f->options);
  gboolean is_open = TRUE;

  lk_runner_start (runner);
  while (is_open)
    {
      g_usleep (5000);
      lk_runner_tick (runner);
      g_assert_true (lk_store_has_open_items (f->store, f->job_id, &is_open, NULL));
    }
  lk_runner_stop (runner);

  return lk_store_get_job (f->store, f->job_id, NULL);
}

static void
refresh (Fixture *f)
{
  g_autoptr (LkJobRow) job = NULL;

  file_job (f, LK_PLAN_REFRESH, 0);
  job = run_job (f);
  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
}

/* What the lab's own truth says of the machines from the given one on. */
static guint
count_licensed_from (Fixture *f, guint first)
{
  guint n = 0;

  for (guint i = first; i < N_MACHINES; i++)
    {
      LkLabView view;

      lk_lab_fleet_view (lk_lab_get_fleet (f->lab), i, &view);
      n += view.state.products[0].license.status == LK_LICENSE_LICENSED ? 1 : 0;
    }
  return n;
}

static guint
count_licensed (Fixture *f)
{
  return count_licensed_from (f, 0);
}

static void
set_fault (Fixture *f, guint place, LkLabFault fault, gboolean on)
{
  g_autoptr (GError) error = NULL;

  lk_lab_put_fault (f->lab, place, fault, on, 0, &error);
  g_assert_no_error (error);
}

static void
test_refresh_reads_everything (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) rows = NULL;

  refresh (f);
  rows = lk_store_list_rows (f->store, NULL, NULL);
  g_assert_cmpuint (rows->len, >=, N_MACHINES);
  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);

      g_assert_nonnull (row->identity->uuid);
      g_assert_nonnull (row->identity->cmid);
      g_assert_cmpint (row->product->status, !=, LK_LICENSE_UNREAD);
      g_assert_nonnull (row->product->partial_key);
    }
}

/* Machines name themselves when they are read; the list that they came from still means them. */
static void
test_same_list_again_adds_nobody (Fixture *f, gconstpointer data)
{
  refresh (f);
  g_assert_cmpuint (add_machines (f), ==, 0);
}

static void
test_proxy_activates_all (Fixture *f, gconstpointer data)
{
  g_autoptr (LkJobRow) job = NULL;

  refresh (f);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, f->key_id);
  job = run_job (f);
  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
  g_assert_cmpuint (count_licensed (f), ==, N_MACHINES);
}

static void
test_online_activates_all (Fixture *f, gconstpointer data)
{
  g_autoptr (LkJobRow) job = NULL;

  refresh (f);
  file_job (f, LK_PLAN_ACTIVATE_ONLINE, f->key_id);
  job = run_job (f);
  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
  g_assert_cmpuint (count_licensed (f), ==, N_MACHINES);
}

/* Asked for by nobody yet; then the login of the others. */
static LkLogin *
get_login_later (const LkItem *item, gpointer user_data, GError **error)
{
  int *n_left = user_data;

  if (g_atomic_int_get (n_left) <= 0)
    return get_login (item, user_data, error);

  g_atomic_int_add (n_left, -1);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING, "Waits for the password of the set lab");
  return NULL;
}

/* However often it is looked for, a missing password uses up no attempt and fails nobody. */
static void
test_missing_password_is_waited_for (Fixture *f, gconstpointer data)
{
  g_autoptr (LkRunner) runner = NULL;
  g_autoptr (LkJobRow) job = NULL;
  g_autoptr (GPtrArray) items = NULL;
  int n_left = 8 * N_MACHINES;

  f->access = (LkAccess){ get_login_later, get_key, &n_left };
  file_job (f, LK_PLAN_REFRESH, 0);
  f->options.longest_back_off = LK_HOUR;
  runner = lk_runner_new (f->store, &f->options);
  for (guint i = 0; i < N_MACHINES; i++)
    g_assert_true (lk_runner_run_one (runner));
  g_assert_false (lk_runner_run_one (runner));
  lk_runner_stop (runner);
  items = lk_store_list_items (f->store, f->job_id, 0, NULL);
  for (guint i = 0; i < items->len; i++)
    {
      const LkItemRow *item = g_ptr_array_index (items, i);

      g_assert_cmpstr (item->state, ==, "ready");
      g_assert_cmpstr (item->error, ==, LK_ITEM_WAITS_FOR_PASSWORD);
      g_assert_cmpuint (item->attempt, ==, 0);
    }

  f->options.longest_back_off = 50;
  job = run_job (f);
  g_assert_cmpint (n_left, ==, 0);
  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
}

/* Who runs the jobs from now on may know the password. */
static void
test_new_runner_looks_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (LkRunner) runner = NULL;
  int n_left = G_MAXINT;
  gint64 due_at = 0;
  guint n_items = 0;

  f->access = (LkAccess){ get_login_later, get_key, &n_left };
  file_job (f, LK_PLAN_REFRESH, 0);
  f->options.longest_back_off = LK_HOUR;
  runner = lk_runner_new (f->store, &f->options);
  while (lk_runner_run_one (runner))
    ;
  lk_store_get_next_due (f->store, f->job_id, lk_clock_now (NULL), 2 * LK_HOUR, &due_at, NULL);
  g_assert_cmpint (due_at, >, lk_clock_now (NULL) + LK_MINUTE);
  g_assert_true (lk_store_recover (f->store, TRUE, lk_clock_now (NULL), &n_items, NULL));
  lk_store_get_next_due (f->store, f->job_id, lk_clock_now (NULL), 2 * LK_HOUR, &due_at, NULL);
  g_assert_cmpint (due_at, <=, lk_clock_now (NULL));
}

static void
count_spend (const char *key, const char *iid, guint n, gpointer user_data)
{
  guint *most = user_data;

  *most = MAX (*most, n);
}

/* The machine acts and then does not say so: no second Activate may follow. */
static void
test_timed_out_activation_is_not_repeated (Fixture *f, gconstpointer data)
{
  g_autoptr (LkJobRow) job = NULL;
  guint most = 0;

  refresh (f);
  for (guint i = 0; i < N_MACHINES; i++)
    set_fault (f, i, i % 2 == 0 ? LK_LAB_ACT_THEN_TIMEOUT : LK_LAB_ACT_THEN_RESET, TRUE);
  file_job (f, LK_PLAN_ACTIVATE_ONLINE, f->key_id);
  job = run_job (f);

  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
  g_assert_cmpuint (count_licensed (f), ==, N_MACHINES);
  lk_lab_fleet_foreach_spend (lk_lab_get_fleet (f->lab), count_spend, &most);
  g_assert_cmpuint (most, ==, 1);
}

static void
test_broken_machines_do_not_stop_the_others (Fixture *f, gconstpointer data)
{
  static const LkLabFault faults[] = {
    LK_LAB_REFUSING, LK_LAB_WRONG_PASSWORD, LK_LAB_GARBAGE, LK_LAB_ENDLESS, LK_LAB_BREAK,
  };
  g_autoptr (LkJobRow) job = NULL;
  g_autoptr (GPtrArray) items = NULL;

  refresh (f);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    set_fault (f, i, faults[i], TRUE);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, f->key_id);
  job = run_job (f);

  g_assert_cmpuint (job->n_failed, ==, G_N_ELEMENTS (faults));
  g_assert_cmpuint (count_licensed_from (f, G_N_ELEMENTS (faults)), ==,
                    N_MACHINES - G_N_ELEMENTS (faults));
  items = lk_store_list_items (f->store, f->job_id, 0, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      const LkItemRow *item = g_ptr_array_index (items, i);

      g_assert_cmpstr (item->state, ==, "failed");
      g_assert_nonnull (item->message);
    }
}

static void
test_another_machine_is_not_changed (Fixture *f, gconstpointer data)
{
  g_autoptr (LkJobRow) job = NULL;
  g_autoptr (GPtrArray) items = NULL;
  const LkItemRow *item;

  refresh (f);
  lk_lab_fleet_swap_places (lk_lab_get_fleet (f->lab), 0, 1, NULL);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, f->key_id);
  job = run_job (f);

  g_assert_cmpuint (job->n_failed, ==, 2);
  g_assert_cmpuint (count_licensed_from (f, 2), ==, N_MACHINES - 2);
  items = lk_store_list_items (f->store, f->job_id, 0, NULL);
  item = g_ptr_array_index (items, 0);
  g_assert_nonnull (strstr (item->message, "another machine"));
  g_assert_cmpstr (item->step, ==, "install-key");
}

/* A machine that is set up anew on the same hardware gets its confirmation ID back at no cost. */
static void
test_reactivation_costs_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (LkJobRow) job = NULL;
  LkDb *db;
  gint64 n_spends = 0;

  refresh (f);
  file_job (f, LK_PLAN_ACTIVATE_PROXY, f->key_id);
  job = run_job (f);
  g_clear_pointer (&job, lk_job_row_free);

  file_job (f, LK_PLAN_UNINSTALL_KEY, f->key_id);
  job = run_job (f);
  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
  g_assert_cmpuint (count_licensed (f), ==, 0);
  g_clear_pointer (&job, lk_job_row_free);

  f->options.backend = NULL; /* nobody to ask, and nobody needed */
  file_job (f, LK_PLAN_DEPOSIT, f->key_id);
  job = run_job (f);
  g_assert_cmpuint (job->n_done, ==, N_MACHINES);
  g_assert_cmpuint (count_licensed (f), ==, N_MACHINES);

  db = lk_store_borrow_reader (f->store, NULL);
  lk_db_get_int (db, &n_spends, 0, NULL, "SELECT count (*) FROM spend", "");
  lk_store_return_reader (f->store, db);
  g_assert_cmpint (n_spends, ==, N_MACHINES);
}

/* Another console's question, or our own after a crash: the gateway answers from its records. */
static void
test_gateway_away_for_a_while (Fixture *f, gconstpointer data)
{
  g_autoptr (LkRunner) runner = NULL;
  g_autofree char *right = g_strdup (f->url);
  gboolean is_open = TRUE;

  refresh (f);
  f->backend.url = "http://127.0.0.1:1/"; /* nobody listens there */
  file_job (f, LK_PLAN_ACTIVATE_PROXY, f->key_id);
  runner = lk_runner_new (f->store, &f->options);
  while (lk_runner_run_one (runner))
    ;
  g_assert_true (lk_runner_send_one (runner)); /* tried, and settled as not sent */
  g_clear_pointer (&runner, lk_runner_free);
  g_assert_cmpuint (count_licensed (f), ==, 0);

  f->backend.url = right;
  runner = lk_runner_new (f->store, &f->options);
  lk_runner_start (runner);
  while (is_open)
    {
      g_usleep (5000);
      lk_runner_tick (runner);
      g_assert_true (lk_store_has_open_items (f->store, f->job_id, &is_open, NULL));
    }
  g_clear_pointer (&runner, lk_runner_free);
  g_assert_cmpuint (count_licensed (f), ==, N_MACHINES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(name, func) g_test_add ("/runner/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("refresh-reads-everything", test_refresh_reads_everything);
  ADD ("same-list-again-adds-nobody", test_same_list_again_adds_nobody);
  ADD ("proxy-activates-all", test_proxy_activates_all);
  ADD ("online-activates-all", test_online_activates_all);
  ADD ("timed-out-activation-is-not-repeated", test_timed_out_activation_is_not_repeated);
  ADD ("broken-machines-do-not-stop-the-others", test_broken_machines_do_not_stop_the_others);
  ADD ("another-machine-is-not-changed", test_another_machine_is_not_changed);
  ADD ("reactivation-costs-nothing", test_reactivation_costs_nothing);
  ADD ("missing-password-is-waited-for", test_missing_password_is_waited_for);
  ADD ("new-runner-looks-at-once", test_new_runner_looks_at_once);
  ADD ("gateway-away-for-a-while", test_gateway_away_for_a_while);
#undef ADD

  return g_test_run ();
}
