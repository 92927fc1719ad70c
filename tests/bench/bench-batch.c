/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench.h"

#include "backend/lk-backend.h"
#include "domain/lk-practice.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>

/* Sends batches of one installation ID to a gateway in practice mode, each over a connection of its
 * own. Prints how many confirmation IDs came and the seconds it took.
 *   bench-batch URL DIGEST-KEY-FILE TOKEN-FILE COUNT FIRST-NUMBER */

#define KEY_IDENTITY "90001-000000007"
#define EPID         "12345-90001-000-000007-03-1033-20348.0000-1002026"

static LkSecret *
read_secret (const char *path)
{
  g_autoptr (GError) error = NULL;
  LkSecret *secret = lk_secret_read_file (path, &error);

  if (secret == NULL)
    g_error ("%s", error->message);
  return secret;
}

static gboolean
send_one (const LkBackendOptions *options, guint number)
{
  g_autofree char *hardware = g_strdup_printf ("bench-%u", number);
  g_autofree char *iid = lk_practice_iid (hardware, KEY_IDENTITY, 63);
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkBackend) backend = lk_backend_new (options, &error);
  guint8 matched = 0;

  g_ptr_array_add (items, lk_batch_item_new (EPID, iid));
  if (backend == NULL ||
      !lk_backend_send (backend, LK_BATCH_CONFIRM, items, &matched, NULL, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  return matched && ((LkBatchItem *) g_ptr_array_index (items, 0))->cid != NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) typed_key = NULL;
  g_autoptr (LkSecret) digest_key = NULL;
  g_autoptr (LkSecret) token = NULL;
  LkBackendOptions options = { 0 };
  guint n_confirmed = 0;
  guint n;
  guint first;
  double start;

  if (argc != 6)
    {
      g_printerr ("usage: bench-batch URL DIGEST-KEY-FILE TOKEN-FILE COUNT FIRST-NUMBER\n");
      return 2;
    }
  xmlInitParser ();
  typed_key = read_secret (argv[2]);
  digest_key = lk_batch_parse_digest_key (typed_key, &error);
  if (digest_key == NULL)
    g_error ("%s", error->message);
  token = read_secret (argv[3]);
  options.url = argv[1];
  options.digest_key = digest_key;
  options.token = token;
  n = (guint) strtoul (argv[4], NULL, 10);
  first = (guint) strtoul (argv[5], NULL, 10);

  start = lk_bench_now ();
  for (guint i = 0; i < n; i++)
    n_confirmed += send_one (&options, first + i) ? 1 : 0;
  printf ("%u %.4f\n", n_confirmed, lk_bench_now () - start);
  return n_confirmed == n ? 0 : 1;
}
