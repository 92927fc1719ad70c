/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-io.h"

#include <sys/socket.h>

typedef struct
{
  struct sockaddr_storage storage;
  socklen_t length;
} LkAddress;

/* Looks a name up by the system's means (files, DNS, mDNS, …) and gives a GArray of at most eight
 * LkAddress. The system's function cannot be interrupted, so it runs in a thread of its own, which
 * is left behind when @patience ends. Numeric addresses need none. On FAILED, @why says in words
 * why (static). */
LkIo lk_resolve (const char *host,
                 guint16 port,
                 const LkPatience *patience,
                 GArray **addresses,
                 const char **why);

gboolean lk_address_is_loopback (const LkAddress *self);
/* Whether no other machine can be there: loopback, link-local, multicast or no address at all. */
gboolean lk_address_is_strange (const LkAddress *self);
/* The network of this computer on the way to @host, an address: "10.0.0.0/24". NULL when that is a
 * name, or unknown. Sends nothing. To be freed. */
char *lk_find_local_network (const char *host);
/* "10.0.0.7:5985", "[fd00::7]:5985"; to be freed. */
char *lk_address_to_text (const LkAddress *self);
