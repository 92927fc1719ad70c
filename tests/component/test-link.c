/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "lk-peer.h"
#include "lk-test-login.h"
#include "net/lk-link.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US (3 * G_USEC_PER_SEC) /* far more than any limit set here */

typedef struct
{
  GMutex lock;
  GCond cond;
  guint n_closed;
} Signal;

typedef struct
{
  LkPeer *peer;
  LkLink *link;
  LkLinkOptions options;
  gint64 start;
  Signal signal; /* outlives the peer's thread */
} Fixture;

static void
open_link (Fixture *f, guint16 port)
{
  f->options.host = f->options.host != NULL ? f->options.host : "127.0.0.1";
  f->options.port = port;
  f->link = lk_link_new (&f->options);
  f->start = g_get_monotonic_time ();
}

static void
serve (Fixture *f, LkPeerFunc func, gpointer user_data)
{
  f->peer = lk_peer_new (NULL, func, user_data);
  open_link (f, lk_peer_get_port (f->peer));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_get_monotonic_time () - f->start, <, PATIENCE_US);
  g_clear_pointer (&f->link, lk_link_free);
  g_clear_pointer (&f->peer, lk_peer_free);
}

static LkHttpMessage *
post (Fixture *f, gboolean changing, GError **error)
{
  return lk_link_post (f->link, "text/plain", "hello", 5, changing, 0, NULL, error);
}

static void
assert_answered (Fixture *f, gboolean changing, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer = post (f, changing, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (answer->body->data, answer->body->len, expected, strlen (expected));
  g_assert_cmpint (lk_link_get_stage (f->link), ==, LK_LINK_DONE);
  g_assert_cmpint (lk_link_get_problem (f->link), ==, LK_LINK_PROBLEM_NONE);
}

static void
assert_fails (Fixture *f,
              LkError code,
              LkLinkStage stage,
              LkLinkProblem problem,
              gboolean sent,
              const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) answer = post (f, TRUE, &error);

  g_assert_null (answer);
  g_assert_error (error, LK_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_cmpint (lk_link_get_stage (f->link), ==, stage);
  g_assert_cmpint (lk_link_get_problem (f->link), ==, problem);
  g_assert_cmpint (lk_error_was_sent (error), ==, sent);
  g_assert_cmpint (lk_link_was_sent (f->link), ==, sent);
  g_assert_true (g_str_has_prefix (error->message, f->options.host));
  g_assert_nonnull (strstr (error->message, words));
}

/* Answers each request with its number on this connection: "0.0", "0.1", … */
static void
serve_numbers (LkPeerConnection *connection, gpointer data)
{
  LkHttpMessage *request;

  for (guint i = 0; (request = lk_peer_read (connection)) != NULL; i++)
    {
      g_autofree char *body = g_strdup_printf ("%u.%u", connection->number, i);

      g_assert_cmpstr (request->method, ==, "POST");
      g_assert_cmpstr (request->target, ==, "/wsman");
      g_assert_cmpmem (request->body->data, request->body->len, "hello", 5);
      lk_http_message_free (request);
      lk_peer_answer (connection, 200, body);
    }
}

static void
test_keeps_connection (Fixture *f, gconstpointer data)
{
  serve (f, serve_numbers, NULL);
  assert_answered (f, FALSE, "0.0");
  assert_answered (f, TRUE, "0.1");
  assert_answered (f, FALSE, "0.2");
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 1);
}

static void
test_name (Fixture *f, gconstpointer data)
{
  f->options.host = "localhost";
  serve (f, serve_numbers, NULL);
  assert_answered (f, FALSE, "0.0");
}

static void
test_no_such_name (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->options.host = "no-such-machine.invalid";
  f->options.connect_ms = 1000;
  open_link (f, 5985);
  g_assert_false (lk_link_connect (f->link, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_UNREACHABLE);
  g_assert_cmpint (lk_link_get_stage (f->link), ==, LK_LINK_NAME);
  g_assert_true (g_str_has_prefix (error->message, "no-such-machine.invalid:5985: no "));
}

static int
listen_without_accepting (guint16 *port, int backlog)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  if (backlog >= 0)
    g_assert_cmpint (listen (fd, backlog), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  guint16 port = 0;
  int fd = listen_without_accepting (&port, -1);

  open_link (f, port);
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_TCP, LK_LINK_PROBLEM_REFUSED, FALSE, "refused");
  close (fd);
}

