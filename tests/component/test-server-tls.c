/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "net/lk-authority.h"
#include "net/lk-server.h"

#include <gnutls/x509.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static const char *const loopback[] = { "127.0.0.1", NULL };

/* A server with its authority, and another authority that it knows nothing of. */
typedef struct
{
  LkAuthority *authority;
  LkAuthority *other;
  LkServer *server;
  guint16 port;
  gint n_requests; /* atomic */
} Fixture;

typedef enum
{
  NO_CERTIFICATE,
  GOOD,
  OF_OTHER_CA,
  EXPIRED,
  OF_A_SERVER,
} Shown;

typedef struct
{
  const char *priority;
  Shown shown;
  gboolean required;
  gboolean is_accepted;
  int alert; /* that the client gets, if it is refused */
} Case;

/* Answers with the name that the client proved to have, or "nobody". */
static void
tell_client (LkExchange *exchange, gpointer user_data)
{
  g_autoptr (LkCertificateFacts) client = lk_exchange_dup_client_certificate (exchange);
  g_autofree char *text = client != NULL
                              ? g_strdup_printf ("%s %s.", client->common_name, client->pin)
                              : g_strdup ("nobody.");
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  g_atomic_int_inc (&((Fixture *) user_data)->n_requests);
  lk_exchange_reply (exchange, 200, NULL, body);
}

