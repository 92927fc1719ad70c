/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-private.h"
#include "lab/lk-lab.h"
#include "net/lk-authority.h"

#include <glib/gstdio.h>
#include <krb5/krb5.h>
#include <string.h>

/* Credential sets as a person keeps them: what is taken, which one is used, and when it is not. */

#define PASSWORD "Sesame-1234567"

typedef struct
{
  char *folder;
  char *path;
  char *keytab;
  LkConsole *console;
  LkSecret *secret;
  char *certificate; /* of a client, good for five days */
  LkSecret *key;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkAuthority) authority = lk_authority_new ("Clients", &error);

  g_assert_no_error (error);
  lk_authority_issue_client (authority, "console-1", 5, &f->certificate, &f->key, &error);
  g_assert_no_error (error);
  f->folder = g_dir_make_tmp ("latchkey-credentials-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "fleet.db", NULL);
  f->keytab = g_build_filename (f->folder, "svc.keytab", NULL);
  g_assert_true (g_file_set_contents (f->keytab, "x", 1, NULL));
  f->secret = lk_secret_new (PASSWORD, -1);
  f->console = lk_console_new (f->path, NULL);
  lk_console_open (f->console, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  const char *name;

  g_clear_pointer (&f->console, lk_console_free);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->keytab);
  g_free (f->certificate);
  lk_secret_free (f->secret);
  lk_secret_free (f->key);
}

static void
put (Fixture *f, const LkCredentialDraft *draft)
{
  g_autoptr (GError) error = NULL;

  lk_console_put_credential (f->console, draft, &error);
  g_assert_no_error (error);
}

/* A set with a password; @scope NULL for all. */
static void
put_password (Fixture *f, const char *name, const char *user, const char *scope)
{
  put (f, &(LkCredentialDraft){ .name = name, .user = user, .scope = scope, .secret = f->secret });
}

static LkCredentialRow *
dup_row (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (f->console, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (((LkCredentialRow *) rows->pdata[i])->name, name))
      return g_ptr_array_steal_index (rows, i);
  return NULL;
}

static LkLogin *
get_login (Fixture *f, const char *name)
{
  const LkMachineNames names = { .name = name };
  g_autoptr (GError) error = NULL;
  LkLogin *login = lk_console_get_login (f->console, &names, &error);

  g_assert_no_error (error);
  return login;
}

