/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lk-peer.h"
#include "lk-test-certificate.h"
#include "net/lk-certificate-facts.h"
#include "net/lk-link.h"

#include <string.h>

/* One server for each case: for whom its certificate is, how long it lasts, and what the link is
 * told to trust. */
typedef struct
{
  const char *host;
  const char *name;
  int from; /* days from now */
  int days;
  gboolean trust_ca;
  enum
  {
    NO_PIN,
    SELF_SIGNED, /* no pin either */
    RIGHT_PIN,
    OTHER_PIN,
    BROKEN_PIN,
  } pin;
  const char *words; /* of the refusal, or NULL; @0: the SHA-256 of the certificate, @1 and @2: its
                        first and its last day */
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

static char *
format_day (int days)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) day = g_date_time_add_days (now, days);

  return g_date_time_format (day, "%Y-%m-%d");
}

static void
assert_refused (LkLink *link, const Case *c, const char *pin)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) words = g_string_new (c->words);
  g_autofree char *fingerprint = lk_pin_to_text (pin);
  g_autofree char *from = format_day (c->from);
  g_autofree char *until = format_day (c->days);

  g_string_replace (words, "@0", fingerprint, 0);
  g_string_replace (words, "@1", from, 0);
  g_string_replace (words, "@2", until, 0);
  g_assert_null (post (link, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (lk_link_get_stage (link), ==, LK_LINK_TLS);
  g_assert_cmpint (lk_link_get_problem (link), ==, LK_LINK_PROBLEM_UNTRUSTED);
  g_assert_false (lk_error_was_sent (error));
  g_assert_nonnull (strstr (error->message, words->str));
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
  g_autoptr (GBytes) certificate = NULL;
  gnutls_certificate_credentials_t credentials =
      lk_test_ca_issue_from (ca, c->name, c->from, c->days, c->pin == SELF_SIGNED, &certificate);
  g_autofree char *pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, certificate);
  g_autofree char *other_pin = g_strnfill (64, 'a');
  const char *const pins[] = { NULL, NULL, pin, other_pin, "12:34" };
  g_autoptr (GError) error = NULL;
  gint n_requests = 0;
  LkPeer *peer = lk_peer_new (credentials, serve_echo, &n_requests);
  LkLinkOptions options = { .host = c->host, .port = lk_peer_get_port (peer), .tls = TRUE };
  LkLink *link;

  options.trust = lk_trust_new (c->trust_ca ? lk_test_ca_get_file (ca) : NULL, &error);
  g_assert_no_error (error);
  options.pin = pins[c->pin];
  link = lk_link_new (&options);
  g_assert_null (lk_link_get_peer_certificate (link));

  if (c->words == NULL)
    assert_accepted (link);
  else
    assert_refused (link, c, pin);
  g_assert_cmpint (g_atomic_int_get (&n_requests), ==, c->words == NULL ? 2 : 0);
  if (c->pin != BROKEN_PIN)
    {
      g_assert_cmpstr (lk_link_get_peer_pin (link), ==, pin);
      g_assert_true (g_bytes_equal (lk_link_get_peer_certificate (link), certificate));
    }

  lk_link_free (link);
  lk_peer_free (peer);
  lk_trust_unref (options.trust);
  gnutls_certificate_free_credentials (credentials);
}

