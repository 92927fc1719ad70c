/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-http.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_HEAD    (64 * 1024)
#define MAX_HEADERS 100
#define MAX_METHOD  32

typedef enum
{
  AT_START,       /* waiting for the first line */
  IN_HEADERS,     /* after the first line */
  IN_BODY,        /* Content-Length */
  IN_BODY_TO_END, /* until the peer closes */
  AT_CHUNK,       /* waiting for a chunk's size */
  IN_CHUNK,
  AFTER_CHUNK, /* its CRLF */
  IN_TRAILER,
  FINISHED,
  BROKEN,
} State;

struct _LkHttpParser
{
  LkHttpKind kind;
  gsize max_body;
  State state;
  GByteArray *line;  /* an unfinished line */
  gsize head_bytes;  /* lines of head and trailer, 1xx answers included */
  gsize frame_bytes; /* lines that frame chunks */
  guint64 left;      /* of the body or the chunk */
  gboolean begun;
  gboolean is_1_1;
  LkHttpMessage *message;
};

static LkHttpMessage *
message_new (void)
{
  LkHttpMessage *self = g_new0 (LkHttpMessage, 1);

  self->headers = g_ptr_array_new_with_free_func (g_free);
  self->body = g_byte_array_new ();
  return self;
}

void
lk_http_message_free (LkHttpMessage *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->method, g_free);
  g_clear_pointer (&self->target, g_free);
  g_clear_pointer (&self->reason, g_free);
  g_clear_pointer (&self->headers, g_ptr_array_unref);
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_free (self);
}

const char *
lk_http_message_get_nth_header (const LkHttpMessage *self, const char *name, guint n)
{
  for (guint i = 0; i + 1 < self->headers->len; i += 2)
    if (g_ascii_strcasecmp (self->headers->pdata[i], name) == 0 && n-- == 0)
      return self->headers->pdata[i + 1];

  return NULL;
}

const char *
lk_http_message_get_header (const LkHttpMessage *self, const char *name)
{
  return lk_http_message_get_nth_header (self, name, 0);
}

LkHttpParser *
lk_http_parser_new (LkHttpKind kind, gsize max_body)
{
  LkHttpParser *self = g_new0 (LkHttpParser, 1);

  self->kind = kind;
  self->max_body = max_body;
  self->line = g_byte_array_new ();
  self->message = message_new ();
  return self;
}

void
lk_http_parser_free (LkHttpParser *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->line, g_byte_array_unref);
  g_clear_pointer (&self->message, lk_http_message_free);
  g_free (self);
}

static gboolean
refuse (LkHttpParser *self, GError **error, const char *why)
{
  self->state = BROKEN;
  g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("Unusable HTTP: %s"), why);
  return FALSE;
}

/* RFC 9110 5.6.2 */
static gboolean
is_token (const char *text)
{
  if (*text == '\0')
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("!#$%&'*+-.^_`|~", *p) == NULL)
      return FALSE;

  return TRUE;
}

static gboolean
is_visible (const char *text)
{
  if (*text == '\0')
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if ((guchar) *p <= 0x20 || (guchar) *p >= 0x7F)
      return FALSE;

  return TRUE;
}

/* "HTTP/1.0" and "HTTP/1.1"; a later 1.x promises to be compatible. */
static gboolean
read_version (LkHttpParser *self, const char *text, gsize length)
{
  if (length != 8 || strncmp (text, "HTTP/1.", 7) != 0 || !g_ascii_isdigit (text[7]))
    return FALSE;

  self->is_1_1 = text[7] != '0';
  return TRUE;
}

static gboolean
read_request_line (LkHttpParser *self, const char *line)
{
  g_auto (GStrv) parts = g_strsplit (line, " ", 4);

  if (g_strv_length (parts) != 3 || !is_token (parts[0]) || strlen (parts[0]) > MAX_METHOD ||
      !is_visible (parts[1]) || !read_version (self, parts[2], strlen (parts[2])))
    return FALSE;

  self->message->method = g_steal_pointer (&parts[0]);
  self->message->target = g_steal_pointer (&parts[1]);
  g_free (parts[2]);
  parts[2] = NULL;
  return TRUE;
}

