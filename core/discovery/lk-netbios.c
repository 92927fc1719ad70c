/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-netbios.h"

#include "discovery/lk-dns-packet.h"

#include <string.h>

#define TYPE_NB     0x0020
#define TYPE_NBSTAT 0x0021
#define CLASS_IN    0x0001

#define FLAG_RESPONSE  0x8000
#define FLAG_RECURSION 0x0100 /* as Windows asks */
#define FLAG_BROADCAST 0x0010
#define MASK_OPCODE    0x7800
#define MASK_RESULT    0x000F

#define NAME_SIZE    16 /* fifteen bytes and the suffix */
#define ENCODED_SIZE 32
#define ENTRY_SIZE   18 /* of a node status: a name and its flags */
#define ADDRESS_SIZE 6  /* flags and an address */
#define FLAG_GROUP   0x8000
#define FLAG_GONE    0x1800 /* being given up, or in conflict */

/* What Western Windows writes NetBIOS names in; any other code page shows its ASCII right. */
#define CODE_PAGE "CP850"

static void
clear_name (gpointer name)
{
  g_free (((LkNetbiosName *) name)->name);
}

void
lk_netbios_answer_free (LkNetbiosAnswer *self)
{
  if (self == NULL)
    return;
  clear_name (&self->asked);
  g_array_unref (self->names);
  g_array_unref (self->addresses);
  g_free (self);
}

/* RFC 1001 14.1: each half of a byte becomes a letter from A to P. */
static void
write_name (GByteArray *packet, const guint8 raw[NAME_SIZE])
{
  guint8 encoded[ENCODED_SIZE + 2] = { ENCODED_SIZE };

  for (int i = 0; i < NAME_SIZE; i++)
    {
      encoded[1 + 2 * i] = (guint8) ('A' + (raw[i] >> 4));
      encoded[2 + 2 * i] = (guint8) ('A' + (raw[i] & 0x0F));
    }
  g_byte_array_append (packet, encoded, sizeof encoded);
}

static GByteArray *
write_question (guint16 id, guint16 flags, guint16 type, const guint8 raw[NAME_SIZE])
{
  GByteArray *packet = g_byte_array_new ();

  lk_dns_write_header (packet, id, flags, 1);
  write_name (packet, raw);
  lk_dns_write_u16 (packet, type);
  lk_dns_write_u16 (packet, CLASS_IN);
  return packet;
}

GByteArray *
lk_netbios_write_status (guint16 id)
{
  static const guint8 anybody[NAME_SIZE] = { '*' };

  return write_question (id, 0, TYPE_NBSTAT, anybody);
}

GByteArray *
lk_netbios_write_query (guint16 id, const char *name, guint8 suffix)
{
  gboolean is_anybody = g_str_equal (name, "*");
  g_autofree char *upper = g_utf8_strup (name, -1);
  g_autofree char *bytes = g_convert (upper, -1, CODE_PAGE, "UTF-8", NULL, NULL, NULL);
  guint8 raw[NAME_SIZE] = { 0 };

  if (bytes == NULL || *bytes == '\0' || strlen (bytes) >= NAME_SIZE)
    return NULL;

  if (!is_anybody)
    memset (raw, ' ', NAME_SIZE - 1);
  memcpy (raw, bytes, strlen (bytes));
  raw[NAME_SIZE - 1] = suffix;
  return write_question (id, FLAG_RECURSION | FLAG_BROADCAST, TYPE_NB, raw);
}

/* NULL for a name that is empty or no text, but for that of the master browsers. */
static char *
name_to_text (const guint8 raw[NAME_SIZE])
{
  gsize length = NAME_SIZE - 1;
  char *text;

  while (length > 0 && (raw[length - 1] == ' ' || raw[length - 1] == '\0'))
    length--;
  if (length == strlen (LK_NETBIOS_BROWSERS) && memcmp (raw, LK_NETBIOS_BROWSERS, length) == 0)
    return g_strdup (LK_NETBIOS_BROWSERS);
  for (gsize i = 0; i < length; i++)
    if (raw[i] < ' ' || raw[i] == 0x7F)
      return NULL;

  text = length > 0
             ? g_convert ((const char *) raw, (gssize) length, "UTF-8", CODE_PAGE, NULL, NULL, NULL)
             : NULL;
  return text != NULL ? g_strstrip (text) : NULL;
}

