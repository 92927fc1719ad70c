/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench-fleet.h"
#include "lk-bench.h"

#include "model/lk-row-list.h"
#include "model/lk-summary.h"
#include "store/lk-fleet.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The window's main list over 100,000 products: in the reader's thread, and as the window sees it.
 */

#define N_VISIBLE 50

static void
check (const char *what, GError *error)
{
  if (error != NULL)
    g_error ("%s: %s", what, error->message);
}

/* The keys alone, as the reader's thread asks for them. */
static void
measure_keys (LkStore *store, const char *text, LkRowSort sort, const char *title, double bar)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSelection) selection = lk_selection_parse (text, &error);
  g_autofree char *name = NULL;
  double times[LK_BENCH_ROUNDS];
  double cpu[LK_BENCH_ROUNDS];
  guint n = 0;

  check (text, error);
  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      double start = lk_bench_now ();
      double start_cpu = lk_bench_cpu ();
      g_autoptr (GArray) keys =
          lk_store_list_keys_of_rows (store, selection, sort, i % 2 == 1, &error);

      check (text, error);
      times[i] = (lk_bench_now () - start) * 1000;
      cpu[i] = (lk_bench_cpu () - start_cpu) * 1000;
      n = keys->len;
    }
  name = g_strdup_printf ("model: keys %s, %u rows (CPU %.1f ms)", title, n,
                          lk_bench_median (cpu, LK_BENCH_ROUNDS));
  lk_bench_say_at_most (name, lk_bench_median (times, LK_BENCH_ROUNDS), "ms", bar);
}

static double
get_memory (void)
{
  g_autofree char *text = NULL;
  long pages = 0;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) ||
      sscanf (text, "%*d %ld", &pages) != 1)
    return 0;
  return (double) pages * (double) sysconf (_SC_PAGESIZE) / 1e6;
}

/* How often the thread of that name went to sleep by itself. */
static guint
count_sleeps (const char *name)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "status", NULL);
      g_autofree char *text = NULL;
      g_autofree char *line = g_strdup_printf ("Name:\t%s\n", name);

      if (g_file_get_contents (path, &text, NULL, NULL) && g_str_has_prefix (text, line))
        sscanf (strstr (text, "\nvoluntary_ctxt_switches:"), "%*s %u", &n);
    }
  return n;
}

static void
note (gboolean *done)
{
  *done = TRUE;
}

static void
wait_for (gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
  *done = FALSE;
}

static double
since (double start)
{
  return (lk_bench_now () - start) * 1000;
}

static void
take_summary (gpointer answer, const GError *error, gpointer user_data)
{
  lk_summary_free (answer);
  note (user_data);
}

static void
measure_summary (LkReader *reader)
{
  double times[LK_BENCH_ROUNDS];
  double cpu[LK_BENCH_ROUNDS];
  gint64 now = 1700000000000;
  g_autofree char *name = NULL;

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      double start = lk_bench_now ();
      double start_cpu = lk_bench_cpu ();
      gboolean done = FALSE;

      lk_reader_ask (reader, lk_summary_read, &now, NULL, (GDestroyNotify) lk_summary_free, NULL,
                     take_summary, &done);
      wait_for (&done);
      times[i] = since (start);
      cpu[i] = (lk_bench_cpu () - start_cpu) * 1000;
    }
  name = g_strdup_printf ("model: summary (CPU %.1f ms)", lk_bench_median (cpu, LK_BENCH_ROUNDS));
  lk_bench_say_at_most (name, lk_bench_median (times, LK_BENCH_ROUNDS), "ms", 0);
}

/* One row in sight is another one, by another connection. */
static void
measure_change (LkStore *store, LkRowList *list, gboolean *loaded)
{
  double times[LK_BENCH_ROUNDS];

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      g_autofree char *value = g_strdup_printf ("%u", i);
      double start = lk_bench_now ();

      lk_store_set_setting (store, "bench", value, NULL);
      wait_for (loaded);
      times[i] = since (start);
    }
  lk_bench_say_at_most ("model: written until refreshed, with the pauses",
                        lk_bench_median (times, LK_BENCH_ROUNDS), "ms", 0);
}

static void
measure_rows (LkRowList *list)
{
  double times[LK_BENCH_ROUNDS];

  for (guint i = 0; i < LK_BENCH_ROUNDS; i++)
    {
      g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
      double start = lk_bench_now ();

      for (guint j = 0; j < N_VISIBLE; j++)
        g_ptr_array_add (items, g_list_model_get_item (G_LIST_MODEL (list), 30000 * i + 611 * j));
      while (lk_row_item_get_row (g_ptr_array_index (items, N_VISIBLE - 1)) == NULL)
        g_main_context_iteration (NULL, TRUE);
      times[i] = since (start);
    }
  lk_bench_say_at_most ("model: 50 rows from here and there, filled",
                        lk_bench_median (times, LK_BENCH_ROUNDS), "ms", 0);
}

static void
measure_model (LkStore *store, const char *path)
{
  double memory = get_memory ();
  double start = lk_bench_now ();
  double start_cpu = lk_bench_cpu ();
  g_autoptr (LkReader) reader = lk_reader_new (path);
  g_autofree char *name = NULL;
  g_autoptr (LkRowList) list = lk_row_list_new (reader);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  gboolean loaded = FALSE;
  guint n_sleeps;

  g_signal_connect_swapped (list, "loaded", G_CALLBACK (note), &loaded);
  wait_for (&loaded);
  name = g_strdup_printf ("model: open and first keys (CPU %.1f ms)",
                          (lk_bench_cpu () - start_cpu) * 1000);
  lk_bench_say_at_most (name, since (start), "ms", 300);
  measure_rows (list);
  for (guint i = 0; i < N_VISIBLE; i++)
    g_ptr_array_add (items, g_list_model_get_item (G_LIST_MODEL (list), i));
  lk_bench_say_at_most ("model: memory", get_memory () - memory, "MB", 0);
  measure_summary (reader);
  measure_change (store, list, &loaded);

  g_usleep (4 * G_USEC_PER_SEC);
  n_sleeps = count_sleeps ("lk-reader");
  g_usleep (5 * G_USEC_PER_SEC);
  lk_bench_say_at_most ("model: wake-ups of the idle reader, each s",
                        (count_sleeps ("lk-reader") - n_sleeps) / 5.0, "1/s", 2);
}

int
main (int argc, char **argv)
{
  static const char *const sorts[] = { "by machine", "by domain", "by product", "by edition",
                                       "by state",   "by days",   "by kind",    "by key",
                                       "by read",    "by result" };
  static const char *const filters[] = {
    "state=grace", "zebra", "pro", "days<7", "name=pc-01*", "domain=lab.test,kind=mak|gvlk",
  };
  g_autofree char *folder = g_dir_make_tmp ("latchkey-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "fleet.db", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkStore) store = NULL;

  lk_bench_fill_fleet (path);
  store = lk_store_open (path, &error);
  check ("opening", error);
  for (guint i = 0; i < G_N_ELEMENTS (sorts); i++)
    measure_keys (store, "", (LkRowSort) i, sorts[i], 50);
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    measure_keys (store, filters[i], LK_SORT_MACHINE, filters[i], 50);

  measure_model (store, path);

  g_clear_pointer (&store, lk_store_free);
  lk_bench_remove_folder (folder);
  return 0;
}
