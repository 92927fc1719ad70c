/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench-fleet.h"
#include "lk-bench.h"

#include "store/lk-fleet.h"

/* The fleet's store with 100,000 products on 50,000 machines: how long it takes to open, to filter
 * and to sort. */

static void
check (const char *what, GError *error)
{
  if (error != NULL)
    g_error ("%s: %s", what, error->message);
}

static double
measure_open (const char *path)
{
  double times[LK_BENCH_ROUNDS];

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      double start = lk_bench_now ();
      g_autoptr (GError) error = NULL;
      g_autoptr (LkStore) store = lk_store_open (path, &error);

      check ("opening", error);
      times[i] = (lk_bench_now () - start) * 1000;
    }
  return lk_bench_median (times, LK_BENCH_ROUNDS);
}

static double
measure_rows (LkStore *store, const char *text, guint *n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSelection) selection = lk_selection_parse (text, &error);
  double times[LK_BENCH_ROUNDS];

  check (text, error);
  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      double start = lk_bench_now ();
      g_autoptr (GPtrArray) rows = lk_store_list_rows (store, selection, &error);

      check (text, error);
      times[i] = (lk_bench_now () - start) * 1000;
      *n = rows->len;
    }
  return lk_bench_median (times, LK_BENCH_ROUNDS);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    const char *text;
  } filters[] = {
    { "store: filter state=grace,kind=mak", "state=grace,kind=mak" },
    { "store: filter name=pc-01*", "name=pc-01*" },
    { "store: filter by a word, none matches", "zebra" },
    { "store: filter days<1,app=office", "days<1,app=office" },
  };
  g_autofree char *folder = g_dir_make_tmp ("latchkey-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "fleet.db", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkStore) store = NULL;
  guint n = 0;

  lk_bench_say_at_least ("store: products written in one transaction, each s",
                         lk_bench_fill_fleet (path), "1/s", 0);
  lk_bench_say_at_most ("store: open", measure_open (path), "ms", 300);
  store = lk_store_open (path, &error);
  check ("opening", error);
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      double time = measure_rows (store, filters[i].text, &n);
      g_autofree char *name = g_strdup_printf ("%s, %u rows", filters[i].name, n);

      lk_bench_say_at_most (name, time, "ms", 50);
    }
  lk_bench_say_at_most ("store: all 100,000 rows, sorted by name, in full",
                        measure_rows (store, "", &n), "ms", 0);

  g_clear_pointer (&store, lk_store_free);
  lk_bench_remove_folder (folder);
  return n == LK_BENCH_N_PRODUCTS ? 0 : 1;
}
