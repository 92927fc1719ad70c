/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench.h"

#include "licensing/lk-licensing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads every machine of a hosts file up to parsed rows, over a connection each; no store. Prints
 * how many were read, the seconds by the wall and those of the processor.
 *   bench-read HOSTS PASSWORD-FILE THREADS */

typedef struct
{
  GPtrArray *addresses; /* char *, "127.1.0.1" */
  guint16 port;
  LkSecret *password;
  LkLogin *login;
  gint next;
  gint n_read;
  gint n_products;
} Fleet;

static void
load_hosts (Fleet *fleet, const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    g_error ("%s", error->message);

  fleet->addresses = g_ptr_array_new_with_free_func (g_free);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[i] != NULL; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], ",", -1);

      if (g_strv_length (cells) < 3)
        continue;
      g_ptr_array_add (fleet->addresses, g_strdup (cells[1]));
      fleet->port = (guint16) strtoul (cells[2], NULL, 10);
    }
}

static void
read_machine (Fleet *fleet, const char *address)
{
  LkLinkOptions options = {
    .host = address,
    .port = fleet->port,
    .path = "/wsman",
    .login = fleet->login,
  };
  g_autoptr (LkLink) link = lk_link_new (&options);
  g_autoptr (LkWsman) wsman = lk_wsman_new (link);
  g_autoptr (LkLicensing) licensing = lk_licensing_new (wsman);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkReading) reading = lk_licensing_read (licensing, NULL, &error);

  if (reading == NULL)
    {
      g_printerr ("%s\n", error->message);
      return;
    }
  g_atomic_int_inc (&fleet->n_read);
  g_atomic_int_add (&fleet->n_products, (gint) reading->products->len);
}

static gpointer
work (gpointer user_data)
{
  Fleet *fleet = user_data;

  for (;;)
    {
      gint i = g_atomic_int_add (&fleet->next, 1);

      if (i >= (gint) fleet->addresses->len)
        return NULL;
      read_machine (fleet, g_ptr_array_index (fleet->addresses, i));
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Fleet fleet = { 0 };
  double start;
  double cpu;

  if (argc != 4)
    {
      g_printerr ("usage: bench-read HOSTS PASSWORD-FILE THREADS\n");
      return 2;
    }
  xmlInitParser ();
  load_hosts (&fleet, argv[1]);
  fleet.password = lk_secret_read_file (argv[2], &error);
  if (fleet.password == NULL)
    g_error ("%s", error->message);
  fleet.login = lk_login_new (&(LkLoginOptions){ .name = "bench",
                                                 .scheme = LK_SCHEME_BASIC,
                                                 .user = "administrator",
                                                 .password = fleet.password });

  start = lk_bench_now ();
  cpu = lk_bench_cpu ();
  for (guint i = 0; i < strtoul (argv[3], NULL, 10); i++)
    g_ptr_array_add (threads, g_thread_new ("reader", work, &fleet));
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  printf ("%d %d %.4f %.4f\n", fleet.n_read, fleet.n_products, lk_bench_now () - start,
          lk_bench_cpu () - cpu);

  lk_secret_free (fleet.password);
  g_ptr_array_unref (fleet.addresses);
  return 0;
}
