/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "job/lk-runner.h"
#include "lk-peer.h"
#include "lk-site.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"
#include "store/lk-queue.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/socket.h>

/* That a spend is on the disk before the first byte leaves, as the disk sees it: a SQLite VFS
 * around the usual one counts what was written to journals and not yet synced. */

#define KEY   "90001-009000002"
#define EPID  LK_SITE_EPID
#define NOW   ((gint64) 1000000)
#define IID   "111111222222333333444444555555666666777777888888999999"
#define OTHER "999999888888777777666666555555444444333333222222111111"

/* A file of the shim: our own methods, and behind it the file of the VFS below. */
typedef struct
{
  sqlite3_file base;
  sqlite3_file *below;
  gboolean is_journal;
} ShimFile;

static sqlite3_vfs *below_vfs;
static sqlite3_io_methods methods; /* as version 3 of them; those below may be shorter */
static gint n_writes;              /* to journals, since the start */
static gint n_unsynced;            /* of them, since the last sync */

static int
shim_close (sqlite3_file *file)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods != NULL ? below->pMethods->xClose (below) : SQLITE_OK;
}

static int
shim_read (sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xRead (below, data, length, offset);
}

static int
shim_write (sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
  ShimFile *self = (ShimFile *) file;

  if (self->is_journal)
    {
      g_atomic_int_inc (&n_writes);
      g_atomic_int_inc (&n_unsynced);
    }
  return self->below->pMethods->xWrite (self->below, data, length, offset);
}

static int
shim_truncate (sqlite3_file *file, sqlite3_int64 size)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xTruncate (below, size);
}

static int
shim_sync (sqlite3_file *file, int flags)
{
  ShimFile *self = (ShimFile *) file;
  int rc = self->below->pMethods->xSync (self->below, flags);

  if (self->is_journal && rc == SQLITE_OK)
    g_atomic_int_set (&n_unsynced, 0);
  return rc;
}

static int
shim_file_size (sqlite3_file *file, sqlite3_int64 *size)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xFileSize (below, size);
}

static int
shim_lock (sqlite3_file *file, int level)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xLock (below, level);
}

static int
shim_unlock (sqlite3_file *file, int level)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xUnlock (below, level);
}

static int
shim_check_lock (sqlite3_file *file, int *out)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xCheckReservedLock (below, out);
}

static int
shim_control (sqlite3_file *file, int operation, void *argument)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xFileControl (below, operation, argument);
}

static int
shim_sector_size (sqlite3_file *file)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xSectorSize (below);
}

static int
shim_characteristics (sqlite3_file *file)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xDeviceCharacteristics (below);
}

static int
shim_map (sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xShmMap (below, page, size, extend, out);
}

static int
shim_map_lock (sqlite3_file *file, int offset, int n, int flags)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xShmLock (below, offset, n, flags);
}

static void
shim_barrier (sqlite3_file *file)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  below->pMethods->xShmBarrier (below);
}

static int
shim_unmap (sqlite3_file *file, int remove)
{
  sqlite3_file *below = ((ShimFile *) file)->below;

  return below->pMethods->xShmUnmap (below, remove);
}

static int
shim_open (sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
  ShimFile *self = (ShimFile *) file;
  int rc;

  self->below = (sqlite3_file *) (self + 1);
  self->is_journal = (flags & SQLITE_OPEN_WAL) != 0;
  rc = below_vfs->xOpen (below_vfs, name, self->below, flags, out);
  self->base.pMethods = self->below->pMethods != NULL ? &methods : NULL;
  return rc;
}

