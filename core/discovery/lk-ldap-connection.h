/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-error.h"
#include "net/lk-channel.h"
#include "net/lk-login.h"

#include <gio/gio.h>
#include <ldap.h>

/* What was being done. */
typedef enum
{
  LK_LDAP_STAGE_NAME, /* finding the server by DNS */
  LK_LDAP_STAGE_TCP,
  LK_LDAP_STAGE_TLS,
  LK_LDAP_STAGE_BIND,
  LK_LDAP_STAGE_SEARCH,
} LkLdapStage;

/* "name", "tcp", "tls", "bind", "search": for JSON. */
const char *lk_ldap_stage_to_word (LkLdapStage stage);

typedef enum
{
  LK_LDAP_TLS_AUTO, /* LDAPS, but none where GSSAPI seals the messages, and StartTLS with a
                     * certificate */
  LK_LDAP_TLS_NONE,
  LK_LDAP_TLS_START, /* StartTLS (RFC 4511 4.14) */
  LK_LDAP_TLS_LDAPS,
} LkLdapTls;

typedef enum
{
  LK_LDAP_BIND_AUTO, /* by Kerberos with a ticket or a keytab, simple with a password, external with
                      * a certificate, SPNEGO with a password for NTLM */
  LK_LDAP_BIND_SIMPLE,
  LK_LDAP_BIND_GSSAPI, /* RFC 4752 */
  LK_LDAP_BIND_SPNEGO, /* MS-ADTS 5.1.1.1: GSS-SPNEGO; Kerberos, or NTLM where the set says so */
  LK_LDAP_BIND_ANONYMOUS,
  LK_LDAP_BIND_EXTERNAL, /* RFC 4422 appendix A: the certificate that was shown inside TLS */
} LkLdapBind;

/**
 * LkLdapWay:
 *
 * How servers are talked to, the same for all that one search leads to.
 */
typedef struct
{
  LkLdapTls tls;
  LkLdapBind bind;
  LkLogin *login;       /* NULL for anonymous */
  gboolean allow_clear; /* a password may go over the wire without TLS */
  LkTrust *trust;
  const char *pin;  /* of the one certificate that is accepted, or NULL */
  guint connect_ms; /* for each of connecting, TLS, signing in; 0: 5 s */
  guint answer_ms;  /* between two messages of a server; 0: 70 s */
  gint64 until;     /* of everything, monotonic */
  GCancellable *cancellable;
} LkLdapWay;

/* Says what AUTO comes to with the login of @way, and how long 0 ms are. */
void lk_ldap_way_settle (LkLdapWay *way, guint16 port);

/* @port, or the usual one for 0. */
guint16 lk_ldap_port (guint16 port, LkLdapTls tls);

/**
 * LkLdapConnection:
 *
 * One connection to a directory server, for one thread. libldap speaks the protocol; name look-up,
 * TCP, TLS and trust are those of all our links, and every wait ends with the way's patience.
 */
typedef struct _LkLdapConnection LkLdapConnection;

/* @way must outlive it. @port: 0 for the usual one. */
LkLdapConnection *lk_ldap_connection_new (const LkLdapWay *way, const char *host, guint16 port);
void lk_ldap_connection_free (LkLdapConnection *self);

/* Connects, secures and signs in. LK_ERROR_UNREACHABLE when another server may do better. */
gboolean lk_ldap_connection_open (LkLdapConnection *self, GError **error);
/* Signs in on an open connection; lk_ldap_connection_open() does it. */
gboolean lk_ldap_connection_bind (LkLdapConnection *self, GError **error);

LkLdapStage lk_ldap_connection_get_stage (const LkLdapConnection *self);
/* "dc1.lab.test:636 (TLS)" */
const char *lk_ldap_connection_get_peer (const LkLdapConnection *self);
const char *lk_ldap_connection_get_host (const LkLdapConnection *self);
guint16 lk_ldap_connection_get_port (const LkLdapConnection *self);

/* libldap's handle for a search; NULL with an error when the connection is broken, because libldap
 * would connect again by itself. */
LDAP *lk_ldap_connection_start_search (LkLdapConnection *self, GError **error);
/* The next message that answers @id, to be freed with ldap_msgfree(); NULL with an error. */
LDAPMessage *lk_ldap_connection_receive (LkLdapConnection *self, int id, GError **error);

/* Sets the error of a result that is no success, at the stage where the connection is; takes what
 * libldap made of it. */
gboolean
lk_ldap_connection_fail_result (LkLdapConnection *self, int code, const char *said, GError **error);
/* Sets the error of a connection that broke. */
gboolean lk_ldap_connection_fail_broken (LkLdapConnection *self, GError **error);
/* Any other error, with the server's name and the stage before the words. */
gboolean lk_ldap_connection_fail (LkLdapConnection *self,
                                  LkError code,
                                  GError **error,
                                  const char *format,
                                  ...) G_GNUC_PRINTF (4, 5);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLdapConnection, lk_ldap_connection_free)
