/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-gss.h"

#include <krb5/krb5.h>

/* Between lk-gss.c, lk-gss-credential.c, lk-gss-acceptor.c and lk-gss-trouble.c. */

gss_cred_id_t lk_gss_credential_get_ntlm (const LkGssCredential *self);

/**
 * LkGssTicket:
 *
 * A ticket for one service, with a credential of its own for GSSAPI.
 */
typedef struct _LkGssTicket LkGssTicket;

LkGssTicket *lk_gss_ticket_new (LkGssCredential *from,
                                const char *service,
                                const char *host,
                                LkGssTrouble *trouble,
                                GError **error);
void lk_gss_ticket_free (LkGssTicket *self);
gss_cred_id_t lk_gss_ticket_get (const LkGssTicket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGssTicket, lk_gss_ticket_free)

/* What to accept a context with whose first token this is; it stays the acceptor's. */
gss_cred_id_t lk_gss_acceptor_find (const LkGssAcceptor *self, const guint8 *token, gsize length);

extern gss_OID_desc lk_gss_oid_kerberos;
extern gss_OID_desc lk_gss_oid_spnego;
extern gss_OID_desc lk_gss_oid_ntlm;

/* Words and trouble of a code of libkrb5; NULL when it is not a special one. */
const char *lk_gss_explain (krb5_error_code code, LkGssTrouble *trouble);
/* Sets the error of a GSSAPI call: LK_ERROR_DENIED, but UNREACHABLE without a KDC. */
void lk_gss_set_error (GError **error,
                       LkGssTrouble *trouble,
                       OM_uint32 major,
                       OM_uint32 minor,
                       gss_OID mechanism);
