/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-filter.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_DEPTH     64
#define MAX_ATTRIBUTE 128

/* A filter while it is read. @why: the first thing that is wrong, at @at. */
typedef struct
{
  const char *at;
  const char *why;
  guint depth;
} Reader;

static gboolean
fail (Reader *reader, const char *why)
{
  reader->why = why;
  return FALSE;
}

static void
skip_space (Reader *reader)
{
  while (*reader->at == ' ')
    reader->at++;
}

static gsize
measure_attribute (const char *text)
{
  gsize n = 0;

  if (!g_ascii_isalnum (*text))
    return 0;
  while (g_ascii_isalnum (text[n]) || text[n] == '-' || text[n] == '.' || text[n] == ';')
    n++;
  return n;
}

gboolean
lk_ldap_attribute_is_valid (const char *text)
{
  gsize n = measure_attribute (text);

  return n > 0 && n <= MAX_ATTRIBUTE && text[n] == '\0';
}

/* “:dn” and “:rule” before “:=” (RFC 4515 section 3, extensible). */
static gboolean
read_rules (Reader *reader)
{
  while (reader->at[0] == ':' && reader->at[1] != '=')
    {
      gsize n = measure_attribute (reader->at + 1);

      if (n == 0)
        return fail (reader, _ ("a matching rule must follow the colon, like in"
                                " userAccountControl:1.2.840.113556.1.4.803:=2"));
      reader->at += 1 + n;
    }

  if (reader->at[0] != ':')
    return fail (reader, _ ("“:=” must follow the matching rule"));
  reader->at += 2;
  return TRUE;
}

/* @may_have_star: in “=” it stands for any text. */
static gboolean
read_value (Reader *reader, gboolean may_have_star)
{
  for (; *reader->at != '\0' && *reader->at != ')'; reader->at++)
    {
      if (*reader->at == '(')
        return fail (reader,
                     _ ("“(” cannot stand in a value; write \\28 for it, or a “)” is missing"
                        " before"));
      if (*reader->at == '*' && !may_have_star)
        return fail (reader, _ ("“*” stands for any text only behind “=”; write \\2a for the"
                                " character itself"));
      if (*reader->at != '\\')
        continue;
      if (!g_ascii_isxdigit (reader->at[1]) || !g_ascii_isxdigit (reader->at[2]))
        return fail (reader, _ ("two hexadecimal digits must follow “\\”; write \\5c for the"
                                " character itself"));
      reader->at += 2;
    }

  return TRUE;
}

static gboolean
read_item (Reader *reader)
{
  gsize n = measure_attribute (reader->at);

  reader->at += n;
  if (*reader->at == ':')
    return read_rules (reader) && read_value (reader, FALSE);
  if (n == 0)
    return fail (reader, _ ("an attribute's name is missing, like cn in (cn=pc-*)"));

  if (*reader->at == '=')
    {
      reader->at++;
      return read_value (reader, TRUE);
    }
  if (strchr ("<>~", *reader->at) == NULL || *reader->at == '\0' || reader->at[1] != '=')
    return fail (reader, _ ("“=”, “>=”, “<=”, “~=” or “:=” must follow the attribute's name"));
  reader->at += 2;
  return read_value (reader, FALSE);
}

static gboolean read_filter (Reader *reader);

static gboolean
read_component (Reader *reader)
{
  char kind = *reader->at;
  guint n = 0;

  if (kind != '&' && kind != '|' && kind != '!')
    return read_item (reader);

  reader->at++;
  for (skip_space (reader); *reader->at == '('; skip_space (reader))
    {
      if (kind == '!' && n > 0)
        return fail (reader, _ ("“!” takes one condition only"));
      if (!read_filter (reader))
        return FALSE;
      n++;
    }
  /* “(&)” is true for every entry (RFC 4526). */
  if (kind == '!' && n == 0)
    return fail (reader, _ ("a condition in parentheses must follow “!”"));
  return TRUE;
}

/* At its “(”. */
static gboolean
read_filter (Reader *reader)
{
  if (++reader->depth > MAX_DEPTH)
    return fail (reader, _ ("it is nested too deeply"));

  reader->at++;
  skip_space (reader);
  if (!read_component (reader))
    return FALSE;
  skip_space (reader);
  if (*reader->at != ')')
    return fail (reader,
                 *reader->at == '\0' ? _ ("a “)” is missing") : _ ("“(” or “)” must stand here"));
  reader->at++;
  reader->depth--;
  return TRUE;
}

static gboolean
read_all (Reader *reader)
{
  skip_space (reader);
  if (*reader->at == '\0')
    return fail (reader, _ ("it is empty"));
  if (!(*reader->at == '(' ? read_filter (reader) : read_component (reader)))
    return FALSE;

  skip_space (reader);
  return *reader->at == '\0' || fail (reader, *reader->at == ')' ? _ ("there is one “)” too many")
                                                                 : _ ("text follows its end"));
}

gboolean
lk_ldap_filter_check (const char *filter, guint *at, GError **error)
{
  Reader reader = { .at = filter };
  guint number = 1;

  if (strlen (filter) > LK_LDAP_FILTER_MAX)
    reader.why = _ ("it is too long");
  else if (!g_utf8_validate (filter, -1, &reader.at))
    reader.why = _ ("it is not UTF-8 text");
  else
    {
      reader.at = filter;
      if (read_all (&reader))
        return TRUE;
    }

  number = (guint) g_utf8_strlen (filter, reader.at - filter) + 1;
  if (at != NULL)
    *at = number;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The filter is wrong at character %u: %s"),
               number, reader.why);
  return FALSE;
}

char *
lk_ldap_filter_from_pattern (const char *attribute, const char *pattern)
{
  GString *filter = g_string_new (NULL);

  g_string_append_printf (filter, "(%s=", attribute);
  for (const char *p = pattern; *p != '\0'; p++)
    if (strchr ("()\\", *p) != NULL)
      g_string_append_printf (filter, "\\%02x", (guint) *p);
    else if (*p != '*' || p == pattern || p[-1] != '*')
      g_string_append_c (filter, *p);

  g_string_append_c (filter, ')');
  return g_string_free (filter, FALSE);
}
