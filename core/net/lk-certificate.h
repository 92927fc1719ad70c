/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

/* X.509 certificates with EC keys (P-256, SHA-256): made. All texts are PEM. */

typedef enum
{
  LK_CERTIFICATE_ALONE, /* vouches for itself; for every purpose */
  LK_CERTIFICATE_CA,    /* signs others, but no further CA */
  LK_CERTIFICATE_SERVER,
  LK_CERTIFICATE_CLIENT,
} LkCertificateKind;

/**
 * LkCertificateRequest:
 *
 * What a certificate shall say. Without an issuer it signs itself.
 */
typedef struct
{
  LkCertificateKind kind;
  const char *name;         /* the common name */
  const char *const *names; /* DNS names and IP addresses of a server, or NULL */
  int days;                 /* from now; negative: it was over that long ago */
  const char *issuer;       /* certificate of the CA, or NULL; it is never outlived */
  const LkSecret *issuer_key;
  const LkSecret *key; /* the certificate's own, or NULL for a new one */
} LkCertificateRequest;

/* Makes a certificate and, if there is none in @request, its private key (PKCS #8). Both to be
 * freed; @key may be NULL when one was given. LK_ERROR_INVALID when a name or the issuer is
 * unusable. */
gboolean lk_certificate_make (const LkCertificateRequest *request,
                              char **certificate,
                              LkSecret **key,
                              GError **error);

/* Makes a self-signed server certificate for @name, "localhost" and 127.0.0.1 with a fresh EC key;
 * valid for ten years. Both in PEM, to be freed. */
gboolean lk_certificate_new (const char *name, char **certificate, char **key, GError **error);

/* LK_ERROR_INVALID unless @name is a DNS name ("*." may begin it) or an IP address. */
gboolean lk_certificate_check_name (const char *name, GError **error);

/* FALSE with LK_ERROR_INVALID unless @pem holds a private key that no passphrase protects. */
gboolean lk_certificate_is_key (const LkSecret *pem, GError **error);
/* Whether the private key in @key belongs to the first certificate in @pem. LK_ERROR_INVALID when
 * not, or when one of them cannot be read. */
gboolean
lk_certificate_check_key (const char *pem, gssize length, const LkSecret *key, GError **error);