/* Another certificate than the one that was kept: the message says all that is different. */
static void
test_changed (void)
{
  g_autoptr (LkTestCa) ca = lk_test_ca_new ();
  g_autoptr (GBytes) accepted = NULL;
  g_autoptr (GBytes) shown = NULL;
  gnutls_certificate_credentials_t before =
      lk_test_ca_issue_from (ca, "pc-1.lab.test", -400, 9, FALSE, &accepted);
  gnutls_certificate_credentials_t after =
      lk_test_ca_issue_from (ca, "127.0.0.1", -400, 90, TRUE, &shown);
  g_autofree char *pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, accepted);
  g_autofree char *shown_pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, shown);
  g_autofree char *old_text = lk_pin_to_text (pin);
  g_autofree char *new_text = lk_pin_to_text (shown_pin);
  g_autofree char *from = format_day (-400);
  g_autofree char *old_day = format_day (9);
  g_autofree char *new_day = format_day (90);
  g_autofree char *expected = g_strdup_printf (
      "its certificate changed: the one accepted on 2026-01-02 was for pc-1.lab.test, issued by"
      " CN=Latchkey test CA, valid until %s. Different now: other names: it was pc-1.lab.test, now "
      "127.0.0.1;"
      " another subject: it was CN=pc-1.lab.test, now CN=127.0.0.1; another issuer: it was"
      " CN=Latchkey test CA, now CN=127.0.0.1; other dates: it was %s to %s, now %s to %s; a new "
      "key"
      " (EC/ECDSA 256 bits); SHA-256: it was %s, now %s. If there is a reason, such as a"
      " reinstallation: latchkeyctl trust accept 127.0.0.1",
      old_day, from, old_day, from, new_day, old_text, new_text);
  g_autoptr (GError) error = NULL;
  /* That a trusted CA would vouch for the new one does not help. */
  g_autoptr (LkTrust) trust = lk_trust_new (lk_test_ca_get_file (ca), &error);
  gint n_requests = 0;
  LkPeer *peer = lk_peer_new (after, serve_echo, &n_requests);
  LkLinkOptions options = {
    .host = "127.0.0.1",
    .port = lk_peer_get_port (peer),
    .tls = TRUE,
    .trust = trust,
    .pin = pin,
    .pinned = accepted,
    .pinned_at = 1767312000000, /* 2026-01-02 */
  };
  LkLink *link = lk_link_new (&options);

  g_assert_null (post (link, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_cmpint (lk_link_get_problem (link), ==, LK_LINK_PROBLEM_UNTRUSTED);
  g_assert_false (lk_error_was_sent (error));
  g_assert_true (g_str_has_suffix (error->message, expected));
  g_assert_cmpint (g_atomic_int_get (&n_requests), ==, 0);
  g_assert_true (g_bytes_equal (lk_link_get_peer_certificate (link), shown));

  lk_link_free (link);
  lk_peer_free (peer);
  gnutls_certificate_free_credentials (before);
  gnutls_certificate_free_credentials (after);
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
    { "/tls/address", { "127.0.0.1", "127.0.0.1", -9, 9, TRUE, NO_PIN, NULL } },
    { "/tls/name", { "localhost", "localhost", -9, 9, TRUE, NO_PIN, NULL } },
    { "/tls/unknown-ca",
      { "127.0.0.1", "127.0.0.1", -9, 9, FALSE, NO_PIN,
        ": its certificate comes from a CA that is not trusted here: CN=Latchkey test CA; SHA-256 "
        "@0;"
        " to accept this one for it: latchkeyctl trust accept 127.0.0.1; to trust its CA:"
        " latchkeyctl config set machines.ca FILE" } },
    { "/tls/self-signed",
      { "127.0.0.1", "127.0.0.1", -9, 9, FALSE, SELF_SIGNED,
        ": its certificate is self-signed, so that no CA vouches for it; SHA-256 @0; to accept" } },
    { "/tls/wrong-name",
      { "localhost", "pc-8.lab.test", -9, 9, TRUE, NO_PIN,
        "its certificate is for another name: not for localhost, but for pc-8.lab.test; SHA" } },
    { "/tls/wrong-address",
      { "127.0.0.1", "127.0.0.2", -9, 9, TRUE, NO_PIN,
        "for another name: not for 127.0.0.1, but for 127.0.0.2;" } },
    { "/tls/expired",
      { "127.0.0.1", "127.0.0.1", -9, -1, TRUE, NO_PIN,
        ": its certificate expired on @2; SHA-256 @0; to accept" } },
    { "/tls/early",
      { "127.0.0.1", "127.0.0.1", 2, 9, TRUE, NO_PIN,
        ": its certificate is not valid before @1; SHA-256 @0; to accept" } },
    { "/tls/all-wrong",
      { "127.0.0.1", "pc-8.lab.test", -9, -1, FALSE, NO_PIN, "for another name: not for" } },
    { "/tls/pin", { "127.0.0.1", "127.0.0.1", -9, 9, FALSE, RIGHT_PIN, NULL } },
    { "/tls/pin-only", { "127.0.0.1", "elsewhere", -9, -1, FALSE, RIGHT_PIN, NULL } },
    { "/tls/pin-early", { "127.0.0.1", "elsewhere", 2, 9, FALSE, RIGHT_PIN, NULL } },
    { "/tls/other-pin",
      { "127.0.0.1", "127.0.0.1", -9, 9, TRUE, OTHER_PIN,
        ": its certificate changed: the accepted one was SHA-256 "
        "aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:"
        "aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa, it shows @0. If" } },
    { "/tls/broken-pin", { "127.0.0.1", "127.0.0.1", -9, 9, TRUE, BROKEN_PIN, "pin" } },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i].c, test_case);
  g_test_add_func ("/tls/changed", test_changed);
  g_test_add_func ("/tls/no-tls", test_no_tls);
  g_test_add_func ("/tls/ca-file", test_ca_file);
  return g_test_run ();
}
