/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-ldap-connection.h"

/**
 * LkLdapRoot:
 *
 * What a directory server says of itself (its root DSE, RFC 4512 5.1).
 */
typedef struct
{
  gboolean is_ad;
  char **contexts; /* the trees that it has */
  char *context;   /* its own, where there are several */
} LkLdapRoot;

gboolean lk_ldap_root_read (LkLdapRoot *self, LkLdapConnection *connection, GError **error);
void lk_ldap_root_clear (LkLdapRoot *self);
/* Where to search when a person did not say it; to be freed. LK_ERROR_INVALID when a person must.
 * @is_global: it is a global catalogue. */
char *lk_ldap_root_choose_base (const LkLdapRoot *self,
                                LkLdapConnection *connection,
                                gboolean is_global,
                                GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkLdapRoot, lk_ldap_root_clear)
