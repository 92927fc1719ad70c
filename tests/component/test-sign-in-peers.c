/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lab/lk-lab-door.h"
#include "lk-peer.h"
#include "lk-test-login.h"
#include "net/lk-gss.h"
#include "net/lk-link.h"
#include "net/lk-sealed.h"

#include <glib/gstdio.h>
#include <string.h>

/* Signing in to servers that do not keep to the rules: they learn nothing, and are not believed. */

#define PASSWORD    "Sesame-1234567"
#define PATIENCE_US (5 * G_USEC_PER_SEC)
#define SEALED_TYPE "application/HTTP-SPNEGO-session-encrypted"

/* What a peer has seen. */
typedef struct
{
  gint n_legs;
  gint n_requests; /* with a body, or after signing in */
} Seen;

typedef struct
{
  LkLogin *login;
  LkPeer *peer;
  LkLink *link;
  LkLinkOptions options;
  gint64 start;
} Fixture;

static LkGssAcceptor *acceptor; /* for NTLM, one for all */

static void
serve (Fixture *f, LkPeerFunc func, gpointer user_data)
{
  f->peer = lk_peer_new (NULL, func, user_data);
  f->options.host = "127.0.0.1";
  f->options.port = lk_peer_get_port (f->peer);
  f->options.login = f->login;
  f->link = lk_link_new (&f->options);
  f->start = g_get_monotonic_time ();
}

static void
close_all (Fixture *f)
{
  g_clear_pointer (&f->link, lk_link_free);
  g_clear_pointer (&f->peer, lk_peer_free);
}

/* An account of a domain, so that the guard watches over it. */
static void
set_up (Fixture *f, gconstpointer data)
{
  f->login = lk_test_login_new ("LAB\\administrator", PASSWORD, LK_SCHEME_NTLM);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_get_monotonic_time () - f->start, <, PATIENCE_US);
  close_all (f);
  g_clear_pointer (&f->login, lk_login_unref);
}

static LkHttpMessage *
post (Fixture *f, GError **error)
{
  return lk_link_post (f->link, "application/soap+xml;charset=UTF-8", "hello", 5, TRUE, 0, NULL,
                       error);
}

static void
assert_fails (Fixture *f, LkError code, gboolean sent, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer = post (f, &error);

  g_assert_null (answer);
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, (int) code);
  g_assert_cmpint (lk_error_was_sent (error), ==, sent);
  g_assert_nonnull (strstr (error->message, words));
}

static void
assert_answered (Fixture *f, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer = post (f, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (answer->body->data, answer->body->len, expected, strlen (expected));
}

/* Whether the guard takes the set for proven: two may ask at once. */
static gboolean
is_proven (Fixture *f)
{
  const LkPatience none = { .until = 0, .cancel_fd = -1 };
  char one = 0;
  char other = 0;
  gboolean may_both;

  g_assert_true (lk_login_ask (f->login, &one, &none, NULL));
  may_both = lk_login_ask (f->login, &other, &none, NULL);
  if (may_both)
    lk_login_tell (f->login, &other, LK_LOGIN_UNANSWERED);
  lk_login_tell (f->login, &one, LK_LOGIN_UNANSWERED);
  return may_both;
}

static void
write_leg (LkPeerConnection *connection, guint status, gboolean keep_alive, const char *challenge)
{
  const char *headers[] = { "WWW-Authenticate", challenge, NULL };
  g_autoptr (GByteArray) bytes =
      lk_http_write_response (status, keep_alive, challenge != NULL ? headers : NULL, NULL, 0);

  lk_peer_write (connection, bytes->data, bytes->len);
}

/* The next leg; NULL when what comes is something else. */
static GBytes *
read_leg (LkPeerConnection *connection, Seen *seen)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);
  const char *given =
      request != NULL ? lk_http_message_get_header (request, "Authorization") : NULL;
  gsize length = 0;
  guchar *token;

  if (request == NULL)
    return NULL;
  if (request->body->len > 0 || given == NULL)
    g_atomic_int_inc (&seen->n_requests);
  if (given == NULL)
    return NULL;

  g_atomic_int_inc (&seen->n_legs);
  g_assert_true (g_str_has_prefix (given, "Negotiate "));
  token = g_base64_decode (given + strlen ("Negotiate "), &length);
  return g_bytes_new_take (token, length);
}

