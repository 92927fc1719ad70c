/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "discovery/lk-file-source.h"
#include "ledger/lk-ledger.h"
#include "store/lk-facts.h"
#include "store/lk-fleet.h"
#include "store/lk-health.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"
#include "store/lk-queue.h"
#include "store/lk-rows.h"
#include "store/lk-tags.h"

#include <glib/gstdio.h>
#include <string.h>

/* The store as people and their jobs use it: adding, listing, filing, steering. */

#define KEY  "90001-000000007"
#define IID  "111111222222333333444444555555666666777777888888999999"
#define EPID "12345-90001-000-000007-03-1033-20348.0000-1002026"
#define NOW  ((gint64) 1000000)

typedef struct
{
  char *folder;
  char *path;
  LkStore *store;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("latchkey-store-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "fleet.db", NULL);
  f->store = lk_store_open (f->path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  const char *name;

  g_clear_pointer (&f->store, lk_store_free);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

/* Adds one machine; TRUE when it was new. */
static gboolean
add (Fixture *f, const char *name, const char *address, const char *domain)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  LkSighting *sighting = g_new0 (LkSighting, 1);
  g_autoptr (GError) error = NULL;
  guint n_added = 0;
  guint n_known = 0;

  sighting->name = g_strdup (name);
  sighting->address = g_strdup (address);
  sighting->domain = g_strdup (domain);
  g_ptr_array_add (sightings, sighting);
  lk_store_add_machines (f->store, sightings, NOW, &n_added, &n_known, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_added + n_known, ==, 1);
  return n_added == 1;
}

static GPtrArray *
list (Fixture *f, const char *select)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSelection) selection = lk_selection_parse (select, &error);
  GPtrArray *rows;

  g_assert_no_error (error);
  rows = lk_store_list_rows (f->store, selection, &error);
  g_assert_no_error (error);
  return rows;
}

static const LkRow *
row (GPtrArray *rows, guint n)
{
  g_assert_cmpuint (n, <, rows->len);
  return g_ptr_array_index (rows, n);
}

typedef struct
{
  gint64 machine_id;
  const LkReading *reading;
} Fact;

static gboolean
write_fact (LkDb *db, gpointer user_data, GError **error)
{
  Fact *fact = user_data;
  g_autofree char *stranger = NULL;
  gboolean done =
      lk_facts_apply_reading (db, fact->machine_id, fact->reading, NOW, &stranger, error);

  g_assert_null (stranger);
  return done;
}

static void
read_as (Fixture *f, gint64 machine_id, const char *name, const char *fqdn)
{
  g_autoptr (LkReading) reading = lk_reading_new ();
  Fact fact = { machine_id, reading };
  g_autoptr (GError) error = NULL;

  reading->identity->name = g_strdup (name);
  reading->identity->fqdn = g_strdup (fqdn);
  lk_store_write (f->store, write_fact, &fact, &error);
  g_assert_no_error (error);
}

static void
test_known (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) rows = NULL;

  g_assert_true (add (f, "pc-1", NULL, NULL));
  g_assert_false (add (f, "PC-1", NULL, NULL));
  g_assert_false (add (f, "pc-1", "10.0.0.1", "lab.test"));
  g_assert_true (add (f, "pc-1", "10.0.0.2", NULL));         /* another one of that name */
  g_assert_true (add (f, "pc-1", "10.0.0.1", "other.test")); /* and another in its own domain */

  rows = list (f, "address=10.0.0.1,domain=lab.test");
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpuint (row (rows, 0)->port, ==, 5985);
}

static LkSighting *
sight (const char *name, const char *address, const char *domain, guint serial)
{
  LkSighting *sighting = g_new0 (LkSighting, 1);

  sighting->name = g_strdup (name);
  sighting->address = g_strdup (address);
  sighting->domain = g_strdup (domain);
  sighting->serial = serial;
  return sighting;
}

/* Of a machine with TLS; a directory that names it says nothing of that. */
static void
test_way_stays (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  LkSighting *sighting = sight ("pc-1", "10.0.0.1", NULL, 0);
  guint n_added, n_known;

  sighting->port = 15986;
  sighting->tls = TRUE;
  g_ptr_array_add (sightings, sighting);
  g_assert_true (lk_store_add_machines (f->store, sightings, NOW, &n_added, &n_known, &error));
  g_assert_false (add (f, "pc-1", "10.0.0.1", "lab.test"));
  rows = list (f, NULL);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpuint (row (rows, 0)->port, ==, 15986);
  g_assert_true (row (rows, 0)->tls);
}

