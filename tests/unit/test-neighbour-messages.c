/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-dns-packet.h"
#include "discovery/lk-mdns.h"
#include "discovery/lk-netbios.h"
#include "discovery/lk-range.h"
#include "discovery/lk-wsd.h"

#include <arpa/inet.h>
#include <string.h>

/* NetBIOS, multicast DNS and WS-Discovery: answers as nmbd, avahi-daemon and wsdd gave them
 * (tests/data), and what we ask. */

static char *
read_sample (const char *folder, const char *file, gsize *length)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", folder, file, NULL);
  g_autoptr (GError) error = NULL;
  char *data = NULL;

  g_file_get_contents (path, &data, length, &error);
  g_assert_no_error (error);
  return data;
}

static void
test_node_status (void)
{
  gsize length;
  g_autofree char *data = read_sample ("netbios", "node-status", &length);
  g_autoptr (LkNetbiosAnswer) answer = lk_netbios_read (data, length);

  g_assert_nonnull (answer);
  g_assert_cmpuint (answer->id, ==, 0x1234);
  g_assert_true (answer->is_status);
  g_assert_cmpuint (answer->names->len, ==, 7);
  g_assert_cmpstr (lk_netbios_get_machine (answer), ==, "PC-ALPHA");
  g_assert_cmpstr (lk_netbios_get_workgroup (answer), ==, "WORKGROUP");
}

static void
test_name_answer (void)
{
  gsize length;
  g_autofree char *data = read_sample ("netbios", "master", &length);
  g_autofree char *browsers = read_sample ("netbios", "browsers", &length);
  g_autoptr (LkNetbiosAnswer) master = lk_netbios_read (data, length);
  g_autoptr (LkNetbiosAnswer) browser = lk_netbios_read (browsers, length);

  g_assert_false (master->is_status);
  g_assert_cmpstr (master->asked.name, ==, "WORKGROUP");
  g_assert_cmpuint (master->asked.suffix, ==, LK_NETBIOS_MASTER);
  g_assert_cmpuint (master->addresses->len, ==, 1);
  g_assert_cmpuint (g_array_index (master->addresses, struct in_addr, 0).s_addr, ==,
                    inet_addr ("10.77.0.101"));
  g_assert_cmpstr (browser->asked.name, ==, LK_NETBIOS_BROWSERS);
  g_assert_cmpuint (browser->asked.suffix, ==, LK_NETBIOS_MASTERS);
}

/* What we ask is no answer; made into one, the name comes back. */
static void
test_netbios_queries (void)
{
  g_autoptr (GByteArray) status = lk_netbios_write_status (7);
  g_autoptr (GByteArray) query = lk_netbios_write_query (7, "Büro", LK_NETBIOS_MASTER);
  g_autoptr (LkNetbiosAnswer) answer = NULL;
  static const guint8 tail[] = { 0, 0, 0, 0, 0, 6, 0, 0, 10, 0, 0, 7 };

  g_assert_cmpuint (status->len, ==, 50);
  g_assert_null (lk_netbios_read (status->data, status->len));
  g_assert_null (lk_netbios_write_query (7, "a-name-of-sixteen", 0));
  g_assert_null (lk_netbios_write_query (7, "", 0));
  g_assert_null (lk_netbios_write_query (7, "\xE6\x97\xA5", 0));

  query->data[2] |= 0x80; /* a response */
  query->data[5] = 0;     /* without questions */
  query->data[7] = 1;     /* and one record */
  g_byte_array_append (query, tail, sizeof tail);
  answer = lk_netbios_read (query->data, query->len);
  g_assert_nonnull (answer);
  g_assert_cmpstr (answer->asked.name, ==, "BÜRO");
  g_assert_cmpuint (answer->addresses->len, ==, 1);
}