static gboolean
read_status_line (LkHttpParser *self, const char *line)
{
  const char *space = strchr (line, ' ');
  guint status = 0;

  if (space == NULL || !read_version (self, line, (gsize) (space - line)))
    return FALSE;
  for (guint i = 1; i <= 3; i++)
    {
      if (!g_ascii_isdigit (space[i]))
        return FALSE;
      status = status * 10 + (guint) g_ascii_digit_value (space[i]);
    }
  if (status < 100 || status > 599 || (space[4] != '\0' && space[4] != ' '))
    return FALSE;

  self->message->status = status;
  self->message->reason = g_strdup (space[4] == ' ' ? space + 5 : "");
  return TRUE;
}

/* Folded lines begin with white space, so their name is no token: refused, as RFC 9112 5.2 asks. */
static gboolean
read_header (LkHttpParser *self, const char *line, GError **error)
{
  GPtrArray *headers = self->message->headers;
  const char *colon = strchr (line, ':');
  g_autofree char *name = colon != NULL ? g_strndup (line, (gsize) (colon - line)) : NULL;
  char *value;

  if (name == NULL || !is_token (name))
    return refuse (self, error, _ ("a header line has no proper name"));
  if (headers->len / 2 >= MAX_HEADERS)
    return refuse (self, error, _ ("there are too many headers"));
  if (self->state == IN_TRAILER)
    return TRUE; /* nothing that we read may come after the body */

  value = g_strdup (colon + 1);
  g_ptr_array_add (headers, g_steal_pointer (&name));
  g_ptr_array_add (headers, g_strstrip (value));
  return TRUE;
}

static gboolean
has_token (const LkHttpMessage *message, const char *name, const char *token)
{
  const char *value;

  for (guint n = 0; (value = lk_http_message_get_nth_header (message, name, n)) != NULL; n++)
    {
      g_auto (GStrv) parts = g_strsplit (value, ",", -1);

      for (guint i = 0; parts[i] != NULL; i++)
        if (g_ascii_strcasecmp (g_strstrip (parts[i]), token) == 0)
          return TRUE;
    }

  return FALSE;
}

static gboolean
read_length (LkHttpParser *self, const char *text, GError **error)
{
  guint64 length = 0;

  /* Digits only: a sign or a list would be read differently by someone else on the way. */
  if (*text == '\0' || strspn (text, "0123456789") != strlen (text))
    return refuse (self, error, _ ("Content-Length is not a number"));
  if (!g_ascii_string_to_unsigned (text, 10, 0, self->max_body, &length, NULL))
    return refuse (self, error, _ ("the message is too long"));

  self->left = length;
  self->state = length > 0 ? IN_BODY : FINISHED;
  return TRUE;
}

static gboolean
restart_after_interim (LkHttpParser *self)
{
  lk_http_message_free (self->message);
  self->message = message_new ();
  self->state = AT_START;
  return TRUE;
}

/* How long the body is: RFC 9112 6.3, with everything ambiguous refused. */
static gboolean
settle_framing (LkHttpParser *self, GError **error)
{
  LkHttpMessage *message = self->message;
  const char *encoding = lk_http_message_get_header (message, "Transfer-Encoding");
  const char *length = lk_http_message_get_header (message, "Content-Length");

  if (self->kind == LK_HTTP_RESPONSE && message->status == 101)
    return refuse (self, error, _ ("the peer wants to change the protocol"));
  if (self->kind == LK_HTTP_RESPONSE && message->status < 200)
    return restart_after_interim (self);
  if (lk_http_message_get_nth_header (message, "Transfer-Encoding", 1) != NULL ||
      lk_http_message_get_nth_header (message, "Content-Length", 1) != NULL ||
      lk_http_message_get_nth_header (message, "Host", 1) != NULL)
    return refuse (self, error, _ ("a header that may come once came twice"));
  if (encoding != NULL && length != NULL)
    return refuse (self, error, _ ("it has both Transfer-Encoding and Content-Length"));
  if (encoding != NULL && (!self->is_1_1 || g_ascii_strcasecmp (encoding, "chunked") != 0))
    return refuse (self, error, _ ("its transfer coding is unknown"));

  message->keep_alive = self->is_1_1 ? !has_token (message, "Connection", "close")
                                     : has_token (message, "Connection", "keep-alive");

  if (self->kind == LK_HTTP_RESPONSE && (message->status == 204 || message->status == 304))
    self->state = FINISHED;
  else if (encoding != NULL)
    self->state = AT_CHUNK;
  else if (length != NULL)
    return read_length (self, length, error);
  else if (self->kind == LK_HTTP_REQUEST)
    self->state = FINISHED;
  else
    {
      message->keep_alive = FALSE;
      self->state = IN_BODY_TO_END;
    }

  return TRUE;
}

