/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-private.h"

#include "base/lk-xml.h"

#include <string.h>

static void
clear_field (gpointer data)
{
  LkField *field = data;

  g_free (field->name);
  if (field->value != NULL)
    explicit_bzero (field->value, strlen (field->value)); /* it may be a product key */
  g_free (field->value);
}

LkRecord *
lk_record_new (const char *name)
{
  LkRecord *self = g_new0 (LkRecord, 1);

  self->name = g_strdup (name);
  self->fields = g_array_new (FALSE, FALSE, sizeof (LkField));
  g_array_set_clear_func (self->fields, clear_field);
  return self;
}

void
lk_record_free (LkRecord *self)
{
  if (self == NULL)
    return;

  g_free (self->name);
  g_array_unref (self->fields);
  g_free (self);
}

const char *
lk_record_get_name (const LkRecord *self)
{
  return self->name;
}

static gboolean
find_field (const LkRecord *self, const char *field, guint *index)
{
  const LkField *fields = (const LkField *) self->fields->data;

  for (guint i = 0; i < self->fields->len; i++)
    if (fields[i].name[0] == field[0] && strcmp (fields[i].name, field) == 0)
      {
        *index = i;
        return TRUE;
      }

  return FALSE;
}

void
lk_record_append (LkRecord *self, const char *field, const char *value)
{
  LkField added = { g_strdup (field), g_strdup (value) };

  g_array_append_val (self->fields, added);
}

void
lk_record_set (LkRecord *self, const char *field, const char *value)
{
  g_autofree char *clean = value != NULL ? lk_xml_clean (value) : NULL;
  guint index;

  if (!find_field (self, field, &index))
    {
      if (clean != NULL)
        lk_record_append (self, field, clean);
    }
  else if (clean == NULL)
    g_array_remove_index (self->fields, index);
  else
    {
      LkField *there = &g_array_index (self->fields, LkField, index);

      g_free (there->value);
      there->value = g_steal_pointer (&clean);
    }
}

void
lk_record_set_number (LkRecord *self, const char *field, gint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  lk_record_set (self, field, text);
}

const char *
lk_record_get (const LkRecord *self, const char *field)
{
  guint index;

  return find_field (self, field, &index) ? g_array_index (self->fields, LkField, index).value
                                          : NULL;
}

gint64
lk_record_get_number (const LkRecord *self, const char *field, gint64 otherwise)
{
  const char *text = lk_record_get (self, field);
  gint64 value;

  if (text == NULL || !g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL))
    return otherwise;

  return value;
}

static void
digest_number (GChecksum *digest, gsize number)
{
  guint32 big = GUINT32_TO_BE ((guint32) number);

  g_checksum_update (digest, (const guchar *) &big, sizeof big);
}

static void
digest_text (GChecksum *digest, const char *text)
{
  gsize length = strlen (text);

  digest_number (digest, length);
  g_checksum_update (digest, (const guchar *) text, (gssize) length);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const LkField *) a)->name, ((const LkField *) b)->name);
}

/* Sorted, because attributes have no order for XML, and many a library does not tell it. */
void
lk_record_digest (const LkRecord *self, GChecksum *digest)
{
  guint n = self->fields->len;
  g_autofree LkField *sorted = g_memdup2 (self->fields->data, n * sizeof (LkField));

  if (n > 1)
    qsort (sorted, n, sizeof (LkField), compare_names);

  digest_text (digest, self->name);
  digest_number (digest, n);
  for (guint i = 0; i < n; i++)
    {
      digest_text (digest, sorted[i].name);
      digest_text (digest, sorted[i].value);
    }
}