/* Who would be known is what adding would say, and asking adds nobody. */
static void
test_find_known (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name;
    const char *address;
    const char *domain;
    guint serial; /* of a scan, or 0: of a list */
    gboolean is_known;
  } cases[] = {
    { "PC-1", NULL, NULL, 0, TRUE },          { "pc-1", "10.0.0.1", "lab.test", 0, TRUE },
    { "pc-1", "10.0.0.9", NULL, 0, FALSE }, /* another one of that name */
    { "pc-1", NULL, "other.test", 0, FALSE }, { "pc-2", NULL, NULL, 0, FALSE },
    { "pc-1", "10.0.0.9", "LAB", 1, TRUE }, /* a domain member may have moved */
    { "10.0.0.1", NULL, NULL, 2, TRUE },    /* an address alone is whoever has it */
    { "pc-2", "10.0.0.1", NULL, 3, FALSE }, /* a name that is another one's */
    { "10.0.0.77", NULL, NULL, 4, FALSE },
  };
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  gboolean known[G_N_ELEMENTS (cases)];

  g_assert_true (add (f, "pc-1", "10.0.0.1", "lab.test"));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_ptr_array_add (sightings,
                     sight (cases[i].name, cases[i].address, cases[i].domain, cases[i].serial));
  g_assert_true (lk_store_find_known (f->store, sightings, known, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %u: %s", i, cases[i].name);
      g_assert_cmpint (known[i], ==, cases[i].is_known);
    }

  g_assert_true (lk_store_find_known (f->store, none, NULL, &error));
  rows = list (f, NULL);
  g_assert_cmpuint (rows->len, ==, 1);
}

/* Read, a machine has its own name; found again by the old one it is still the same row. */
static void
test_known_by_full_name (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) rows = NULL;

  g_assert_true (add (f, "pc-1.lab.test", NULL, NULL));
  g_assert_true (add (f, "10.0.0.7", NULL, NULL));
  read_as (f, 1, "PC-1", "pc-1.lab.test");
  read_as (f, 2, "PC-7", NULL);
  g_assert_false (add (f, "pc-1.lab.test", NULL, NULL));
  g_assert_false (add (f, "PC-1", NULL, NULL));
  g_assert_false (add (f, "10.0.0.7", NULL, NULL));

  rows = list (f, NULL);
  g_assert_cmpuint (rows->len, ==, 2);
  g_assert_cmpstr (row (rows, 0)->name, ==, "PC-1");
  g_assert_cmpstr (row (rows, 0)->address, ==, "pc-1.lab.test"); /* the way that led there */
  g_assert_cmpstr (row (rows, 1)->address, ==, "10.0.0.7");
}

static gint64
add_key (Fixture *f, const char *last_five)
{
  g_autoptr (GBytes) ciphertext = g_bytes_new ("sealed", 6);
  LkKeyRow key = { .ciphertext = ciphertext,
                   .fingerprint = (char *) last_five,
                   .last_five = (char *) last_five,
                   .key_identity = (char *) KEY,
                   .kind = LK_KEY_MAK };
  g_autoptr (GError) error = NULL;
  gboolean is_new = FALSE;
  gint64 id = 0;

  lk_store_add_key (f->store, &key, NOW, &id, &is_new, &error);
  g_assert_no_error (error);
  return id;
}

/* Files a job for the machines 1 to @n. */
static gboolean
file (Fixture *f,
      const char *plan,
      gint64 key_id,
      guint n,
      gint64 *job,
      guint *n_open,
      GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  gint64 open_job = 0;
  LkJobRequest request = {
    .plan = plan,
    .first_step = "refresh",
    .selection = "*",
    .key_id = key_id,
    .give_up_after = LK_DAY,
    .requested_by = "tester",
    .targets = targets,
  };

  for (guint i = 0; i < n; i++)
    {
      LkTarget *target = g_new0 (LkTarget, 1);

      target->machine_id = i + 1;
      g_ptr_array_add (targets, target);
    }
  return lk_store_file_job (f->store, &request, NOW, job, n_open, &open_job, error);
}

static void
test_duplicate_job (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = NULL;
  gint64 first = 0;
  gint64 second = 0;
  guint n_open = 0;

  add (f, "pc-1", NULL, NULL);
  add (f, "pc-2", NULL, NULL);
  g_assert_true (file (f, "refresh", 0, 1, &first, &n_open, NULL));
  g_assert_cmpuint (n_open, ==, 0);

  g_assert_false (file (f, "refresh", 0, 1, &second, &n_open, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "1")); /* its number */
  jobs = lk_store_list_jobs (f->store, 10, NULL);
  g_assert_cmpuint (jobs->len, ==, 1); /* nothing was filed */

  g_assert_true (file (f, "refresh", 0, 2, &second, &n_open, NULL));
  g_assert_cmpuint (n_open, ==, 1); /* pc-2 only */
  g_assert_true (file (f, "rearm", 0, 2, &second, &n_open, NULL));
  g_assert_cmpuint (n_open, ==, 0); /* another plan is another job */
}

