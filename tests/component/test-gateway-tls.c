/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-client.h"
#include "gateway/lk-gateway-folder.h"
#include "lk-site.h"
#include "net/lk-server.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#define CERTIFICATES_REFUSED "SELECT count (*) FROM audit WHERE outcome = 'certificate-refused'"
#define TOKENS_REFUSED       "SELECT count (*) FROM audit WHERE outcome = 'token-refused'"

static const char *const loopback[] = { "127.0.0.1", NULL };

/* A gateway with what init makes, in its own directory. */
typedef struct
{
  LkSite *site;
  LkAuthority *authority;
  char *ca;
  char *certificate;
  char *key;
} Fixture;

/* A client's certificate with its key. */
typedef struct
{
  char *pem;
  LkSecret *key;
  LkCertificateFacts *facts;
} Identity;

static void
identity_clear (Identity *self)
{
  g_free (self->pem);
  lk_secret_free (self->key);
  lk_certificate_facts_unref (self->facts);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Identity, identity_clear)

static LkGatewayState *
get_state (const Fixture *f)
{
  return lk_gateway_get_state (f->site->gateway);
}

static void
init_folder (const char *folder)
{
  g_autoptr (LkCertificateFacts) ca = NULL;
  g_autoptr (LkCertificateFacts) server = NULL;
  g_autoptr (GError) error = NULL;

  lk_gateway_folder_init (folder, loopback, 100, &ca, &server, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (server->names[0], ==, loopback[0]);
  g_assert_cmpstr (ca->common_name, ==, "Latchkey CA of 127.0.0.1");
}

static void
set_up (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->site = lk_site_new ();
  init_folder (f->site->directory);
  f->authority = lk_gateway_folder_load_authority (f->site->directory, &error);
  g_assert_no_error (error);
  f->ca = g_build_filename (f->site->directory, LK_GATEWAY_CA, NULL);
  f->certificate = g_build_filename (f->site->directory, LK_GATEWAY_SERVER, NULL);
  f->key = g_build_filename (f->site->directory, LK_GATEWAY_SERVER_KEY, NULL);
  f->site->options.tls_certificate = f->certificate;
  f->site->options.tls_key = f->key;
  f->site->options.client_ca = f->ca;
  lk_site_start (f->site);
}

static void
fixture_clear (Fixture *f)
{
  lk_authority_free (f->authority);
  g_free (f->ca);
  g_free (f->certificate);
  g_free (f->key);
  lk_site_free (f->site);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static Identity
issue (const LkAuthority *authority, int days)
{
  Identity identity = { NULL, NULL, NULL };
  g_autoptr (GError) error = NULL;

  lk_authority_issue_client (authority, "console-2", days, &identity.pem, &identity.key, &error);
  g_assert_no_error (error);
  identity.facts = lk_certificate_facts_new_pem (identity.pem, -1, &error);
  return identity;
}

static void
add_certificate (const Fixture *f, const Identity *identity)
{
  g_autoptr (GError) error = NULL;

  lk_gateway_client_add (get_state (f), "console-2",
                         &(LkGatewayProof){ .certificate = identity->facts }, &error);
  g_assert_no_error (error);
}

/* NULL when the gateway lets them in, else the error. */
static GError *
knock (const Fixture *f, const LkSecret *token, const Identity *identity, LkBackendStage *stage)
{
  const LkBackendOptions options = {
    .url = f->site->url,
    .ca_file = f->ca,
    .digest_key = f->site->digest_key,
    .token = (LkSecret *) token,
    .certificate = identity != NULL ? identity->pem : NULL,
    .certificate_key = identity != NULL ? identity->key : NULL,
  };
  GError *error = NULL;
  g_autoptr (LkBackend) backend = lk_backend_new (&options, &error);

  g_assert_no_error (error);
  lk_backend_check (backend, LK_SITE_EPID, stage, NULL, NULL, &error);
  if (error != NULL)
    g_test_message ("%s", error->message);
  lk_site_skip (f->site, 2 * LK_SECOND); /* refusals are recorded once a second */
  return error;
}

static gboolean
is_let_in (const Fixture *f, const LkSecret *token, const Identity *identity)
{
  LkBackendStage stage = LK_BACKEND_NAME;
  g_autoptr (GError) error = knock (f, token, identity, &stage);

  if (error == NULL)
    return TRUE;
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_cmpint (stage, ==, LK_BACKEND_TOKEN);
  return FALSE;
}

static void
test_either (void)
{
  g_auto (Fixture) f = { 0 };
  g_auto (Identity) identity = { 0 };

  set_up (&f);
  identity = issue (f.authority, 30);
  add_certificate (&f, &identity);
  g_assert_true (is_let_in (&f, f.site->token, NULL));
  g_assert_true (is_let_in (&f, NULL, &identity));
  g_assert_false (is_let_in (&f, NULL, NULL));
  g_assert_cmpint (lk_site_get_int (f.site, TOKENS_REFUSED), ==, 1);
  g_assert_cmpint (lk_site_get_int (f.site, CERTIFICATES_REFUSED), ==, 0);
}

/* That the authority signed it does not make it a client's. */
static void
test_unregistered (void)
{
  g_auto (Fixture) f = { 0 };
  g_auto (Identity) stranger = { 0 };
  g_auto (Identity) identity = { 0 };
  g_autoptr (GError) error = NULL;

  set_up (&f);
  stranger = issue (f.authority, 30);
  identity = issue (f.authority, 30);
  add_certificate (&f, &identity);
  g_assert_false (is_let_in (&f, NULL, &stranger));
  g_assert_cmpint (lk_site_get_int (f.site, CERTIFICATES_REFUSED), ==, 1);
  g_assert_false (is_let_in (&f, f.site->token, &stranger)); /* what is shown counts */
  g_assert_cmpint (lk_site_get_int (f.site, CERTIFICATES_REFUSED), ==, 2);

  g_assert_true (is_let_in (&f, NULL, &identity));
  lk_gateway_client_remove (get_state (&f), "console-2", &error);
  g_assert_no_error (error);
  g_assert_false (is_let_in (&f, NULL, &identity));
  g_assert_cmpint (lk_site_get_int (f.site, CERTIFICATES_REFUSED), ==, 3);
  g_assert_cmpint (lk_site_get_int (f.site, "SELECT count (*) FROM sign_in"), ==, 1);
}

static void
assert_refused_by_tls (const Fixture *f, const Identity *identity, const char *words)
{
  LkBackendStage stage = LK_BACKEND_NAME;
  g_autoptr (GError) error = knock (f, NULL, identity, &stage);

  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, "latchkey-gateway client rotate"));
}

