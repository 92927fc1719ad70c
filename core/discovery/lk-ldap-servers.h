/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-ldap-source.h"

/* One directory server. */
typedef struct
{
  char *host;
  guint16 port; /* 0: the usual one */
} LkLdapServer;

/* The servers to ask, the best one first (LkLdapServer): the one that was given, or those that DNS
 * has for the domain (RFC 2782; MS-ADTS 6.3.2.3): its controllers, or global catalogues.
 * LK_ERROR_UNREACHABLE when there are none. */
GPtrArray *lk_ldap_servers_find (const LkLdapQuery *query, GError **error);
