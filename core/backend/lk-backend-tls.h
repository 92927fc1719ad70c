/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-backend.h"

/* For lk-backend.c: what it trusts, and what it shows. */

/* A pin as 64 lower-case digits; LK_ERROR_INVALID when it is none. */
char *lk_backend_normalize_pin (const char *pin, GError **error);
/* The authorities in @ca_file; LK_ERROR_INVALID when it cannot be used. */
GTlsDatabase *lk_backend_load_authorities (const char *ca_file, GError **error);

/* The client's certificate and its private key, both in PEM, as one object. LK_ERROR_INVALID when
 * they cannot be used. */
GTlsCertificate *lk_backend_load_certificate (const char *pem, const LkSecret *key, GError **error);
/* FALSE with LK_ERROR_DENIED, and what to do, when the client's certificate is over. */
gboolean lk_backend_check_certificate (GTlsCertificate *certificate, GError **error);

/* LK_ERROR_DENIED in place of @cause, a G_TLS_ERROR: who did not trust whom, and what to do.
 * @shown is the client's certificate, or NULL. */
GError *lk_backend_explain_tls (const GError *cause, const char *peer, GTlsCertificate *shown);