static void
test_refused_by_tls (void)
{
  g_auto (Fixture) f = { 0 };
  g_autoptr (LkAuthority) other = lk_authority_new ("Another", NULL);
  g_auto (Identity) foreign = { 0 };
  g_auto (Identity) expired = { 0 };

  set_up (&f);
  foreign = issue (other, 30);
  expired = issue (f.authority, -1);
  assert_refused_by_tls (&f, &foreign, "does not accept this console's certificate");
  assert_refused_by_tls (&f, &expired, "expired on");
  g_assert_cmpint (lk_site_get_int (f.site, "SELECT count (*) FROM audit"), ==, 0);
}

static void
refuse (LkExchange *exchange, gpointer user_data)
{
  lk_exchange_reply (exchange, 404, NULL, NULL);
}

/* Another gateway may demand a certificate of everyone. */
static void
test_demanded (void)
{
  const LkServerOptions options = { .handler = refuse };
  g_auto (Fixture) f = { 0 };
  g_autoptr (LkServer) server = lk_server_new (&options);
  const char *ca;
  g_autofree char *certificate = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (GError) error = NULL;
  LkBackendStage stage = LK_BACKEND_NAME;
  guint16 port;

  set_up (&f);
  ca = lk_authority_get_certificate (f.authority);
  lk_authority_issue_server (f.authority, loopback, 30, NULL, &certificate, &key, &error);
  lk_server_set_certificate (server, certificate, strlen (certificate), lk_secret_peek (key),
                             lk_secret_get_length (key), &error);
  lk_server_set_client_authority (server, ca, strlen (ca), TRUE, &error);
  port = lk_server_listen (server, "127.0.0.1", 0, LK_LISTEN_TLS, &error);
  lk_server_start (server, &error);
  g_assert_no_error (error);
  g_free (f.site->url);
  f.site->url = g_strdup_printf ("https://127.0.0.1:%u/", port);
  error = knock (&f, NULL, NULL, &stage);
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_nonnull (strstr (error->message, "set backend.certificate"));
}

