/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lab/lk-lab.h"
#include "licensing/lk-licensing.h"
#include "lk-peer.h"
#include "lk-test-certificate.h"
#include "lk-test-login.h"
#include "net/lk-auth.h"
#include "net/lk-authority.h"
#include "net/lk-channel.h"
#include "net/lk-resolve.h"
#include "wsman/lk-wsman-request.h"
#include "wsman/lk-wsman.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

/* Signing in to the lab's machines by NTLM, Basic and client certificates, as to Windows. */

#define PASSWORD "Sesame-1234567"
#define LOCAL    "Administrator"      /* of each machine */
#define DOMAIN   "LAB\\administrator" /* guarded, since the domain would lock it */

typedef struct
{
  LkLab *lab;
  LkLogin *login;
  LkLink *link;
  LkLinkOptions options; /* of the next link */
  LkTrust *trust;
  char *pin;
  char *host;
} Fixture;

static void
open_lab (Fixture *f, const LkLabDoorOptions *door, gboolean with_tls, const char *client_ca)
{
  g_autoptr (LkSecret) secret = lk_secret_new (PASSWORD, -1);
  LkLabOptions options = {
    .fleet = { .n_machines = 4, .seed = 11, .profile_mix = "2022" },
    .with_tls = with_tls,
    .client_ca = client_ca,
    .door = *door,
  };
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GByteArray) der = NULL;
  g_autoptr (GError) error = NULL;

  options.door.password = secret;
  f->lab = lk_lab_new (&options, &error);
  g_assert_no_error (error);
  f->options.port = with_tls ? lk_lab_get_tls_port (f->lab) : lk_lab_get_port (f->lab);
  f->options.tls = with_tls;
  if (!with_tls)
    return;

  f->trust = lk_trust_new (NULL, &error);
  g_assert_no_error (error);
  certificate = g_tls_certificate_new_from_pem (lk_lab_get_certificate (f->lab), -1, &error);
  g_assert_no_error (error);
  g_object_get (certificate, "certificate", &der, NULL);
  f->pin = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  f->options.trust = f->trust;
  f->options.pin = f->pin;
}

/* @user NULL: nobody. */
static void
set_login (Fixture *f, const char *user, const char *password, LkScheme scheme)
{
  g_clear_pointer (&f->login, lk_login_unref);
  f->login = user != NULL ? lk_test_login_new (user, password, scheme) : NULL;
}

static LkLink *
open_link (Fixture *f, guint place)
{
  guint32 address = lk_lab_fleet_get_address (place);

  g_clear_pointer (&f->link, lk_link_free);
  g_free (f->host);
  f->host = g_strdup_printf ("127.1.%u.%u", address >> 8 & 0xFF, address & 0xFF);
  f->options.host = f->host;
  f->options.login = f->login;
  f->link = lk_link_new (&f->options);
  return f->link;
}

static void
close_all (Fixture *f)
{
  g_clear_pointer (&f->link, lk_link_free);
  g_clear_pointer (&f->lab, lk_lab_free);
  g_clear_pointer (&f->login, lk_login_unref);
  g_clear_pointer (&f->trust, lk_trust_unref);
  g_clear_pointer (&f->pin, g_free);
  g_clear_pointer (&f->host, g_free);
  f->options = (LkLinkOptions){ 0 };
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close_all (f);
}

static LkHttpMessage *
post_identify (Fixture *f, gboolean changing, GError **error)
{
  g_autoptr (GBytes) body = lk_wsman_write_identify ();
  gsize length = 0;
  const void *data = g_bytes_get_data (body, &length);

  return lk_link_post (f->link, "application/soap+xml;charset=UTF-8", data, length, changing, 0,
                       NULL, error);
}

static void
assert_answered (Fixture *f, gboolean changing)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer = post_identify (f, changing, &error);

  g_assert_no_error (error);
  g_assert_nonnull (
      g_strstr_len ((const char *) answer->body->data, answer->body->len, "ProductVendor"));
}

static void
assert_ends (Fixture *f, int code, gboolean was_sent, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer = post_identify (f, TRUE, &error);

  g_assert_null (answer);
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, code);
  g_assert_cmpint (lk_error_was_sent (error), ==, was_sent);
  g_assert_cmpint (lk_link_was_sent (f->link), ==, was_sent);
  g_assert_nonnull (strstr (error->message, words));
}

