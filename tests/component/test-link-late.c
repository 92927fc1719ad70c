/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "net/lk-authority.h"
#include "net/lk-certificate-facts.h"
#include "net/lk-link.h"

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Windows asks for a client's certificate only after it has read the request. */

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nseen"

typedef struct
{
  LkAuthority *authority;
  char *certificate;
  LkSecret *key;
  const char *priority;
  gboolean is_tls13;
  GSocket *listener;
  guint16 port;
  char *shown; /* what the client proved to have */
} Server;

static void
set_up (Server *server)
{
  static const char *const names[] = { "127.0.0.1", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) local = NULL;

  server->authority = lk_authority_new ("Throw-away CA", &error);
  g_assert_no_error (error);
  lk_authority_issue_server (server->authority, names, 1, NULL, &server->certificate, &server->key,
                             &error);
  g_assert_no_error (error);
  server->listener =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_set_timeout (server->listener, 10);
  g_assert_true (g_socket_bind (server->listener, any, TRUE, NULL));
  g_assert_true (g_socket_listen (server->listener, NULL));
  local = g_socket_get_local_address (server->listener, NULL);
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));
}

static void
tear_down (Server *server)
{
  lk_authority_free (server->authority);
  g_free (server->certificate);
  lk_secret_free (server->key);
  g_object_unref (server->listener);
  g_free (server->shown);
}

static int
repeat (gnutls_session_t session, int (*step) (gnutls_session_t session))
{
  int rc;

  do
    rc = step (session);
  while (rc < 0 && !gnutls_error_is_fatal (rc));
  return rc;
}

static int
ask_after (gnutls_session_t session)
{
  return gnutls_reauth (session, 0);
}

/* Reads the request, asks for the certificate, answers. */
static void
converse (Server *server, gnutls_session_t session)
{
  char buffer[4096];
  guint n = 0;
  const gnutls_datum_t *chain;

  if (repeat (session, gnutls_handshake) < 0 ||
      gnutls_record_recv (session, buffer, sizeof buffer) <= 0)
    return;

  gnutls_certificate_server_set_request (session, GNUTLS_CERT_REQUEST);
  if (server->is_tls13
          ? repeat (session, ask_after) < 0
          : repeat (session, gnutls_rehandshake) < 0 || repeat (session, gnutls_handshake) < 0)
    return;

  chain = gnutls_certificate_get_peers (session, &n);
  if (chain != NULL && n > 0)
    server->shown = g_compute_checksum_for_data (G_CHECKSUM_SHA256, chain[0].data, chain[0].size);
  gnutls_record_send (session, ANSWER, strlen (ANSWER));
  gnutls_bye (session, GNUTLS_SHUT_WR);
}

static gpointer
serve (gpointer user_data)
{
  Server *server = user_data;
  g_autoptr (GSocket) socket = g_socket_accept (server->listener, NULL, NULL);
  const gnutls_datum_t crt = { (guchar *) server->certificate,
                               (guint) strlen (server->certificate) };
  const gnutls_datum_t key = { (guchar *) lk_secret_peek (server->key),
                               (guint) lk_secret_get_length (server->key) };
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;

  g_assert_nonnull (socket);
  gnutls_certificate_allocate_credentials (&credentials);
  g_assert_cmpint (gnutls_certificate_set_x509_key_mem (credentials, &crt, &key,
                                                        GNUTLS_X509_FMT_PEM),
                   ==, 0);
  g_assert_cmpint (gnutls_init (&session, GNUTLS_SERVER |
                                              (server->is_tls13 ? GNUTLS_POST_HANDSHAKE_AUTH : 0)),
                   ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (session, server->priority, NULL), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  g_socket_set_blocking (socket, TRUE);
  gnutls_transport_set_int (session, g_socket_get_fd (socket));
  gnutls_handshake_set_timeout (session, 5000);
  gnutls_record_set_timeout (session, 5000);
  converse (server, session);
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  return NULL;
}

static void
test_late (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Server server = { .priority = data, .is_tls13 = strstr (data, "TLS1.3") != NULL };
  g_autofree char *certificate = NULL;
  g_autofree char *ca_file = NULL;
  g_autofree char *pin = NULL;
  g_autofree char *folder = g_dir_make_tmp ("latchkey-late-XXXXXX", NULL);
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkClientCertificate) client = NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (LkTrust) trust = NULL;
  g_autoptr (LkLink) link = NULL;
  g_autoptr (LkHttpMessage) answer = NULL;
  LkLinkOptions options = { .host = "127.0.0.1", .tls = TRUE, .first_byte_ms = 8000 };
  GThread *thread;

  set_up (&server);
  g_assert_true (
      lk_authority_issue_client (server.authority, "admin", 1, &certificate, &key, &error));
  client = lk_client_certificate_new (certificate, key, &error);
  g_assert_no_error (error);
  facts = lk_certificate_facts_new_pem (certificate, -1, &error);
  login = lk_login_new (&(LkLoginOptions){
      .name = "card", .kind = LK_CREDENTIAL_CERTIFICATE, .certificate = client });
  ca_file = g_build_filename (folder, "ca.pem", NULL);
  g_assert_true (
      g_file_set_contents (ca_file, lk_authority_get_certificate (server.authority), -1, NULL));
  trust = lk_trust_new (ca_file, &error);
  g_assert_no_error (error);
  options.port = server.port;
  options.trust = trust;
  options.login = login;
  link = lk_link_new (&options);

  thread = g_thread_new ("server", serve, &server);
  answer = lk_link_post (link, "text/plain", "ask", 3, TRUE, 0, NULL, &error);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_cmpmem (answer->body->data, answer->body->len, "seen", 4);
  g_assert_cmpstr (server.shown, ==, facts->pin);

  unlink (ca_file);
  rmdir (folder);
  tear_down (&server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/link-late/renegotiation", "NORMAL:-VERS-ALL:+VERS-TLS1.2", test_late);
  g_test_add_data_func ("/link-late/after-the-handshake", "NORMAL:-VERS-ALL:+VERS-TLS1.3",
                        test_late);
  return g_test_run ();
}