static void
test_rotate_token (void)
{
  g_auto (Fixture) f = { 0 };
  g_autoptr (LkSecret) second = lk_gateway_token_new ();
  g_autoptr (LkSecret) third = lk_gateway_token_new ();
  g_autoptr (GError) error = NULL;

  set_up (&f);
  lk_gateway_client_rotate (get_state (&f), "console-1", &(LkGatewayProof){ .token = second },
                            LK_HOUR, &error);
  g_assert_no_error (error);
  g_assert_true (is_let_in (&f, f.site->token, NULL));
  g_assert_true (is_let_in (&f, second, NULL));
  lk_site_skip (f.site, LK_HOUR);
  g_assert_false (is_let_in (&f, f.site->token, NULL));
  g_assert_true (is_let_in (&f, second, NULL));

  lk_gateway_client_rotate (get_state (&f), "console-1", &(LkGatewayProof){ .token = third }, 0,
                            &error);
  g_assert_no_error (error);
  g_assert_false (is_let_in (&f, second, NULL));
  g_assert_true (is_let_in (&f, third, NULL));
  g_assert_cmpint (lk_site_get_int (f.site, "SELECT count (*) FROM sign_in"), ==, 1);

  g_assert_false (lk_gateway_client_rotate (get_state (&f), "nobody",
                                            &(LkGatewayProof){ .token = second }, 0, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

/* From a token to a certificate and on to the next one. */
static void
test_rotate_certificate (void)
{
  g_auto (Fixture) f = { 0 };
  g_auto (Identity) first = { 0 };
  g_auto (Identity) second = { 0 };
  g_autoptr (GPtrArray) clients = NULL;
  g_autoptr (GError) error = NULL;
  const LkGatewayClient *client;

  set_up (&f);
  first = issue (f.authority, 30);
  second = issue (f.authority, 60);
  lk_gateway_client_rotate (get_state (&f), "console-1",
                            &(LkGatewayProof){ .certificate = first.facts }, LK_DAY, &error);
  g_assert_no_error (error);
  g_assert_true (is_let_in (&f, f.site->token, NULL));
  g_assert_true (is_let_in (&f, NULL, &first));
  lk_site_skip (f.site, LK_DAY);
  g_assert_false (is_let_in (&f, f.site->token, NULL));

  /* An overlap does not make a certificate last longer. */
  lk_gateway_client_rotate (get_state (&f), "console-1",
                            &(LkGatewayProof){ .certificate = second.facts }, 50 * LK_DAY, &error);
  g_assert_no_error (error);
  clients = lk_gateway_client_list (get_state (&f), &error);
  g_assert_cmpuint (clients->len, ==, 2);
  client = clients->pdata[0];
  g_assert_cmpstr (client->fingerprint, ==, first.facts->pin);
  g_assert_cmpint (client->ends_at, ==, first.facts->not_after);
  client = clients->pdata[1];
  g_assert_cmpstr (client->fingerprint, ==, second.facts->pin);
  g_assert_cmpint (client->ends_at, ==, second.facts->not_after);
}

static void
renew (const char *folder, const char *const *names, int days, LkCertificateFacts **facts)
{
  g_autoptr (GError) error = NULL;

  lk_gateway_folder_renew (folder, names, days, facts, &error);
  g_assert_no_error (error);
}

static char *
read_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  GStatBuf info;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, strstr (name, "key") != NULL ? 0600 : 0644);
  return text;
}

static void
test_renew (void)
{
  static const char *const names[] = { "127.0.0.1", "gateway.lab.test", NULL };
  g_auto (Fixture) f = { 0 };
  const char *folder;
  g_autofree char *before = NULL;
  g_autofree char *key_before = NULL;
  g_autofree char *old = NULL;
  g_autofree char *key_after = NULL;
  g_autoptr (LkCertificateFacts) first = NULL;
  g_autoptr (LkCertificateFacts) second = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&f);
  folder = f.site->directory;
  before = read_file (folder, LK_GATEWAY_SERVER);
  key_before = read_file (folder, LK_GATEWAY_SERVER_KEY);
  renew (folder, names, 10, &first);
  renew (folder, NULL, 20, &second);
  g_assert_true (g_strv_equal ((const char *const *) second->names, names));
  g_assert_cmpint (second->not_after, >, first->not_after);
  key_after = read_file (folder, LK_GATEWAY_SERVER_KEY);
  g_assert_cmpstr (key_after, ==, key_before);
  old = read_file (folder, LK_GATEWAY_OLD_SERVER);
  g_assert_cmpstr (old, !=, before); /* the one between */

  g_assert_cmpstr (lk_gateway_get_certificate (f.site->gateway)->pin, !=, second->pin);
  g_assert_true (lk_gateway_reload (f.site->gateway, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (lk_gateway_get_certificate (f.site->gateway)->pin, ==, second->pin);
  g_assert_true (is_let_in (&f, f.site->token, NULL));

  /* A key that got about is replaced by removing it; until then the gateway keeps what it has. */
  g_unlink (f.key);
  g_assert_false (lk_gateway_reload (f.site->gateway, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_true (is_let_in (&f, f.site->token, NULL));
  g_clear_pointer (&second, lk_certificate_facts_unref);
  renew (folder, NULL, 20, &second);
  g_free (key_after);
  key_after = read_file (folder, LK_GATEWAY_SERVER_KEY);
  g_assert_cmpstr (key_after, !=, key_before);
  g_clear_error (&error);
  g_assert_true (lk_gateway_reload (f.site->gateway, &error));
  g_assert_true (is_let_in (&f, f.site->token, NULL));
}

/* Nothing that is there is overwritten, and nothing half is taken for a whole. */
static void
test_init_again (void)
{
  static const char *const files[] = { LK_GATEWAY_CA, LK_GATEWAY_CA_KEY, LK_GATEWAY_SERVER,
                                       LK_GATEWAY_SERVER_KEY };
  g_autofree char *parent = g_dir_make_tmp ("latchkey-gateway-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (parent, "tls", NULL);
  GStatBuf info;

  init_folder (folder);
  g_assert_cmpint (g_stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i], NULL);
      g_autofree char *before = read_file (folder, files[i]);
      g_autofree char *after = NULL;
      g_autoptr (LkCertificateFacts) ca = NULL;
      g_autoptr (LkCertificateFacts) server = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_false (lk_gateway_folder_init (folder, loopback, 30, &ca, &server, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, i == 0 ? "already" : "did not finish"));
      after = read_file (folder, files[i]);
      g_assert_cmpstr (before, ==, after);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  init_folder (folder);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* nothing else was left in it */
  g_rmdir (parent);
}

/* A file of before there were certificates: its tokens go on. */
static void
test_old_file (void)
{
  static const char token[] = "a token of before";
  g_autoptr (LkSite) site = lk_site_new ();
  const char *const migrations[] = {
    lk_db_get_sql ("ledger/schema/0001-ledger.sql"),
    lk_db_get_sql ("gateway/schema/0001-gateway.sql"),
  };
  g_autoptr (LkDb) db = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  guchar hash[32];

  db = lk_db_open (site->state_path, LK_DB_READ_WRITE, &error);
  lk_db_migrate (db, migrations, G_N_ELEMENTS (migrations), &error);
  g_assert_no_error (error);
  g_assert_cmpint (sodium_init (), >=, 0);
  crypto_generichash (hash, sizeof hash, (const guchar *) token, sizeof token - 1, NULL, 0);
  bytes = g_bytes_new (hash, sizeof hash);
  lk_db_run (db, &error, "INSERT INTO client (name, token_hash, created_at) VALUES ('old', ?1, 7)",
             "b", bytes);
  g_assert_no_error (error);
  g_clear_pointer (&db, lk_db_free);

  lk_site_start (site);
  name = lk_gateway_client_authenticate (lk_gateway_get_state (site->gateway), token, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, "old");
  g_assert_cmpint (lk_site_get_int (site, "SELECT created_at FROM sign_in WHERE client_id = 1"), ==,
                   7);
}

/* Certificates come over TLS only. */
static void
test_start_is_refused (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *ca = g_build_filename (site->directory, LK_GATEWAY_CA, NULL);
  g_autoptr (GError) error = NULL;

  site->options.client_ca = ca;
  g_assert_null (lk_gateway_new (&site->options, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway-tls/either", test_either);
  g_test_add_func ("/gateway-tls/unregistered", test_unregistered);
  g_test_add_func ("/gateway-tls/refused-by-tls", test_refused_by_tls);
  g_test_add_func ("/gateway-tls/demanded", test_demanded);
  g_test_add_func ("/gateway-tls/rotate-token", test_rotate_token);
  g_test_add_func ("/gateway-tls/rotate-certificate", test_rotate_certificate);
  g_test_add_func ("/gateway-tls/renew", test_renew);
  g_test_add_func ("/gateway-tls/init-again", test_init_again);
  g_test_add_func ("/gateway-tls/old-file", test_old_file);
  g_test_add_func ("/gateway-tls/start-is-refused", test_start_is_refused);
  return g_test_run ();
}
