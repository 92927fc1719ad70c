/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-source-search.h"

#include <string.h>

/* A search that is kept is the same search when it is run again. */

static void
test_directory (void)
{
  const LkDirectorySearch search = {
    .server = "ldaps://dc1.lab.test",
    .is_global = TRUE,
    .base = "ou=pcs,dc=lab,dc=test",
    .scope = LK_LDAP_ONE_LEVEL,
    .filter = "(location=Kiel*)",
    .name = "pc-*",
    .map = "name=cn",
    .with_disabled = TRUE,
    .stale_days = 30,
    .follow = TRUE,
    .max = 7,
    .tls = LK_LDAP_TLS_START,
    .bind = LK_LDAP_BIND_SPNEGO,
    .allow_clear = TRUE,
    .ca_file = "/ca.pem",
    .fingerprint = "00",
    .credential = "corp",
  };
  g_autoptr (LkSource) source = lk_source_from_directory (&search);
  g_autoptr (GError) error = NULL;
  LkDirectorySearch again;

  g_assert_cmpstr (source->kind, ==, "ldap");
  g_assert_cmpstr (lk_source_get (source, "tls"), ==, "starttls");
  g_assert_true (lk_source_to_directory (source, &again, &error));
  g_assert_no_error (error);
  g_assert_true (again.only_look);
  g_assert_cmpstr (again.server, ==, search.server);
  g_assert_null (again.domain);
  g_assert_cmpstr (again.base, ==, search.base);
  g_assert_cmpstr (again.filter, ==, search.filter);
  g_assert_cmpstr (again.name, ==, search.name);
  g_assert_cmpstr (again.map, ==, search.map);
  g_assert_cmpstr (again.ca_file, ==, search.ca_file);
  g_assert_cmpstr (again.fingerprint, ==, search.fingerprint);
  g_assert_cmpstr (again.credential, ==, search.credential);
  g_assert_cmpint (again.scope, ==, search.scope);
  g_assert_cmpint (again.tls, ==, search.tls);
  g_assert_cmpint (again.bind, ==, search.bind);
  g_assert_cmpuint (again.stale_days, ==, 30);
  g_assert_cmpuint (again.max, ==, 7);
  g_assert_true (again.is_global && again.with_disabled && again.follow && again.allow_clear);
}

/* What is usual is not kept, and is usual again. */
static void
test_plain_directory (void)
{
  const LkDirectorySearch search = { .domain = "lab.test", .stale_days = LK_DIRECTORY_STALE_DAYS };
  g_autoptr (LkSource) source = lk_source_from_directory (&search);
  g_autofree char *text = lk_source_describe (source);
  LkDirectorySearch again;

  g_assert_cmpuint (source->names->len, ==, 1);
  g_assert_cmpstr (text, ==, "Directory: domain lab.test");
  g_assert_true (lk_source_to_directory (source, &again, NULL));
  g_assert_cmpuint (again.stale_days, ==, LK_DIRECTORY_STALE_DAYS);
  g_assert_cmpint (again.tls, ==, LK_LDAP_TLS_AUTO);
}

static void
test_network (void)
{
  const char *const ranges[] = { "10.0.0.0/24", "pc-1", NULL };
  const char *const interfaces[] = { "eth0", "eth1", NULL };
  const LkNetworkSearch range = { .ranges = ranges,
                                  .ports = "5985",
                                  .rate = 1000,
                                  .max_addresses = G_GUINT64_CONSTANT (5000000000),
                                  .identify = TRUE };
  const LkNetworkSearch group = { .interfaces = interfaces,
                                  .workgroup = "OFFICE",
                                  .identify = TRUE };
  g_autoptr (LkSource) one = lk_source_from_network (&range);
  g_autoptr (LkSource) other = lk_source_from_network (&group);
  LkNetworkSearch again;

  g_assert_cmpstr (one->kind, ==, "range");
  g_assert_true (lk_source_to_network (one, &again, NULL));
  g_assert_true (g_strv_equal (again.ranges, ranges));
  g_assert_cmpstr (again.ports, ==, "5985");
  g_assert_cmpuint (again.rate, ==, 1000);
  g_assert_cmpuint (again.max_addresses, ==, range.max_addresses);
  g_assert_true (again.identify && again.dry_run);
  g_free ((gpointer) again.ranges);

  g_assert_cmpstr (other->kind, ==, "workgroup");
  g_assert_null (lk_source_get (other, "identify")); /* no option of that verb */
  g_assert_true (lk_source_to_network (other, &again, NULL));
  g_assert_null (again.ranges);
  g_assert_true (g_strv_equal (again.interfaces, interfaces));
  g_assert_cmpstr (again.workgroup, ==, "OFFICE");
  g_assert_true (again.identify);
  g_free ((gpointer) again.interfaces);
}

/* What this version does not know is not left out silently. */
static void
test_newer (void)
{
  static const char *const wrong[][2] = {
    { "depth", "3" }, { "tls", "quic" }, { "max", "-1" }, { "max", "many" }, { "-", "word" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (LkSource) source = lk_source_new ("office", LK_SOURCE_KIND_DIRECTORY);
      g_autoptr (GError) error = NULL;
      LkDirectorySearch search;

      lk_source_set (source, "domain", "lab.test");
      lk_source_set (source, wrong[i][0], wrong[i][1]);
      g_assert_false (lk_source_to_directory (source, &search, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, "office"));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/source-search/directory", test_directory);
  g_test_add_func ("/source-search/plain-directory", test_plain_directory);
  g_test_add_func ("/source-search/network", test_network);
  g_test_add_func ("/source-search/newer", test_newer);

  return g_test_run ();
}