static void
assert_no_login (Fixture *f, const char *name, const char *words)
{
  const LkMachineNames names = { .name = name };
  g_autoptr (GError) error = NULL;

  g_assert_null (lk_console_get_login (f->console, &names, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_nonnull (strstr (error->message, words));
}

/* Each kind with all that any of them could have: kept is what it needs, and nothing else. */
static void
test_kinds (Fixture *f, gconstpointer data)
{
  static const LkScheme schemes[] = { LK_SCHEME_NTLM, LK_SCHEME_BASIC, LK_SCHEME_KERBEROS,
                                      LK_SCHEME_KERBEROS, LK_SCHEME_CERTIFICATE };

  for (guint kind = LK_CREDENTIAL_PASSWORD; kind <= LK_CREDENTIAL_CERTIFICATE; kind++)
    {
      const char *name = lk_credential_kind_to_word ((LkCredentialKind) kind);
      gboolean has_secret = kind == LK_CREDENTIAL_PASSWORD || kind == LK_CREDENTIAL_CERTIFICATE;
      g_autoptr (LkCredentialRow) row = NULL;

      put (f, &(LkCredentialDraft){
                  .name = name,
                  .kind = (LkCredentialKind) kind,
                  .scheme = schemes[kind],
                  .user = "LAB\\bob",
                  .scope = name,
                  .keytab = f->keytab,
                  .certificate = f->certificate,
                  .secret = kind == LK_CREDENTIAL_CERTIFICATE ? f->key : f->secret,
              });
      row = dup_row (f, name);
      g_assert_cmpint (row->kind, ==, kind);
      g_assert_cmpint (row->scheme, ==, schemes[kind]);
      g_assert_cmpstr (row->user, ==, "LAB\\bob");
      g_assert_cmpstr (row->file, ==, kind == LK_CREDENTIAL_KEYTAB ? f->keytab : NULL);
      g_assert_cmpstr (row->certificate, ==,
                       kind == LK_CREDENTIAL_CERTIFICATE ? f->certificate : NULL);
      g_assert_cmpint (row->ciphertext != NULL, ==, has_secret);
      g_assert_cmpint (row->stopped_at, ==, 0);
      if (kind != LK_CREDENTIAL_ASK)
        {
          g_autoptr (LkLogin) login = get_login (f, name);

          g_assert_cmpstr (lk_login_get_name (login), ==, name);
          g_assert_cmpint (lk_login_get_kind (login), ==, kind);
          g_assert_cmpint (lk_login_get_password (login) != NULL, ==,
                           kind == LK_CREDENTIAL_PASSWORD);
          g_assert_cmpint (lk_login_get_certificate (login) != NULL, ==,
                           kind == LK_CREDENTIAL_CERTIFICATE);
        }
    }
}

static void
test_invalid (Fixture *f, gconstpointer data)
{
  g_autofree char *long_user = g_strnfill (257, 'x');
  g_autofree char *relative = g_path_get_basename (f->keytab);
  const struct
  {
    LkCredentialDraft draft;
    const char *words;
  } cases[] = {
    { { .name = "", .user = "bob", .secret = f->secret }, "letters, digits" },
    { { .name = "a b", .user = "bob", .secret = f->secret }, "letters, digits" },
    { { .name = "x", .user = "bob", .scope = "", .secret = f->secret }, "scope" },
    { { .name = "x", .user = NULL, .secret = f->secret }, "user name" },
    { { .name = "x", .user = "", .secret = f->secret }, "user name" },
    { { .name = "x", .user = long_user, .secret = f->secret }, "user name" },
    { { .name = "x", .user = "\xff", .secret = f->secret }, "user name" },
    { { .name = "x", .user = "bob" }, "password" },
    { { .name = "x", .kind = LK_CREDENTIAL_ASK }, "user name" },
    { { .name = "x", .kind = LK_CREDENTIAL_KEYTAB, .keytab = f->keytab }, "whose key" },
    { { .name = "x", .kind = LK_CREDENTIAL_KEYTAB, .user = "svc@LAB.TEST" }, "whole path" },
    { { .name = "x", .kind = LK_CREDENTIAL_KEYTAB, .user = "svc@LAB.TEST", .keytab = relative },
      "whole path" },
    { { .name = "x", .kind = LK_CREDENTIAL_KEYTAB, .user = "svc@LAB.TEST", .keytab = f->folder },
      "whole path" },
    { { .name = "x", .kind = LK_CREDENTIAL_CERTIFICATE, .certificate = f->certificate },
      "and its key" },
    { { .name = "x", .kind = LK_CREDENTIAL_CERTIFICATE, .secret = f->key }, "and its key" },
    { { .name = "x", .kind = LK_CREDENTIAL_CERTIFICATE, .certificate = "x", .secret = f->key },
      "cannot be used" },
    { { .name = "x",
        .kind = LK_CREDENTIAL_CERTIFICATE,
        .certificate = f->certificate,
        .secret = f->secret },
      "cannot be used" },
    { { .name = "x", .kind = LK_CREDENTIAL_TICKET, .scheme = LK_SCHEME_NTLM }, "does not go" },
    { { .name = "x", .kind = LK_CREDENTIAL_TICKET, .scheme = LK_SCHEME_CERTIFICATE },
      "does not go" },
    { { .name = "x", .user = "bob", .scheme = LK_SCHEME_CERTIFICATE, .secret = f->secret },
      "does not go" },
    { { .name = "x",
        .kind = LK_CREDENTIAL_CERTIFICATE,
        .scheme = LK_SCHEME_BASIC,
        .certificate = f->certificate,
        .secret = f->key },
      "does not go" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (lk_console_put_credential (f->console, &cases[i].draft, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, cases[i].words));
      g_assert_null (dup_row (f, "x"));
    }
}

static void
test_best (Fixture *f, gconstpointer data)
{
  static const struct
  {
    LkMachineNames names;
    const char *set;
  } cases[] = {
    { { .name = "pc-1", .fqdn = "pc-1.lab.test", .domain = "lab.test" }, "one" },
    { { .name = "PC-1" }, "one" },
    { { .name = "pc-2", .fqdn = "pc-2.lab.test", .domain = "lab.test" }, "some" },
    { { .name = "srv", .fqdn = "srv.lab.test", .domain = "lab.test" }, "domain" },
    { { .name = "srv", .address = "10.0.0.7" }, "net" },
    { { .name = "srv" }, "all" },
  };

  put_password (f, "all", "bob", NULL);
  put_password (f, "one", "bob", "pc-1");
  put_password (f, "some", "bob", "pc-*");
  put_password (f, "domain", "bob", "LAB.test");
  put_password (f, "net", "bob", "10.*");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LkLogin) login = lk_console_get_login (f->console, &cases[i].names, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (lk_login_get_name (login), ==, cases[i].set);
    }
}

static void
refuse (LkLogin *login, guint times)
{
  const LkPatience none = { .until = 0, .cancel_fd = -1 };

  for (guint i = 0; i < times; i++)
    {
      g_assert_true (lk_login_ask (login, login, &none, NULL));
      lk_login_tell (login, login, LK_LOGIN_REFUSED);
    }
}

/* All machines share what a set has learnt, and a set that is stopped stays so for others too. */
static void
test_stopped (Fixture *f, gconstpointer data)
{
  g_autoptr (LkLogin) first = NULL;
  g_autoptr (LkLogin) second = NULL;
  g_autoptr (LkLogin) fresh = NULL;
  g_autoptr (LkCredentialRow) row = NULL;
  g_autoptr (LkCredentialRow) again = NULL;
  g_autofree char *state = NULL;

  put_password (f, "lab", "LAB\\bob", NULL);
  first = get_login (f, "pc-1");
  second = get_login (f, "pc-2");
  g_assert_true (first == second);
  refuse (first, 1);
  g_assert_true (first == (fresh = get_login (f, "pc-3")));
  g_clear_pointer (&fresh, lk_login_unref);
  refuse (second, 1);

  assert_no_login (f, "pc-4", "two machines in a row refused it");
  row = dup_row (f, "lab");
  g_assert_cmpint (row->stopped_at, >, 0);
  state = lk_console_describe_credential (f->console, row);
  g_assert_true (g_str_has_prefix (state, "stopped since 20"));

  /* Another process reads the same store. */
  lk_console_free (f->console);
  f->console = lk_console_new (f->path, NULL);
  g_assert_true (lk_console_open (f->console, NULL));
  assert_no_login (f, "pc-4", "latchkeyctl credential test lab");

  put_password (f, "lab", "LAB\\bob", NULL);
  again = dup_row (f, "lab");
  g_assert_cmpint (again->stopped_at, ==, 0);
  fresh = get_login (f, "pc-1");
  refuse (fresh, 1); /* it begins anew */
}

/* A run goes on with the old password while a person mends the set: what it is told concerns the
 * old one. */
static void
test_replaced (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSecret) wrong = lk_secret_new ("wrong", -1);
  g_autoptr (LkLogin) old = NULL;
  g_autoptr (LkLogin) fresh = NULL;

  put (f, &(LkCredentialDraft){ .name = "lab", .user = "LAB\\bob", .secret = wrong });
  old = get_login (f, "pc-1");
  g_usleep (2000); /* the store's clock counts milliseconds */
  put_password (f, "lab", "LAB\\bob", NULL);
  refuse (old, 2);
  fresh = get_login (f, "pc-2");
  g_assert_cmpstr (lk_secret_peek (lk_login_get_password (fresh)), ==, PASSWORD);
  refuse (fresh, 1);
}

static void
test_unanswered (Fixture *f, gconstpointer data)
{
  const char *words[] = { "pc-1", "pc-2", "srv-1", NULL };
  const char *pcs[] = { "pc-1", "pc-2", NULL };
  const char *servers[] = { "srv-1", NULL };
  const LkChoice of_pcs = { .names = pcs };
  const LkChoice of_servers = { .names = servers };
  g_autoptr (LkFileList) list = lk_file_list_from_words (words);
  g_autoptr (LkSecret) other = lk_secret_new ("another", -1);
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GPtrArray) answered = NULL;
  g_autoptr (GPtrArray) stopped = NULL;
  g_autoptr (LkLogin) wrong = NULL;
  g_autoptr (LkLogin) right = NULL;
  guint n_added = 0, n_known = 0;

  g_assert_true (lk_console_add_machines (f->console, list, &n_added, &n_known, NULL));
  put_password (f, "all", "bob", NULL);
  put (f, &(LkCredentialDraft){
              .name = "asked", .kind = LK_CREDENTIAL_ASK, .user = "LAB\\bob", .scope = "pc-*" });

  names = lk_console_list_unanswered (f->console, &of_pcs, NULL);
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (names->pdata[0], ==, "asked");
  none = lk_console_list_unanswered (f->console, &of_servers, NULL);
  g_assert_cmpuint (none->len, ==, 0);
  assert_no_login (f, "pc-1", "nobody was there to be asked");

  lk_console_answer_credential (f->console, "ASKED", f->secret);
  answered = lk_console_list_unanswered (f->console, &of_pcs, NULL);
  g_assert_cmpuint (answered->len, ==, 0);
  wrong = get_login (f, "pc-1");
  g_assert_cmpstr (lk_secret_peek (lk_login_get_password (wrong)), ==, PASSWORD);

  /* Whoever mistyped it says it again. */
  lk_console_answer_credential (f->console, "asked", other);
  right = get_login (f, "pc-1");
  g_assert_cmpstr (lk_secret_peek (lk_login_get_password (right)), ==, "another");

  /* In a new run it is not known; but of a set that is stopped nobody is asked. */
  refuse (right, 2);
  lk_console_free (f->console);
  f->console = lk_console_new (f->path, NULL);
  g_assert_true (lk_console_open (f->console, NULL));
  stopped = lk_console_list_unanswered (f->console, &of_pcs, NULL);
  g_assert_cmpuint (stopped->len, ==, 0);
}

