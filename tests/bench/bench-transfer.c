/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench-fleet.h"
#include "lk-bench.h"

#include "transfer/lk-transfer-file.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Requests of 5,000 and 50,000 rows, each written, checked and read in a process of its own: how
 * long it takes, and whether the peak of its memory depends on the number of rows. */

#define N_SMALL 5000
#define N_LARGE 50000
#define IID     "010132026453220751314706322135072401365210346271503460"
#define EPID    "55041-00168-305-190000-03-1033-7601.0000-1842011"

/* The design's figures. */
#define MAX_SECONDS 5.0
#define MAX_RATIO   1.25

static void
check (const char *what, GError *error)
{
  if (error != NULL)
    g_error ("%s: %s", what, error->message);
}

static void
write_rows (const char *path, guint n, const LkSecret *passphrase)
{
  LkTransferHead head = { .kind = LK_TRANSFER_REQUEST,
                          .id = (char *) "0b5ffd4c-0f2b-4f3a-8f0d-6a5a5e1c1a11",
                          .store_id = (char *) "bench",
                          .created_at = 1,
                          .n_records = n };
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferWriter) writer = lk_transfer_writer_new (path, &head, passphrase, &error);

  check ("writing", error);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LkRecord) row = lk_record_new ("row");

      lk_record_set_number (row, "id", i);
      lk_record_set (row, "iid", IID);
      lk_record_set (row, "epid", EPID);
      lk_transfer_writer_add (writer, row, &error);
      check ("writing", error);
    }
  lk_transfer_writer_finish (writer, &error);
  check ("writing", error);
}

static void
read_rows (const char *path, guint n, const LkSecret *passphrase)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferReader) reader = lk_transfer_reader_open (path, passphrase, FALSE, &error);
  LkRecord *row;
  guint n_read = 0;

  check ("checking", error);
  while ((row = lk_transfer_reader_next (reader, &error)) != NULL)
    {
      n_read++;
      lk_record_free (row);
    }
  check ("reading", error);
  g_assert_cmpuint (n_read, ==, n);
}

/* Peak of memory in KiB, and CPU seconds. */
static double
measure (const char *path, guint n, gboolean sealed, double *cpu)
{
  struct rusage usage;
  int status;
  pid_t child = fork ();

  if (child == 0)
    {
      LkSecret *passphrase = sealed ? lk_secret_new ("a passphrase of the benchmark", -1) : NULL;

      write_rows (path, n, passphrase);
      read_rows (path, n, passphrase);
      _exit (0);
    }

  g_assert_cmpint (wait4 (child, &status, 0, &usage), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  *cpu = (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  return (double) usage.ru_maxrss;
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("latchkey-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "request.xml", NULL);
  double peaks_small[LK_BENCH_ROUNDS];
  double peaks_large[LK_BENCH_ROUNDS];
  double times[LK_BENCH_ROUNDS];
  double cpus[LK_BENCH_ROUNDS];
  double cpu;
  double start;
  double ratio;

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      peaks_small[i] = measure (path, N_SMALL, FALSE, &cpu);
      start = lk_bench_now ();
      peaks_large[i] = measure (path, N_LARGE, FALSE, &cpus[i]);
      times[i] = lk_bench_now () - start;
    }
  ratio = lk_bench_median (peaks_large, LK_BENCH_ROUNDS) /
          lk_bench_median (peaks_small, LK_BENCH_ROUNDS);

  lk_bench_say_at_most ("transfer: 50,000 rows written, checked, read",
                        lk_bench_median (times, LK_BENCH_ROUNDS), "s", MAX_SECONDS);
  lk_bench_say_at_most ("transfer: the same, CPU", lk_bench_median (cpus, LK_BENCH_ROUNDS), "s", 0);
  start = lk_bench_now ();
  measure (path, N_LARGE, TRUE, &cpu);
  lk_bench_say_at_most ("transfer: the same, sealed, Argon2id included", lk_bench_now () - start,
                        "s", 0);
  lk_bench_say_at_most ("transfer: the same, sealed, CPU", cpu, "s", 0);
  lk_bench_say_at_most ("transfer: peak memory, 50,000 rows",
                        lk_bench_median (peaks_large, LK_BENCH_ROUNDS) / 1024, "MiB", 0);
  lk_bench_say_at_most ("transfer: peak memory, 50,000 over 5,000 rows", ratio, "", MAX_RATIO);

  lk_bench_remove_folder (folder);
  return ratio <= 2 * MAX_RATIO ? 0 : 1;
}