static void
assert_counts (Fixture *f,
               gint64 id,
               const char *state,
               guint n_ready,
               guint n_paused,
               guint n_cancelled)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkJobRow) job = lk_store_get_job (f->store, id, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (job->state, ==, state);
  g_assert_cmpuint (job->n_ready, ==, n_ready);
  g_assert_cmpuint (job->n_paused, ==, n_paused);
  g_assert_cmpuint (job->n_cancelled, ==, n_cancelled);
}

static void
test_pause (Fixture *f, gconstpointer data)
{
  gint64 id = 0;
  guint n_open = 0;
  g_autoptr (LkItem) item = NULL;

  add (f, "pc-1", NULL, NULL);
  g_assert_true (file (f, "refresh", 0, 1, &id, &n_open, NULL));
  g_assert_true (lk_store_pause_job (f->store, id, NOW, NULL));
  assert_counts (f, id, "paused", 0, 1, 0);
  g_assert_null (lk_store_claim (f->store, 0, NOW, NULL));
  g_assert_false (lk_store_pause_job (f->store, id, NOW, NULL)); /* is paused already */

  g_assert_true (lk_store_resume_job (f->store, id, NOW, NULL));
  assert_counts (f, id, "open", 1, 0, 0);
  item = lk_store_claim (f->store, 0, NOW, NULL);
  g_assert_nonnull (item);
}

static gboolean
reserve (LkDb *db, gpointer user_data, GError **error)
{
  LkReservation reservation;

  return lk_ledger_set_remaining (db, KEY, 10, NOW, error) &&
         lk_ledger_reserve (db, KEY, IID, EPID, LK_METHOD_PROXY, FALSE, FALSE, NOW, &reservation,
                            error) &&
         lk_db_run (db, error,
                    "UPDATE item SET state = 'parked', key_identity = ?1, iid = ?2"
                    " WHERE machine_id = 1",
                    "ss", KEY, IID);
}

static gboolean
send (LkDb *db, gpointer user_data, GError **error)
{
  return lk_ledger_mark_sent (db, 1, NOW, error);
}

static guint
count_open_spends (Fixture *f)
{
  LkPool pool;
  g_autoptr (GError) error = NULL;

  lk_store_get_pool (f->store, KEY, &pool, &error);
  g_assert_no_error (error);
  return pool.open;
}

static void
test_cancel (Fixture *f, gconstpointer was_sent)
{
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  guint n_open = 0;

  add (f, "pc-1", NULL, NULL);
  g_assert_true (file (f, "activate-proxy", add_key (f, "ABC12"), 1, &id, &n_open, NULL));
  lk_store_write (f->store, reserve, NULL, &error);
  g_assert_no_error (error);
  if (was_sent != NULL)
    lk_store_write (f->store, send, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_open_spends (f), ==, 1);

  g_assert_true (lk_store_cancel_job (f->store, id, NOW, NULL));
  assert_counts (f, id, "cancelled", 0, 0, 1);
  /* Only what has not left gives its activation back. */
  g_assert_cmpuint (count_open_spends (f), ==, was_sent != NULL ? 1 : 0);
  g_assert_false (lk_store_cancel_job (f->store, id, NOW, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_planned (Fixture *f, gconstpointer data)
{
  gint64 id = 0;
  gint64 key = add_key (f, "ABC12");
  guint n_open = 0;
  guint n = 0;

  add (f, "pc-1", NULL, NULL);
  add (f, "pc-2", NULL, NULL);
  g_assert_true (file (f, "activate-proxy", key, 2, &id, &n_open, NULL));
  g_assert_true (lk_store_count_planned (f->store, key, "ABC12", &n, NULL));
  g_assert_cmpuint (n, ==, 2);
  lk_store_write (f->store, reserve, NULL, NULL); /* counts as reserved from here on */
  g_assert_true (lk_store_count_planned (f->store, key, "ABC12", &n, NULL));
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (lk_store_count_planned (f->store, 0, "XYZ99", &n, NULL));
  g_assert_cmpuint (n, ==, 0);

  g_assert_false (lk_store_remove_key (f->store, key, NULL)); /* the job needs it */
  g_assert_true (lk_store_cancel_job (f->store, id, NOW, NULL));
  g_assert_true (lk_store_remove_key (f->store, key, NULL));
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) rows = NULL;
  gint64 machine = 1;
  gint64 id = 0;
  guint n_open = 0;

  add (f, "pc-1", NULL, NULL);
  add (f, "pc-2", NULL, NULL);
  g_array_append_val (ids, machine);
  g_assert_true (file (f, "refresh", 0, 1, &id, &n_open, NULL));
  g_assert_false (lk_store_forget (f->store, ids, NULL));
  g_assert_true (lk_store_cancel_job (f->store, id, NOW, NULL));
  g_assert_true (lk_store_forget (f->store, ids, NULL));

  rows = list (f, NULL);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpstr (row (rows, 0)->name, ==, "pc-2");
}

static void
test_open_work (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) work = NULL;
  LkOpenCount count;
  gint64 id = 0;
  guint n_open = 0;

  add (f, "pc-1", NULL, NULL);
  add (f, "pc-2", NULL, NULL);
  file (f, "refresh", 0, 2, &id, &n_open, NULL);
  work = lk_store_list_open_work (f->store, NULL);
  g_assert_cmpuint (work->len, ==, 2);
  g_assert_cmpint (((LkOpenWork *) g_ptr_array_index (work, 1))->machine_id, ==, 2);
  g_assert_true (lk_store_count_open (f->store, NOW - 1, &count, NULL));
  g_assert_cmpuint (count.n_later, ==, 2);
  g_assert_true (lk_store_count_open (f->store, NOW, &count, NULL));
  g_assert_cmpuint (count.n_due, ==, 2);
}

static char *
get_tags (Fixture *f, const char *select)
{
  g_autoptr (LkSelection) selection = lk_selection_parse (select, NULL);
  g_autoptr (GPtrArray) rows = lk_store_list_rows (f->store, selection, NULL);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = rows->pdata[i];

      g_string_append_printf (text, "%s: %s\n", row->name, row->tags != NULL ? row->tags : "-");
    }
  return g_string_free (text, FALSE);
}