/* Everything but files is the usual VFS's own. */
static void
register_shim (void)
{
  static sqlite3_vfs shim;

  below_vfs = sqlite3_vfs_find (NULL);
  methods = (sqlite3_io_methods){
    .iVersion = 2, /* without memory maps, every page is read and written through us */
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_file_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_characteristics,
    .xShmMap = shim_map,
    .xShmLock = shim_map_lock,
    .xShmBarrier = shim_barrier,
    .xShmUnmap = shim_unmap,
  };
  shim = *below_vfs;
  shim.zName = "counting";
  shim.pNext = NULL;
  shim.szOsFile = (int) sizeof (ShimFile) + below_vfs->szOsFile;
  shim.xOpen = shim_open;
  g_assert_cmpint (sqlite3_vfs_register (&shim, 1), ==, SQLITE_OK);
}

/* What the disk and the ledger said when the first byte of a request arrived. */
typedef struct
{
  const char *path; /* of the ledger */
  gint n_writes;
  gint n_unsynced;
  gint64 n_sent;
  guint n_requests;
} Arrival;

static gint64
count_sent (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkDb) db = lk_db_open (path, LK_DB_READ_ONLY, &error);
  gint64 n = 0;

  g_assert_no_error (error);
  g_assert_true (
      lk_db_get_int (db, &n, 0, NULL, "SELECT count (*) FROM spend WHERE state = 'sent'", ""));
  return n;
}

static void
note_arrival (LkPeerConnection *connection, gpointer user_data)
{
  Arrival *arrival = user_data;
  g_autoptr (LkHttpMessage) request = NULL;
  char byte;

  if (recv (connection->fd, &byte, 1, MSG_PEEK) != 1)
    return;

  arrival->n_writes = g_atomic_int_get (&n_writes);
  arrival->n_unsynced = g_atomic_int_get (&n_unsynced);
  arrival->n_sent = count_sent (arrival->path);
  request = lk_peer_read (connection);
  arrival->n_requests++;
}

static void
assert_arrival (const Arrival *arrival, gint writes_before, gint64 n_sent)
{
  g_assert_cmpuint (arrival->n_requests, ==, 1);
  g_assert_cmpint (arrival->n_writes, >, writes_before);
  g_assert_cmpint (arrival->n_unsynced, ==, 0);
  g_assert_cmpint (arrival->n_sent, ==, n_sent);
}

typedef struct
{
  char *folder;
  char *path;
  LkStore *store;
} Fixture;