/* One leg that goes into @context; what to answer with, or NULL. */
static char *
step (LkPeerConnection *connection, LkGssContext *context, Seen *seen)
{
  g_autoptr (GBytes) token = read_leg (connection, seen);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  LkGssTrouble trouble;

  if (token == NULL)
    return NULL;
  lk_gss_context_step (context, g_bytes_get_data (token, NULL), g_bytes_get_size (token), &out,
                       &trouble, &error);
  g_assert_no_error (error);
  if (out == NULL)
    return g_strdup ("Negotiate");
  text = g_base64_encode (g_bytes_get_data (out, NULL), g_bytes_get_size (out));
  return g_strconcat ("Negotiate ", text, NULL);
}

/* Signs the client in as it should be. */
static LkGssContext *
accept_ntlm (LkPeerConnection *connection, Seen *seen)
{
  g_autoptr (LkGssContext) context = lk_gss_context_new_server (acceptor, NULL);

  while (!lk_gss_context_is_complete (context))
    {
      g_autofree char *challenge = step (connection, context, seen);
      gboolean is_done = lk_gss_context_is_complete (context);

      if (challenge == NULL)
        return NULL;
      write_leg (connection, is_done ? 200 : 401, TRUE, is_done ? NULL : challenge);
    }
  return g_steal_pointer (&context);
}

/* Reads a sealed request, which must say "hello" to those who may read it and nothing to others. */
static gboolean
read_sealed (LkPeerConnection *connection, LkGssContext *context)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  LkSealedParts parts;

  if (request == NULL)
    return FALSE;
  g_assert_true (lk_sealed_is_type (lk_http_message_get_header (request, "Content-Type")));
  g_assert_null (lk_http_message_get_header (request, "Authorization"));
  g_assert_null (memmem (request->body->data, request->body->len, "hello", 5));
  g_assert_true (lk_sealed_parse (request->body->data, request->body->len, &parts, &error));
  g_assert_true (lk_gss_context_open (context, parts.token, parts.token_length, plain, &error));
  g_assert_cmpmem (plain->data, plain->len, "hello", 5);
  return TRUE;
}

static GByteArray *
seal (LkGssContext *context, const char *text, gsize said_length)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GByteArray) sealed = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  lk_gss_context_seal (context, FALSE, text, strlen (text), header, sealed, &error);
  g_assert_no_error (error);
  return lk_sealed_write (LK_SEALED_WINDOWS, SEALED_TYPE, "application/soap+xml", said_length,
                          header, sealed);
}

static void
write_body (LkPeerConnection *connection, guint status, gboolean sealed, const GByteArray *body)
{
  g_autofree char *type = lk_sealed_make_type (SEALED_TYPE);
  const char *headers[] = { "Content-Type", sealed ? type : "application/soap+xml", NULL };
  g_autoptr (GByteArray) bytes =
      lk_http_write_response (status, TRUE, headers, body->data, body->len);

  lk_peer_write (connection, bytes->data, bytes->len);
}

/* How the sealed request is answered. */
typedef enum
{
  HONESTLY,
  HONESTLY_WITH_500,
  IN_THE_CLEAR,
  IN_THE_CLEAR_WITH_500,
  CLEAR_BUT_CALLED_SEALED,
  CHANGED,
  OF_ANOTHER_LENGTH,
  THE_OLD_ONE_AGAIN,
} Answer;

typedef struct
{
  Seen seen;
  Answer answer;
} Script;

