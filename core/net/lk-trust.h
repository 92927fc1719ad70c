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

/* @ca_file: PEM, or NULL for the system's CAs. */
LkTrust *lk_trust_new (const char *ca_file, GError **error);
LkTrust *lk_trust_ref (LkTrust *self);
void lk_trust_unref (LkTrust *self);

/* Hex digits, of any case, with or without colons, for the 32 bytes of a SHA-256; gives them in
 * lower case, to be freed, or NULL. */
char *lk_pin_parse (const char *text);

/* For the link. A client's session, TLS 1.2 at least, with the CAs of @self, that shows
 * @certificate (or nothing, when NULL) to a server which asks. */
gnutls_session_t
lk_trust_new_session (LkTrust *self, const char *host, LkClientCertificate *certificate);
/* After the handshake, before anything is sent. With a @pin (as lk_pin_parse() gives it) the peer's
 * certificate must be that one, and nothing else counts; else its chain, its dates, its purpose and
 * the name or address @host. @seen_pin gets the certificate's own, and @why a reason in words. */
gboolean lk_trust_verify (LkTrust *self,
                          gnutls_session_t session,
                          const char *host,
                          const char *pin,
                          char **seen_pin,
                          char **why);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTrust, lk_trust_unref)