/* Cut short anywhere, a message is read without harm. */
static void
test_cut_short (void)
{
  static const char *const files[][2] = {
    { "netbios", "node-status" },
    { "netbios", "master" },
    { "mdns", "workstation" },
    { "wsd", "metadata.xml" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      gsize length;
      g_autofree char *data = read_sample (files[i][0], files[i][1], &length);

      for (gsize n = 0; n < length; n++)
        {
          g_autofree char *exact = g_memdup2 (data, n);
          g_autoptr (LkNetbiosAnswer) netbios = lk_netbios_read (exact, n);
          g_autoptr (GPtrArray) mdns = lk_mdns_read (exact, n);
          g_autoptr (LkWsdComputer) computer = lk_wsd_read_computer (exact, n);

          g_assert_null (computer);
        }
    }
}

static const LkMdnsRecord *
find_record (GPtrArray *records, LkMdnsKind kind, guint n)
{
  for (guint i = 0; i < records->len; i++)
    {
      const LkMdnsRecord *record = g_ptr_array_index (records, i);

      if (record->kind == kind && n-- == 0)
        return record;
    }

  return NULL;
}

static void
test_mdns (void)
{
  gsize length;
  g_autofree char *data = read_sample ("mdns", "workstation", &length);
  g_autoptr (GPtrArray) records = lk_mdns_read (data, length);
  const LkMdnsRecord *instance = find_record (records, LK_MDNS_PTR, 0);
  const LkMdnsRecord *service = find_record (records, LK_MDNS_SRV, 0);
  const LkMdnsRecord *six = find_record (records, LK_MDNS_ADDRESS, 0);
  const LkMdnsRecord *four = find_record (records, LK_MDNS_ADDRESS, 1);
  g_autofree char *label = lk_dns_get_label (instance->target);
  g_autofree char *host = lk_address_to_host (&four->address);

  g_assert_cmpstr (instance->name, ==, "_workstation._tcp.local");
  g_assert_cmpstr (label, ==, "pc-alpha [26:24:58:e6:7a:ee]");
  g_assert_cmpstr (service->name, ==, instance->target);
  g_assert_cmpstr (service->target, ==, "pc-alpha.local");
  g_assert_cmpstr (four->name, ==, "pc-alpha.local");
  g_assert_cmpstr (host, ==, "10.77.0.101");
  g_assert_cmpint (six->address.storage.ss_family, ==, AF_INET6);
}

/* Dots within a label are kept apart from those between labels, both ways. */
static void
test_dns_names (void)
{
  static const char *const names[] = { "pc-1.local", "PC 1\\.2\\\\._smb._tcp.local", "x", NULL };
  g_autoptr (GByteArray) query = lk_mdns_write_query (LK_MDNS_PTR, names);
  const char *const too_long[] = {
    "a123456789a123456789a123456789a123456789a123456789a123456789abcd", NULL
  };
  LkDnsReader reader;
  LkDnsHeader header;
  LkDnsRecord question;

  g_assert_true (lk_dns_open (&reader, query->data, query->len, &header));
  g_assert_cmpuint (header.n_questions, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (lk_dns_read_question (&reader, &question));
      g_assert_cmpstr (question.name, ==, names[i]);
    }
  g_assert_null (lk_mdns_write_query (LK_MDNS_PTR, too_long));
}

/* A name that points to itself, forwards, or in a circle is refused. */
static void
test_dns_pointers (void)
{
  static const guint8 packets[][22] = {
    { [5] = 1, [12] = 0xC0, [13] = 12, [15] = 12, [17] = 1 },
    { [5] = 1, [12] = 0xC0, [13] = 18, [15] = 12, [17] = 1, [18] = 1, [19] = 'a' },
    { [5] = 1, [12] = 1, [13] = 'a', [14] = 0xC0, [15] = 12, [17] = 12, [19] = 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      LkDnsReader reader;
      LkDnsHeader header;
      LkDnsRecord question;

      g_assert_true (lk_dns_open (&reader, packets[i], sizeof packets[i], &header));
      g_assert_false (lk_dns_read_question (&reader, &question));
    }
}

static void
test_wsd_matches (void)
{
  gsize length;
  g_autofree char *probe = read_sample ("wsd", "probe-matches.xml", &length);
  g_autoptr (GPtrArray) probed = lk_wsd_read_matches (probe, length);
  g_autofree char *resolve = read_sample ("wsd", "resolve-matches.xml", &length);
  g_autoptr (GPtrArray) resolved = lk_wsd_read_matches (resolve, length);
  const LkWsdMatch *first = g_ptr_array_index (probed, 0);
  const LkWsdMatch *second = g_ptr_array_index (resolved, 0);

  g_assert_cmpstr (first->endpoint, ==, "urn:uuid:00000000-0000-4000-8000-000000000001");
  g_assert_null (first->urls[0]);
  g_assert_cmpstr (second->endpoint, ==, first->endpoint);
  g_assert_cmpstr (second->urls[0], ==,
                   "http://10.77.0.101:5357/00000000-0000-4000-8000-000000000001");
  g_assert_null (second->urls[1]);
}

static void
test_wsd_computer (void)
{
  static const struct
  {
    const char *text;
    const char *name;
    const char *group;
    gboolean is_member;
  } cases[] = {
    { "PC-ALPHA/Workgroup:WORKGROUP", "PC-ALPHA", "WORKGROUP", FALSE },
    { "PC-1/Domain:LAB", "PC-1", "LAB", TRUE },
    { "PC-1\\NotJoined", "PC-1", NULL, FALSE },
    { "PC-1", "PC-1", NULL, FALSE },
    { "/Workgroup:X", NULL, NULL, FALSE },
  };
  gsize length;
  g_autofree char *metadata = read_sample ("wsd", "metadata.xml", &length);
  g_auto (GStrv) halves = g_strsplit (metadata, "PC-ALPHA/Workgroup:WORKGROUP", 2);

  g_assert_nonnull (halves[1]);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat (halves[0], cases[i].text, halves[1], NULL);
      g_autoptr (LkWsdComputer) computer = lk_wsd_read_computer (text, strlen (text));

      g_assert_cmpstr (computer != NULL ? computer->name : NULL, ==, cases[i].name);
      if (computer == NULL)
        continue;
      g_assert_cmpstr (computer->group, ==, cases[i].group);
      g_assert_cmpint (computer->is_member, ==, cases[i].is_member);
    }
}

/* wsdd compares the type as text; every message has an id of its own. */
static void
test_wsd_questions (void)
{
  g_autoptr (GBytes) probe = lk_wsd_write_probe ();
  g_autoptr (GBytes) again = lk_wsd_write_probe ();
  g_autoptr (GBytes) get = lk_wsd_write_get ("urn:uuid:1");
  const char *text = g_bytes_get_data (probe, NULL);

  g_assert_nonnull (g_strstr_len (text, (gssize) g_bytes_get_size (probe), ">wsdp:Device<"));
  g_assert_false (g_bytes_equal (probe, again));
  g_assert_null (lk_wsd_read_matches (text, g_bytes_get_size (probe)));
  g_assert_null (lk_wsd_read_computer (g_bytes_get_data (get, NULL), g_bytes_get_size (get)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/netbios/node-status", test_node_status);
  g_test_add_func ("/netbios/name", test_name_answer);
  g_test_add_func ("/netbios/queries", test_netbios_queries);
  g_test_add_func ("/neighbours/cut-short", test_cut_short);
  g_test_add_func ("/mdns/answer", test_mdns);
  g_test_add_func ("/dns/names", test_dns_names);
  g_test_add_func ("/dns/pointers", test_dns_pointers);
  g_test_add_func ("/wsd/matches", test_wsd_matches);
  g_test_add_func ("/wsd/computer", test_wsd_computer);
  g_test_add_func ("/wsd/questions", test_wsd_questions);
  return g_test_run ();
}