static void
assert_fails (Fixture *f, int code, const char *words)
{
  assert_ends (f, code, FALSE, words);
}

static void
assert_trail (Fixture *f, const char *words)
{
  g_test_message ("%s", lk_link_get_trail (f->link));
  g_assert_nonnull (strstr (lk_link_get_trail (f->link), words));
}

static void
assert_reads (Fixture *f)
{
  g_autoptr (LkWsman) wsman = lk_wsman_new (f->link);
  g_autoptr (LkLicensing) licensing = lk_licensing_new (wsman);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkReading) reading = lk_licensing_read (licensing, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (reading->products->len, >, 0);
}

/* Several messages on one connection, since each has its number in the sealing. */
static void
test_ntlm (Fixture *f, gconstpointer data)
{
  static const char *const users[] = { LOCAL, DOMAIN, ".\\administrator",
                                       "administrator@lab.test" };

  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    {
      open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE }, FALSE, NULL);
      set_login (f, users[i], PASSWORD, LK_SCHEME_AUTO);
      open_link (f, 0);
      assert_reads (f);
      assert_answered (f, TRUE);
      g_assert_true (lk_link_was_sealing (f->link));
      g_assert_cmpuint (lk_link_get_serial (f->link), ==, 1);
      assert_trail (f, "NTLM (Negotiate): signed in with test, messages are sealed");
      assert_trail (f, "Kerberos (Negotiate): the ");
      close_all (f);
    }
}

static void
test_wrong_password (Fixture *f, gconstpointer data)
{
  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE }, FALSE, NULL);
  set_login (f, DOMAIN, "wrong", LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "NTLM (Negotiate): it did not accept the account");
  g_assert_cmpint (lk_link_get_stage (f->link), ==, LK_LINK_AUTH);
  open_link (f, 1);
  assert_fails (f, LK_ERROR_DENIED, "NTLM (Negotiate): it did not accept the account");

  /* Two are enough: a third machine does not get to see a token. */
  open_link (f, 2);
  assert_fails (f, LK_ERROR_DENIED, "two machines in a row refused it");
}

/* An account of the machine's own is locked on that machine only. */
static void
test_wrong_local_password (Fixture *f, gconstpointer data)
{
  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE }, FALSE, NULL);
  set_login (f, LOCAL, "wrong", LK_SCHEME_AUTO);
  for (guint i = 0; i < 4; i++)
    {
      open_link (f, i);
      assert_fails (f, LK_ERROR_DENIED, "NTLM (Negotiate): it did not accept the account");
    }
}

/* Two machines that refuse everybody, and others that do not. */
static void
test_guard_after_success (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE }, FALSE, NULL);
  for (guint place = 2; place < 4; place++)
    lk_lab_put_fault (f->lab, place, LK_LAB_WRONG_PASSWORD, TRUE, 1, &error);
  g_assert_no_error (error);
  set_login (f, DOMAIN, PASSWORD, LK_SCHEME_NTLM);
  for (guint i = 0; i < 8; i++)
    {
      guint place =
          (i / 2 + i % 2 * 2) % 4; /* 0 2 1 3 2 0 3 1: never two bad ones without a good */

      open_link (f, place);
      if (place < 2)
        assert_answered (f, FALSE);
      else
        assert_fails (f, LK_ERROR_DENIED, "did not accept the account");
    }
}

/* Exchanges one message over a channel that has no link around it. */
static LkHttpMessage *
exchange (LkChannel *channel, const GByteArray *request)
{
  const LkPatience patience = { g_get_monotonic_time () + 5 * G_USEC_PER_SEC, -1 };
  g_autoptr (LkHttpParser) parser = lk_http_parser_new (LK_HTTP_RESPONSE, 1024 * 1024);
  LkHttpMessage *answer = NULL;
  gsize n = 0;

  g_assert_cmpint (lk_channel_send (channel, request->data, request->len, &n, &patience), ==,
                   LK_IO_OK);
  while (answer == NULL)
    {
      char buffer[4096];
      gsize consumed = 0;

      g_assert_cmpint (lk_channel_receive (channel, buffer, sizeof buffer, &n, &patience), ==,
                       LK_IO_OK);
      g_assert_true (lk_http_parser_feed (parser, buffer, n, &consumed, NULL));
      answer = lk_http_parser_take (parser);
    }
  return answer;
}