/* A listener whose queue is full drops what comes, like a machine that is switched off. */
static void
test_dead (Fixture *f, gconstpointer data)
{
  guint16 port = 0;
  int fd = listen_without_accepting (&port, 0);
  int filler = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port) };

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_cmpint (connect (filler, (struct sockaddr *) &address, sizeof address), ==, 0);
  f->options.connect_ms = 300;
  open_link (f, port);
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_TCP, LK_LINK_PROBLEM_TIMED_OUT, FALSE,
                "no answer within 300 ms while connecting");
  close (filler);
  close (fd);
}

static void
serve_silence (LkPeerConnection *connection, gpointer data)
{
  lk_peer_drain (connection);
}

static void
test_silent (Fixture *f, gconstpointer data)
{
  f->options.first_byte_ms = 200;
  serve (f, serve_silence, NULL);
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_HTTP, LK_LINK_PROBLEM_TIMED_OUT, TRUE,
                "no answer within 200 ms after the request was sent");
}

static void
test_silent_during_handshake (Fixture *f, gconstpointer data)
{
  g_autoptr (LkTrust) trust = lk_trust_new (NULL, NULL);

  f->options.tls = TRUE;
  f->options.trust = trust;
  f->options.connect_ms = 200;
  serve (f, serve_silence, NULL);
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_TLS, LK_LINK_PROBLEM_TIMED_OUT, FALSE,
                "no answer within 200 ms during the TLS handshake");
}

/* One byte now and then keeps the first-byte limit content, but not the limit of the call. */
static void
serve_trickle (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);

  lk_peer_write_text (connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
  while (lk_peer_write_text (connection, "x"))
    g_usleep (10000);
}

static void
test_trickle (Fixture *f, gconstpointer data)
{
  f->options.first_byte_ms = 200;
  f->options.call_ms = 400;
  serve (f, serve_trickle, NULL);
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_HTTP, LK_LINK_PROBLEM_TIMED_OUT, TRUE,
                "no answer within 400 ms in the middle of the answer");
}

static void
serve_endless (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);
  g_autofree char *piece = g_strnfill (65536, 'x');

  lk_peer_write_text (connection, "HTTP/1.1 200 OK\r\n\r\n");
  while (lk_peer_write_text (connection, piece))
    ;
}

static void
test_endless (Fixture *f, gconstpointer data)
{
  serve (f, serve_endless, NULL);
  assert_fails (f, LK_ERROR_BAD_REPLY, LK_LINK_HTTP, LK_LINK_PROBLEM_NOT_HTTP, TRUE, "too long");
}

static void
serve_text_and_hang_up (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);

  lk_peer_write_text (connection, data);
}

static void
test_closed_after_sending (Fixture *f, gconstpointer data)
{
  serve (f, serve_text_and_hang_up, (gpointer) "");
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_HTTP, LK_LINK_PROBLEM_CLOSED, TRUE, "closed");
  g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 1); /* it was not sent again */
}

/* Answers the first request; of the second it reads a piece (all, if that is small), then goes. */
static void
serve_and_leave_the_second (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);
  char piece[1000];

  lk_peer_answer (connection, 200, "first");
  g_assert_cmpint (recv (connection->fd, piece, sizeof piece, 0), >, 0);
}