/* From a list, and by hand; a list adds to what is there. */
static void
test_tags (Fixture *f, gconstpointer data)
{
  static const char csv[] = "name,tags\npc-1,lab\npc-2,\"lab, floor 2\"\npc-3,\n";
  static const char again[] = "name,tags\npc-1,\"LAB, spare\"\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (LkFileList) list = lk_file_list_parse (csv, strlen (csv), "list", &error);
  g_autoptr (LkFileList) more = lk_file_list_parse (again, strlen (again), "list", &error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  char *add[] = { (char *) "office", NULL };
  char *remove[] = { (char *) "Lab", (char *) "unknown", NULL };
  char *none[] = { NULL };
  g_auto (GStrv) many = g_new0 (char *, 34);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *kept = NULL;
  guint n_added, n_known;

  g_assert_true (
      lk_store_add_machines (f->store, list->sightings, NOW, &n_added, &n_known, &error));
  g_assert_true (
      lk_store_add_machines (f->store, more->sightings, NOW, &n_added, &n_known, &error));
  g_assert_cmpuint (n_known, ==, 1);
  before = get_tags (f, NULL);
  g_assert_cmpstr (before, ==, "pc-1: lab, spare\npc-2: floor 2, lab\npc-3: -\n");

  for (gint64 id = 1; id <= 3; id++)
    g_array_append_val (ids, id);
  g_assert_true (lk_store_change_tags (f->store, ids, add, remove, &error));
  after = get_tags (f, "tag=office,tag!=floor*");
  g_assert_cmpstr (after, ==, "pc-1: office, spare\npc-3: office\n");

  /* Too many for one: none of them gets any. */
  for (guint i = 0; i < 32; i++)
    many[i] = g_strdup_printf ("t%u", i);
  g_assert_false (lk_store_change_tags (f->store, ids, many, none, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  kept = get_tags (f, "tag=office,tag!=floor*");
  g_assert_cmpstr (kept, ==, after);
}

static void
test_check (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) faults = lk_store_check (f->store, NULL);

  g_assert_cmpuint (faults->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)
  ADD ("/store/known", NULL, test_known);
  ADD ("/store/find-known", NULL, test_find_known);
  ADD ("/store/way-stays", NULL, test_way_stays);
  ADD ("/store/known-by-full-name", NULL, test_known_by_full_name);
  ADD ("/store/duplicate-job", NULL, test_duplicate_job);
  ADD ("/store/pause", NULL, test_pause);
  ADD ("/store/cancel/reserved", NULL, test_cancel);
  ADD ("/store/cancel/sent", "sent", test_cancel);
  ADD ("/store/planned", NULL, test_planned);
  ADD ("/store/forget", NULL, test_forget);
  ADD ("/store/open-work", NULL, test_open_work);
  ADD ("/store/tags", NULL, test_tags);
  ADD ("/store/check", NULL, test_check);
#undef ADD
  return g_test_run ();
}
