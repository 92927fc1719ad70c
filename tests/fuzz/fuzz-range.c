/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-range.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Each address is in a set once, whatever was named. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) parts = g_strsplit_set (text, ", \n", 32);
  g_autoptr (LkRanges) ranges = lk_ranges_new (512);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  LkRangeWalk walk = { 0 };
  LkAddress address;

  for (guint i = 0; parts[i] != NULL; i++)
    lk_ranges_add (ranges, parts[i], NULL, NULL);
  g_assert_cmpuint (lk_ranges_count (ranges), <=, 512);
  while (lk_ranges_next (ranges, &walk, &address))
    g_assert_true (g_hash_table_add (seen, lk_address_to_host (&address)));
  g_assert_cmpuint (g_hash_table_size (seen), ==, lk_ranges_count (ranges));
  return 0;
}