static void
add_machines (Fixture *f)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  guint n_added = 0;
  guint n_known = 0;

  for (guint i = 0; i < 2; i++)
    {
      LkSighting *sighting = g_new0 (LkSighting, 1);

      sighting->name = g_strdup_printf ("PC-%u", i + 1);
      g_ptr_array_add (sightings, sighting);
    }
  g_assert_true (lk_store_add_machines (f->store, sightings, NOW, &n_added, &n_known, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("latchkey-sync-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "fleet.db", NULL);
  f->store = lk_store_open (f->path, &error);
  g_assert_no_error (error);
  add_machines (f);
  g_assert_true (lk_store_set_remaining (f->store, KEY, 5, NOW, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  lk_store_free (f->store);
  dir = g_dir_open (f->folder, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

static void
file_job (Fixture *f, const char *plan, const char *first_step)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  guint n_open = 0;
  gint64 open_job = 0;
  gint64 job_id = 0;
  g_autoptr (GError) error = NULL;
  LkJobRequest request = {
    .plan = plan,
    .first_step = first_step,
    .selection = "--all",
    .give_up_after = LK_HOUR,
    .targets = targets,
  };

  for (guint i = 0; i < 2; i++)
    {
      LkTarget *target = g_new0 (LkTarget, 1);

      target->machine_id = i + 1;
      target->application_id = g_strdup (LK_APPLICATION_WINDOWS);
      g_ptr_array_add (targets, target);
    }
  lk_store_file_job (f->store, &request, NOW, &job_id, &n_open, &open_job, &error);
  g_assert_no_error (error);
}

/* Settles the next item as one that learnt its installation ID. */
static void
settle (Fixture *f, LkOutcome outcome, const char *iid, const char *next_step)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkItem) item = lk_store_claim (f->store, 0, NOW, &error);
  g_auto (LkVerdict) verdict = { .item = item, .outcome = outcome };

  g_assert_no_error (error);
  g_assert_nonnull (item);
  verdict.key_identity = g_strdup (KEY);
  verdict.iid = g_strdup (iid);
  verdict.epid = g_strdup (EPID);
  g_assert_true (lk_store_settle (f->store, &verdict, next_step, NOW, NULL, &error));
  g_assert_no_error (error);
}

static void
test_batch_leaves_after_sync (Fixture *f, gconstpointer data)
{
  Arrival arrival = { .path = f->path };
  g_autoptr (LkPeer) peer = lk_peer_new (NULL, note_arrival, &arrival);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", lk_peer_get_port (peer));
  g_autoptr (LkSecret) digest_key = lk_secret_new ("0123456789abcdef0123456789abcdef", -1);
  LkBackendOptions backend = { .url = url, .digest_key = digest_key };
  LkRunnerOptions options = { .backend = &backend, .asks_again = TRUE };
  g_autoptr (LkRunner) runner = NULL;
  gint before;

  file_job (f, LK_PLAN_ACTIVATE_PROXY, "await-cid");
  settle (f, LK_OUTCOME_AWAIT_CID, IID, "deposit-cid");
  settle (f, LK_OUTCOME_AWAIT_CID, OTHER, "deposit-cid");
  g_assert_cmpint (count_sent (f->path), ==, 0);
  before = g_atomic_int_get (&n_writes);

  runner = lk_runner_new (f->store, &options);
  g_assert_true (lk_runner_send_one (runner));
  g_clear_pointer (&peer, lk_peer_free); /* its thread has ended now */
  assert_arrival (&arrival, before, 2);
}

/* The step that follows sends Activate as soon as this one is settled. */
static void
test_online_spend_is_synced_when_settled (Fixture *f, gconstpointer data)
{
  gint before;

  file_job (f, LK_PLAN_ACTIVATE_ONLINE, "commit-spend");
  before = g_atomic_int_get (&n_writes);
  settle (f, LK_OUTCOME_COMMIT_SPEND, IID, "activate");

  g_assert_cmpint (g_atomic_int_get (&n_writes), >, before);
  g_assert_cmpint (g_atomic_int_get (&n_unsynced), ==, 0);
  g_assert_cmpint (count_sent (f->path), ==, 1);
}

static void
test_gateway_asks_upstream_after_sync (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  Arrival arrival = { .path = site->state_path };
  g_autoptr (LkPeer) peer = lk_peer_new (NULL, note_arrival, &arrival);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", lk_peer_get_port (peer));
  g_autoptr (GPtrArray) items = NULL;
  gint before;

  site->options.is_practice = FALSE;
  site->options.upstream.backend = (LkBackendOptions){ .url = url, .digest_key = site->digest_key };
  lk_site_start (site);
  before = g_atomic_int_get (&n_writes);
  items = lk_site_ask (site, 0, 1);
  g_clear_pointer (&peer, lk_peer_free);
  assert_arrival (&arrival, before, 1);
}

static void
test_gateway_answers_after_sync (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GPtrArray) items = NULL;
  gint before;

  lk_site_start (site);
  before = g_atomic_int_get (&n_writes);
  items = lk_site_ask (site, 0, 3);
  lk_site_assert_cid (items, 0);
  g_assert_cmpint (g_atomic_int_get (&n_writes), >, before);
  g_assert_cmpint (g_atomic_int_get (&n_unsynced), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  register_shim ();

#define ADD(name, func) g_test_add ("/sync/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("batch-leaves-after-sync", test_batch_leaves_after_sync);
  ADD ("online-spend-is-synced-when-settled", test_online_spend_is_synced_when_settled);
#undef ADD
  g_test_add_func ("/sync/gateway-asks-upstream-after-sync", test_gateway_asks_upstream_after_sync);
  g_test_add_func ("/sync/gateway-answers-after-sync", test_gateway_answers_after_sync);

  return g_test_run ();
}
