/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-client-certificate.h"

#include <gnutls/gnutls.h>

/**
 * LkTrust:
 *
 * How servers prove who they are: an organisation's CA file (or the system's), or the pin of one
 * certificate. Shared by all links of a process, from any thread; never "accept all".
 */
typedef struct _LkTrust LkTrust;

/* Stands in what is said of every certificate that is not trusted. */
#define LK_TRUST_REMEDY "latchkeyctl trust accept"

/* @ca_file: PEM, or NULL for the system's CAs. */
LkTrust *lk_trust_new (const char *ca_file, GError **error);
LkTrust *lk_trust_ref (LkTrust *self);
void lk_trust_unref (LkTrust *self);

/* Hex digits, of any case, with or without colons, for the 32 bytes of a SHA-256; gives them in
 * lower case, to be freed, or NULL. */
char *lk_pin_parse (const char *text);

/**
 * LkPin:
 *
 * What one link knows of its peer's certificate: the one that a person accepted for it, if any, and
 * the one that it showed last.
 */
typedef struct _LkPin LkPin;

/* @pin: SHA-256 of the accepted certificate, NULL for none; @certificate: its DER, when it was
 * kept, to say what changed; @accepted_at: ms, or 0. */
LkPin *lk_pin_new (const char *pin, GBytes *certificate, gint64 accepted_at);
void lk_pin_free (LkPin *self);
/* What a person can do, where that is not what is done about machines: how to accept the
 * certificate, and how to trust its CA. */
void lk_pin_set_remedies (LkPin *self, const char *accept, const char *ca);
/* FALSE when a pin was given that is none. */
gboolean lk_pin_is_valid (const LkPin *self);
/* What the peer showed last, also when it was refused: its DER, and its SHA-256 in hex. NULL: it
 * has shown none yet. */
GBytes *lk_pin_get_seen (const LkPin *self);
const char *lk_pin_get_seen_hex (const LkPin *self);

/* For the link. A client's session, TLS 1.2 at least, with the CAs of @self, that shows
 * @certificate (or nothing, when NULL) to a server which asks. */
gnutls_session_t
lk_trust_new_session (LkTrust *self, const char *host, LkClientCertificate *certificate);
/* After the handshake, before anything is sent. When a certificate was accepted, the peer's must be
 * that one, and nothing else counts, not even its dates; else its chain, its dates, its purpose and
 * the name or address @host. What was shown goes to @pin; @why gets all that is wrong, in words,
 * and what a person can do about it. */
gboolean
lk_trust_verify (LkTrust *self, gnutls_session_t session, const char *host, LkPin *pin, char **why);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTrust, lk_trust_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPin, lk_pin_free)
