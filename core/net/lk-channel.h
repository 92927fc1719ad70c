/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-io.h"
#include "net/lk-resolve.h"
#include "net/lk-trust.h"

/**
 * LkChannel:
 *
 * One TCP connection, in the clear or inside TLS, over a non-blocking socket. Nothing here knows of
 * HTTP. Each operation ends within its patience.
 */
typedef struct _LkChannel LkChannel;

/* Connects; NULL with @io and errno in @code when that fails. */
LkChannel *
lk_channel_connect (const LkAddress *address, const LkPatience *patience, LkIo *io, int *code);
void lk_channel_free (LkChannel *self);

/* The TLS handshake, without any judgement of the peer: that is lk_trust_verify(). @certificate:
 * the client's, or NULL; it must outlive the channel. */
LkIo lk_channel_handshake (LkChannel *self,
                           LkTrust *trust,
                           const char *host,
                           LkClientCertificate *certificate,
                           const LkPatience *patience);
/* "tls-server-end-point:" and the hash of the peer's certificate (RFC 5929 4), for GSSAPI; NULL in
 * the clear. */
GBytes *lk_channel_dup_binding (LkChannel *self);
/* The same of either side's session. */
GBytes *lk_tls_dup_binding (gnutls_session_t session);
/* The socket, for whoever must have one; it stays the channel's. */
int lk_channel_get_fd (const LkChannel *self);
/* NULL in the clear. */
gnutls_session_t lk_channel_get_session (LkChannel *self);

/* Sends everything. @left counts what went to the network, also on failure: 0 means that the peer
 * cannot have seen any of it. */
LkIo lk_channel_send (LkChannel *self,
                      const void *data,
                      gsize length,
                      gsize *left,
                      const LkPatience *patience);
/* Waits for at least one byte. */
LkIo lk_channel_receive (LkChannel *self,
                         char *buffer,
                         gsize size,
                         gsize *received,
                         const LkPatience *patience);
/* Whether the connection still stands and nothing unasked has arrived on it. */
gboolean lk_channel_is_idle (LkChannel *self);
/* Why the last operation FAILED, in words. */
const char *lk_channel_get_reason (LkChannel *self);
/* Whether it did because the peer wants another client certificate, or one at all. With TLS 1.3
 * that comes after the handshake, when the request may be on its way already. */
gboolean lk_channel_is_certificate_refused (LkChannel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkChannel, lk_channel_free)