/* A cache as kinit leaves it, with a ticket that nobody will look into. */
static void
write_ticket (const char *path, int seconds)
{
  krb5_context krb5;
  krb5_ccache cache;
  krb5_creds creds = { 0 };
  krb5_timestamp now = 0;
  char bytes[] = "x";

  g_assert_cmpint (krb5_init_context (&krb5), ==, 0);
  g_assert_cmpint (krb5_parse_name (krb5, "bob@LAB.TEST", &creds.client), ==, 0);
  g_assert_cmpint (krb5_parse_name (krb5, "krbtgt/LAB.TEST@LAB.TEST", &creds.server), ==, 0);
  krb5_timeofday (krb5, &now);
  creds.times.starttime = now - 7200;
  creds.times.endtime = now + seconds;
  creds.keyblock.enctype = ENCTYPE_AES256_CTS_HMAC_SHA1_96;
  creds.keyblock.length = 1;
  creds.keyblock.contents = (krb5_octet *) bytes;
  creds.ticket.length = 1;
  creds.ticket.data = bytes;
  g_assert_cmpint (krb5_cc_resolve (krb5, path, &cache), ==, 0);
  g_assert_cmpint (krb5_cc_initialize (krb5, cache, creds.client), ==, 0);
  g_assert_cmpint (krb5_cc_store_cred (krb5, cache, &creds), ==, 0);
  krb5_cc_close (krb5, cache);
  krb5_free_principal (krb5, creds.client);
  krb5_free_principal (krb5, creds.server);
  krb5_free_context (krb5);
}

