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
/* "10.0.0.7:5985", "[fd00::7]:5985"; to be freed. */
char *lk_address_to_text (const LkAddress *self);
