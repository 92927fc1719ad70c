/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-inventory-fields.h"

#include "domain/lk-identifiers.h"
#include "domain/lk-sighting.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Characters of free text. */
#define NAME    255
#define TITLE   1024
#define MESSAGE 8192

#define MAX_CERTIFICATE_DIGITS 61440
#define MAX_FIELDS             26

typedef enum
{
  FORM_TEXT, /* one line, at most @max characters */
  FORM_LINES,
  FORM_HOST,
  FORM_NUMBER, /* from @min to @max */
  FORM_TIME,   /* ms since 1970 */
  FORM_FLAG,
  FORM_WORD, /* one of @words */
  FORM_GUID,
  FORM_PIN,
  FORM_HEX,
  FORM_FIVE,
  FORM_IID,
  FORM_CID,
  FORM_KEY_IDENTITY,
} Form;

typedef struct
{
  const char *name;
  Form form;
  gboolean is_needed;
  gint64 min;
  gint64 max;
  const char *words;
} Field;

#define TEXT(name, needed, length)                                                                 \
  {                                                                                                \
    name, FORM_TEXT, needed, 0, length, NULL                                                       \
  }
#define NUMBER(name, needed, min, max)                                                             \
  {                                                                                                \
    name, FORM_NUMBER, needed, min, max, NULL                                                      \
  }
#define OF_FORM(name, needed, form)                                                                \
  {                                                                                                \
    name, form, needed, 0, 0, NULL                                                                 \
  }
#define ID(name) NUMBER (name, TRUE, 1, G_MAXINT64)