static gboolean
decode_name (const char *name, LkNetbiosName *decoded)
{
  guint8 raw[NAME_SIZE];

  if (strcspn (name, ".") != ENCODED_SIZE)
    return FALSE;
  for (int i = 0; i < NAME_SIZE; i++)
    {
      guint high = (guint) (name[2 * i] - 'A');
      guint low = (guint) (name[2 * i + 1] - 'A');

      if (high > 15 || low > 15)
        return FALSE;
      raw[i] = (guint8) (high << 4 | low);
    }

  decoded->name = name_to_text (raw);
  decoded->suffix = raw[NAME_SIZE - 1];
  return TRUE;
}

static void
read_names (LkNetbiosAnswer *self, const guint8 *data, guint length)
{
  guint n = length > 0 ? data[0] : 0;

  for (guint i = 0; i < MIN (n, LK_NETBIOS_MAX_NAMES) && 1 + (i + 1) * ENTRY_SIZE <= length; i++)
    {
      const guint8 *entry = data + 1 + i * ENTRY_SIZE;
      guint flags = (guint) (entry[NAME_SIZE] << 8 | entry[NAME_SIZE + 1]);
      LkNetbiosName name = { name_to_text (entry), entry[NAME_SIZE - 1],
                             (flags & FLAG_GROUP) != 0 };

      if (name.name != NULL && (flags & FLAG_GONE) == 0)
        g_array_append_val (self->names, name);
      else
        clear_name (&name);
    }
}

static void
read_addresses (LkNetbiosAnswer *self, const guint8 *data, guint length)
{
  for (guint i = 0; i < LK_NETBIOS_MAX_ADDRESS && (i + 1) * ADDRESS_SIZE <= length; i++)
    {
      struct in_addr address;

      memcpy (&address, data + i * ADDRESS_SIZE + 2, sizeof address);
      g_array_append_val (self->addresses, address);
    }
}

static LkNetbiosAnswer *
answer_new (guint16 id)
{
  LkNetbiosAnswer *self = g_new0 (LkNetbiosAnswer, 1);

  self->id = id;
  self->names = g_array_new (FALSE, FALSE, sizeof (LkNetbiosName));
  self->addresses = g_array_new (FALSE, FALSE, sizeof (struct in_addr));
  g_array_set_clear_func (self->names, clear_name);
  return self;
}

LkNetbiosAnswer *
lk_netbios_read (const void *data, gsize length)
{
  g_autoptr (LkNetbiosAnswer) self = NULL;
  LkDnsReader reader;
  LkDnsHeader header;
  LkDnsRecord record;

  if (!lk_dns_open (&reader, data, length, &header) || (header.flags & FLAG_RESPONSE) == 0 ||
      (header.flags & (MASK_OPCODE | MASK_RESULT)) != 0 || header.n_questions != 0 ||
      header.n_records == 0 || !lk_dns_read_record (&reader, &record) ||
      (record.type != TYPE_NB && record.type != TYPE_NBSTAT) || record.class != CLASS_IN)
    return NULL;

  self = answer_new (header.id);
  self->is_status = record.type == TYPE_NBSTAT;
  if (!decode_name (record.name, &self->asked))
    return NULL;
  if (self->is_status)
    read_names (self, reader.bytes + record.data, record.length);
  else
    read_addresses (self, reader.bytes + record.data, record.length);
  return g_steal_pointer (&self);
}

static const char *
find (const LkNetbiosAnswer *self, guint8 suffix, gboolean is_group)
{
  for (guint i = 0; i < self->names->len; i++)
    {
      const LkNetbiosName *name = &g_array_index (self->names, LkNetbiosName, i);

      if (name->suffix == suffix && name->is_group == is_group &&
          !g_str_equal (name->name, LK_NETBIOS_BROWSERS))
        return name->name;
    }

  return NULL;
}

const char *
lk_netbios_get_machine (const LkNetbiosAnswer *self)
{
  const char *name = find (self, LK_NETBIOS_MACHINE, FALSE);

  return name != NULL ? name : find (self, LK_NETBIOS_SERVER, FALSE);
}

const char *
lk_netbios_get_workgroup (const LkNetbiosAnswer *self)
{
  const char *name = find (self, LK_NETBIOS_MACHINE, TRUE);

  return name != NULL ? name : find (self, LK_NETBIOS_ELECTION, TRUE);
}