static void
assert_warning (Fixture *f, const char *words)
{
  g_autoptr (GPtrArray) warnings = lk_console_list_credential_warnings (f->console, NULL);

  g_assert_cmpuint (warnings->len, ==, words != NULL ? 1 : 0);
  if (words != NULL)
    g_assert_nonnull (strstr (warnings->pdata[0], words));
}

/* Where no set fits, the ticket of whoever is logged in is used, if there is one. */
static void
test_default (Fixture *f, gconstpointer data)
{
  const char *cache = g_getenv ("KRB5CCNAME");
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (LkLogin) of_set = NULL;

  assert_no_login (f, "pc-1", "No credential fits pc-1");
  assert_warning (f, NULL);

  lk_console_free (f->console); /* what it has learnt holds for half a minute */
  f->console = lk_console_new (f->path, NULL);
  g_assert_true (lk_console_open (f->console, NULL));
  write_ticket (cache, -60);
  assert_no_login (f, "pc-1", "expired");

  lk_console_free (f->console);
  f->console = lk_console_new (f->path, NULL);
  g_assert_true (lk_console_open (f->console, NULL));
  write_ticket (cache, 1800);
  login = get_login (f, "pc-1");
  g_assert_cmpint (lk_login_get_kind (login), ==, LK_CREDENTIAL_TICKET);
  assert_warning (f, "The Kerberos ticket of bob@LAB.TEST ends on ");
  write_ticket (cache, 36000);
  assert_warning (f, NULL);

  put_password (f, "one", "bob", "pc-1");
  of_set = get_login (f, "pc-1");
  g_assert_cmpstr (lk_login_get_name (of_set), ==, "one");
  g_unlink (cache + strlen ("FILE:"));
}

