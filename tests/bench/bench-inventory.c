/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-transfer.h"
#include "lk-bench-fleet.h"
#include "lk-bench.h"

#include <glib/gstdio.h>

/* All of a store written into a file, merged into an empty one, and merged again. The fleet has
 * twice the products that the bar is meant for, so the bar is twice as high, too. */

#define SECONDS 10.0

static double
merge (LkConsole *core, const char *path, guint n_new)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferSource) source = NULL;
  g_autoptr (LkImportResult) result = NULL;
  double started = lk_bench_now ();

  source = lk_transfer_source_open (path, NULL, FALSE, &error);
  g_assert_no_error (error);
  result = lk_console_import (core, source, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result->n_bad, ==, 0);
  g_assert_cmpuint (result->n_machines_new, ==, n_new);
  return lk_bench_now () - started;
}

static void
run (double *written, double *merged, double *again)
{
  g_autofree char *folder = g_dir_make_tmp ("latchkey-inventory-XXXXXX", NULL);
  g_autofree char *lab_path = g_build_filename (folder, "fleet.db", NULL);
  g_autofree char *core_path = g_build_filename (folder, "core.db", NULL);
  g_autofree char *path = g_build_filename (folder, "all.latchkey", NULL);
  g_autoptr (LkConsole) lab = lk_console_new (lab_path, NULL);
  g_autoptr (LkConsole) core = lk_console_new (core_path, NULL);
  g_autoptr (GError) error = NULL;
  double started;
  guint n = 0;

  lk_bench_fill_fleet (lab_path);
  started = lk_bench_now ();
  lk_console_export_inventory (lab, path, FALSE, NULL, &n, &error);
  g_assert_no_error (error);
  *written = lk_bench_now () - started;
  *merged = merge (core, path, LK_BENCH_N_PRODUCTS / 2);
  *again = merge (core, path, 0);

  g_clear_pointer (&lab, lk_console_free);
  g_clear_pointer (&core, lk_console_free);
  g_unlink (path);
  g_unlink (core_path);
  lk_bench_remove_folder (folder);
}

int
main (void)
{
  double written[LK_BENCH_ROUNDS];
  double merged[LK_BENCH_ROUNDS];
  double again[LK_BENCH_ROUNDS];

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    run (&written[i], &merged[i], &again[i]);

  lk_bench_say_at_most ("inventory of 100,000 products written",
                        lk_bench_median (written, LK_BENCH_ROUNDS), "s", SECONDS);
  lk_bench_say_at_most ("inventory of 100,000 products merged",
                        lk_bench_median (merged, LK_BENCH_ROUNDS), "s", SECONDS);
  lk_bench_say_at_most ("inventory of 100,000 products merged again",
                        lk_bench_median (again, LK_BENCH_ROUNDS), "s", SECONDS);
  return 0;
}
