/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-wsd.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) matches = lk_wsd_read_matches ((const char *) data, size);
  g_autoptr (LkWsdComputer) computer = lk_wsd_read_computer ((const char *) data, size);

  for (guint i = 0; matches != NULL && i < matches->len; i++)
    {
      const LkWsdMatch *match = g_ptr_array_index (matches, i);
      g_autoptr (GBytes) resolve = lk_wsd_write_resolve (match->endpoint);
      gsize length;
      const char *text = g_bytes_get_data (resolve, &length);

      g_assert_nonnull (match->urls);
      g_assert_null (lk_wsd_read_matches (text, length)); /* a question is no answer */
    }
  g_assert_true (computer == NULL || computer->name[0] != '\0');
  return 0;
}