static LkChannel *
call (const char *host, guint16 port)
{
  const LkPatience patience = { g_get_monotonic_time () + 5 * G_USEC_PER_SEC, -1 };
  g_autoptr (GArray) addresses = NULL;
  const char *why = NULL;
  LkChannel *channel;
  LkIo io;
  int code;

  g_assert_cmpint (lk_resolve (host, port, &patience, &addresses, &why), ==, LK_IO_OK);
  channel = lk_channel_connect (&g_array_index (addresses, LkAddress, 0), &patience, &io, &code);
  g_assert_nonnull (channel);
  return channel;
}

/* Signs in as if this were TLS, where nothing is sealed: what a machine must not take. */
static guint
post_in_the_clear (Fixture *f)
{
  const LkPatience patience = { g_get_monotonic_time () + 5 * G_USEC_PER_SEC, -1 };
  g_autoptr (LkAuth) auth = lk_auth_new (f->login, "127.1.0.1", NULL, TRUE);
  g_autoptr (GBytes) message = lk_wsman_write_identify ();
  g_autoptr (GByteArray) request = NULL;
  g_autoptr (LkHttpMessage) answer = NULL;
  g_autoptr (GError) error = NULL;
  LkChannel *channel = call ("127.1.0.1", lk_lab_get_port (f->lab));
  gsize length = 0;
  const void *data = g_bytes_get_data (message, &length);

  g_assert_true (lk_auth_prepare (auth, TRUE, &error));
  g_assert_true (lk_auth_begin (auth, NULL, &patience, &error));
  while (lk_auth_has_leg (auth))
    {
      g_autoptr (GByteArray) leg = lk_auth_write_leg (auth, "lab", "/wsman");
      g_autoptr (LkHttpMessage) back = exchange (channel, leg);

      g_assert_true (lk_auth_take_leg (auth, back, &patience, &error));
    }
  g_assert_true (lk_auth_is_signed_in (auth));
  request = lk_auth_write_request (auth, "lab", "/wsman", "application/soap+xml;charset=UTF-8",
                                   data, length, &error);
  g_assert_no_error (error);
  answer = exchange (channel, request);
  lk_channel_free (channel);
  return answer->status;
}

static void
test_clear_text (Fixture *f, gconstpointer data)
{
  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE }, FALSE, NULL);
  set_login (f, LOCAL, PASSWORD, LK_SCHEME_NTLM);
  g_assert_cmpuint (post_in_the_clear (f), ==, 401);
  close_all (f);

  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE, .allows_clear = TRUE }, FALSE,
            NULL);
  set_login (f, LOCAL, PASSWORD, LK_SCHEME_NTLM);
  g_assert_cmpuint (post_in_the_clear (f), ==, 200);
}

/* What was agreed runs out between two requests. */
static void
test_expired (Fixture *f, gconstpointer data)
{
  const LkLabDoorOptions door = { .schemes = LK_LAB_NEGOTIATE, .life_ms = 700 };

  open_lab (f, &door, FALSE, NULL);
  set_login (f, DOMAIN, PASSWORD, LK_SCHEME_NTLM);
  open_link (f, 0);
  assert_answered (f, FALSE);
  g_usleep (door.life_ms * 1000);
  assert_answered (f, FALSE);
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);

  /* A change that is bound to its connection ends there. That it was not read is said in the clear,
   * and anybody on the way could say so. */
  lk_link_require_serial (f->link, 2);
  g_usleep (door.life_ms * 1000);
  assert_ends (f, LK_ERROR_UNREACHABLE, TRUE, "forgotten who signed in");
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);

  /* That says nothing about the password. */
  lk_link_require_serial (f->link, 0);
  assert_answered (f, TRUE);
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 3);
}