/* Whatever had left on a kept connection is not sent again, however inviting. */
static void
test_kept_connection_breaks (Fixture *f, gconstpointer data)
{
  static const gsize lengths[] = { 5, 20 * 1024 * 1024 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *body = g_strnfill (lengths[i], 'x');
      g_autoptr (GError) error = NULL;

      serve (f, serve_and_leave_the_second, NULL);
      assert_answered (f, FALSE, "first");
      g_assert_null (lk_link_post (f->link, "text/plain", body, lengths[i], TRUE, 0, NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_UNREACHABLE);
      g_assert_true (lk_error_was_sent (error));
      g_assert_cmpuint (lk_peer_get_n_connections (f->peer), ==, 1);
      g_clear_pointer (&f->link, lk_link_free);
      g_clear_pointer (&f->peer, lk_peer_free);
    }
}

static void
test_closed_mid_answer (Fixture *f, gconstpointer data)
{
  serve (f, serve_text_and_hang_up, (gpointer) "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_HTTP, LK_LINK_PROBLEM_CLOSED, TRUE, "middle");
}

static void
test_not_http (Fixture *f, gconstpointer data)
{
  serve (f, serve_text_and_hang_up, (gpointer) "SSH-2.0-x\r\n");
  assert_fails (f, LK_ERROR_BAD_REPLY, LK_LINK_HTTP, LK_LINK_PROBLEM_NOT_HTTP, TRUE, "HTTP");
}

static void
serve_status (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = NULL;

  while ((request = lk_peer_read (connection)) != NULL)
    {
      lk_peer_answer (connection, GPOINTER_TO_UINT (data), "");
      g_clear_pointer (&request, lk_http_message_free);
    }
}

/* What turns a request away unread has not had its effect. */
static void
test_statuses (Fixture *f, gconstpointer data)
{
  static const struct
  {
    guint status;
    LkError code;
    LkLinkStage stage;
    gboolean sent;
  } table[] = {
    { 401, LK_ERROR_DENIED, LK_LINK_AUTH, FALSE },
    { 403, LK_ERROR_DENIED, LK_LINK_AUTH, FALSE },
    { 404, LK_ERROR_BAD_REPLY, LK_LINK_HTTP, FALSE },
    { 413, LK_ERROR_REJECTED, LK_LINK_HTTP, FALSE },
    { 503, LK_ERROR_BUSY, LK_LINK_HTTP, FALSE },
    { 500, LK_ERROR_BAD_REPLY, LK_LINK_HTTP, TRUE },
    { 200, LK_ERROR_BAD_REPLY, LK_LINK_HTTP, TRUE },
    { 302, LK_ERROR_BAD_REPLY, LK_LINK_HTTP, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      serve (f, serve_status, GUINT_TO_POINTER (table[i].status));
      assert_fails (f, table[i].code, table[i].stage, LK_LINK_PROBLEM_STATUS, table[i].sent,
                    "HTTP");
      g_assert_cmpuint (lk_link_get_status (f->link), ==, table[i].status);
      g_clear_pointer (&f->link, lk_link_free);
      g_clear_pointer (&f->peer, lk_peer_free);
    }
}

/* Answers once, then hangs up and says so. */
static void
serve_once (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);
  Signal *signal = data;
  g_autofree char *body = g_strdup_printf ("%u", connection->number);

  lk_peer_answer (connection, 200, body);
  shutdown (connection->fd, SHUT_RDWR);
  g_mutex_lock (&signal->lock);
  signal->n_closed++;
  g_cond_signal (&signal->cond);
  g_mutex_unlock (&signal->lock);
}

static void
wait_for_closing (Fixture *f, guint n)
{
  g_mutex_lock (&f->signal.lock);
  while (f->signal.n_closed < n)
    g_cond_wait (&f->signal.cond, &f->signal.lock);
  g_mutex_unlock (&f->signal.lock);
}

static void
answer_once_and_see_it_closed (Fixture *f)
{
  serve (f, serve_once, &f->signal);
  assert_answered (f, FALSE, "0");
  wait_for_closing (f, 1);
}

static void
test_kept_connection_was_closed (Fixture *f, gconstpointer changing)
{
  answer_once_and_see_it_closed (f);
  assert_answered (f, changing != NULL, "1");
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);
}

static void
test_only_this_connection (Fixture *f, gconstpointer data)
{
  answer_once_and_see_it_closed (f);
  lk_link_require_serial (f->link, 1);
  assert_fails (f, LK_ERROR_UNREACHABLE, LK_LINK_TCP, LK_LINK_PROBLEM_CLOSED, FALSE, "identified");
  assert_answered (f, FALSE, "1"); /* reading is free to go anywhere */
  wait_for_closing (f, 2);
  lk_link_require_serial (f->link, 0);
  assert_answered (f, TRUE, "2");
}

static void
test_changes_want_a_fresh_connection (Fixture *f, gconstpointer data)
{
  f->options.fresh_ms = 20;
  serve (f, serve_numbers, NULL);
  assert_answered (f, FALSE, "0.0");
  g_usleep (30000);
  assert_answered (f, FALSE, "0.1"); /* and vouches for the connection */
  f->options.fresh_ms = 20;
  g_usleep (30000);
  assert_answered (f, TRUE, "1.0");
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);
}

