/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static guint
count_descriptors (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

static gpointer
answer_elsewhere (gpointer data)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("elsewhere", 9);

  lk_exchange_reply (data, 200, NULL, body);
  return NULL;
}

static void
handle (LkExchange *exchange, gpointer user_data)
{
  static const char *const headers[] = { "Content-Type", "text/plain", NULL };
  const LkHttpMessage *request = lk_exchange_get_request (exchange);
  g_autoptr (GBytes) body = g_bytes_new (request->body->data, request->body->len);
  g_autoptr (GBytes) raw = g_bytes_new_static ("HTTP/1.1 200 OK\r\n\r\n0123456789", 29);

  if (g_str_equal (request->target, "/drop"))
    lk_exchange_drop (exchange);
  else if (g_str_equal (request->target, "/hold"))
    lk_exchange_hold (exchange);
  else if (g_str_equal (request->target, "/raw"))
    lk_exchange_write_raw (exchange, raw, 2);
  else if (g_str_equal (request->target, "/thread"))
    g_thread_unref (g_thread_new ("answer", answer_elsewhere, exchange));
  else
    {
      if (g_str_equal (request->target, "/late"))
        lk_exchange_set_delay (exchange, 50);
      lk_exchange_reply (exchange, 200, headers, body);
    }
}

static LkServer *
start (guint16 *port, guint max_connections)
{
  const LkServerOptions options = {
    .max_connections = max_connections,
    .max_body = 1000,
    .idle_ms = 2000,
    .request_ms = 200,
    .handler = handle,
  };
  g_autoptr (GError) error = NULL;
  LkServer *server = lk_server_new (&options);

  *port = lk_server_listen (server, "127.0.0.1", 0, LK_LISTEN_DEFAULT, &error);
  g_assert_no_error (error);
  g_assert_true (lk_server_start (server, &error));
  g_assert_no_error (error);
  return server;
}

static int
dial (guint16 port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

/* Sends and then reads until the server closes, or until @until arrived. NULL: it was reset. */
static char *
talk (int fd, const char *text, gssize length, const char *until)
{
  GString *got = g_string_new (NULL);
  gsize size = length < 0 ? strlen (text) : (gsize) length;
  char buffer[4096];
  gssize n = 0;

  g_assert_cmpint (send (fd, text, size, MSG_NOSIGNAL), ==, size);
  while ((until == NULL || strstr (got->str, until) == NULL) &&
         (n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    g_string_append_len (got, buffer, n);
  if (n < 0)
    {
      g_assert_cmpint (errno, ==, ECONNRESET);
      g_string_free (got, TRUE);
      return NULL;
    }
  return g_string_free (got, FALSE);
}

static char *
talk_once (guint16 port, const char *text)
{
  int fd = dial (port);
  char *got = talk (fd, text, -1, NULL);

  close (fd);
  return got;
}

static void
test_pipelined (void)
{
  guint16 port;
  g_autoptr (LkServer) server = start (&port, 0);
  g_autofree char *got =
      talk_once (port, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
                       "POST /thread HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                       "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                       "Content-Length: 5\r\n\r\nthree");
  const char *one = strstr (got, "one");
  const char *two = strstr (got, "elsewhere");
  const char *three = strstr (got, "three");

  g_assert_nonnull (one);
  g_assert_nonnull (two);
  g_assert_nonnull (three);
  g_assert_true (one < two && two < three);
}

static void
test_garbage (void)
{
  guint16 port;
  g_autoptr (LkServer) server = start (&port, 0);
  static const char *const requests[] = {
    "\x16\x03\x01\x02hello\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    /* a good one, then one that is not */
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokPOST\r\n\r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *got = talk_once (port, requests[i]);

      g_assert_nonnull (got);
      g_assert_nonnull (strstr (got, "HTTP/1.1 400 "));
      g_assert_cmpint (strstr (got, "200 OK") != NULL, ==, i == 3);
    }
}

static void
test_deadline (void)
{
  guint16 port;
  g_autoptr (LkServer) server = start (&port, 0);
  static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n";
  gint64 begun = g_get_monotonic_time ();
  int fd = dial (port);
  struct pollfd watch = { .fd = fd, .events = POLLIN };

  /* A byte at a time: progress does not move the deadline. */
  for (guint i = 0; poll (&watch, 1, 20) == 0; i++)
    if (send (fd, i < sizeof head - 1 ? head + i : "x", 1, MSG_NOSIGNAL) < 0)
      break;
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2 * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 190 * 1000);
  close (fd);
}

static void
test_faults (void)
{
  guint16 port;
  g_autoptr (LkServer) server = start (&port, 0);
  g_autofree char *dropped = talk_once (port, "POST /drop HTTP/1.1\r\nHost: a\r\n\r\n");
  g_autofree char *raw = talk_once (port, "POST /raw HTTP/1.1\r\nHost: a\r\n\r\n");
  int fd = dial (port);
  struct pollfd watch = { .fd = fd, .events = POLLIN };

  g_assert_null (dropped);
  g_assert_cmpstr (raw, ==, "HTTP/1.1 200 OK\r\n\r\n0123456789HTTP/1.1 200 OK\r\n\r\n0123456789");

  g_assert_cmpint (send (fd, "POST /hold HTTP/1.1\r\nHost: a\r\n\r\n", 32, 0), ==, 32);
  g_assert_cmpint (poll (&watch, 1, 400), ==, 0);
  close (fd);
}

static void
test_descriptors_stay_flat (void)
{
  guint16 port;
  g_autoptr (LkServer) server = start (&port, 0);
  guint before = count_descriptors ();

  for (guint i = 0; i < 2000; i++)
    {
      int fd = dial (port);
      const char *target = i % 5 == 0 ? "drop" : i % 5 == 1 ? "hold" : i % 5 == 2 ? "late" : "";
      g_autofree char *text = g_strdup_printf ("POST /%s HTTP/1.1\r\nHost: a\r\n\r\n", target);

      g_assert_cmpint (send (fd, text, strlen (text), 0), >, 0);
      if (i % 5 > 2)
        g_free (talk (fd, text, -1, "200 OK"));
      close (fd);
    }

  for (gint64 until = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
       lk_server_get_n_connections (server) > 0 && g_get_monotonic_time () < until;)
    g_thread_yield ();
  g_assert_cmpuint (lk_server_get_n_connections (server), ==, 0);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_too_many (void)
{
  guint16 port;
  g_autoptr (LkServer) server = start (&port, 2);
  int one = dial (port);
  int two = dial (port);
  g_autofree char *first = talk (one, "POST / HTTP/1.1\r\nHost: a\r\n\r\n", -1, "200 OK");
  g_autofree char *second = talk (two, "POST / HTTP/1.1\r\nHost: a\r\n\r\n", -1, "200 OK");
  int three = dial (port);
  char byte;

  g_assert_nonnull (first);
  g_assert_nonnull (second);
  g_assert_cmpint (recv (three, &byte, 1, 0), ==, -1);
  g_assert_cmpint (errno, ==, ECONNRESET);
  close (one);
  close (two);
  close (three);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/server/pipelined", test_pipelined);
  g_test_add_func ("/server/garbage", test_garbage);
  g_test_add_func ("/server/deadline", test_deadline);
  g_test_add_func ("/server/faults", test_faults);
  g_test_add_func ("/server/descriptors-stay-flat", test_descriptors_stay_flat);
  g_test_add_func ("/server/too-many", test_too_many);

  return g_test_run ();
}
