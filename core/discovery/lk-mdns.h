/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-resolve.h"

/* Multicast DNS (RFC 6762) and its services (RFC 6763), asked from a port of one's own, so that the
 * answer comes to the one who asked (6.7). */

#define LK_MDNS_PORT     5353
#define LK_MDNS_GROUP    "224.0.0.251"
#define LK_MDNS_GROUP_V6 "ff02::fb"

typedef enum
{
  LK_MDNS_PTR,
  LK_MDNS_SRV,
  LK_MDNS_ADDRESS, /* A and AAAA */
} LkMdnsKind;

/**
 * LkMdnsRecord:
 *
 * PTR: the service type @name has the instance @target. SRV: the instance @name is offered by the
 * host @target. ADDRESS: the host @name has @address.
 */
typedef struct
{
  LkMdnsKind kind;
  char *name;
  char *target;
  LkAddress address;
} LkMdnsRecord;

/* One question for each of @names; addresses are asked for by A and AAAA. NULL when a name is none.
 */
GByteArray *lk_mdns_write_query (LkMdnsKind kind, const char *const *names);
/* The records of an answer that are of use (LkMdnsRecord), at most 256; NULL when it is none. Names
 * are UTF-8, with backslashes where lk_dns_get_label() takes them away. */
GPtrArray *lk_mdns_read (const void *data, gsize length);