static gboolean
read_chunk_size (LkHttpParser *self, const char *line, GError **error)
{
  gsize digits = strspn (line, "0123456789abcdefABCDEF");
  const char *rest = line + digits + strspn (line + digits, " \t");
  g_autofree char *number = g_strndup (line, digits);
  guint64 size = 0;

  if (digits == 0 || (*rest != '\0' && *rest != ';'))
    return refuse (self, error, _ ("a chunk has no proper size"));
  if (!g_ascii_string_to_unsigned (number, 16, 0, self->max_body - self->message->body->len, &size,
                                   NULL))
    return refuse (self, error, _ ("the message is too long"));

  self->left = size;
  self->state = size > 0 ? IN_CHUNK : IN_TRAILER;
  return TRUE;
}

static gboolean
read_line (LkHttpParser *self, const char *line, GError **error)
{
  gboolean ok;

  switch (self->state)
    {
    case AT_START:
      /* RFC 9112 2.2: an empty line before a request is overlooked. */
      if (*line == '\0' && self->kind == LK_HTTP_REQUEST)
        {
          self->begun = FALSE;
          return TRUE;
        }
      ok = self->kind == LK_HTTP_REQUEST ? read_request_line (self, line)
                                         : read_status_line (self, line);
      if (!ok)
        return refuse (self, error, _ ("it does not begin like HTTP/1.1"));
      self->state = IN_HEADERS;
      return TRUE;
    case IN_HEADERS:
      return *line != '\0' ? read_header (self, line, error) : settle_framing (self, error);
    case AT_CHUNK:
      return read_chunk_size (self, line, error);
    case AFTER_CHUNK:
      self->state = AT_CHUNK;
      return *line == '\0' || refuse (self, error, _ ("a chunk is longer than it said"));
    case IN_TRAILER:
      if (*line != '\0')
        return read_header (self, line, error);
      self->state = FINISHED;
      return TRUE;
    case IN_BODY:
    case IN_BODY_TO_END:
    case IN_CHUNK:
    case FINISHED:
    case BROKEN:
    default:
      g_assert_not_reached ();
    }
}

static gboolean
is_clean_line (const guint8 *line, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7F)
      return FALSE;

  return TRUE;
}

/* Counted before it is kept, so that no line grows without end. Chunks may cost eight times their
 * content in framing: a byte in each is silly but legal, kilobytes of extensions are an attack. */
static gboolean
count_line_bytes (LkHttpParser *self, gsize length, GError **error)
{
  if (self->state == AT_CHUNK || self->state == AFTER_CHUNK)
    {
      self->frame_bytes += length;
      return self->frame_bytes <= MAX_HEAD + 8 * (gsize) self->message->body->len ||
             refuse (self, error, _ ("its chunks are mostly framing"));
    }

  self->head_bytes += length;
  return self->head_bytes <= MAX_HEAD || refuse (self, error, _ ("its head is too long"));
}

static gboolean
feed_line (LkHttpParser *self, const char *data, gsize length, gsize *used, GError **error)
{
  const char *newline = memchr (data, '\n', length);
  gsize taken = newline != NULL ? (gsize) (newline - data) + 1 : length;
  GByteArray *line = self->line;
  gboolean ok;

  *used = taken;
  if (!count_line_bytes (self, taken, error))
    return FALSE;
  g_byte_array_append (line, (const guint8 *) data, (guint) taken);
  if (newline == NULL)
    return TRUE;

  if (line->len < 2 || line->data[line->len - 2] != '\r')
    return refuse (self, error, _ ("a line does not end in CR LF"));
  if (!is_clean_line (line->data, line->len - 2))
    return refuse (self, error, _ ("a line holds control characters"));

  line->data[line->len - 2] = '\0';
  ok = read_line (self, (const char *) line->data, error);
  g_byte_array_set_size (line, 0);
  return ok;
}

