/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "discovery/lk-ldap-filter.h"
#include "discovery/lk-ldap-map.h"
#include "discovery/lk-ldap-source.h"

#include <string.h>

/* Position 0: the filter is good. */
static void
test_check (void)
{
  static const struct
  {
    const char *filter;
    guint at;
  } cases[] = {
    { "(cn=pc-*)", 0 },
    { "cn=pc-*", 0 },
    { "(&(objectclass=computer)(name=lab*))", 0 },
    { " ( & (a=1) (| (b>=2) (c<=3) (d~=4) ) (!(e=*)) ) ", 0 },
    { "&(a=1)(b=2)", 0 },
    { "(userAccountControl:1.2.840.113556.1.4.803:=2)", 0 },
    { "(cn:dn:caseExactMatch:=x)", 0 },
    { "(:caseExactMatch:=x)", 0 },
    { "(cn;lang-de=\\28x\\29\\2a\\5c)", 0 },
    { "(2.5.4.3=)", 0 },
    { "(&)", 0 },
    { "(cn=Gerät*)", 0 },
    { "", 1 },
    { "   ", 4 },
    { "(cn=a", 6 },
    { "(cn=a))", 7 },
    { "(cn=a)b", 7 },
    { "(cn)", 4 },
    { "(cn>5)", 4 },
    { "(=a)", 2 },
    { "(cn=a(b)", 6 },
    { "(cn>=a*)", 7 },
    { "(cn=a\\2)", 6 },
    { "(cn=\\zz)", 5 },
    { "(!)", 3 },
    { "(!(a=1)(b=2))", 8 },
    { "(&(a=1)b=2)", 8 },
    { "(cn:=x", 7 },
    { "(cn:rule=x)", 9 },
    { "(Gerät=x)", 5 },
    { "(cn=Gerät\\x)", 10 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      guint at = 0;

      g_assert_cmpint (lk_ldap_filter_check (cases[i].filter, &at, &error), ==, cases[i].at == 0);
      if (at != cases[i].at)
        g_error ("%s: wrong at %u, not %u", cases[i].filter, at, cases[i].at);
      if (error != NULL)
        g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
    }
}

static void
test_limits (void)
{
  g_autofree char *long_value = g_strnfill (LK_LDAP_FILTER_MAX, 'x');
  g_autofree char *too_long = g_strconcat ("(cn=", long_value, ")", NULL);
  g_autoptr (GString) deep = g_string_new (NULL);

  for (guint i = 0; i < 65; i++)
    g_string_append (deep, "(!");
  g_assert_false (lk_ldap_filter_check (deep->str, NULL, NULL));
  g_assert_false (lk_ldap_filter_check (too_long, NULL, NULL));
  g_assert_false (lk_ldap_filter_check ("(cn=\xff)", NULL, NULL));
}

static void
test_pattern (void)
{
  static const struct
  {
    const char *pattern;
    const char *filter;
  } cases[] = {
    { "pc-*", "(cn=pc-*)" },     { "*", "(cn=*)" },
    { "a**b", "(cn=a*b)" },      { "a)(b", "(cn=a\\29\\28b)" },
    { "x\\2a", "(cn=x\\5c2a)" }, { "*)(uid=*", "(cn=*\\29\\28uid=*)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *filter = lk_ldap_filter_from_pattern ("cn", cases[i].pattern);

      g_assert_cmpstr (filter, ==, cases[i].filter);
      g_assert_true (lk_ldap_filter_check (filter, NULL, NULL));
    }
}

static void
test_whole_filter (void)
{
  g_autoptr (LkLdapMap) ad = lk_ldap_map_new (TRUE);
  g_autoptr (LkLdapMap) plain = lk_ldap_map_new (FALSE);
  LkLdapQuery query = { .name = "pc*", .filter = "os=x" };
  g_autofree char *of_ad = lk_ldap_query_make_filter (&query, ad, TRUE);
  g_autofree char *of_plain = lk_ldap_query_make_filter (&query, plain, FALSE);
  g_autofree char *of_all = NULL;

  g_assert_cmpstr (of_ad, ==,
                   "(&(objectCategory=computer)"
                   "(!(userAccountControl:1.2.840.113556.1.4.803:=2))(cn=pc*)(os=x))");
  g_assert_cmpstr (of_plain, ==, "(&(cn=pc*)(os=x))");
  query = (LkLdapQuery){ .with_disabled = TRUE };
  of_all = lk_ldap_query_make_filter (&query, ad, TRUE);
  g_assert_cmpstr (of_all, ==, "(&(objectCategory=computer))");
}

static void
test_map (void)
{
  static const char *const bad[] = {
    "",          "address=ipHostNumber", "name=cn,name=uid", "name", "name=", "name=a b",
    "colour=cn", "name=cn,,dns=x",       "name=cn)(x"
  };
  g_autoptr (LkLdapMap) map = lk_ldap_map_parse ("name=cn, address=ipHostNumber,control=uac", NULL);

  g_assert_cmpstr (map->attributes[LK_LDAP_NAME], ==, "cn");
  g_assert_cmpstr (map->attributes[LK_LDAP_ADDRESS], ==, "ipHostNumber");
  g_assert_cmpstr (map->attributes[LK_LDAP_CONTROL], ==, "uac");
  g_assert_null (map->attributes[LK_LDAP_DNS]);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_ldap_map_parse (bad[i], &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
    }
}

static void
test_times (void)
{
  g_autofree char *version = lk_windows_version_parse ("10.0 (22631)");
  g_autofree char *dotted = lk_windows_version_parse ("10.0.20348");

  g_assert_cmpint (lk_filetime_parse ("116444736010000000"), ==, 1000);
  g_assert_cmpint (lk_filetime_parse ("133500000000000000"), ==, 1705526400000);
  g_assert_cmpint (lk_filetime_parse ("0"), ==, 0);
  g_assert_cmpint (lk_filetime_parse ("9223372036854775807"), ==, 0);
  g_assert_cmpint (lk_filetime_parse ("-5"), ==, 0);
  g_assert_cmpint (lk_filetime_parse ("yesterday"), ==, 0);
  g_assert_cmpint (lk_filetime_parse (NULL), ==, 0);
  g_assert_cmpstr (version, ==, "10.0.22631");
  g_assert_cmpstr (dotted, ==, "10.0.20348");
  g_assert_null (lk_windows_version_parse ("10.0 (22631) and more"));
  g_assert_null (lk_windows_version_parse (NULL));
}

static void
test_machine (void)
{
  const char *values[LK_LDAP_N_FIELDS] = {
    [LK_LDAP_NAME] = "PC1",
    [LK_LDAP_DNS] = "pc1.lab.test",
    [LK_LDAP_CONTROL] = "4098",
    [LK_LDAP_LOGON] = "133500000000000000",
  };
  const gint64 logon = 1705526400000;
  const char *dn = "CN=PC1,OU=a\\,b,DC=lab,DC=test";
  g_autoptr (LkLdapMachine) old =
      lk_ldap_machine_new (dn, values, logon + 31 * LK_DAY, 30 * LK_DAY, NULL);
  g_autoptr (LkLdapMachine) fresh = NULL;
  g_autoptr (LkLdapMachine) named = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (old->sighting->name, ==, "PC1");
  g_assert_cmpstr (old->sighting->address, ==, "pc1.lab.test");
  g_assert_cmpstr (old->sighting->domain, ==, "lab.test");
  g_assert_true (old->is_disabled);
  g_assert_true (old->is_stale);
  values[LK_LDAP_CONTROL] = "4096";
  fresh = lk_ldap_machine_new (dn, values, logon + 29 * LK_DAY, 30 * LK_DAY, NULL);
  g_assert_false (fresh->is_disabled);
  g_assert_false (fresh->is_stale);

  /* A name that is none is no reason to lose a machine that is known by another. */
  values[LK_LDAP_NAME] = "the printer";
  named = lk_ldap_machine_new ("cn=x,o=y", values, 0, 0, NULL);
  g_assert_cmpstr (named->sighting->name, ==, "pc1.lab.test");
  g_assert_null (named->sighting->domain);
  values[LK_LDAP_DNS] = "also none";
  g_assert_null (lk_ldap_machine_new (dn, values, 0, 0, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_akin (void)
{
  g_assert_true (lk_ldap_host_is_akin ("dc1.lab.test", "DC2.lab.test"));
  g_assert_true (lk_ldap_host_is_akin ("dc1.lab.test", "ForestDnsZones.sub.lab.test"));
  g_assert_true (lk_ldap_host_is_akin ("localhost", "localhost"));
  g_assert_false (lk_ldap_host_is_akin ("dc1.lab.test", "dc1.lab.test.evil.example"));
  g_assert_false (lk_ldap_host_is_akin ("dc1.lab.test", "evillab.test"));
  g_assert_false (lk_ldap_host_is_akin ("dc1.test", "evil.test"));
  g_assert_false (lk_ldap_host_is_akin ("dc1", "dc2"));
  g_assert_false (lk_ldap_host_is_akin ("10.0.0.7", "11.0.0.7"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ldap/filter/check", test_check);
  g_test_add_func ("/ldap/filter/limits", test_limits);
  g_test_add_func ("/ldap/filter/pattern", test_pattern);
  g_test_add_func ("/ldap/filter/whole", test_whole_filter);
  g_test_add_func ("/ldap/map", test_map);
  g_test_add_func ("/ldap/times", test_times);
  g_test_add_func ("/ldap/machine", test_machine);
  g_test_add_func ("/ldap/akin", test_akin);
  return g_test_run ();
}
