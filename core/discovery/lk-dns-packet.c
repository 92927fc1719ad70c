/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-dns-packet.h"

#include <string.h>

#define HEADER_SIZE 12
#define MAX_LABEL   63
#define MAX_WIRE    255
#define POINTER     0xC0

gboolean
lk_dns_read_u16 (const LkDnsReader *self, gsize *at, guint16 *value)
{
  if (self->length < 2 || *at > self->length - 2)
    return FALSE;

  *value = (guint16) (self->bytes[*at] << 8 | self->bytes[*at + 1]);
  *at += 2;
  return TRUE;
}

gboolean
lk_dns_open (LkDnsReader *self, const void *bytes, gsize length, LkDnsHeader *header)
{
  guint16 counts[4] = { 0 };

  *self = (LkDnsReader){ bytes, length, 0 };
  if (length < HEADER_SIZE || !lk_dns_read_u16 (self, &self->at, &header->id) ||
      !lk_dns_read_u16 (self, &self->at, &header->flags))
    return FALSE;
  for (int i = 0; i < 4; i++)
    lk_dns_read_u16 (self, &self->at, &counts[i]);

  header->n_questions = counts[0];
  header->n_records = (guint) counts[1] + counts[2] + counts[3];
  return TRUE;
}

/* Appends one label with what must be escaped; FALSE when it cannot be text. */
static gboolean
add_label (char *name, gsize *used, const guint8 *label, guint length)
{
  if (*used > 0)
    name[(*used)++] = '.';
  for (guint i = 0; i < length; i++)
    {
      if (label[i] == '\0')
        return FALSE;
      if (label[i] == '.' || label[i] == '\\')
        name[(*used)++] = '\\';
      name[(*used)++] = (char) label[i];
    }

  name[*used] = '\0';
  return TRUE;
}

gboolean
lk_dns_read_name (const LkDnsReader *self, gsize *at, char name[LK_DNS_MAX_NAME])
{
  gsize here = *at;
  gsize limit = *at; /* a pointer leads to before where the name began, so this ends */
  gsize used = 0;
  guint wire = 0;
  gboolean has_jumped = FALSE;

  name[0] = '\0';
  while (here < self->length)
    {
      guint length = self->bytes[here];

      if (length == 0)
        {
          if (!has_jumped)
            *at = here + 1;
          return TRUE;
        }
      if ((length & POINTER) == POINTER)
        {
          guint16 pointer;

          if (!lk_dns_read_u16 (self, &here, &pointer))
            return FALSE;
          if (!has_jumped)
            *at = here;
          has_jumped = TRUE;
          here = pointer & 0x3FFF;
          if (here >= limit)
            return FALSE;
          limit = here;
          continue;
        }

      wire += length + 1;
      if (length > MAX_LABEL || wire >= MAX_WIRE || self->length - here <= length ||
          !add_label (name, &used, self->bytes + here + 1, length))
        return FALSE;
      here += length + 1;
    }

  return FALSE;
}

gboolean
lk_dns_read_question (LkDnsReader *self, LkDnsRecord *question)
{
  question->data = 0;
  question->length = 0;
  return lk_dns_read_name (self, &self->at, question->name) &&
         lk_dns_read_u16 (self, &self->at, &question->type) &&
         lk_dns_read_u16 (self, &self->at, &question->class);
}

gboolean
lk_dns_read_record (LkDnsReader *self, LkDnsRecord *record)
{
  guint16 ttl[2];

  if (!lk_dns_read_question (self, record) || !lk_dns_read_u16 (self, &self->at, &ttl[0]) ||
      !lk_dns_read_u16 (self, &self->at, &ttl[1]) ||
      !lk_dns_read_u16 (self, &self->at, &record->length))
    return FALSE;
  if (self->length - self->at < record->length)
    return FALSE;

  record->data = self->at;
  self->at += record->length;
  return TRUE;
}

char *
lk_dns_get_label (const char *name)
{
  GString *label = g_string_new (NULL);

  for (const char *p = name; *p != '\0' && *p != '.'; p++)
    {
      if (*p == '\\' && p[1] != '\0')
        p++;
      g_string_append_c (label, *p);
    }

  return g_string_free (label, FALSE);
}

void
lk_dns_write_u16 (GByteArray *packet, guint16 value)
{
  const guint8 bytes[] = { (guint8) (value >> 8), (guint8) value };

  g_byte_array_append (packet, bytes, sizeof bytes);
}

void
lk_dns_write_header (GByteArray *packet, guint16 id, guint16 flags, guint16 n_questions)
{
  lk_dns_write_u16 (packet, id);
  lk_dns_write_u16 (packet, flags);
  lk_dns_write_u16 (packet, n_questions);
  for (int i = 0; i < 3; i++)
    lk_dns_write_u16 (packet, 0);
}

gboolean
lk_dns_write_name (GByteArray *packet, const char *name)
{
  guint8 wire[MAX_WIRE];
  gsize used = 0;

  while (*name != '\0')
    {
      gsize start = used++;

      for (; *name != '\0' && *name != '.'; name++)
        {
          if (*name == '\\' && name[1] != '\0')
            name++;
          if (used >= MAX_WIRE - 1)
            return FALSE;
          wire[used++] = (guint8) *name;
        }
      if (used - start - 1 == 0 || used - start - 1 > MAX_LABEL || used >= MAX_WIRE)
        return FALSE;
      wire[start] = (guint8) (used - start - 1);
      if (*name == '.')
        name++;
    }

  wire[used++] = 0;
  g_byte_array_append (packet, wire, (guint) used);
  return TRUE;
}
