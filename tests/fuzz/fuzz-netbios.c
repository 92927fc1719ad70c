/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-netbios.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (LkNetbiosAnswer) answer = lk_netbios_read (data, size);
  g_autoptr (GByteArray) query = NULL;

  if (answer == NULL)
    return 0;

  g_assert_cmpuint (answer->names->len, <=, LK_NETBIOS_MAX_NAMES);
  g_assert_cmpuint (answer->addresses->len, <=, LK_NETBIOS_MAX_ADDRESS);
  /* Names are text, and can be asked for again. */
  for (guint i = 0; i < answer->names->len; i++)
    {
      const LkNetbiosName *name = &g_array_index (answer->names, LkNetbiosName, i);

      g_assert_true (g_utf8_validate (name->name, -1, NULL));
      g_assert_cmpint (g_utf8_strlen (name->name, -1), <=, 15);
    }
  if (lk_netbios_get_workgroup (answer) != NULL)
    query = lk_netbios_write_query (1, lk_netbios_get_workgroup (answer), LK_NETBIOS_MASTER);
  g_assert_null (query != NULL ? lk_netbios_read (query->data, query->len) : NULL);
  return 0;
}