static void
answer_sealed (LkPeerConnection *connection, LkGssContext *context, Answer answer)
{
  g_autoptr (GByteArray) good = seal (context, "answer", answer == OF_ANOTHER_LENGTH ? 5 : 6);
  g_autoptr (GByteArray) clear = g_byte_array_new ();
  gboolean is_clear = answer == IN_THE_CLEAR || answer == IN_THE_CLEAR_WITH_500;
  gboolean is_500 = answer == HONESTLY_WITH_500 || answer == IN_THE_CLEAR_WITH_500;

  g_byte_array_append (clear, (const guint8 *) "forged", 6);
  if (answer == CHANGED)
    good->data[good->len - strlen ("--Encrypted Boundary--\r\n") - 1] ^= 1;
  write_body (connection, is_500 ? 500 : 200, !is_clear,
              is_clear || answer == CLEAR_BUT_CALLED_SEALED ? clear : good);
  if (answer == THE_OLD_ONE_AGAIN && read_sealed (connection, context))
    write_body (connection, 200, TRUE, good);
}

static void
serve_script (LkPeerConnection *connection, gpointer data)
{
  Script *script = data;
  g_autoptr (LkGssContext) context = accept_ntlm (connection, &script->seen);

  if (context != NULL && read_sealed (connection, context))
    answer_sealed (connection, context, script->answer);
  lk_peer_drain (connection);
}

static void
test_sealed_answers (Fixture *f, gconstpointer data)
{
  static const struct
  {
    Answer answer;
    const char *words; /* of the error; NULL: it is believed */
  } cases[] = {
    { HONESTLY, NULL },
    { HONESTLY_WITH_500, NULL },
    { IN_THE_CLEAR, "in the clear" },
    { IN_THE_CLEAR_WITH_500, "in the clear" },
    { CLEAR_BUT_CALLED_SEALED, "frame" },
    { CHANGED, "changed on the way" },
    { OF_ANOTHER_LENGTH, "another length" },
    { THE_OLD_ONE_AGAIN, "out of order" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Script script = { .answer = cases[i].answer };

      serve (f, serve_script, &script);
      if (cases[i].words == NULL || cases[i].answer == THE_OLD_ONE_AGAIN)
        assert_answered (f, "answer");
      if (cases[i].words != NULL)
        assert_fails (f, LK_ERROR_BAD_REPLY, TRUE, cases[i].words);
      g_assert_true (lk_link_was_sealing (f->link));
      g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 1);
      g_assert_cmpint (script.seen.n_legs, ==, 2);
      close_all (f);
    }
}

/* Says yes to the first token, with which nobody has proved anything. */
static void
serve_yes (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (GBytes) token = read_leg (connection, data);

  write_leg (connection, 200, TRUE, NULL);
  g_clear_pointer (&token, g_bytes_unref);
  token = read_leg (connection, data);
}

static void
test_yes (Fixture *f, gconstpointer data)
{
  Seen seen = { 0 };

  serve (f, serve_yes, &seen);
  assert_fails (f, LK_ERROR_DENIED, FALSE, "nothing was sent");
  close_all (f);
  g_assert_cmpint (seen.n_requests, ==, 0);
  g_assert_false (is_proven (f));
}

static void
serve_closing (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (GBytes) token = read_leg (connection, data);
}

static void
test_closing (Fixture *f, gconstpointer data)
{
  Seen seen = { 0 };

  serve (f, serve_closing, &seen);
  assert_fails (f, LK_ERROR_UNREACHABLE, FALSE, "closed the connection while signing in");
  g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 1);
}

/* The rest of a handshake is worth nothing on another connection, and it ends some time. */
static void
serve_last_legs (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkGssContext) context = lk_gss_context_new_server (acceptor, NULL);
  g_autofree char *challenge = step (connection, context, data);

  write_leg (connection, 401, FALSE, challenge);
}

static void
serve_last_answers (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkGssContext) context = lk_gss_context_new_server (acceptor, NULL);
  g_autofree char *challenge = step (connection, context, data);
  g_autofree char *last = NULL;

  write_leg (connection, 401, TRUE, challenge);
  last = step (connection, context, data);
  write_leg (connection, 200, FALSE, NULL);
}

static void
test_last_legs (Fixture *f, gconstpointer data)
{
  static const LkPeerFunc funcs[] = { serve_last_legs, serve_last_answers };

  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++)
    {
      Seen seen = { 0 };

      serve (f, funcs[i], &seen);
      assert_fails (f, LK_ERROR_UNREACHABLE, FALSE, "ends every connection");
      g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 4);
      close_all (f);
      g_assert_cmpint (seen.n_requests, ==, 0);
    }
}

