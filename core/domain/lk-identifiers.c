/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-identifiers.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define CID_LENGTH      48
#define IID_LENGTH      54
#define IID_LONG_LENGTH 63

static gboolean
is_right_length (LkDigits kind, gsize length)
{
  if (kind == LK_DIGITS_CID)
    return length == CID_LENGTH;

  return length == IID_LENGTH || length == IID_LONG_LENGTH;
}

static guint
get_group_length (gsize length)
{
  return length == IID_LONG_LENGTH ? 7 : 6;
}

char
lk_digits_get_check_digit (const char *data, guint n)
{
  guint sum = 0;

  for (guint i = 0; i < n; i++)
    sum += (guint) (data[i] - '0') * (i % 2 == 0 ? 1 : 2);

  return (char) ('0' + sum % 7);
}

gboolean
lk_digits_check (const char *digits, guint group_length, guint *wrong)
{
  gsize length = strlen (digits);
  guint found = 0;

  g_return_val_if_fail (group_length > 1, FALSE);
  for (guint i = 0; (i + 1) * group_length <= length; i++)
    {
      const char *group = digits + i * group_length;

      if (group[group_length - 1] != lk_digits_get_check_digit (group, group_length - 1))
        found |= 1u << MIN (i, 31);
    }
  if (wrong != NULL)
    *wrong = found;

  return found == 0 && length > 0 && length % group_length == 0;
}

static const char *
get_title (LkDigits kind)
{
  return kind == LK_DIGITS_CID ? _ ("confirmation ID") : _ ("installation ID");
}

gboolean
lk_is_separator (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_type (c) == G_UNICODE_DASH_PUNCTUATION;
}

static char *
strip_separators (LkDigits kind, const char *text, GError **error)
{
  g_autoptr (GString) digits = g_string_new (NULL);
  guint place = 1;

  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The %s is not text"), get_title (kind));
      return NULL;
    }
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p), place++)
    if (g_ascii_isdigit (*p))
      g_string_append_c (digits, *p);
    else if (!lk_is_separator (g_utf8_get_char (p)))
      {
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Character %u of the %s is not a digit"),
                     place, get_title (kind));
        return NULL;
      }

  return g_strdup (digits->str);
}

LkGroupState
lk_cid_judge_group (const char *text)
{
  gsize length = strlen (text);

  if (text[strspn (text, "0123456789")] != '\0' || length > LK_CID_GROUP_LENGTH)
    return LK_GROUP_WRONG;
  if (length < LK_CID_GROUP_LENGTH)
    return length == 0 ? LK_GROUP_EMPTY : LK_GROUP_UNFINISHED;

  return lk_digits_check (text, LK_CID_GROUP_LENGTH, NULL) ? LK_GROUP_RIGHT : LK_GROUP_WRONG;
}

gboolean
lk_cid_spread (const char *text, guint at, char *groups[LK_CID_GROUPS])
{
  g_autofree char *digits = strip_separators (LK_DIGITS_CID, text, NULL);
  gsize length = digits != NULL ? strlen (digits) : 0;
  const char *next = digits;
  const char *end = digits + length;

  for (guint i = 0; i < LK_CID_GROUPS; i++)
    groups[i] = NULL;
  if (digits == NULL)
    return FALSE;

  for (guint i = length >= CID_LENGTH ? 0 : at; i < LK_CID_GROUPS; i++)
    {
      gsize n = MIN ((gsize) (end - next), LK_CID_GROUP_LENGTH);

      if (i > at && n == 0)
        break;
      groups[i] = i + 1 < LK_CID_GROUPS ? g_strndup (next, n) : g_strdup (next);
      next += n;
    }
  return TRUE;
}

char *
lk_digits_extract (const char *text)
{
  GString *digits = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isdigit (*p))
      g_string_append_c (digits, *p);
  return g_string_free (digits, FALSE);
}

