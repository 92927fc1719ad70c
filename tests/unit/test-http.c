/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "net/lk-http.h"

#include <string.h>

#define MAX_BODY 1000

/* Feeds @length bytes, @step at a time; gives the first message, or NULL with @error. */
static LkHttpMessage *
parse (LkHttpKind kind, const char *data, gsize length, gsize step, GError **error)
{
  g_autoptr (LkHttpParser) parser = lk_http_parser_new (kind, MAX_BODY);
  LkHttpMessage *message = NULL;

  for (gsize at = 0; at < length && message == NULL;)
    {
      gsize consumed = 0;

      if (!lk_http_parser_feed (parser, data + at, MIN (step, length - at), &consumed, error))
        return NULL;
      at += consumed;
      message = lk_http_parser_take (parser);
    }
  if (message == NULL && lk_http_parser_end (parser, error))
    message = lk_http_parser_take (parser);

  return message;
}

static void
assert_body (const LkHttpMessage *message, const char *expected)
{
  g_assert_cmpmem (message->body->data, message->body->len, expected, strlen (expected));
}

static const struct
{
  LkHttpKind kind;
  const char *text;
  const char *body;
  gboolean keep_alive;
} good[] = {
  { LK_HTTP_REQUEST, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", TRUE },
  { LK_HTTP_REQUEST, "\r\nPOST /wsman HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "abc", TRUE },
  { LK_HTTP_REQUEST, "POST / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", "", FALSE },
  { LK_HTTP_REQUEST, "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na", "a", FALSE },
  { LK_HTTP_REQUEST, "POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "", TRUE },
  { LK_HTTP_RESPONSE, "HTTP/1.1 200 OK\r\ncontent-length:\t2 \r\n\r\nhi", "hi", TRUE },
  { LK_HTTP_RESPONSE, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "", TRUE },
  { LK_HTTP_RESPONSE, "HTTP/1.1 204 None\r\n\r\n", "", TRUE },
  { LK_HTTP_RESPONSE, "HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", FALSE },
  { LK_HTTP_RESPONSE,
    "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", "1",
    TRUE },
  { LK_HTTP_RESPONSE,
    "HTTP/1.1 500 No\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "3\r\nabc\r\nA ;x=\"y\"\r\n0123456789\r\n000\r\nTrailer: t\r\n\r\n",
    "abc0123456789", TRUE },
};

static void
test_good (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    for (gsize step = 1; step < 200; step += 7)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (LkHttpMessage) message =
            parse (good[i].kind, good[i].text, strlen (good[i].text), step, &error);

        g_assert_no_error (error);
        g_assert_nonnull (message);
        assert_body (message, good[i].body);
        g_assert_cmpint (message->keep_alive, ==, good[i].keep_alive);
      }
}

#define REQUEST  "POST / HTTP/1.1\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\n"
#define CHUNKED  RESPONSE "Transfer-Encoding: chunked\r\n\r\n"

static const struct
{
  LkHttpKind kind;
  const char *text;
} bad[] = {
  /* framing that two readers would read in two ways */
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
  { LK_HTTP_RESPONSE, RESPONSE "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 3, 3\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: +3\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: -1\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 0x3\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length:\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length : 3\r\n\r\nabc" },
  { LK_HTTP_REQUEST, REQUEST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "Transfer-Encoding: identity\r\n\r\n" },
  { LK_HTTP_REQUEST,
    REQUEST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
  { LK_HTTP_RESPONSE, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "Host: a\r\nHost: b\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "X: a\r\n folded\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST " X: a\r\n\r\n" },
  { LK_HTTP_REQUEST, "POST / HTTP/1.1\nContent-Length: 0\n\n" },
  { LK_HTTP_REQUEST, REQUEST "X: a\nY: b\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "X: a\rY: b\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "X: \001\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "no colon\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST ": no name\r\n\r\n" },
  /* over the limit, or past any integer */
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 1001\r\n\r\n" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 99999999999999999999999999\r\n\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "3E9\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "1\r\na\r\n3E8\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "FFFFFFFFFFFFFFFF\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "10000000000000001\r\n" },
  /* chunks that are none */
  { LK_HTTP_RESPONSE, CHUNKED "\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "-1\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "0x1\r\na\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "3 4\r\nabc\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "3\r\nabcd\r\n0\r\n\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "3\nabc\r\n0\r\n\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "0\r\nno trailer\r\n\r\n" },
  /* not HTTP/1 */
  { LK_HTTP_RESPONSE, "SSH-2.0-OpenSSH_9.2\r\n" },
  { LK_HTTP_RESPONSE, "HTTP/2 200 OK\r\n\r\n" },
  { LK_HTTP_RESPONSE, "HTTP/1.1 20 OK\r\n\r\n" },
  { LK_HTTP_RESPONSE, "HTTP/1.1 2000 OK\r\n\r\n" },
  { LK_HTTP_RESPONSE, "HTTP/1.1 600 OK\r\n\r\n" },
  { LK_HTTP_RESPONSE, "HTTP/1.1 101 Switching\r\n\r\n" },
  { LK_HTTP_RESPONSE, "\r\nHTTP/1.1 200 OK\r\n\r\n" },
  { LK_HTTP_REQUEST, "POST  / HTTP/1.1\r\n\r\n" },
  { LK_HTTP_REQUEST, "POST / HTTP/1.1 x\r\n\r\n" },
  { LK_HTTP_REQUEST, "POST /\r\n\r\n" },
  { LK_HTTP_REQUEST, "PO(T / HTTP/1.1\r\n\r\n" },
  { LK_HTTP_REQUEST, "POST /\303\244 HTTP/1.1\r\n\r\n" },
  /* cut off */
  { LK_HTTP_REQUEST, "POST / HT" },
  { LK_HTTP_REQUEST, REQUEST "Content-Length: 3\r\n\r\nab" },
  { LK_HTTP_RESPONSE, RESPONSE "X: y\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "3\r\nabc\r\n" },
  { LK_HTTP_RESPONSE, CHUNKED "3\r\nabc\r\n0\r\n" },
};

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    for (gsize step = 1; step < 200; step += 13)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (LkHttpMessage) message =
            parse (bad[i].kind, bad[i].text, strlen (bad[i].text), step, &error);

        if (message != NULL)
          g_test_message ("accepted: %s", bad[i].text);
        g_assert_null (message);
        g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
      }
}

static void
test_nul (void)
{
  static const char text[] = REQUEST "X: a\0b\r\n\r\n";
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (LK_HTTP_REQUEST, text, sizeof text - 1, 100, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

/* Repeats @piece after @start until the parser gives up; the memory and the patience are bounded.
 */
static void
assert_endless_is_refused (const char *start, const char *piece, gsize limit)
{
  g_autoptr (LkHttpParser) parser = lk_http_parser_new (LK_HTTP_RESPONSE, MAX_BODY);
  g_autoptr (GError) error = NULL;
  gsize consumed = 0;
  gsize fed = 0;

  g_assert_true (lk_http_parser_feed (parser, start, strlen (start), &consumed, &error));
  while (lk_http_parser_feed (parser, piece, strlen (piece), &consumed, &error))
    {
      g_assert_null (lk_http_parser_take (parser));
      fed += strlen (piece);
      g_assert_cmpuint (fed, <, limit);
    }
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);

  /* and stays so */
  g_clear_error (&error);
  g_assert_false (lk_http_parser_feed (parser, piece, strlen (piece), &consumed, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

static void
test_endless (void)
{
  g_autofree char *header = g_strnfill (1000, 'x');
  g_autofree char *extension = g_strdup_printf ("1;%s\r\na\r\n", header);

  assert_endless_is_refused (RESPONSE, "x", 70000);
  assert_endless_is_refused (RESPONSE "X:", header, 70000);
  assert_endless_is_refused (RESPONSE, "X: y\r\n", 70000);
  assert_endless_is_refused ("", "HTTP/1.1 100 Continue\r\n\r\n", 70000);
  assert_endless_is_refused (RESPONSE "\r\n", "body", MAX_BODY + 10);
  assert_endless_is_refused (CHUNKED, "1\r\na\r\n", 10 * MAX_BODY);
  assert_endless_is_refused (CHUNKED, "1;", 70000);
  assert_endless_is_refused (CHUNKED, extension, 80000);
  assert_endless_is_refused (CHUNKED "0\r\n", "X: y\r\n", 70000);
}

static void
test_too_many_headers (void)
{
  g_autoptr (GString) text = g_string_new (RESPONSE "Content-Length: 0\r\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) message = NULL;

  for (guint i = 0; i < 99; i++)
    g_string_append (text, "X: y\r\n");
  g_string_append (text, "\r\n");
  message = parse (LK_HTTP_RESPONSE, text->str, text->len, 100, &error);
  g_assert_no_error (error);
  g_clear_pointer (&message, lk_http_message_free);

  g_string_insert (text, (gssize) strlen (RESPONSE), "One: more\r\n");
  g_assert_null (parse (LK_HTTP_RESPONSE, text->str, text->len, 100, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
}

static void
test_pipeline (void)
{
  static const char text[] =
      "POST /1 HTTP/1.1\r\nContent-Length: 1\r\n\r\naPOST /2 HTTP/1.1\r\n\r\n";
  g_autoptr (LkHttpParser) parser = lk_http_parser_new (LK_HTTP_REQUEST, MAX_BODY);
  g_autoptr (LkHttpMessage) first = NULL;
  g_autoptr (LkHttpMessage) second = NULL;
  g_autoptr (GError) error = NULL;
  gsize consumed = 0;
  gsize more = 0;

  g_assert_false (lk_http_parser_has_begun (parser));
  g_assert_true (lk_http_parser_feed (parser, text, strlen (text), &consumed, &error));
  g_assert_true (lk_http_parser_has_begun (parser));
  first = lk_http_parser_take (parser);
  g_assert_cmpstr (first->method, ==, "POST");
  g_assert_cmpstr (first->target, ==, "/1");
  assert_body (first, "a");
  g_assert_false (lk_http_parser_has_begun (parser));
  g_assert_true (lk_http_parser_end (parser, &error));

  g_assert_true (
      lk_http_parser_feed (parser, text + consumed, strlen (text) - consumed, &more, &error));
  g_assert_cmpuint (consumed + more, ==, strlen (text));
  second = lk_http_parser_take (parser);
  g_assert_cmpstr (second->target, ==, "/2");
  g_assert_null (lk_http_parser_take (parser));
}

static void
test_headers (void)
{
  static const char text[] =
      "HTTP/1.1 401 Who are you\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n"
      "www-authenticate:  Basic realm=\"WSMAN\"  \r\n\r\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (LkHttpMessage) message = parse (LK_HTTP_RESPONSE, text, strlen (text), 1, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (message->status, ==, 401);
  g_assert_cmpstr (message->reason, ==, "Who are you");
  g_assert_cmpstr (lk_http_message_get_header (message, "WWW-AUTHENTICATE"), ==, "Negotiate");
  g_assert_cmpstr (lk_http_message_get_nth_header (message, "WWW-Authenticate", 1), ==,
                   "Basic realm=\"WSMAN\"");
  g_assert_null (lk_http_message_get_nth_header (message, "WWW-Authenticate", 2));
  g_assert_null (lk_http_message_get_header (message, "Negotiate"));
}

static void
test_write (void)
{
  static const char *const headers[] = { "Host", "pc-7:5985", NULL };
  g_autoptr (GByteArray) request =
      lk_http_write_request ("POST", "/wsman", headers, "<a/>", strlen ("<a/>"));
  g_autoptr (GByteArray) response = lk_http_write_response (503, FALSE, NULL, NULL, 0);
  const char *expected = "POST /wsman HTTP/1.1\r\nHost: pc-7:5985\r\nContent-Length: 4\r\n\r\n<a/>";
  g_autoptr (LkHttpMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpmem (request->data, request->len, expected, strlen (expected));
  message = parse (LK_HTTP_RESPONSE, (const char *) response->data, response->len, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (message->status, ==, 503);
  g_assert_false (message->keep_alive);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/good", test_good);
  g_test_add_func ("/http/bad", test_bad);
  g_test_add_func ("/http/nul", test_nul);
  g_test_add_func ("/http/endless", test_endless);
  g_test_add_func ("/http/too-many-headers", test_too_many_headers);
  g_test_add_func ("/http/pipeline", test_pipeline);
  g_test_add_func ("/http/headers", test_headers);
  g_test_add_func ("/http/write", test_write);
  return g_test_run ();
}