static void
test_basic (Fixture *f, gconstpointer data)
{
  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_BASIC }, FALSE, NULL);
  set_login (f, LOCAL, PASSWORD, LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_answered (f, FALSE);
  g_assert_false (lk_link_was_sealing (f->link));
  assert_trail (f, "NTLM (Negotiate): not offered; it offers Basic");

  /* Not by itself for an account of a domain, and not against what the set allows. */
  set_login (f, DOMAIN, PASSWORD, LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "Windows takes no domain account that way");
  set_login (f, LOCAL, PASSWORD, LK_SCHEME_NTLM);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "no way to sign in that both sides take");
  g_assert_null (strstr (lk_link_get_trail (f->link), "Basic: " LOCAL));

  set_login (f, LOCAL, "wrong", LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED,
                "did not accept the account of the credential set test (Basic)");
  set_login (f, NULL, NULL, LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "it wants to know who asks; it offers Basic");
}

/* A way that is not offered is not fallen to either: the password was refused. */
static void
test_no_second_way (Fixture *f, gconstpointer data)
{
  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE | LK_LAB_BASIC }, FALSE, NULL);
  set_login (f, LOCAL, "wrong", LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "NTLM (Negotiate): it did not accept the account");
  g_assert_null (strstr (lk_link_get_trail (f->link), "Basic"));
}

static void
test_unsafe (Fixture *f, gconstpointer data)
{
  g_autoptr (LkLogin) ticket =
      lk_login_new (&(LkLoginOptions){ .name = "test", .kind = LK_CREDENTIAL_TICKET });

  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE }, FALSE, NULL);
  f->login = g_steal_pointer (&ticket);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "the machine is known by its address only");
}

/* The context is bound to the TLS connection where the machine demands that. */
static void
test_binding (Fixture *f, gconstpointer data)
{
  static const gboolean demands[] = { FALSE, TRUE };

  for (guint i = 0; i < G_N_ELEMENTS (demands); i++)
    {
      open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE, .wants_binding = demands[i] },
                TRUE, NULL);
      set_login (f, DOMAIN, PASSWORD, LK_SCHEME_AUTO);
      open_link (f, 0);
      assert_reads (f);
      g_assert_false (lk_link_was_sealing (f->link));
      assert_trail (f, "NTLM (Negotiate): signed in with test, inside TLS");
      close_all (f);
    }
}

/* Somebody in the middle, whose own certificate the link trusts. */
typedef struct
{
  const char *host;
  guint16 port;
} Relay;

static void
relay (LkPeerConnection *connection, gpointer data)
{
  const Relay *to = data;
  const LkPatience patience = { g_get_monotonic_time () + 5 * G_USEC_PER_SEC, -1 };
  g_autoptr (LkTrust) trust = lk_trust_new (NULL, NULL);
  g_autoptr (LkHttpMessage) request = NULL;
  LkChannel *channel = call (to->host, to->port);

  g_assert_cmpint (lk_channel_handshake (channel, trust, to->host, NULL, &patience), ==, LK_IO_OK);
  while ((request = lk_peer_read (connection)) != NULL)
    {
      g_autoptr (LkHttpMessage) answer = NULL;
      g_autoptr (GByteArray) there = NULL;
      g_autoptr (GByteArray) back = NULL;
      const char *headers[] = { "Host", to->host, "Content-Type", "application/soap+xml", NULL,
                                NULL,   NULL };
      const char *answers[] = { "WWW-Authenticate", NULL, NULL };

      headers[5] = lk_http_message_get_header (request, "Authorization");
      headers[4] = headers[5] != NULL ? "Authorization" : NULL;
      there = lk_http_write_request ("POST", request->target, headers, request->body->data,
                                     request->body->len);
      answer = exchange (channel, there);
      answers[1] = lk_http_message_get_header (answer, "WWW-Authenticate");
      back = lk_http_write_response (answer->status, TRUE, answers[1] != NULL ? answers : NULL,
                                     answer->body->data, answer->body->len);
      lk_peer_write (connection, back->data, back->len);
      g_clear_pointer (&request, lk_http_message_free);
    }
  lk_channel_free (channel);
}

