/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-sighting.h"

/* What a directory's entries say of machines, and in which attributes. */

typedef enum
{
  LK_LDAP_NAME,
  LK_LDAP_ADDRESS,
  LK_LDAP_DNS,     /* the full name */
  LK_LDAP_OS,      /* in words */
  LK_LDAP_VERSION, /* of the operating system */
  LK_LDAP_LOGON,   /* when the machine last signed in to the domain; AD's form only */
  LK_LDAP_CONTROL, /* AD's userAccountControl */
  LK_LDAP_N_FIELDS,
} LkLdapField;

/**
 * LkLdapMap:
 *
 * The attribute for each field; NULL: there is none.
 */
typedef struct
{
  char *attributes[LK_LDAP_N_FIELDS];
} LkLdapMap;

/* Active Directory's, else that of RFC 2307 (cn, ipHostNumber). */
LkLdapMap *lk_ldap_map_new (gboolean is_ad);
/* "name=cn,address=ipHostNumber,dns=…,os=…,version=…,logon=…,control=…", each but the name may be
 * left out. LK_ERROR_INVALID says what is wrong. */
LkLdapMap *lk_ldap_map_parse (const char *text, GError **error);
void lk_ldap_map_free (LkLdapMap *self);

/**
 * LkLdapMachine:
 *
 * A machine as a directory knows it.
 */
typedef struct
{
  LkSighting *sighting; /* its address is the full name, where there is one */
  char *dn;
  char *os;     /* "Windows 11 Enterprise", or NULL */
  gint64 logon; /* ms, up to 14 days before the last one in truth; 0: never, or not known */
  gboolean is_disabled;
  gboolean is_stale; /* the last one was too long ago */
} LkLdapMachine;

/* @values: a text for each field or NULL, as the server sent it. @now, @stale: ms; stale is who has
 * not signed in for so long, 0: nobody. LK_ERROR_INVALID when no machine can be made of it. */
LkLdapMachine *lk_ldap_machine_new (const char *dn,
                                    const char *const values[LK_LDAP_N_FIELDS],
                                    gint64 now,
                                    gint64 stale,
                                    GError **error);
void lk_ldap_machine_free (LkLdapMachine *self);

/* AD's times are 100 ns since 1601 (MS-DTYP 2.3.3); gives ms since 1970, 0 for never and for what
 * is no time. */
gint64 lk_filetime_parse (const char *text);
/* "10.0 (22631)" as AD has it, or "10.0.22631" → the latter; NULL for anything else. To be freed.
 */
char *lk_windows_version_parse (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLdapMap, lk_ldap_map_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLdapMachine, lk_ldap_machine_free)
