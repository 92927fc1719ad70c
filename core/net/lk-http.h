/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* HTTP/1.1 framing without any I/O, for both sides: the link to machines, and the small server of
 * lab and gateway. RFC 9112. */

/**
 * LkHttpMessage:
 *
 * One request or response. Header names are kept as they came and compared without case.
 */
typedef struct
{
  char *method; /* of a request */
  char *target;
  guint status; /* of a response */
  char *reason;
  gboolean keep_alive;
  GPtrArray *headers; /* name, value, name, value, … */
  GByteArray *body;
} LkHttpMessage;

void lk_http_message_free (LkHttpMessage *self);
/* First header of that name, or NULL. */
const char *lk_http_message_get_header (const LkHttpMessage *self, const char *name);

/* The value of Date (RFC 9110, 5.6.7, IMF-fixdate), seconds since 1970; the text to be freed. */
char *lk_http_format_date (gint64 seconds);
/* FALSE for NULL and for what is no such date. */
gboolean lk_http_parse_date (const char *text, gint64 *seconds);
/* The @n-th header of that name, from 0, or NULL. */
const char *lk_http_message_get_nth_header (const LkHttpMessage *self, const char *name, guint n);

typedef enum
{
  LK_HTTP_REQUEST,
  LK_HTTP_RESPONSE,
} LkHttpKind;

/**
 * LkHttpParser:
 *
 * Takes bytes as they arrive. The head may have at most 64 KiB and 100 headers, the body @max_body
 * bytes, whatever its framing says; chunked and Content-Length only once and never both (a request
 * with both is refused, a response too: nobody honest sends it). 1xx responses are skipped.
 */
typedef struct _LkHttpParser LkHttpParser;

LkHttpParser *lk_http_parser_new (LkHttpKind kind, gsize max_body);
void lk_http_parser_free (LkHttpParser *self);
/* Takes up to @length bytes, says in @consumed how many; stops at the end of a message. FALSE with
 * LK_ERROR_BAD_REPLY when what came is not HTTP or is over a limit. */
gboolean lk_http_parser_feed (LkHttpParser *self,
                              const char *data,
                              gsize length,
                              gsize *consumed,
                              GError **error);
/* The peer closed. FALSE when that was in the middle of a message. */
gboolean lk_http_parser_end (LkHttpParser *self, GError **error);
/* Whether anything of the current message has arrived. */
gboolean lk_http_parser_has_begun (const LkHttpParser *self);
/* The finished message, or NULL while there is none; the parser is ready for the next one then. */
LkHttpMessage *lk_http_parser_take (LkHttpParser *self);

/* "POST /wsman HTTP/1.1" and headers (name, value, …, NULL), with Content-Length of @body, then the
 * body, in one piece so that it goes out in one write. */
GByteArray *lk_http_write_request (const char *method,
                                   const char *target,
                                   const char *const *headers,
                                   const void *body,
                                   gsize length);
GByteArray *lk_http_write_response (guint status,
                                    gboolean keep_alive,
                                    const char *const *headers,
                                    const void *body,
                                    gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkHttpMessage, lk_http_message_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkHttpParser, lk_http_parser_free)
