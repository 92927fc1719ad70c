/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-locale.h"

#include <string.h>

#define N_PROCESSES 200
#define N_THREADS   8

static int may_begin;

static gpointer
read_number (gpointer data)
{
  guint64 number = 0;

  while (!g_atomic_int_get (&may_begin))
    ;
  return GINT_TO_POINTER (g_ascii_string_to_unsigned ("4711", 10, 0, 5000, &number, NULL));
}

/* What a fresh process does whose first answers come to several threads at the same moment. */
static int
read_numbers (void)
{
  GThread *threads[N_THREADS];
  guint n_read = 0;

  lk_locale_open_numbers ();
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("reader", read_number, NULL);
  g_usleep (2000);
  g_atomic_int_set (&may_begin, 1);
  for (guint i = 0; i < N_THREADS; i++)
    n_read += g_thread_join (threads[i]) != NULL;

  return n_read == N_THREADS ? 0 : 1;
}

static void
test_first_numbers (gconstpointer program)
{
  for (guint i = 0; i < N_PROCESSES; i++)
    {
      const char *argv[] = { program, "--read-numbers", NULL };
      g_autoptr (GError) error = NULL;
      int status = -1;

      g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status,
                    &error);
      g_assert_no_error (error);
      g_assert_cmpint (status, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  /* Before GLib's tests read a number of their own. */
  if (argc == 2 && strcmp (argv[1], "--read-numbers") == 0)
    return read_numbers ();

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/locale/first-numbers", argv[0], test_first_numbers);
  return g_test_run ();
}