static const struct
{
  const char *kind;
  Field fields[MAX_FIELDS];
} kinds[] = {
  { "machine",
    { ID ("id"),
      TEXT ("name", TRUE, NAME),
      TEXT ("listed-as", TRUE, NAME),
      OF_FORM ("address", FALSE, FORM_HOST),
      NUMBER ("port", TRUE, 1, G_MAXUINT16),
      OF_FORM ("tls", FALSE, FORM_FLAG),
      OF_FORM ("pin", FALSE, FORM_PIN),
      OF_FORM ("certificate", FALSE, FORM_HEX),
      OF_FORM ("pinned-at", FALSE, FORM_TIME),
      TEXT ("domain", FALSE, NAME),
      TEXT ("fqdn", FALSE, NAME),
      OF_FORM ("member", FALSE, FORM_FLAG),
      TEXT ("uuid", FALSE, 64),
      TEXT ("cmid", FALSE, 64),
      TEXT ("os", FALSE, 64),
      TEXT ("stack", FALSE, 64),
      NUMBER ("rearm-left", FALSE, -1, G_MAXINT32),
      OF_FORM ("subscription", FALSE, FORM_FLAG),
      OF_FORM ("oem-key", FALSE, FORM_FLAG),
      OF_FORM ("created-at", TRUE, FORM_TIME),
      OF_FORM ("read-at", FALSE, FORM_TIME),
      OF_FORM ("tried-at", FALSE, FORM_TIME),
      { "result", FORM_LINES, FALSE, 0, MESSAGE, NULL },
      NUMBER ("code", FALSE, 0, G_MAXUINT32),
      OF_FORM ("failed", FALSE, FORM_FLAG) } },
  { "alias", { ID ("machine"), TEXT ("name", TRUE, NAME) } },
  { "tag", { ID ("machine"), TEXT ("name", TRUE, NAME) } },
  { "product",
    { ID ("machine"),
      OF_FORM ("application", TRUE, FORM_GUID),
      OF_FORM ("activation", TRUE, FORM_GUID),
      TEXT ("name", FALSE, TITLE),
      TEXT ("description", FALSE, TITLE),
      TEXT ("edition", FALSE, TITLE),
      { "kind", FORM_WORD, TRUE, 0, 0, "unknown mak gvlk kms-host retail oem" },
      OF_FORM ("last-five", FALSE, FORM_FIVE),
      TEXT ("epid", FALSE, 128),
      OF_FORM ("iid", FALSE, FORM_IID),
      NUMBER ("status", TRUE, -1, 6),
      NUMBER ("reason", FALSE, 0, G_MAXUINT32),
      NUMBER ("grace", FALSE, 0, G_MAXUINT32),
      OF_FORM ("addon", FALSE, FORM_FLAG),
      TEXT ("kms-machine", FALSE, NAME),
      NUMBER ("kms-port", FALSE, 0, G_MAXUINT16),
      OF_FORM ("read-at", TRUE, FORM_TIME),
      OF_FORM ("hidden", FALSE, FORM_FLAG) } },
  { "apart", { ID ("first"), ID ("second") } },
  { "pool",
    { OF_FORM ("key", TRUE, FORM_KEY_IDENTITY), NUMBER ("remaining", TRUE, -1, G_MAXINT32),
      OF_FORM ("checked-at", TRUE, FORM_TIME), NUMBER ("blocked", FALSE, 0, G_MAXUINT32) } },
  { "spend",
    { OF_FORM ("key", TRUE, FORM_KEY_IDENTITY),
      OF_FORM ("iid", TRUE, FORM_IID),
      TEXT ("epid", FALSE, 128),
      { "method", FORM_WORD, TRUE, 0, 0, "proxy online phone" },
      { "state", FORM_WORD, TRUE, 0, 0, "reserved sent confirmed refused unknown" },
      NUMBER ("code", FALSE, 0, G_MAXUINT32),
      { "message", FORM_LINES, FALSE, 0, MESSAGE, NULL },
      NUMBER ("attempts", FALSE, 0, G_MAXINT32),
      OF_FORM ("created-at", TRUE, FORM_TIME),
      OF_FORM ("sent-at", FALSE, FORM_TIME),
      OF_FORM ("settled-at", FALSE, FORM_TIME) } },
  { "confirmation",
    { OF_FORM ("key", TRUE, FORM_KEY_IDENTITY),
      OF_FORM ("iid", TRUE, FORM_IID),
      OF_FORM ("cid", TRUE, FORM_CID),
      { "method", FORM_WORD, TRUE, 0, 0, "proxy online phone" },
      OF_FORM ("salvaged", FALSE, FORM_FLAG),
      OF_FORM ("created-at", TRUE, FORM_TIME) } },
  { "key",
    { TEXT ("value", TRUE, 64),
      { "kind", FORM_WORD, TRUE, 0, 0, "unknown mak gvlk kms-host retail oem" },
      OF_FORM ("key", FALSE, FORM_KEY_IDENTITY),
      TEXT ("epid", FALSE, 128),
      TEXT ("remarks", FALSE, 200),
      OF_FORM ("created-at", TRUE, FORM_TIME) } },
  { "event",
    { NUMBER ("machine", FALSE, 1, G_MAXINT64),
      OF_FORM ("at", TRUE, FORM_TIME),
      TEXT ("step", TRUE, 64),
      TEXT ("outcome", TRUE, 64),
      { "message", FORM_LINES, FALSE, 0, MESSAGE, NULL },
      NUMBER ("code", FALSE, 0, G_MAXUINT32) } },
};

static const Field *
find_fields (const char *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      return kinds[i].fields;

  return NULL;
}

static gboolean
is_text (const char *value, gint64 max, gboolean has_lines)
{
  gint64 n = 0;

  for (const char *p = value; *p != '\0'; p = g_utf8_next_char (p), n++)
    if (g_unichar_iscntrl (g_utf8_get_char (p)) && !(has_lines && (*p == '\n' || *p == '\t')))
      return FALSE;

  return n <= max;
}

static gboolean
is_number (const char *value, gint64 min, gint64 max)
{
  gint64 number;

  return g_ascii_string_to_signed (value, 10, min, max, &number, NULL);
}

static gboolean
has_word (const char *words, const char *value)
{
  gsize length = strlen (value);

  for (const char *p = words; *p != '\0'; p += strcspn (p, " "), p += strspn (p, " "))
    if (strcspn (p, " ") == length && strncmp (p, value, length) == 0)
      return TRUE;

  return FALSE;
}

