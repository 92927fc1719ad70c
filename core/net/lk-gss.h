/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

#include <gssapi/gssapi.h>

/* Kerberos and NTLM through GSSAPI (RFC 2743, RFC 4121, MS-NLMP): MIT krb5 and gss-ntlmssp. All of
 * it may wait for a KDC, and none of that can be cancelled: never on a main thread. */

/* How a GSSAPI call failed, as far as that decides what is tried next. */
typedef enum
{
  LK_GSS_OTHER,
  LK_GSS_REFUSED,      /* the account's authority said no: wrong password, locked, expired */
  LK_GSS_NO_AUTHORITY, /* no KDC answers, or none is known for the realm */
  LK_GSS_NO_ACCOUNT,   /* the KDC does not know the account; perhaps another authority does */
  LK_GSS_NO_SERVICE,   /* the KDC does not know the machine */
  LK_GSS_NO_TICKET,    /* there is none, or it has expired */
  LK_GSS_SKEW,         /* the clocks differ */
  LK_GSS_UNAVAILABLE,  /* the mechanism is not installed here */
} LkGssTrouble;

typedef enum
{
  LK_GSS_KERBEROS, /* raw: the scheme “Kerberos” */
  LK_GSS_SPNEGO,   /* Kerberos inside SPNEGO: the scheme “Negotiate” */
  LK_GSS_NTLM,     /* raw in “Negotiate”, as Windows takes it */
} LkGssKind;

/**
 * LkGssCredential:
 *
 * One account as GSSAPI knows it, shared by any number of links and threads. Tickets stay in memory
 * of this process.
 */
typedef struct _LkGssCredential LkGssCredential;

/* Asks the KDC, or copies the tickets of the default cache when there is neither @password nor
 * @keytab; then @principal may be NULL. */
LkGssCredential *lk_gss_credential_new_kerberos (const char *principal,
                                                 const LkSecret *password,
                                                 const char *keytab,
                                                 LkGssTrouble *trouble,
                                                 GError **error);
/* @user: "user", "DOMAIN\user" or "user@domain". Asks nobody. */
LkGssCredential *lk_gss_credential_new_ntlm (const char *user,
                                             const LkSecret *password,
                                             LkGssTrouble *trouble,
                                             GError **error);
LkGssCredential *lk_gss_credential_ref (LkGssCredential *self);
void lk_gss_credential_unref (LkGssCredential *self);
/* The principal or user, for messages. */
const char *lk_gss_credential_get_name (const LkGssCredential *self);
/* When its ticket ends, seconds since 1970; 0: it does not. */
gint64 lk_gss_credential_get_end (const LkGssCredential *self);

/**
 * LkGssAcceptor:
 *
 * The server's side, for the practice lab.
 */
typedef struct _LkGssAcceptor LkGssAcceptor;

/* @keytab: services that may be asked for by Kerberos, or NULL; one for the whole process. NTLM
 * accounts come from the file that the environment variable NTLM_USER_FILE names. */
LkGssAcceptor *lk_gss_acceptor_new (const char *keytab, gboolean with_ntlm, GError **error);
void lk_gss_acceptor_free (LkGssAcceptor *self);

/**
 * LkGssContext:
 *
 * One security context, of one connection, used by one thread at a time.
 */
typedef struct _LkGssContext LkGssContext;

/* @service, @host: the two halves of the service principal, like HTTP/host. @binding: of the TLS
 * channel (RFC 5929), or NULL. */
LkGssContext *lk_gss_context_new_client (LkGssCredential *credential,
                                         LkGssKind kind,
                                         const char *service,
                                         const char *host,
                                         GBytes *binding);
/* Before the first step: no message will be signed or sealed, because something else protects them
 * (a directory inside TLS refuses both at once). */
void lk_gss_context_leave_bare (LkGssContext *self);
/* The acceptor must outlive it. */
LkGssContext *lk_gss_context_new_server (LkGssAcceptor *acceptor, GBytes *binding);
void lk_gss_context_free (LkGssContext *self);

/* Takes the far side's token (NULL at first, for a client) and gives the next one of ours, or NULL
 * when there is none. On failure there may be a last token in @out that tells the far side why. */
gboolean lk_gss_context_step (LkGssContext *self,
                              const guint8 *token,
                              gsize length,
                              GBytes **out,
                              LkGssTrouble *trouble,
                              GError **error);
/* Whether both sides are done with each other's tokens. */
gboolean lk_gss_context_is_complete (const LkGssContext *self);
/* Whether the far side has proved who it is, too (Kerberos). */
gboolean lk_gss_context_is_mutual (const LkGssContext *self);
/* Whether both sides have seen the same TLS channel. */
gboolean lk_gss_context_is_bound (const LkGssContext *self);
/* Of a server's complete context: the account; to be freed. */
char *lk_gss_context_dup_initiator (LkGssContext *self);
/* Of a complete context: "Kerberos" or "NTLM". */
const char *lk_gss_context_get_mechanism (LkGssContext *self);

/* Seals @plain into what MS-WSMV 2.2.9.1.1.2.2 calls signature and message: @header and @sealed are
 * appended to. @plainly: a Kerberos token that is not rotated (RRC 0), as OMI makes them. */
gboolean lk_gss_context_seal (LkGssContext *self,
                              gboolean plainly,
                              const void *plain,
                              gsize length,
                              GByteArray *header,
                              GByteArray *sealed,
                              GError **error);
/* Wraps @plain as one token (RFC 2743 2.3.3), which is appended to @token; @sealed: not only
 * signed. */
gboolean lk_gss_context_wrap (LkGssContext *self,
                              gboolean sealed,
                              const void *plain,
                              gsize length,
                              GByteArray *token,
                              GError **error);
/* The reverse, where signed is enough. Replaces the contents of @plain. */
gboolean lk_gss_context_unwrap (LkGssContext *self,
                                const guint8 *token,
                                gsize length,
                                GByteArray *plain,
                                GError **error);
/* The reverse, where sealed it must be; signature and message stand one after the other in @token.
 * Replaces the contents of @plain. */
gboolean lk_gss_context_open (LkGssContext *self,
                              const guint8 *token,
                              gsize length,
                              GByteArray *plain,
                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGssCredential, lk_gss_credential_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGssAcceptor, lk_gss_acceptor_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGssContext, lk_gss_context_free)
