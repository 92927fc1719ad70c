/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-http.h"

#define MAX_BODY 4096

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* However the bytes are cut, the same messages come out, or the same refusal. */
static guint
parse (LkHttpKind kind, const guint8 *data, gsize size, gsize step, gboolean *ok)
{
  g_autoptr (LkHttpParser) parser = lk_http_parser_new (kind, MAX_BODY);
  guint sum = 0;

  *ok = TRUE;
  for (gsize at = 0; at < size && *ok;)
    {
      g_autoptr (LkHttpMessage) message = NULL;
      g_autoptr (GError) error = NULL;
      gsize consumed = 0;

      *ok = lk_http_parser_feed (parser, (const char *) data + at, MIN (step, size - at), &consumed,
                                 &error);
      g_assert_true (*ok == (error == NULL));
      message = lk_http_parser_take (parser);
      g_assert_true (!*ok || consumed > 0);
      g_assert_true (message == NULL || message->body->len <= MAX_BODY);
      g_assert_true (message == NULL || message->headers->len <= 200);
      if (message != NULL)
        sum = sum * 31 + message->body->len + message->headers->len + message->status + 1;
      at += consumed;
    }
  *ok = *ok && lk_http_parser_end (parser, NULL);
  return sum;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  LkHttpKind kind = size > 0 && (data[0] & 1) != 0 ? LK_HTTP_RESPONSE : LK_HTTP_REQUEST;
  gboolean whole_ok;
  gboolean cut_ok;
  guint whole;
  guint cut;

  if (size == 0)
    return 0;

  whole = parse (kind, data + 1, size - 1, size, &whole_ok);
  cut = parse (kind, data + 1, size - 1, 3, &cut_ok);
  g_assert_cmpuint (whole, ==, cut);
  g_assert_true (whole_ok == cut_ok);
  return 0;
}