static void
test_warnings (Fixture *f, gconstpointer data)
{
  put_password (f, "fine", "bob", "none");
  assert_warning (f, NULL);
  put (f, &(LkCredentialDraft){ .name = "cert",
                                .kind = LK_CREDENTIAL_CERTIFICATE,
                                .certificate = f->certificate,
                                .secret = f->key });
  assert_warning (f, "The certificate of credential set cert (CN=console-1) ends on ");
  g_assert_true (lk_console_remove_credential (f->console, "cert", NULL));
  g_assert_true (lk_store_stop_credential (lk_console_get_store (f->console, NULL), "fine", 0,
                                           "why", 1000, NULL));
  assert_warning (f, "Credential set fine is stopped: why");
}

/* A set that a machine has taken is in use again at once, in the process that stopped it, too. */
static void
test_prove (Fixture *f, gconstpointer data)
{
  const LkLabOptions options = { .fleet = { .n_machines = 1, .profile_mix = "2022" },
                                 .door = { .schemes = LK_LAB_NEGOTIATE, .password = f->secret } };
  g_autoptr (LkSecret) wrong = lk_secret_new ("wrong", -1);
  g_autoptr (GError) error = NULL;
  LkLab *lab = lk_lab_new (&options, &error);
  g_autofree char *machine = NULL;
  g_autofree char *report = NULL;
  g_autofree char *bad_report = NULL;
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (LkLogin) fresh = NULL;

  g_assert_no_error (error);
  machine = g_strdup_printf ("127.1.0.1:%u", lk_lab_get_port (lab));
  put_password (f, "lab", "LAB\\administrator", NULL);
  login = get_login (f, "pc-1");
  refuse (login, 2);
  assert_no_login (f, "pc-1", "refused");

  g_assert_true (lk_console_test_credential (f->console, "LAB", machine, &report, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (report, "NTLM (Negotiate): signed in with lab"));
  fresh = get_login (f, "pc-1");
  refuse (fresh, 1);

  put (f, &(LkCredentialDraft){ .name = "lab", .user = "LAB\\administrator", .secret = wrong });
  g_clear_pointer (&login, lk_login_unref);
  login = get_login (f, "pc-1");
  refuse (login, 2);
  g_assert_false (
      lk_console_test_credential (f->console, "lab", machine, &bad_report, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  assert_no_login (f, "pc-1", "refused");
  lk_lab_free (lab);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("latchkey-ccache-XXXXXX", NULL);
  g_autofree char *cache = g_strdup_printf ("FILE:%s/ccache", folder);
  g_autofree char *config = g_build_filename (folder, "krb5.conf", NULL);
  g_autoptr (LkSecret) password = lk_secret_new (PASSWORD, -1);
  g_autofree char *account = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_file_set_contents (config, "[libdefaults]\ndns_lookup_kdc = false\n", -1, NULL));
  g_setenv ("KRB5CCNAME", cache, TRUE);
  g_setenv ("KRB5_CONFIG", config, TRUE);
  account = lk_lab_door_publish_account (password, NULL);
#define ADD(name, func)                                                                            \
  g_test_add ("/console-credentials/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("kinds", test_kinds);
  ADD ("invalid", test_invalid);
  ADD ("best", test_best);
  ADD ("stopped", test_stopped);
  ADD ("replaced", test_replaced);
  ADD ("unanswered", test_unanswered);
  ADD ("default", test_default);
  ADD ("warnings", test_warnings);
  ADD ("prove", test_prove);
  result = g_test_run ();
  g_unlink (account);
  g_unlink (config);
  g_rmdir (folder);
  return result;
}