static void
use_new_certificate (Fixture *f)
{
  g_autofree char *certificate = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (GError) error = NULL;

  lk_authority_issue_server (f->authority, loopback, 30, NULL, &certificate, &key, &error);
  g_assert_no_error (error);
  lk_server_set_certificate (f->server, certificate, strlen (certificate), lk_secret_peek (key),
                             lk_secret_get_length (key), &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gboolean asks, gboolean required)
{
  const LkServerOptions options = { .handler = tell_client, .user_data = f };
  g_autoptr (GError) error = NULL;
  const char *ca;

  f->authority = lk_authority_new ("Test CA", &error);
  f->other = lk_authority_new ("Test CA", &error);
  f->server = lk_server_new (&options);
  ca = lk_authority_get_certificate (f->authority);
  if (asks && required) /* one order of the two is as good as the other */
    lk_server_set_client_authority (f->server, ca, strlen (ca), required, &error);
  use_new_certificate (f);
  if (asks && !required)
    lk_server_set_client_authority (f->server, ca, strlen (ca), required, &error);
  f->port = lk_server_listen (f->server, "127.0.0.1", 0, LK_LISTEN_TLS, &error);
  lk_server_start (f->server, &error);
  g_assert_no_error (error);
}

static void
fixture_clear (Fixture *f)
{
  lk_server_free (f->server);
  lk_authority_free (f->authority);
  lk_authority_free (f->other);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* The client's credentials; @fingerprint gets its certificate's, if it has one. */
static gnutls_certificate_credentials_t
make_credentials (const Fixture *f, Shown shown, char **fingerprint)
{
  const char *ca = lk_authority_get_certificate (f->authority);
  const gnutls_datum_t ca_datum = { (guchar *) ca, (guint) strlen (ca) };
  const LkAuthority *issuer = shown == OF_OTHER_CA ? f->other : f->authority;
  gnutls_certificate_credentials_t credentials;
  g_autofree char *pem = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autoptr (GError) error = NULL;

  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_x509_trust_mem (credentials, &ca_datum, GNUTLS_X509_FMT_PEM);
  if (shown == NO_CERTIFICATE)
    return credentials;

  if (shown == OF_A_SERVER)
    lk_authority_issue_server (issuer, loopback, 30, NULL, &pem, &key, &error);
  else
    lk_authority_issue_client (issuer, "console-1", shown == EXPIRED ? -1 : 30, &pem, &key, &error);
  g_assert_no_error (error);
  facts = lk_certificate_facts_new_pem (pem, -1, &error);
  *fingerprint = g_strdup (facts->pin);
  {
    const gnutls_datum_t datum = { (guchar *) pem, (guint) strlen (pem) };
    const gnutls_datum_t key_datum = { (guchar *) lk_secret_peek (key),
                                       (guint) lk_secret_get_length (key) };

    g_assert_cmpint (gnutls_certificate_set_x509_key_mem (credentials, &datum, &key_datum,
                                                          GNUTLS_X509_FMT_PEM),
                     >=, 0);
  }
  return credentials;
}

static gnutls_session_t
dial (const Fixture *f, const char *priority, gnutls_certificate_credentials_t credentials)
{
  const struct timeval patience = { .tv_sec = 10 };
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (f->port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  gnutls_session_t session = NULL;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  /* Shown although the server names other authorities. */
  gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT);
  gnutls_priority_set_direct (session, priority, NULL);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_int (session, fd);
  return session;
}

static void
hang_up (gnutls_session_t session)
{
  int fd = gnutls_transport_get_int (session);

  gnutls_deinit (session);
  close (fd);
}

/* Up to the point that ends each answer. In TLS 1.3 a refusal comes only here. Gives a code of
 * GnuTLS. */
static int
ask (gnutls_session_t session, GString *answer)
{
  static const char request[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  char buffer[4096];
  gssize n = gnutls_record_send (session, request, sizeof request - 1);

  while (n >= 0 && (answer->len == 0 || answer->str[answer->len - 1] != '.'))
    {
      n = gnutls_record_recv (session, buffer, sizeof buffer);
      if (n == 0)
        return GNUTLS_E_PREMATURE_TERMINATION;
      if (n > 0)
        g_string_append_len (answer, buffer, n);
    }
  return n < 0 ? (int) n : 0;
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_auto (Fixture) f = { 0 };
  g_autofree char *fingerprint = NULL;
  g_autoptr (GString) answer = g_string_new (NULL);
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  int rc;

  set_up (&f, TRUE, c->required);
  credentials = make_credentials (&f, c->shown, &fingerprint);
  session = dial (&f, c->priority, credentials);
  rc = gnutls_handshake (session);
  rc = rc < 0 ? rc : ask (session, answer);
  if (c->is_accepted)
    {
      g_assert_cmpint (rc, ==, 0);
      g_assert_nonnull (strstr (answer->str, fingerprint != NULL ? fingerprint : "nobody"));
      g_assert_cmpint (strstr (answer->str, "console-1") != NULL, ==, fingerprint != NULL);
    }
  else
    {
      g_assert_cmpint (rc, ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
      g_assert_cmpstr (gnutls_alert_get_name (gnutls_alert_get (session)), ==,
                       gnutls_alert_get_name ((gnutls_alert_description_t) c->alert));
      g_assert_cmpuint (answer->len, ==, 0);
      /* In TLS 1.3 the request was on its way before the alert came: nobody has looked at it. */
      g_usleep (20 * 1000);
      g_assert_cmpint (g_atomic_int_get (&f.n_requests), ==, 0);
    }
  hang_up (session);
  gnutls_certificate_free_credentials (credentials);
}

/* Nobody asked for it: a certificate changes nothing, whoever signed it. */
static void
test_not_asked (void)
{
  g_auto (Fixture) f = { 0 };
  g_autofree char *fingerprint = NULL;
  g_autoptr (GString) answer = g_string_new (NULL);
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;

  set_up (&f, FALSE, FALSE);
  credentials = make_credentials (&f, GOOD, &fingerprint);
  session = dial (&f, TLS13, credentials);
  g_assert_cmpint (gnutls_handshake (session), ==, 0);
  g_assert_cmpint (ask (session, answer), ==, 0);
  g_assert_nonnull (strstr (answer->str, "nobody"));
  hang_up (session);
  gnutls_certificate_free_credentials (credentials);
}

static char *
read_server_fingerprint (gnutls_session_t session)
{
  guint n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (session, &n);
  g_autoptr (GBytes) der = NULL;
  g_autoptr (LkCertificateFacts) facts = NULL;

  g_assert_cmpuint (n, >, 0);
  der = g_bytes_new (chain[0].data, chain[0].size);
  facts = lk_certificate_facts_new (der, NULL);
  return g_strdup (facts->pin);
}

/* A connection goes on while new ones see the new certificate; a broken one changes nothing. */
static void
test_new_certificate (void)
{
  g_auto (Fixture) f = { 0 };
  g_autofree char *fingerprint = NULL;
  g_autoptr (GString) answer = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t sessions[3];
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *last = NULL;

  set_up (&f, TRUE, TRUE);
  credentials = make_credentials (&f, GOOD, &fingerprint);
  sessions[0] = dial (&f, TLS13, credentials);
  g_assert_cmpint (gnutls_handshake (sessions[0]), ==, 0);
  before = read_server_fingerprint (sessions[0]);

  use_new_certificate (&f);
  sessions[1] = dial (&f, TLS13, credentials);
  g_assert_cmpint (gnutls_handshake (sessions[1]), ==, 0);
  after = read_server_fingerprint (sessions[1]);
  g_assert_cmpstr (before, !=, after);
  g_assert_false (lk_server_set_certificate (f.server, "rubbish", 7, "rubbish", 7, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  sessions[2] = dial (&f, TLS13, credentials);
  g_assert_cmpint (gnutls_handshake (sessions[2]), ==, 0);
  last = read_server_fingerprint (sessions[2]);
  g_assert_cmpstr (last, ==, after);

  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    {
      g_string_truncate (answer, 0);
      g_assert_cmpint (ask (sessions[i], answer), ==, 0);
      g_assert_nonnull (strstr (answer->str, fingerprint)); /* still asked for after the change */
      hang_up (sessions[i]);
    }
  gnutls_certificate_free_credentials (credentials);
}

static void
test_no_authority (void)
{
  const LkServerOptions options = { .handler = tell_client };
  g_autoptr (LkServer) server = lk_server_new (&options);
  g_autoptr (GError) error = NULL;

  g_assert_false (lk_server_set_client_authority (server, "rubbish", 7, TRUE, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { TLS12, NO_CERTIFICATE, FALSE, TRUE, 0 },
    { TLS13, NO_CERTIFICATE, FALSE, TRUE, 0 },
    { TLS12, NO_CERTIFICATE, TRUE, FALSE, GNUTLS_A_HANDSHAKE_FAILURE },
    { TLS13, NO_CERTIFICATE, TRUE, FALSE, GNUTLS_A_CERTIFICATE_REQUIRED },
    { TLS12, GOOD, TRUE, TRUE, 0 },
    { TLS13, GOOD, TRUE, TRUE, 0 },
    { TLS12, GOOD, FALSE, TRUE, 0 },
    { TLS13, GOOD, FALSE, TRUE, 0 },
    { TLS12, OF_OTHER_CA, FALSE, FALSE, GNUTLS_A_UNKNOWN_CA },
    { TLS13, OF_OTHER_CA, FALSE, FALSE, GNUTLS_A_UNKNOWN_CA },
    { TLS12, EXPIRED, FALSE, FALSE, GNUTLS_A_CERTIFICATE_EXPIRED },
    { TLS13, EXPIRED, TRUE, FALSE, GNUTLS_A_CERTIFICATE_EXPIRED },
    { TLS12, OF_A_SERVER, TRUE, FALSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE },
    { TLS13, OF_A_SERVER, FALSE, FALSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE },
  };
  static const char *const words[] = { "none", "good", "other-ca", "expired", "of-a-server" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/server-tls/%s-%s-%s", words[cases[i].shown],
                           cases[i].required ? "required" : "asked",
                           g_str_equal (cases[i].priority, TLS12) ? "1.2" : "1.3");

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/server-tls/not-asked", test_not_asked);
  g_test_add_func ("/server-tls/new-certificate", test_new_certificate);
  g_test_add_func ("/server-tls/no-authority", test_no_authority);
  return g_test_run ();
}
