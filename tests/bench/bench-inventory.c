/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-transfer.h"
#include "lk-bench-fleet.h"
#include "lk-bench.h"

#include <glib/gstdio.h>

/* All of a store written into a file, merged into an empty one, and merged again. The fleet has
 * twice the products that the bar is meant for, so the bar is twice as high, too. */

#define SECONDS 10.0

typedef struct
{
  double wall[LK_BENCH_ROUNDS];
  double cpu[LK_BENCH_ROUNDS];
} Figure;

static void
merge (LkConsole *core, const char *path, guint n_new, Figure *figure, guint round)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferSource) source = NULL;
  g_autoptr (LkImportResult) result = NULL;
  double started = lk_bench_now ();
  double cpu = lk_bench_cpu ();

  source = lk_transfer_source_open (path, NULL, FALSE, &error);
  g_assert_no_error (error);
  result = lk_console_import (core, source, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result->n_bad, ==, 0);
  g_assert_cmpuint (result->n_machines_new, ==, n_new);
  figure->wall[round] = lk_bench_now () - started;
  figure->cpu[round] = lk_bench_cpu () - cpu;
}

static void
run (Figure *written, Figure *merged, Figure *again, guint round)
{
  g_autofree char *folder = g_dir_make_tmp ("latchkey-inventory-XXXXXX", NULL);
  g_autofree char *lab_path = g_build_filename (folder, "fleet.db", NULL);
  g_autofree char *core_path = g_build_filename (folder, "core.db", NULL);
  g_autofree char *path = g_build_filename (folder, "all.latchkey", NULL);
  g_autoptr (LkConsole) lab = lk_console_new (lab_path, NULL);
  g_autoptr (LkConsole) core = lk_console_new (core_path, NULL);
  g_autoptr (GError) error = NULL;
  double started;
  double cpu;
  guint n = 0;

  lk_bench_fill_fleet (lab_path);
  started = lk_bench_now ();
  cpu = lk_bench_cpu ();
  lk_console_export_inventory (lab, path, FALSE, NULL, &n, &error);
  g_assert_no_error (error);
  written->wall[round] = lk_bench_now () - started;
  written->cpu[round] = lk_bench_cpu () - cpu;
  merge (core, path, LK_BENCH_N_PRODUCTS / 2, merged, round);
  merge (core, path, 0, again, round);

  g_clear_pointer (&lab, lk_console_free);
  g_clear_pointer (&core, lk_console_free);
  g_unlink (path);
  g_unlink (core_path);
  lk_bench_remove_folder (folder);
}

static void
say (const char *name, Figure *figure)
{
  g_autofree char *cpu = g_strconcat (name, ", CPU", NULL);

  lk_bench_say_at_most (name, lk_bench_median (figure->wall, LK_BENCH_ROUNDS), "s", SECONDS);
  lk_bench_say_at_most (cpu, lk_bench_median (figure->cpu, LK_BENCH_ROUNDS), "s", SECONDS);
}

int
main (void)
{
  Figure written;
  Figure merged;
  Figure again;

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    run (&written, &merged, &again, i);

  say ("inventory of 100,000 products written", &written);
  say ("inventory of 100,000 products merged", &merged);
  say ("inventory of 100,000 products merged again", &again);
  return 0;
}
