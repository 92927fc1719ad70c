/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-sealed.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define BOUNDARY      "Encrypted Boundary"
#define MULTIPART     "multipart/encrypted"
#define OCTET_STREAM  "application/octet-stream"
#define LENGTH_BYTES  4
#define MAX_LINES     8 /* of one part's headers */
#define MAX_LINE      512
#define MAX_SIGNATURE 1024

char *
lk_sealed_make_type (const char *protocol)
{
  return g_strdup_printf (MULTIPART ";protocol=\"%s\";boundary=\"" BOUNDARY "\"", protocol);
}

gboolean
lk_sealed_is_type (const char *content_type)
{
  return content_type != NULL &&
         g_ascii_strncasecmp (content_type, MULTIPART, strlen (MULTIPART)) == 0;
}

GByteArray *
lk_sealed_write (LkSealedForm form,
                 const char *protocol,
                 const char *type,
                 gsize plain_length,
                 const GByteArray *header,
                 const GByteArray *sealed)
{
  const char *tab = form == LK_SEALED_WINDOWS ? "\t" : "";
  g_autofree char *squeezed = g_strdup (type);
  g_autofree char *head = NULL;
  GByteArray *body = g_byte_array_sized_new (header->len + sealed->len + 512);
  guint32 signature_length = GUINT32_TO_LE (header->len);
  char *out = squeezed;

  /* "application/soap+xml;charset=UTF-8": as Windows writes it, without spaces. */
  for (const char *p = squeezed; *p != '\0'; p++)
    if (*p != ' ')
      *out++ = *p;
  *out = '\0';

  head = g_strdup_printf ("--" BOUNDARY "\r\n"
                          "%sContent-Type: %s\r\n"
                          "%sOriginalContent: type=%s;Length=%" G_GSIZE_FORMAT "\r\n"
                          "--" BOUNDARY "\r\n"
                          "%sContent-Type: " OCTET_STREAM "\r\n",
                          tab, protocol, tab, squeezed, plain_length, tab);
  g_byte_array_append (body, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_append (body, (const guint8 *) &signature_length, sizeof signature_length);
  g_byte_array_append (body, header->data, header->len);
  g_byte_array_append (body, sealed->data, sealed->len);
  g_byte_array_append (body, (const guint8 *) "--" BOUNDARY "--\r\n",
                       strlen ("--" BOUNDARY "--\r\n"));
  return body;
}

/* What is left to read. */
typedef struct
{
  const guint8 *at;
  gsize left;
} Rest;

/* The next line without its end and without the blanks around it; to be freed, or NULL. */
static char *
take_line (Rest *rest)
{
  const guint8 *end = rest->left > 0 ? memchr (rest->at, '\n', MIN (rest->left, MAX_LINE)) : NULL;
  gsize length;
  char *line;

  if (end == NULL)
    return NULL;

  length = (gsize) (end - rest->at);
  if (memchr (rest->at, '\0', length) != NULL)
    return NULL;
  line = g_strstrip (g_strndup ((const char *) rest->at, length));
  rest->at = end + 1;
  rest->left -= length + 1;
  return line;
}

/* "--Encrypted Boundary", also as Exchange writes it: "-- Encrypted Boundary". */
static gboolean
is_boundary (const char *line)
{
  return g_str_has_prefix (line, "--") && strcmp (line + strspn (line, "- "), BOUNDARY) == 0;
}

/* The value of the header @name, or NULL when @line is another one. */
static const char *
get_value (const char *line, const char *name)
{
  gsize length = strlen (name);

  if (g_ascii_strncasecmp (line, name, length) != 0 || line[length] != ':')
    return NULL;

  line += length + 1;
  return line + strspn (line, " \t");
}

/* "type=application/soap+xml;charset=UTF-8;Length=1380" */
static gboolean
parse_original (const char *value, gsize *plain_length)
{
  g_auto (GStrv) fields = g_strsplit (value, ";", 8);

  for (guint i = 0; fields[i] != NULL; i++)
    {
      const char *field = g_strstrip (fields[i]);
      guint64 number = 0;

      if (g_ascii_strncasecmp (field, "Length=", strlen ("Length=")) == 0 &&
          g_ascii_string_to_unsigned (field + strlen ("Length="), 10, 0, G_MAXINT32, &number, NULL))
        {
          *plain_length = (gsize) number;
          return TRUE;
        }
    }

  return FALSE;
}

static gboolean
parse_first_part (Rest *rest, gsize *plain_length)
{
  gboolean has_length = FALSE;

  for (guint i = 0; i < MAX_LINES; i++)
    {
      g_autofree char *line = take_line (rest);
      const char *original = line != NULL ? get_value (line, "OriginalContent") : NULL;

      if (line == NULL)
        return FALSE;
      if (is_boundary (line))
        return has_length;
      if (original != NULL)
        has_length = parse_original (original, plain_length);
    }

  return FALSE;
}

/* The second part's headers end with its type: no blank line follows in the form of Windows, and
 * the bytes of the signature's length could look like one. */
static gboolean
parse_second_part (Rest *rest)
{
  for (guint i = 0; i < MAX_LINES; i++)
    {
      g_autofree char *line = take_line (rest);
      const char *type = line != NULL ? get_value (line, "Content-Type") : NULL;

      if (line == NULL)
        return FALSE;
      if (type != NULL)
        return g_ascii_strncasecmp (type, OCTET_STREAM, strlen (OCTET_STREAM)) == 0;
    }

  return FALSE;
}

/* The sealed bytes may hold anything, also what looks like a boundary, so that their end is found
 * from the end of the body. */
static gboolean
drop_ending (Rest *rest)
{
  static const char *const endings[] = { "--" BOUNDARY "--", "-- " BOUNDARY "--" };

  for (guint n = 0; n < 2; n++) /* OMI sends one line end more than Windows */
    if (rest->left >= 2 && memcmp (rest->at + rest->left - 2, "\r\n", 2) == 0)
      rest->left -= 2;

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      gsize length = strlen (endings[i]);

      if (rest->left >= length && memcmp (rest->at + rest->left - length, endings[i], length) == 0)
        {
          rest->left -= length;
          return TRUE;
        }
    }

  return FALSE;
}

static gboolean
parse_token (Rest *rest, LkSealedParts *parts)
{
  guint32 signature_length;

  if (!drop_ending (rest) || rest->left < LENGTH_BYTES)
    return FALSE;

  memcpy (&signature_length, rest->at, LENGTH_BYTES);
  parts->header_length = GUINT32_FROM_LE (signature_length);
  parts->token = rest->at + LENGTH_BYTES;
  parts->token_length = rest->left - LENGTH_BYTES;
  return parts->header_length > 0 && parts->header_length <= MAX_SIGNATURE &&
         parts->header_length <= parts->token_length;
}

gboolean
lk_sealed_parse (const guint8 *body, gsize length, LkSealedParts *parts, GError **error)
{
  Rest rest = { body, length };
  g_autofree char *first = take_line (&rest);

  *parts = (LkSealedParts){ 0 };
  if (first != NULL && is_boundary (first) && parse_first_part (&rest, &parts->plain_length) &&
      parse_second_part (&rest) && parse_token (&rest, parts))
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
               _ ("the frame of the sealed message is broken"));
  return FALSE;
}
