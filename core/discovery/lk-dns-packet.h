/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The message format of DNS (RFC 1035 4.1), which NetBIOS name service (RFC 1002 4.2) and multicast
 * DNS (RFC 6762 18) share. What is read is hostile: every length is checked, a compressed name may
 * only point backwards and has at most 255 bytes. */

/* A name's labels joined by dots; a dot or a backslash within a label has a backslash before it. */
#define LK_DNS_MAX_NAME 512

typedef struct
{
  guint16 id;
  guint16 flags;
  guint n_questions;
  guint n_records; /* of all three sections together */
} LkDnsHeader;

typedef struct
{
  char name[LK_DNS_MAX_NAME];
  guint16 type;
  guint16 class;
  gsize data; /* where its data begins, in the packet */
  guint16 length;
} LkDnsRecord;

typedef struct
{
  const guint8 *bytes;
  gsize length;
  gsize at;
} LkDnsReader;

gboolean lk_dns_open (LkDnsReader *self, const void *bytes, gsize length, LkDnsHeader *header);
/* A question has no data. */
gboolean lk_dns_read_question (LkDnsReader *self, LkDnsRecord *question);
gboolean lk_dns_read_record (LkDnsReader *self, LkDnsRecord *record);
/* The name at @at, which moves behind it. */
gboolean lk_dns_read_name (const LkDnsReader *self, gsize *at, char name[LK_DNS_MAX_NAME]);
/* Two bytes at @at, which moves behind them. */
gboolean lk_dns_read_u16 (const LkDnsReader *self, gsize *at, guint16 *value);

/* The first label as it is meant, without backslashes; to be freed. */
char *lk_dns_get_label (const char *name);

void lk_dns_write_u16 (GByteArray *packet, guint16 value);
/* The header of a query with @n_questions. */
void lk_dns_write_header (GByteArray *packet, guint16 id, guint16 flags, guint16 n_questions);
/* FALSE when it is no name that DNS can carry. */
gboolean lk_dns_write_name (GByteArray *packet, const char *name);
