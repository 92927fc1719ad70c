/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-resolve.h"

/* One address of an interface, and its network. */
typedef struct
{
  LkAddress address;
  LkAddress broadcast; /* IPv4 only, else length 0 */
  guint prefix;
} LkInterfaceAddress;

/**
 * LkInterface:
 *
 * A network interface that is up.
 */
typedef struct
{
  char *name;
  guint index;
  gboolean is_loopback;
  GArray *addresses; /* of LkInterfaceAddress */
} LkInterface;

/* Those of @names, or with NULL all but loopback. LK_ERROR_INVALID names one that is not there or
 * not up. */
GPtrArray *lk_interfaces_list (const char *const *names, GError **error);

/* Whether @address stands in one of the interface's networks. */
gboolean lk_interface_is_near (const LkInterface *self, const LkAddress *address);
/* "10.0.0.7/24"; to be freed. */
char *lk_interface_address_to_network (const LkInterfaceAddress *address);
