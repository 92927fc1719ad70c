/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lk-peer.h"
#include "lk-test-certificate.h"
#include "net/lk-link.h"

#include <string.h>

/* One server for each case: for whom its certificate is, how long it lasts, and what the link is
 * told to trust. */
typedef struct
{
  const char *host;
  const char *name;
  int days;
  gboolean trust_ca;
  enum
  {
    NO_PIN,
    RIGHT_PIN,
    OTHER_PIN,
    BROKEN_PIN,
  } pin;
  const char *words; /* of the refusal, or NULL */
} Case;

static void
serve_echo (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = NULL;

  while ((request = lk_peer_read (connection)) != NULL)
    {
      g_autofree char *body = g_strndup ((const char *) request->body->data, request->body->len);

      g_atomic_int_inc ((gint *) data);
      lk_peer_answer (connection, 200, body);
      g_clear_pointer (&request, lk_http_message_free);
    }
}

static LkHttpMessage *
post (LkLink *link, GError **error)
{
  return lk_link_post (link, "text/plain", "hello", 5, TRUE, 0, NULL, error);
}

static void
assert_refused (LkLink *link, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (post (link, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (lk_link_get_stage (link), ==, LK_LINK_TLS);
  g_assert_cmpint (lk_link_get_problem (link), ==, LK_LINK_PROBLEM_UNTRUSTED);
  g_assert_false (lk_error_was_sent (error));
  g_assert_nonnull (strstr (error->message, words));
}

static void
assert_accepted (LkLink *link)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LkHttpMessage) answer = post (link, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (answer->body->data, answer->body->len, "hello", 5);
    }
  g_assert_cmpuint (lk_link_get_serial (link), ==, 1);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (LkTestCa) ca = lk_test_ca_new ();
  g_autofree char *pin = NULL;
  gnutls_certificate_credentials_t credentials = lk_test_ca_issue (ca, c->name, c->days, &pin);
  g_autofree char *other_pin = g_strnfill (64, 'a');
  const char *const pins[] = { NULL, pin, other_pin, "12:34" };
  g_autoptr (GError) error = NULL;
  gint n_requests = 0;
  LkPeer *peer = lk_peer_new (credentials, serve_echo, &n_requests);
  LkLinkOptions options = { .host = c->host, .port = lk_peer_get_port (peer), .tls = TRUE };
  LkLink *link;

  options.trust = lk_trust_new (c->trust_ca ? lk_test_ca_get_file (ca) : NULL, &error);
  g_assert_no_error (error);
  options.pin = pins[c->pin];
  link = lk_link_new (&options);

  if (c->words == NULL)
    assert_accepted (link);
  else
    assert_refused (link, c->words);
  g_assert_cmpint (g_atomic_int_get (&n_requests), ==, c->words == NULL ? 2 : 0);
  if (c->pin != BROKEN_PIN)
    g_assert_cmpstr (lk_link_get_peer_pin (link), ==, pin);

  lk_link_free (link);
  lk_peer_free (peer);
  lk_trust_unref (options.trust);
  gnutls_certificate_free_credentials (credentials);
}

static void
serve_greeting (LkPeerConnection *connection, gpointer data)
{
  lk_peer_write_text (connection, "220 mail.lab.test\r\n");
  lk_peer_drain (connection);
}

/* A server that speaks no TLS at all. */
static void
test_no_tls (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTrust) trust = lk_trust_new (NULL, &error);
  LkLinkOptions options = { .host = "127.0.0.1", .tls = TRUE, .trust = trust };
  LkPeer *peer = lk_peer_new (NULL, serve_greeting, NULL);
  LkLink *link;

  options.port = lk_peer_get_port (peer);
  link = lk_link_new (&options);
  g_assert_null (post (link, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, LK_ERROR_UNREACHABLE);
  g_assert_cmpint (lk_link_get_stage (link), ==, LK_LINK_TLS);
  g_assert_false (lk_error_was_sent (error));
  lk_link_free (link);
  lk_peer_free (peer);
}

static void
test_ca_file (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (lk_trust_new ("/nonexistent/ca.pem", &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    Case c;
  } cases[] = {
    { "/tls/address", { "127.0.0.1", "127.0.0.1", 9, TRUE, NO_PIN, NULL } },
    { "/tls/name", { "localhost", "localhost", 9, TRUE, NO_PIN, NULL } },
    { "/tls/unknown-ca",
      { "127.0.0.1", "127.0.0.1", 9, FALSE, NO_PIN, "a CA that is not trusted" } },
    { "/tls/wrong-name", { "localhost", "pc-8.lab.test", 9, TRUE, NO_PIN, "another name" } },
    { "/tls/wrong-address", { "127.0.0.1", "127.0.0.2", 9, TRUE, NO_PIN, "another name" } },
    { "/tls/expired", { "127.0.0.1", "127.0.0.1", -1, TRUE, NO_PIN, "expired" } },
    { "/tls/pin", { "127.0.0.1", "127.0.0.1", 9, FALSE, RIGHT_PIN, NULL } },
    { "/tls/pin-only", { "127.0.0.1", "elsewhere", -1, FALSE, RIGHT_PIN, NULL } },
    { "/tls/other-pin", { "127.0.0.1", "127.0.0.1", 9, TRUE, OTHER_PIN, "not the one" } },
    { "/tls/broken-pin", { "127.0.0.1", "127.0.0.1", 9, TRUE, BROKEN_PIN, "pin" } },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i].c, test_case);
  g_test_add_func ("/tls/no-tls", test_no_tls);
  g_test_add_func ("/tls/ca-file", test_ca_file);
  return g_test_run ();
}
