/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-challenge.h"

#include <string.h>

#define MAX_HEADERS   16
#define MAX_SCHEMES   32
#define MAX_NAME      32
#define TOKEN_CHARS   "!#$%&'*+-.^_`|~"
#define BASE64_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static gboolean
is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr (TOKEN_CHARS, c) != NULL);
}

/* One scheme with what belongs to it; pointers into the header's text. */
typedef struct
{
  const char *name;
  gsize name_length;
  const char *rest; /* a token68, or parameters, or nothing */
  gsize rest_length;
} Challenge;

/* Skips a quoted string, whose commas and blanks mean nothing. */
static const char *
skip_quoted (const char *p)
{
  for (p++; *p != '\0' && *p != '"'; p++)
    if (*p == '\\' && p[1] != '\0')
      p++;
  return *p == '"' ? p + 1 : p;
}

/* Whether a list element at @p begins another scheme: a word that no "=" follows as in a
 * parameter. */
static gboolean
begins_scheme (const char *p)
{
  gsize length = 0;

  while (is_token_char (p[length]))
    length++;
  if (length == 0)
    return FALSE;

  p += length;
  if (*p == '\0' || *p == ',')
    return TRUE;
  if (*p != ' ' && *p != '\t')
    return FALSE;
  p += strspn (p, " \t");
  return *p != '=';
}

/* Takes the next challenge from @p on. NULL at the end. */
static const char *
take_challenge (const char *p, Challenge *challenge)
{
  const char *end;

  p += strspn (p, " \t,");
  while (*p != '\0' && !begins_scheme (p))
    {
      p = *p == '"' ? skip_quoted (p) : p + 1;
      if (*p == ',')
        p += strspn (p, " \t,");
    }
  if (*p == '\0')
    return NULL;

  challenge->name = p;
  while (is_token_char (*p))
    p++;
  challenge->name_length = (gsize) (p - challenge->name);
  p += strspn (p, " \t");

  challenge->rest = p;
  for (end = p; *p != '\0';)
    {
      if (*p == ',' && begins_scheme (p + 1 + strspn (p + 1, " \t,")))
        break;
      p = *p == '"' ? skip_quoted (p) : p + 1;
      end = p;
    }
  while (end > challenge->rest && strchr (" \t,", end[-1]) != NULL)
    end--;
  challenge->rest_length = (gsize) (end - challenge->rest);
  return p;
}

/* The whole of it, with its padding: GLib would also take "realm=x" for base64. */
static GBytes *
decode (const Challenge *challenge)
{
  g_autofree char *text = g_strndup (challenge->rest, challenge->rest_length);
  gsize n_digits = strspn (text, BASE64_DIGITS);
  gsize n_padding = strspn (text + n_digits, "=");
  gsize length = 0;
  guchar *data;

  if (n_digits == 0 || n_padding > 2 || (n_digits + n_padding) % 4 != 0 ||
      text[n_digits + n_padding] != '\0')
    return NULL;

  data = g_base64_decode (text, &length);
  return g_bytes_new_take (data, length);
}

gboolean
lk_challenge_find (const LkHttpMessage *answer, const char *scheme, GBytes **token)
{
  const char *header;
  guint n_schemes = 0;

  if (token != NULL)
    *token = NULL;
  for (guint i = 0;
       i < MAX_HEADERS &&
       (header = lk_http_message_get_nth_header (answer, "WWW-Authenticate", i)) != NULL;
       i++)
    {
      Challenge challenge;

      while (n_schemes++ < MAX_SCHEMES && (header = take_challenge (header, &challenge)) != NULL)
        if (challenge.name_length == strlen (scheme) &&
            g_ascii_strncasecmp (challenge.name, scheme, challenge.name_length) == 0)
          {
            if (token != NULL)
              *token = decode (&challenge);
            return TRUE;
          }
    }

  return FALSE;
}

char *
lk_challenge_describe (const LkHttpMessage *answer)
{
  GString *names = g_string_new (NULL);
  const char *header;
  guint n_schemes = 0;

  for (guint i = 0;
       i < MAX_HEADERS &&
       (header = lk_http_message_get_nth_header (answer, "WWW-Authenticate", i)) != NULL;
       i++)
    {
      Challenge challenge;

      while (n_schemes++ < MAX_SCHEMES && (header = take_challenge (header, &challenge)) != NULL)
        g_string_append_printf (names, names->len > 0 ? ", %.*s" : "%.*s",
                                (int) MIN (challenge.name_length, MAX_NAME), challenge.name);
    }

  if (names->len == 0)
    g_string_append (names, "nothing");
  return g_string_free (names, FALSE);
}
