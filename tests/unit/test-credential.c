/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-credential.h"

static const struct
{
  const char *text;
  const char *user;
  const char *domain;
  gboolean is_principal;
} accounts[] = {
  { "bob", "bob", NULL, FALSE },
  { ".\\bob", "bob", NULL, FALSE },
  { "\\bob", "bob", NULL, FALSE },
  { "LAB\\bob", "bob", "LAB", FALSE },
  { "lab.test\\bob", "bob", "lab.test", FALSE },
  { "PC-1\\bob", "bob", "PC-1", FALSE },
  { "bob@lab.test", "bob", "lab.test", TRUE },
  { "bob@mail.test@lab.test", "bob@mail.test", "lab.test", TRUE },
  { "LAB\\bob@home", "bob@home", "LAB", FALSE }, /* Windows looks at the backslash first */
  { "bob@", "bob", NULL, TRUE },
  { "jürgen", "jürgen", NULL, FALSE },
  { "", "", NULL, FALSE },
};

static void
test_parse (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (accounts); i++)
    {
      g_autoptr (LkAccount) account = lk_account_parse (accounts[i].text);

      g_assert_cmpstr (account->user, ==, accounts[i].user);
      g_assert_cmpstr (account->domain, ==, accounts[i].domain);
      if (account->domain != NULL)
        g_assert_cmpint (account->is_principal, ==, accounts[i].is_principal);
    }
}

/* Who takes a local account for one of a domain guards the wrong one, and the other way round an
 * account is locked out. */
static void
test_is_local (void)
{
  static const char *const pc_1[] = { "10.0.0.1", "PC-1.lab.test", NULL };
  static const char *const lab[] = { "lab.test", NULL };
  static const char *const nobody[] = { NULL };
  static const struct
  {
    const char *text;
    const char *const *names;
    gboolean is_local;
  } cases[] = {
    { "bob", pc_1, TRUE },
    { "bob", NULL, TRUE },
    { ".\\bob", pc_1, TRUE },
    { "PC-1\\bob", pc_1, TRUE },
    { "pc-1\\bob", pc_1, TRUE },
    { "PC-1\\bob", NULL, FALSE },
    { "PC-1\\bob", nobody, FALSE },
    { "PC-10\\bob", pc_1, FALSE },
    { "PC\\bob", pc_1, FALSE },
    { "LAB\\bob", pc_1, FALSE },
    { "lab.test\\bob", pc_1, FALSE },
    { "bob@lab.test", pc_1, FALSE },
    { "bob@PC-1.lab.test", pc_1, FALSE },
    { "bob@lab.test", lab, FALSE }, /* a domain, even of a machine that is called like it */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkAccount) account = lk_account_parse (cases[i].text);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (lk_account_is_local (account, cases[i].names), ==, cases[i].is_local);
    }
}

static void
test_principal (void)
{
  static const struct
  {
    const char *text;
    const char *fqdn;
    const char *default_realm;
    const char *principal;
  } cases[] = {
    { "bob@lab.test", NULL, NULL, "bob@LAB.TEST" },
    { "bob@lab.test", "pc-1.other.test", "OTHER.TEST", "bob@LAB.TEST" },
    { "lab.test\\bob", NULL, NULL, "bob@LAB.TEST" },
    /* A NetBIOS name says no realm; it must be found by its first label. */
    { "LAB\\bob", "pc-1.lab.test", NULL, "bob@LAB.TEST" },
    { "LAB\\bob", "pc-1.lab.test", "LAB.EXAMPLE", "bob@LAB.TEST" },
    { "LAB\\bob", NULL, "LAB.TEST", "bob@LAB.TEST" },
    { "lab\\bob", "pc-1.sales.lab.test", "LAB.TEST", "bob@LAB.TEST" },
    { "LAB\\bob", "pc-1.other.test", "OTHER.TEST", NULL },
    { "LA\\bob", "pc-1.lab.test", "LAB.TEST", NULL },
    { "LAB\\bob", "pc-1", NULL, NULL },
    { "LAB\\bob", NULL, NULL, NULL },
    { "bob", "pc-1.lab.test", "LAB.TEST", NULL }, /* an account of the machine */
    { ".\\bob", "pc-1.lab.test", "LAB.TEST", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkAccount) account = lk_account_parse (cases[i].text);
      g_autofree char *principal =
          lk_account_make_principal (account, cases[i].fqdn, cases[i].default_realm);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpstr (principal, ==, cases[i].principal);
    }
}

/* The words stand in stores and in scripts, so that they stay what they are. */
static void
test_words (void)
{
  static const char *const kinds[] = { "password", "ask", "ticket", "keytab", "certificate" };
  static const char *const schemes[] = { "auto", "kerberos", "ntlm", "basic", "certificate" };
  LkCredentialKind kind;
  LkScheme scheme;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_assert_cmpstr (lk_credential_kind_to_word ((LkCredentialKind) i), ==, kinds[i]);
      g_assert_true (lk_credential_kind_parse (kinds[i], &kind));
      g_assert_cmpint (kind, ==, i);
      g_assert_cmpstr (lk_scheme_to_word ((LkScheme) i), ==, schemes[i]);
      g_assert_true (lk_scheme_parse (schemes[i], &scheme));
      g_assert_cmpint (scheme, ==, i);
    }
  g_assert_false (lk_credential_kind_parse ("Password", &kind));
  g_assert_false (lk_credential_kind_parse ("", &kind));
  g_assert_false (lk_credential_kind_parse (NULL, &kind));
  g_assert_false (lk_scheme_parse ("negotiate", &scheme));
  g_assert_false (lk_scheme_parse (NULL, &scheme));
  g_assert_cmpint (scheme, ==, LK_SCHEME_AUTO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/credential/parse", test_parse);
  g_test_add_func ("/credential/is-local", test_is_local);
  g_test_add_func ("/credential/principal", test_principal);
  g_test_add_func ("/credential/words", test_words);
  return g_test_run ();
}