static gboolean
feed_body (LkHttpParser *self, const char *data, gsize length, gsize *used, GError **error)
{
  GByteArray *body = self->message->body;

  if (self->state == IN_BODY_TO_END)
    {
      if (length > self->max_body - body->len)
        return refuse (self, error, _ ("the message is too long"));
      *used = length;
    }
  else
    {
      *used = MIN (length, self->left);
      self->left -= *used;
    }
  g_byte_array_append (body, (const guint8 *) data, (guint) *used);

  if (self->state == IN_BODY && self->left == 0)
    self->state = FINISHED;
  else if (self->state == IN_CHUNK && self->left == 0)
    self->state = AFTER_CHUNK;

  return TRUE;
}

gboolean
lk_http_parser_feed (LkHttpParser *self,
                     const char *data,
                     gsize length,
                     gsize *consumed,
                     GError **error)
{
  *consumed = 0;
  if (self->state == BROKEN)
    return refuse (self, error, _ ("it was broken before"));

  while (*consumed < length && self->state != FINISHED)
    {
      gboolean in_body =
          self->state == IN_BODY || self->state == IN_BODY_TO_END || self->state == IN_CHUNK;
      gsize used = 0;

      self->begun = TRUE;
      if (!(in_body ? feed_body : feed_line) (self, data + *consumed, length - *consumed, &used,
                                              error))
        return FALSE;
      *consumed += used;
    }

  return TRUE;
}

gboolean
lk_http_parser_end (LkHttpParser *self, GError **error)
{
  if (self->state == IN_BODY_TO_END)
    self->state = FINISHED;
  if (self->state == FINISHED || !self->begun)
    return TRUE;

  return refuse (self, error, _ ("it ends in the middle of a message"));
}

gboolean
lk_http_parser_has_begun (const LkHttpParser *self)
{
  return self->begun;
}

LkHttpMessage *
lk_http_parser_take (LkHttpParser *self)
{
  LkHttpMessage *message;

  if (self->state != FINISHED)
    return NULL;

  message = g_steal_pointer (&self->message);
  self->message = message_new ();
  self->state = AT_START;
  self->head_bytes = 0;
  self->frame_bytes = 0;
  self->begun = FALSE;
  return message;
}

static gboolean
is_sendable (const char *text)
{
  return is_clean_line ((const guint8 *) text, strlen (text));
}

/* Room for all of it at once: a string that grows would leave copies of secrets behind. */
static GString *
head_new (const char *const *headers)
{
  gsize size = 1024;

  for (guint i = 0; headers != NULL && headers[i] != NULL; i++)
    size += strlen (headers[i]) + 4;

  return g_string_sized_new (size);
}

static GByteArray *
write_message (GString *head, const char *const *headers, const void *body, gsize length)
{
  GByteArray *bytes;

  for (guint i = 0; headers != NULL && headers[i] != NULL; i += 2)
    {
      g_assert (is_token (headers[i]) && is_sendable (headers[i + 1]));
      g_string_append (head, headers[i]);
      g_string_append (head, ": ");
      g_string_append (head, headers[i + 1]);
      g_string_append (head, "\r\n");
    }
  g_string_append_printf (head, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n", length);

  bytes = g_byte_array_sized_new ((guint) (head->len + length));
  g_byte_array_append (bytes, (const guint8 *) head->str, (guint) head->len);
  explicit_bzero (head->str, head->len); /* it may hold an Authorization */
  if (length > 0)
    g_byte_array_append (bytes, body, (guint) length);
  return bytes;
}

GByteArray *
lk_http_write_request (const char *method,
                       const char *target,
                       const char *const *headers,
                       const void *body,
                       gsize length)
{
  g_autoptr (GString) head = head_new (headers);

  g_assert (is_token (method) && is_visible (target));
  g_string_append_printf (head, "%s %s HTTP/1.1\r\n", method, target);
  return write_message (head, headers, body, length);
}

static const char *
reason_for (guint status)
{
  switch (status)
    {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
    }
}

GByteArray *
lk_http_write_response (guint status,
                        gboolean keep_alive,
                        const char *const *headers,
                        const void *body,
                        gsize length)
{
  g_autoptr (GString) head = head_new (headers);

  g_string_append_printf (head, "HTTP/1.1 %u %s\r\n", status, reason_for (status));
  if (!keep_alive)
    g_string_append (head, "Connection: close\r\n");
  return write_message (head, headers, body, length);
}
