/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-csv.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_FIELD  1024
#define MAX_FIELDS 64

struct _LkCsv
{
  const char *at;
  const char *end;
  char separator;
  guint line;
};

LkCsv *
lk_csv_new (const char *data, gsize length, char separator)
{
  LkCsv *self = g_new0 (LkCsv, 1);

  self->at = data;
  self->end = data + length;
  self->separator = separator;
  self->line = 1;
  return self;
}

void
lk_csv_free (LkCsv *self)
{
  g_free (self);
}

static gboolean
at_line_end (const LkCsv *self)
{
  return self->at == self->end || *self->at == '\n' || *self->at == '\r';
}

static void
skip_line_end (LkCsv *self)
{
  if (self->at == self->end)
    return;

  self->at += *self->at == '\r' && self->at + 1 < self->end && self->at[1] == '\n' ? 2 : 1;
  self->line++;
}

/* After a bad record: on with the next line, wherever the quotes stood. */
static void
skip_record (LkCsv *self)
{
  while (!at_line_end (self))
    self->at++;
  skip_line_end (self);
}

static gboolean
is_lone_return (const LkCsv *self)
{
  return *self->at == '\r' && (self->at + 1 == self->end || self->at[1] != '\n');
}

static gboolean
read_quoted (LkCsv *self, GString *field, const char **why)
{
  const char *start = self->at;
  guint line = self->line;

  for (self->at++; self->at < self->end; self->at++)
    {
      if (*self->at == '"' && (self->at + 1 == self->end || self->at[1] != '"'))
        break;
      if (*self->at == '"')
        self->at++;
      else if (*self->at == '\n' || is_lone_return (self))
        self->line++;
      if (field->len > MAX_FIELD)
        break;
      g_string_append_c (field, *self->at);
    }

  if (field->len > MAX_FIELD || self->at == self->end)
    {
      /* The quote was never closed, so where the record ends is not known: go by its first line. */
      *why = field->len > MAX_FIELD ? _ ("a field is too long") : _ ("a quote is never closed");
      self->at = start;
      self->line = line;
      return FALSE;
    }

  self->at++;
  if (at_line_end (self) || *self->at == self->separator)
    return TRUE;

  *why = _ ("text follows a closing quote");
  return FALSE;
}

static gboolean
read_bare (LkCsv *self, GString *field, const char **why)
{
  for (; !at_line_end (self) && *self->at != self->separator; self->at++)
    {
      if (*self->at == '"')
        *why = _ ("a quote stands in the middle of a field");
      else if (field->len > MAX_FIELD)
        *why = _ ("a field is too long");
      if (*why != NULL)
        return FALSE;
      g_string_append_c (field, *self->at);
    }

  return TRUE;
}

static gboolean
read_field (LkCsv *self, GPtrArray *fields, const char **why)
{
  g_autoptr (GString) field = g_string_new (NULL);
  gboolean is_quoted = self->at < self->end && *self->at == '"';

  if (fields->len == MAX_FIELDS)
    {
      *why = _ ("it has too many fields");
      return FALSE;
    }
  if (!(is_quoted ? read_quoted (self, field, why) : read_bare (self, field, why)))
    return FALSE;
  if (memchr (field->str, '\0', field->len) != NULL || !g_utf8_validate (field->str, -1, NULL))
    {
      *why = _ ("it is not UTF-8 text");
      return FALSE;
    }

  g_ptr_array_add (fields, g_strstrip (g_strdup (field->str)));
  return TRUE;
}

char **
lk_csv_next (LkCsv *self, guint *line, GError **error)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);
  const char *why = NULL;

  while (self->at < self->end && at_line_end (self))
    skip_line_end (self);
  *line = self->line;
  if (self->at == self->end)
    return NULL;

  while (read_field (self, fields, &why) && !at_line_end (self))
    {
      self->at++;
      /* A separator at the very end of the line stands before one more, empty field. */
      if (at_line_end (self))
        {
          g_ptr_array_add (fields, g_strdup (""));
          break;
        }
    }
  if (why != NULL)
    {
      skip_record (self);
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "%s", why);
      return NULL;
    }

  skip_line_end (self);
  g_ptr_array_add (fields, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&fields), FALSE);
}