static void
test_relay (Fixture *f, gconstpointer data)
{
  static const gboolean demands[] = { FALSE, TRUE };

  for (guint i = 0; i < G_N_ELEMENTS (demands); i++)
    {
      g_autoptr (LkTestCa) ca = lk_test_ca_new ();
      g_autofree char *pin = NULL;
      gnutls_certificate_credentials_t credentials = lk_test_ca_issue (ca, "127.0.0.1", 9, &pin);
      g_autofree char *host = NULL;
      Relay to = { 0 };
      LkPeer *peer;

      open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE, .wants_binding = demands[i] },
                TRUE, NULL);
      set_login (f, LOCAL, PASSWORD, LK_SCHEME_NTLM);
      open_link (f, 0);
      host = g_strdup (f->host);
      to = (Relay){ host, lk_lab_get_tls_port (f->lab) };
      peer = lk_peer_new (credentials, relay, &to);
      f->options.host = "127.0.0.1";
      f->options.port = lk_peer_get_port (peer);
      f->options.pin = pin;
      g_clear_pointer (&f->link, lk_link_free);
      f->link = lk_link_new (&f->options);
      if (demands[i])
        assert_fails (f, LK_ERROR_DENIED, "did not accept the account");
      else
        assert_answered (f, FALSE);
      g_clear_pointer (&f->link, lk_link_free);
      lk_peer_free (peer);
      gnutls_certificate_free_credentials (credentials);
      close_all (f);
    }
}

/* OMI hangs up on what begins with a tab. */
static void
test_foreign (Fixture *f, gconstpointer data)
{
  g_autoptr (LkWsman) wsman = NULL;
  g_autoptr (GError) error = NULL;

  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_NEGOTIATE, .is_foreign = TRUE }, FALSE, NULL);
  set_login (f, DOMAIN, PASSWORD, LK_SCHEME_NTLM);
  open_link (f, 0);
  wsman = lk_wsman_new (f->link);
  g_assert_true (lk_wsman_identify (wsman, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);
  assert_answered (f, FALSE); /* the form is kept */
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);
}

static LkLogin *
issue_login (LkAuthority *authority)
{
  g_autofree char *pem = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkClientCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;

  lk_authority_issue_client (authority, "console-1", 9, &pem, &key, &error);
  g_assert_no_error (error);
  certificate = lk_client_certificate_new (pem, key, &error);
  g_assert_no_error (error);
  return lk_login_new (&(LkLoginOptions){
      .name = "test", .kind = LK_CREDENTIAL_CERTIFICATE, .certificate = certificate });
}

static void
test_client_certificate (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkAuthority) authority = lk_authority_new ("Clients", &error);
  g_autoptr (LkAuthority) other = lk_authority_new ("Others", &error);

  g_assert_no_error (error);
  open_lab (f, &(LkLabDoorOptions){ .schemes = LK_LAB_CERTIFICATE }, TRUE,
            lk_authority_get_certificate (authority));
  f->login = issue_login (authority);
  open_link (f, 0);
  assert_reads (f);
  assert_trail (f, "Client certificate: CN=console-1");

  set_login (f, NULL, NULL, LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "it wants to know who asks");
  set_login (f, LOCAL, PASSWORD, LK_SCHEME_AUTO);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "not offered; it offers nothing");

  g_clear_pointer (&f->login, lk_login_unref);
  f->login = issue_login (other);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED,
                "it does not accept the client certificate CN=console-1 (CA is unknown)");
  g_assert_cmpint (lk_link_get_stage (f->link), ==, LK_LINK_AUTH);

  f->options.tls = FALSE;
  f->options.port = lk_lab_get_port (f->lab);
  open_link (f, 0);
  assert_fails (f, LK_ERROR_DENIED, "HTTPS");
}

int
main (int argc, char **argv)
{
  g_autoptr (LkSecret) password = lk_secret_new (PASSWORD, -1);
  g_autoptr (GError) error = NULL;
  g_autofree char *account = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  account = lk_lab_door_publish_account (password, &error);
  g_assert_no_error (error);
#define ADD(name, func) g_test_add ("/sign-in/" name, Fixture, NULL, NULL, func, tear_down)
  ADD ("ntlm", test_ntlm);
  ADD ("wrong-password", test_wrong_password);
  ADD ("wrong-local-password", test_wrong_local_password);
  ADD ("guard-after-success", test_guard_after_success);
  ADD ("clear-text", test_clear_text);
  ADD ("expired", test_expired);
  ADD ("basic", test_basic);
  ADD ("no-second-way", test_no_second_way);
  ADD ("unsafe", test_unsafe);
  ADD ("binding", test_binding);
  ADD ("relay", test_relay);
  ADD ("foreign", test_foreign);
  ADD ("client-certificate", test_client_certificate);
  result = g_test_run ();
  g_unlink (account);
  return result;
}
