/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-http.h"
#include "net/lk-login.h"
#include "net/lk-sealed.h"

/**
 * LkAuth:
 *
 * How one link signs in: one object for one connection at a time. The rule for what is tried, in
 * this order, and the only place that knows it:
 *
 * 1. the client certificate, if the credential set is one; nothing else is tried then
 * 2. Kerberos (in Negotiate, else raw), if the account belongs to a domain and the machine is known
 *    by name
 * 3. NTLM (in Negotiate), if there is a password, and Kerberos cannot be had or is not offered
 * 4. Basic, if the machine offers nothing better, the account has no domain, and the way is TLS or
 *    leads to this computer
 *
 * A machine or a domain that refuses the password ends it: the same password is not tried in
 * another way. Messages are sealed wherever there is no TLS; inside TLS the context is bound to the
 * channel (RFC 5929 tls-server-end-point). A set may allow one of the four only.
 */
typedef struct _LkAuth LkAuth;

/* @login: NULL for none. @host: as it is connected to. @name: the machine's full name, or NULL when
 * only @host is known. */
LkAuth *lk_auth_new (LkLogin *login, const char *host, const char *name, gboolean tls);
void lk_auth_free (LkAuth *self);

/* Before anyone is called: FALSE when no way would be safe or possible. */
gboolean lk_auth_prepare (LkAuth *self, gboolean is_loopback, GError **error);
LkClientCertificate *lk_auth_get_certificate (LkAuth *self);

/* On a new connection; may ask a KDC. @binding: of its TLS channel, or NULL. Then legs are
 * exchanged for as long as lk_auth_has_leg() says so: posts without a body, whose answers go to
 * lk_auth_take_leg(). After that requests may go. */
gboolean lk_auth_begin (LkAuth *self, GBytes *binding, const LkPatience *patience, GError **error);
gboolean lk_auth_has_leg (const LkAuth *self);
/* It holds the Authorization, so whoever asked for it wipes it. */
GByteArray *lk_auth_write_leg (LkAuth *self, const char *host, const char *path);
gboolean lk_auth_take_leg (LkAuth *self,
                           const LkHttpMessage *answer,
                           const LkPatience *patience,
                           GError **error);

/* A POST in one piece, sealed where that is due. It can hold the Authorization, so whoever asked
 * for it wipes it. */
GByteArray *lk_auth_write_request (LkAuth *self,
                                   const char *host,
                                   const char *path,
                                   const char *content_type,
                                   const void *body,
                                   gsize length,
                                   GError **error);
/* Looks at the answer to a request, before anything else does: opens a sealed body in place, and
 * refuses a clear one where a sealed one is due. */
gboolean lk_auth_open (LkAuth *self, LkHttpMessage *answer, GError **error);
/* Why a request got a 401, in words; to be freed. */
char *lk_auth_describe_refusal (LkAuth *self, const LkHttpMessage *answer);
/* Whether a 401 offers the way that was used. */
gboolean lk_auth_is_offered (LkAuth *self, const LkHttpMessage *answer);
/* Why the last sign-in failed, as far as GSSAPI knows. */
LkGssTrouble lk_auth_get_trouble (LkAuth *self);
/* Whether it failed because no way was left to try. */
gboolean lk_auth_is_out_of_ways (LkAuth *self);
/* Whether a 401 now means that the far side has forgotten the context, not that it refuses the
 * account. */
gboolean lk_auth_is_signed_in (const LkAuth *self);
gboolean lk_auth_is_sealing (const LkAuth *self);
/* The connection is gone, and with it everything that was agreed on it. */
void lk_auth_reset (LkAuth *self);

/* How a peer wants sealed messages framed; kept from one connection to the next. */
void lk_auth_set_form (LkAuth *self, LkSealedForm form);

/* What was tried and what came of it, one line each, for people. */
const char *lk_auth_get_trail (LkAuth *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAuth, lk_auth_free)