/* A challenge after each token; the first one is honest. */
static void
serve_challenges (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkGssContext) context = lk_gss_context_new_server (acceptor, NULL);
  g_autofree char *challenge = step (connection, context, data);

  while (challenge != NULL)
    {
      g_autoptr (GBytes) token = NULL;

      write_leg (connection, 401, TRUE, challenge);
      token = read_leg (connection, data);
      if (token == NULL)
        return;
    }
}

static void
test_endless_challenges (Fixture *f, gconstpointer data)
{
  Seen seen = { 0 };

  serve (f, serve_challenges, &seen);
  assert_fails (f, LK_ERROR_DENIED, FALSE, "did not accept the account");
  g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 1);
  close_all (f);
  g_assert_cmpint (seen.n_legs, ==, 2); /* the password was proved once */
  g_assert_cmpint (seen.n_requests, ==, 0);
}

/* The same words whatever is asked. */
typedef struct
{
  Seen seen;
  guint status;
  const char *challenge;
} Parrot;

static void
serve_parrot (LkPeerConnection *connection, gpointer data)
{
  Parrot *parrot = data;

  while (TRUE)
    {
      g_autoptr (GBytes) token = read_leg (connection, &parrot->seen);

      if (token == NULL)
        return;
      write_leg (connection, parrot->status, TRUE, parrot->challenge);
    }
}

static void
assert_parrot (Fixture *f, guint status, const char *challenge, LkError code, const char *words)
{
  Parrot parrot = { .status = status, .challenge = challenge };

  serve (f, serve_parrot, &parrot);
  assert_fails (f, code, FALSE, words);
  g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 1);
  close_all (f);
  g_assert_cmpint (parrot.seen.n_legs, ==, 1);
  g_assert_cmpint (parrot.seen.n_requests, ==, 0);
  g_assert_false (is_proven (f)); /* nor is it counted as a refusal: this would stop the set */
}

static void
test_garbage (Fixture *f, gconstpointer data)
{
  g_autofree char *zeros = g_strnfill (60 * 1024, 'A');
  g_autofree char *large = g_strconcat ("Negotiate ", zeros, NULL);
  /* Like a challenge, with lengths that lead out of it. */
  static const guint8 wild[] = "NTLMSSP\0\2\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                               "12345678\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff";
  g_autofree char *wild_text = g_base64_encode (wild, sizeof wild - 1);
  g_autofree char *wild_challenge = g_strconcat ("Negotiate ", wild_text, NULL);
  const char *const challenges[] = { "Negotiate AAAA", "Negotiate TlRMTVNTUAACAAAA", large,
                                     wild_challenge };

  for (guint i = 0; i < G_N_ELEMENTS (challenges); i++)
    {
      assert_parrot (f, 401, challenges[i], LK_ERROR_DENIED, "NTLM (Negotiate): ");
      assert_parrot (f, 200, challenges[i], LK_ERROR_DENIED, "NTLM (Negotiate): ");
    }
  assert_parrot (f, 401, "Negotiate ***", LK_ERROR_DENIED, "offered, but not with NTLM");
  assert_parrot (f, 401, "Negotiate", LK_ERROR_DENIED, "offered, but not with NTLM");
  assert_parrot (f, 401, "Other x", LK_ERROR_DENIED, "not offered; it offers Other");
  assert_parrot (f, 401, NULL, LK_ERROR_DENIED, "not offered; it offers nothing");
}

/* A head without end is cut off by the limit of all heads. */
static void
test_large_head (Fixture *f, gconstpointer data)
{
  g_autofree char *zeros = g_strnfill (70 * 1024, 'A');
  g_autofree char *large = g_strconcat ("Negotiate ", zeros, NULL);

  assert_parrot (f, 401, large, LK_ERROR_BAD_REPLY, "too l");
}