char *
lk_digits_from_typed (LkDigits kind, const char *text, guint *wrong_group, GError **error)
{
  g_autofree char *digits = NULL;
  gsize length;
  guint group_length;
  guint wrong;
  guint number;

  if (wrong_group != NULL)
    *wrong_group = 0;
  digits = strip_separators (kind, text, error);
  if (digits == NULL)
    return NULL;

  length = strlen (digits);
  if (!is_right_length (kind, length))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   kind == LK_DIGITS_CID ? _ ("A %s has 48 digits, not %zu")
                                         : _ ("An %s has 54 or 63 digits, not %zu"),
                   get_title (kind), length);
      return NULL;
    }

  group_length = get_group_length (length);
  if (lk_digits_check (digits, group_length, &wrong))
    return g_steal_pointer (&digits);

  number = (guint) g_bit_nth_lsf (wrong, -1);
  if (wrong_group != NULL)
    *wrong_group = number + 1;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Group %u of the %s is wrong (%.*s)"),
               number + 1, get_title (kind), (int) group_length, digits + number * group_length);
  return NULL;
}

gboolean
lk_digits_is_plausible (LkDigits kind, const char *text)
{
  gsize length = strspn (text, "0123456789");

  return text[length] == '\0' && is_right_length (kind, length);
}

char *
lk_digits_to_groups (const char *digits)
{
  gsize length = strlen (digits);
  GString *text = g_string_sized_new (length + length / 5);

  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && i % get_group_length (length) == 0)
        g_string_append_c (text, ' ');
      g_string_append_c (text, digits[i]);
    }

  return g_string_free (text, FALSE);
}

/* Reads @min to @max digits and the separator after them, and moves on. */
static gboolean
read_field (const char **text, guint min, guint max, char separator, guint *out)
{
  guint value = 0;
  guint n = 0;

  for (; n < max && g_ascii_isdigit ((*text)[n]); n++)
    value = value * 10 + (guint) ((*text)[n] - '0');
  if (n < min || (*text)[n] != separator)
    return FALSE;

  *out = value;
  *text += separator != '\0' ? n + 1 : n;
  return TRUE;
}

gboolean
lk_epid_parse (const char *text, LkEpid *out, GError **error)
{
  LkEpid epid = { 0 };
  guint high = 0;
  guint low = 0;
  guint date = 0;

  if (!read_field (&text, 5, 5, '-', &epid.platform) ||
      !read_field (&text, 5, 5, '-', &epid.group) || !read_field (&text, 3, 3, '-', &high) ||
      !read_field (&text, 6, 6, '-', &low) || !read_field (&text, 2, 2, '-', &epid.channel) ||
      !read_field (&text, 4, 5, '-', &epid.language) ||
      !read_field (&text, 1, 6, '.', &epid.build) ||
      !read_field (&text, 4, 5, '-', &epid.revision) || !read_field (&text, 7, 7, '\0', &date))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("An extended PID reads AAAAA-GGGGG-SSS-SSSSSS-CC-LLLL-BBBBB.RRRR-DDDYYYY, "
                      "this text does not"));
      return FALSE;
    }

  epid.serial = high * 1000000 + low;
  epid.day = date / 10000;
  epid.year = date % 10000;
  *out = epid;
  return TRUE;
}

char *
lk_key_identity_from_epid (const char *epid)
{
  LkEpid fields;

  if (epid == NULL || !lk_epid_parse (epid, &fields, NULL))
    return NULL;

  return lk_key_identity_format (fields.group, fields.serial);
}

char *
lk_key_identity_format (guint group, guint32 serial)
{
  return g_strdup_printf ("%05u-%09u", group, serial);
}

char *
lk_guid_normalize (const char *text, GError **error)
{
  g_autofree char *guid = g_strstrip (g_ascii_strdown (text, -1));
  gsize length = strlen (guid);

  if (length == 38 && guid[0] == '{' && guid[37] == '}')
    {
      memmove (guid, guid + 1, 36);
      guid[36] = '\0';
    }
  if (g_uuid_string_is_valid (guid))
    return g_steal_pointer (&guid);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("A GUID has 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, "
                  "this text has not"));
  return NULL;
}