static gpointer
cancel_in_thread (gpointer data)
{
  g_usleep (50000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  serve (f, serve_silence, NULL);
  thread = g_thread_new ("cancel", cancel_in_thread, cancellable);
  g_assert_null (lk_link_post (f->link, "text/plain", "hello", 5, TRUE, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (lk_link_was_sent (f->link));
  g_thread_join (thread);

  g_clear_error (&error);
  g_assert_null (lk_link_post (f->link, "text/plain", "hello", 5, TRUE, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (lk_link_was_sent (f->link));
}

static void
serve_authorization (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);

  lk_peer_answer (connection, 200, lk_http_message_get_header (request, "Authorization"));
}

static void
test_basic (Fixture *f, gconstpointer data)
{
  g_autoptr (LkLogin) login = lk_test_login_new ("jürgen", "pässword", LK_SCHEME_BASIC);

  f->options.login = login;
  serve (f, serve_authorization, NULL);
  assert_answered (f, FALSE, "Basic asO8cmdlbjpww6Rzc3dvcmQ=");
}

/* The address belongs to nobody (RFC 5737), so only the rule can end this at once. */
static void
test_basic_in_the_clear (Fixture *f, gconstpointer data)
{
  g_autoptr (LkLogin) login = lk_test_login_new ("admin", "password", LK_SCHEME_BASIC);

  f->options.host = "192.0.2.1";
  f->options.login = login;
  open_link (f, 5985);
  assert_fails (f, LK_ERROR_DENIED, LK_LINK_AUTH, LK_LINK_PROBLEM_UNSAFE, FALSE, "in the clear");
}

static void
test_bad_path (Fixture *f, gconstpointer data)
{
  f->options.path = "/ws man\r\nX: y";
  open_link (f, 5985);
  assert_fails (f, LK_ERROR_INVALID, LK_LINK_NAME, LK_LINK_PROBLEM_OTHER, FALSE, "path");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/link/" name, Fixture, NULL, NULL, func, tear_down)
  ADD ("keeps-connection", test_keeps_connection);
  ADD ("name", test_name);
  ADD ("no-such-name", test_no_such_name);
  ADD ("refused", test_refused);
  ADD ("dead", test_dead);
  ADD ("silent", test_silent);
  ADD ("silent-during-handshake", test_silent_during_handshake);
  ADD ("trickle", test_trickle);
  ADD ("endless", test_endless);
  ADD ("closed-after-sending", test_closed_after_sending);
  ADD ("kept-connection-breaks", test_kept_connection_breaks);
  ADD ("closed-mid-answer", test_closed_mid_answer);
  ADD ("not-http", test_not_http);
  ADD ("statuses", test_statuses);
  ADD ("kept-connection-was-closed/read", test_kept_connection_was_closed);
  g_test_add ("/link/kept-connection-was-closed/change", Fixture, "change", NULL,
              test_kept_connection_was_closed, tear_down);
  ADD ("only-this-connection", test_only_this_connection);
  ADD ("changes-want-a-fresh-connection", test_changes_want_a_fresh_connection);
  ADD ("cancel", test_cancel);
  ADD ("basic", test_basic);
  ADD ("basic-in-the-clear", test_basic_in_the_clear);
  ADD ("bad-path", test_bad_path);
  return g_test_run ();
}