/* Nothing but a question who we are had been sent, whatever the status says. */
static void
test_statuses (Fixture *f, gconstpointer data)
{
  assert_parrot (f, 500, NULL, LK_ERROR_BAD_REPLY, "HTTP 500");
  assert_parrot (f, 503, NULL, LK_ERROR_BUSY, "HTTP 503");
  assert_parrot (f, 404, NULL, LK_ERROR_BAD_REPLY, "HTTP 404");
  assert_parrot (f, 413, NULL, LK_ERROR_REJECTED, "HTTP 413");
  assert_parrot (f, 501, NULL, LK_ERROR_BAD_REPLY, "HTTP 501");
  assert_parrot (f, 400, NULL, LK_ERROR_DENIED, "did not understand the token");
  assert_parrot (f, 302, NULL, LK_ERROR_DENIED, "did not accept");
}

/* While somebody else's machine is asked first. */
typedef struct
{
  Seen seen;
  GCancellable *cancellable;
} Cancelling;

static void
serve_and_cancel (LkPeerConnection *connection, gpointer data)
{
  Cancelling *cancelling = data;
  g_autoptr (LkGssContext) context = lk_gss_context_new_server (acceptor, NULL);
  g_autofree char *challenge = step (connection, context, &cancelling->seen);
  g_autoptr (GBytes) second = NULL;

  write_leg (connection, 401, TRUE, challenge);
  g_usleep (100000); /* that it waits for its turn cannot be seen from here */
  g_cancellable_cancel (cancelling->cancellable);
  second = read_leg (connection, &cancelling->seen);
}

static void
test_cancel_while_waiting (Fixture *f, gconstpointer data)
{
  const LkPatience none = { .until = 0, .cancel_fd = -1 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Cancelling cancelling = { .cancellable = cancellable };
  char first = 0;

  g_assert_true (lk_login_ask (f->login, &first, &none, NULL));
  serve (f, serve_and_cancel, &cancelling);
  g_assert_null (lk_link_post (f->link, "text/plain", "hello", 5, TRUE, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (lk_link_get_problem (f->link), ==, LK_LINK_PROBLEM_CANCELLED);
  g_assert_false (lk_link_was_sent (f->link));
  close_all (f);
  g_assert_cmpint (cancelling.seen.n_legs, ==, 1); /* the password was not proved */
  lk_login_tell (f->login, &first, LK_LOGIN_UNANSWERED);
}

/* With Basic, an answer of somebody who did not look at the account proves nothing. */
static void
serve_status (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);
  const char *header = lk_http_message_get_header (request, "Authorization");

  g_assert_true (g_str_has_prefix (header, "Basic "));
  lk_peer_answer (connection, GPOINTER_TO_UINT (data), "x");
}

static void
test_basic_proof (Fixture *f, gconstpointer data)
{
  static const struct
  {
    guint status;
    gboolean is_proof;
  } cases[] = { { 503, FALSE }, { 404, FALSE }, { 413, FALSE }, { 500, TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LkHttpMessage) answer = NULL;

      g_clear_pointer (&f->login, lk_login_unref);
      f->login = lk_test_login_new ("LAB\\administrator", PASSWORD, LK_SCHEME_BASIC);
      serve (f, serve_status, GUINT_TO_POINTER (cases[i].status));
      answer = post (f, &error);
      close_all (f);
      g_assert_cmpint (is_proven (f), ==, cases[i].is_proof);
    }
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
  acceptor = lk_gss_acceptor_new (NULL, TRUE, &error);
  g_assert_no_error (error);
#define ADD(name, func) g_test_add ("/sign-in/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("sealed-answers", test_sealed_answers);
  ADD ("yes", test_yes);
  ADD ("closing", test_closing);
  ADD ("last-legs", test_last_legs);
  ADD ("endless-challenges", test_endless_challenges);
  ADD ("garbage", test_garbage);
  ADD ("large-head", test_large_head);
  ADD ("statuses", test_statuses);
  ADD ("cancel-while-waiting", test_cancel_while_waiting);
  ADD ("basic-proof", test_basic_proof);
  result = g_test_run ();
  lk_gss_acceptor_free (acceptor);
  g_unlink (account);
  return result;
}