static gboolean
is_hex (const char *value, gsize min, gsize max)
{
  gsize length = strlen (value);

  return length >= min && length <= max && length % 2 == 0 &&
         strspn (value, "0123456789abcdefABCDEF") == length;
}

/* "GGGGG-SSSSSSSSS" */
static gboolean
is_key_identity (const char *value)
{
  gsize group = strspn (value, "0123456789");
  gsize serial = value[group] == '-' ? strspn (value + group + 1, "0123456789") : 0;

  return group >= 5 && group <= 7 && serial >= 9 && serial <= 10 &&
         value[group + 1 + serial] == '\0';
}

static gboolean
is_guid (const char *value)
{
  g_autofree char *guid = lk_guid_normalize (value, NULL);

  return guid != NULL && g_str_equal (guid, value);
}

static gboolean
is_five (const char *value)
{
  for (guint i = 0; i < 5; i++)
    if (!g_ascii_isalnum (value[i]))
      return FALSE;

  return value[5] == '\0';
}

static gboolean
has_form (const Field *field, const char *value, gint64 latest)
{
  switch (field->form)
    {
    case FORM_TEXT:
      return is_text (value, field->max, FALSE);
    case FORM_LINES:
      return is_text (value, field->max, TRUE);
    case FORM_HOST:
      return lk_host_is_plausible (value);
    case FORM_NUMBER:
      return is_number (value, field->min, field->max);
    case FORM_TIME:
      return is_number (value, 0, latest);
    case FORM_FLAG:
      return g_str_equal (value, "0") || g_str_equal (value, "1");
    case FORM_WORD:
      return has_word (field->words, value);
    case FORM_GUID:
      return is_guid (value);
    case FORM_PIN:
      return is_hex (value, 64, 64);
    case FORM_HEX:
      return is_hex (value, 2, MAX_CERTIFICATE_DIGITS);
    case FORM_FIVE:
      return is_five (value);
    case FORM_IID:
      return lk_digits_is_plausible (LK_DIGITS_IID, value);
    case FORM_CID:
      return lk_digits_is_plausible (LK_DIGITS_CID, value);
    case FORM_KEY_IDENTITY:
      return is_key_identity (value);
    }

  g_assert_not_reached ();
}

gboolean
lk_inventory_check_record (const LkRecord *record, gint64 latest, char **why)
{
  const char *kind = lk_record_get_name (record);
  const Field *fields = find_fields (kind);

  if (fields == NULL)
    {
      *why = g_strdup_printf (_ ("“%.40s” is no kind of record that inventories have"), kind);
      return FALSE;
    }
  for (guint i = 0; i < MAX_FIELDS && fields[i].name != NULL; i++)
    {
      const char *value = lk_record_get (record, fields[i].name);

      if (value == NULL ? !fields[i].is_needed : has_form (&fields[i], value, latest))
        continue;
      *why = value == NULL
                 ? g_strdup_printf (_ ("a %s without “%s”"), kind, fields[i].name)
                 : g_strdup_printf (_ ("the “%s” of a %s is not one"), fields[i].name, kind);
      return FALSE;
    }

  return TRUE;
}

char *
lk_inventory_tidy_value (const char *kind, const char *field, const char *value)
{
  const Field *fields = find_fields (kind);
  g_autoptr (GString) tidy = NULL;
  gint64 n = 0;

  for (; fields != NULL && fields->name != NULL; fields++)
    if (g_str_equal (fields->name, field))
      break;
  if (fields == NULL || fields->name == NULL ||
      (fields->form != FORM_TEXT && fields->form != FORM_LINES) ||
      is_text (value, fields->max, fields->form == FORM_LINES))
    return NULL;

  tidy = g_string_new (NULL);
  for (const char *p = value; *p != '\0' && n < fields->max; p = g_utf8_next_char (p), n++)
    {
      gunichar c = g_utf8_get_char (p);
      gboolean is_kept =
          !g_unichar_iscntrl (c) || (fields->form == FORM_LINES && (*p == '\n' || *p == '\t'));

      g_string_append_unichar (tidy, is_kept ? c : ' ');
    }
  return g_string_free (g_steal_pointer (&tidy), FALSE);
}
