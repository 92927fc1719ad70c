/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

#include <gnutls/abstract.h>

/**
 * LkClientCertificate:
 *
 * A certificate by which a client says who it is in TLS, with its key; shared by any number of
 * links and threads.
 */
typedef struct _LkClientCertificate LkClientCertificate;

/* @certificate: the chain in PEM, the client's first. LK_ERROR_INVALID when either is unusable or
 * they do not belong together. */
LkClientCertificate *
lk_client_certificate_new (const char *certificate, const LkSecret *key, GError **error);
LkClientCertificate *lk_client_certificate_ref (LkClientCertificate *self);
void lk_client_certificate_unref (LkClientCertificate *self);
/* Its subject, for messages. */
const char *lk_client_certificate_get_name (const LkClientCertificate *self);
/* When it ends, seconds since 1970. */
gint64 lk_client_certificate_get_end (const LkClientCertificate *self);
/* For the session's callback: both stay with @self. */
gnutls_pcert_st *lk_client_certificate_get_chain (const LkClientCertificate *self, guint *n);
gnutls_privkey_t lk_client_certificate_get_key (const LkClientCertificate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkClientCertificate, lk_client_certificate_unref)
