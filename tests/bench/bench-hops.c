/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-private.h"
#include "console/lk-console-transfer.h"
#include "domain/lk-practice.h"
#include "lk-bench-fleet.h"
#include "lk-bench.h"
#include "store/lk-spends.h"
#include "transfer/lk-transfer-lines.h"

#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A request of 50,000 rows: answered from the records, and its answer merged. Each part in a
 * process of its own, so that its peak memory is its own. */

#define KEY     "90001-009000002"
#define EPID    "12345-90001-009-000002-03-1033-19045.0000-1942026"
#define FEW     5000
#define MANY    50000
#define SECONDS 5.0

typedef struct
{
  char *folder;
  guint n;
  double seconds[2]; /* answered, merged */
  double megabytes;
} Run;

static char *
get_path (const Run *run, const char *name)
{
  return g_build_filename (run->folder, name, NULL);
}

static LkConsole *
open_console (const Run *run, const char *name)
{
  g_autofree char *path = get_path (run, name);

  return lk_console_new (path, NULL);
}

static GPtrArray *
make_lines (guint n)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_transfer_line_free);

  for (guint i = 0; i < n; i++)
    {
      LkTransferLine *line = g_new0 (LkTransferLine, 1);

      line->row_id = i + 1;
      line->iid = g_strdup_printf ("%054u", 100000 + i);
      line->epid = g_strdup (EPID);
      line->key_identity = g_strdup (KEY);
      g_ptr_array_add (lines, line);
    }
  return lines;
}

static gboolean
confirm_all (LkDb *db, gpointer user_data, GError **error)
{
  const GPtrArray *lines = user_data;

  for (guint i = 0; i < lines->len; i++)
    {
      const LkTransferLine *line = g_ptr_array_index (lines, i);
      g_autofree char *cid = lk_practice_cid (line->iid, KEY);

      if (!lk_ledger_confirm (db, KEY, line->iid, EPID, cid, LK_METHOD_PROXY, 1, error))
        return FALSE;
    }
  return TRUE;
}

/* The lab has asked, and the core network has all of it on record. */
static void
set_up (Run *run)
{
  g_autoptr (LkConsole) lab = open_console (run, "fleet.db");
  g_autoptr (LkConsole) core = open_console (run, "core.db");
  g_autoptr (GPtrArray) lines = make_lines (run->n);
  g_autofree char *store_id = lk_console_get_store_id (lab, NULL);
  g_autofree char *path = get_path (run, "request.xml");
  g_autofree char *id = g_uuid_string_random ();
  const LkTransferHead head = { .kind = LK_TRANSFER_REQUEST,
                                .id = id,
                                .store_id = store_id,
                                .created_at = 1000,
                                .n_records = run->n };
  g_autoptr (LkTransferWriter) writer = lk_transfer_writer_new (path, &head, NULL, NULL);
  const LkTransferEntry entry = { .kind = (char *) "request",
                                  .is_written = TRUE,
                                  .file_id = id,
                                  .path = path,
                                  .store_id = store_id,
                                  .at = 1000,
                                  .created_at = 1000,
                                  .n_rows = run->n };

  for (guint i = 0; i < run->n; i++)
    {
      g_autoptr (LkRecord) record =
          lk_transfer_line_to_record (g_ptr_array_index (lines, i), LK_TRANSFER_REQUEST);

      g_assert_true (lk_transfer_writer_add (writer, record, NULL));
    }
  g_assert_true (lk_transfer_writer_finish (writer, NULL));
  g_assert_true (
      lk_store_record_transfer (lk_console_get_store (lab, NULL), &entry, lines, NULL, NULL));
  g_assert_true (lk_store_write (lk_console_get_store (core, NULL), confirm_all, lines, NULL));
}

static void
measure (Run *run)
{
  g_autoptr (LkConsole) lab = open_console (run, "fleet.db");
  g_autoptr (LkConsole) core = open_console (run, "core.db");
  g_autofree char *request = get_path (run, "request.xml");
  g_autofree char *answer = get_path (run, "request-answer.xml");
  g_autoptr (LkTransferSource) asked = NULL;
  g_autoptr (LkTransferSource) answered = NULL;
  g_autoptr (LkImportResult) result = NULL;
  struct rusage usage;
  gint64 transfer = 0;
  double started = lk_bench_now ();

  asked = lk_transfer_source_open (request, NULL, FALSE, NULL);
  g_assert_nonnull (asked);
  g_assert_true (lk_console_take_request (core, asked, FALSE, FALSE, &transfer, NULL));
  g_assert_true (lk_console_write_answer (core, transfer, NULL, NULL, NULL, NULL, NULL));
  run->seconds[0] = lk_bench_now () - started;

  started = lk_bench_now ();
  answered = lk_transfer_source_open (answer, NULL, FALSE, NULL);
  g_assert_nonnull (answered);
  result = lk_console_import (lab, answered, FALSE, NULL);
  run->seconds[1] = lk_bench_now () - started;
  g_assert_nonnull (result);
  g_assert_cmpuint (result->n_new, ==, run->n);

  getrusage (RUSAGE_SELF, &usage);
  run->megabytes = (double) usage.ru_maxrss / 1024;
}

/* Runs @func in a process of its own; what it writes into @run comes back. */
static void
run_apart (void (*func) (Run *run), Run *run)
{
  int ends[2];
  int status = 1;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    {
      func (run);
      _exit (write (ends[1], run, sizeof *run) == (gssize) sizeof *run ? 0 : 1);
    }

  close (ends[1]);
  g_assert_cmpint (read (ends[0], run, sizeof *run), ==, (gssize) sizeof *run);
  close (ends[0]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

static void
remove_folder (const char *folder)
{
  static const char *const names[] = { "core.db", "request.xml", "request-answer.xml" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
  lk_bench_remove_folder (folder);
}

static Run
run_hops (guint n)
{
  Run run = { .folder = g_dir_make_tmp ("latchkey-hops-XXXXXX", NULL), .n = n };

  run_apart (set_up, &run);
  run_apart (measure, &run);
  remove_folder (run.folder);
  g_free (run.folder);
  run.folder = NULL;
  return run;
}

int
main (void)
{
  double answered[LK_BENCH_ROUNDS];
  double merged[LK_BENCH_ROUNDS];
  double growth[LK_BENCH_ROUNDS];

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      Run few = run_hops (FEW);
      Run many = run_hops (MANY);

      answered[i] = many.seconds[0];
      merged[i] = many.seconds[1];
      growth[i] = many.megabytes / few.megabytes;
    }

  lk_bench_say_at_most ("request of 50,000 rows answered from the records",
                        lk_bench_median (answered, LK_BENCH_ROUNDS), "s", SECONDS);
  lk_bench_say_at_most ("answer of 50,000 rows merged", lk_bench_median (merged, LK_BENCH_ROUNDS),
                        "s", SECONDS);
  lk_bench_say_at_most ("peak memory, 50,000 rows against 5,000",
                        lk_bench_median (growth, LK_BENCH_ROUNDS), "times", 2);
  return 0;
}
