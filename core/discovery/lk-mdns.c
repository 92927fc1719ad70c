/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-mdns.h"

#include "discovery/lk-dns-packet.h"

#include <netinet/in.h>
#include <string.h>

#define TYPE_A    1
#define TYPE_PTR  12
#define TYPE_AAAA 28
#define TYPE_SRV  33

#define CLASS_IN      0x0001
#define CLASS_UNICAST 0x8000 /* in a question: answer me alone; in an answer: forget older ones */
#define FLAG_RESPONSE 0x8000
#define MASK_OPCODE   0x7800
#define MASK_RESULT   0x000F
#define SRV_HEAD      6 /* priority, weight, port */
#define MAX_RECORDS   256

static void
record_free (gpointer data)
{
  LkMdnsRecord *self = data;

  g_free (self->name);
  g_free (self->target);
  g_free (self);
}

static gboolean
write_question (GByteArray *packet, const char *name, guint16 type)
{
  if (!lk_dns_write_name (packet, name))
    return FALSE;

  lk_dns_write_u16 (packet, type);
  lk_dns_write_u16 (packet, CLASS_IN | CLASS_UNICAST);
  return TRUE;
}

GByteArray *
lk_mdns_write_query (LkMdnsKind kind, const char *const *names)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  guint n = g_strv_length ((char **) names);

  lk_dns_write_header (packet, 0, 0, (guint16) (kind == LK_MDNS_ADDRESS ? 2 * n : n));
  for (guint i = 0; i < n; i++)
    {
      guint16 type = kind == LK_MDNS_PTR ? TYPE_PTR : kind == LK_MDNS_SRV ? TYPE_SRV : TYPE_A;

      if (!write_question (packet, names[i], type) ||
          (kind == LK_MDNS_ADDRESS && !write_question (packet, names[i], TYPE_AAAA)))
        return NULL;
    }

  return g_steal_pointer (&packet);
}

/* The address in a record; FALSE when it is none. */
static gboolean
read_address (const LkDnsReader *reader, const LkDnsRecord *record, LkAddress *address)
{
  struct sockaddr_in *four = (void *) &address->storage;
  struct sockaddr_in6 *six = (void *) &address->storage;

  memset (address, 0, sizeof *address);
  if (record->type == TYPE_A && record->length == sizeof four->sin_addr)
    {
      four->sin_family = AF_INET;
      memcpy (&four->sin_addr, reader->bytes + record->data, record->length);
      address->length = sizeof *four;
    }
  else if (record->type == TYPE_AAAA && record->length == sizeof six->sin6_addr)
    {
      six->sin6_family = AF_INET6;
      memcpy (&six->sin6_addr, reader->bytes + record->data, record->length);
      address->length = sizeof *six;
    }

  return address->length != 0;
}

/* NULL when it is of no use. */
static LkMdnsRecord *
record_from_dns (const LkDnsReader *reader, const LkDnsRecord *record)
{
  char target[LK_DNS_MAX_NAME] = "";
  gsize at = record->data;
  LkMdnsRecord found = { 0 };

  if ((record->class & ~CLASS_UNICAST) != CLASS_IN || !g_utf8_validate (record->name, -1, NULL))
    return NULL;
  if (record->type == TYPE_PTR)
    found.kind = LK_MDNS_PTR;
  else if (record->type == TYPE_SRV && record->length > SRV_HEAD)
    {
      found.kind = LK_MDNS_SRV;
      at += SRV_HEAD;
    }
  else if (read_address (reader, record, &found.address))
    found.kind = LK_MDNS_ADDRESS;
  else
    return NULL;

  if (found.kind != LK_MDNS_ADDRESS &&
      (!lk_dns_read_name (reader, &at, target) || !g_utf8_validate (target, -1, NULL)))
    return NULL;
  found.name = g_strdup (record->name);
  found.target = found.kind != LK_MDNS_ADDRESS ? g_strdup (target) : NULL;
  return g_memdup2 (&found, sizeof found);
}

GPtrArray *
lk_mdns_read (const void *data, gsize length)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (record_free);
  LkDnsReader reader;
  LkDnsHeader header;
  LkDnsRecord record;

  if (!lk_dns_open (&reader, data, length, &header) || (header.flags & FLAG_RESPONSE) == 0 ||
      (header.flags & (MASK_OPCODE | MASK_RESULT)) != 0)
    return NULL;

  for (guint i = 0; i < header.n_questions; i++)
    if (!lk_dns_read_question (&reader, &record))
      return NULL;
  for (guint i = 0; i < MIN (header.n_records, MAX_RECORDS); i++)
    {
      LkMdnsRecord *found;

      if (!lk_dns_read_record (&reader, &record))
        break;
      found = record_from_dns (&reader, &record);
      if (found != NULL)
        g_ptr_array_add (records, found);
    }

  return g_steal_pointer (&records);
}
