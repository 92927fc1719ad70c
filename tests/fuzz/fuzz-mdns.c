/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-dns-packet.h"
#include "discovery/lk-mdns.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* A name that was read can be asked for and comes back the same, unless a label was empty. */
static void
check_name (const char *name)
{
  const char *const names[] = { name, NULL };
  g_autoptr (GByteArray) query = lk_mdns_write_query (LK_MDNS_SRV, names);
  LkDnsReader reader;
  LkDnsHeader header;
  LkDnsRecord question;

  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_assert_nonnull (query);
  g_assert_true (lk_dns_open (&reader, query->data, query->len, &header));
  g_assert_true (lk_dns_read_question (&reader, &question));
  g_assert_cmpstr (question.name, ==, name);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) records = lk_mdns_read (data, size);

  for (guint i = 0; records != NULL && i < records->len; i++)
    {
      const LkMdnsRecord *record = g_ptr_array_index (records, i);

      check_name (record->name);
      g_assert_true ((record->target == NULL) == (record->kind == LK_MDNS_ADDRESS));
      if (record->target != NULL)
        check_name (record->target);
    }
  return 0;
}
