/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-certificate.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define DAY_SECONDS     (24 * 60 * 60)
#define ALONE_DAYS      3650
#define SERIAL_BYTES    16
#define DIGEST_BYTES    32
#define MAX_NAME        253
#define MAX_COMMON_NAME 64 /* ub-common-name of RFC 5280 */

/* A certificate being made, or its issuer. */
typedef struct
{
  gnutls_x509_crt_t crt;
  gnutls_x509_privkey_t key;
} Pair;

static void
pair_clear (Pair *self)
{
  g_clear_pointer (&self->crt, gnutls_x509_crt_deinit);
  g_clear_pointer (&self->key, gnutls_x509_privkey_deinit);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static int
pair_init (Pair *self)
{
  int rc = gnutls_x509_crt_init (&self->crt);

  return rc < 0 ? rc : gnutls_x509_privkey_init (&self->key);
}

static int
import_certificate (gnutls_x509_crt_t crt, const char *pem, gsize length)
{
  const gnutls_datum_t datum = { (guchar *) pem, (guint) length };

  return gnutls_x509_crt_import (crt, &datum, GNUTLS_X509_FMT_PEM);
}

static int
import_key (gnutls_x509_privkey_t key, const LkSecret *pem)
{
  const gnutls_datum_t datum = { (guchar *) lk_secret_peek (pem),
                                 (guint) lk_secret_get_length (pem) };

  return gnutls_x509_privkey_import2 (key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
}

static int
set_names (gnutls_x509_crt_t crt, const char *const *names)
{
  int rc = 0;

  for (guint i = 0; rc >= 0 && names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (names[i]);

      rc = address != NULL
               ? gnutls_x509_crt_set_subject_alt_name (
                     crt, GNUTLS_SAN_IPADDRESS, g_inet_address_to_bytes (address),
                     (guint) g_inet_address_get_native_size (address), GNUTLS_FSAN_APPEND)
               : gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_DNSNAME, names[i],
                                                       (guint) strlen (names[i]),
                                                       GNUTLS_FSAN_APPEND);
    }

  return rc;
}

/* What it may be used for. */
static int
set_kind (gnutls_x509_crt_t crt, LkCertificateKind kind)
{
  guint usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
  const char *purpose = NULL;
  int rc;

  if (kind == LK_CERTIFICATE_ALONE)
    usage |= GNUTLS_KEY_KEY_CERT_SIGN;
  else if (kind == LK_CERTIFICATE_CA)
    usage = GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN;
  else if (kind == LK_CERTIFICATE_SERVER)
    purpose = GNUTLS_KP_TLS_WWW_SERVER;
  else
    purpose = GNUTLS_KP_TLS_WWW_CLIENT;

  rc = gnutls_x509_crt_set_basic_constraints (crt, purpose == NULL, purpose == NULL ? 0 : -1);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_key_usage (crt, usage);
  return rc < 0 || purpose == NULL ? rc : gnutls_x509_crt_set_key_purpose_oid (crt, purpose, 0);
}

/* Clocks differ, so a certificate is valid since yesterday; and it ends with its issuer at last. */
static int
set_dates (gnutls_x509_crt_t crt, int days, gnutls_x509_crt_t issuer)
{
  time_t now = time (NULL);
  time_t end = now + (time_t) days * DAY_SECONDS;
  time_t issuer_end = issuer != NULL ? gnutls_x509_crt_get_expiration_time (issuer) : end;
  int rc = gnutls_x509_crt_set_activation_time (crt, MIN (now, end) - DAY_SECONDS);

  return rc < 0 ? rc : gnutls_x509_crt_set_expiration_time (crt, MIN (end, issuer_end));
}

/* So that a chain can be followed although two CAs have the same name. */
static int
set_key_ids (gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
  guint8 id[64];
  gsize size = sizeof id;
  int rc = gnutls_x509_crt_get_key_id (crt, GNUTLS_KEYID_USE_SHA1, id, &size);

  rc = rc < 0 ? rc : gnutls_x509_crt_set_subject_key_id (crt, id, size);
  size = sizeof id;
  if (rc >= 0 && issuer != NULL &&
      gnutls_x509_crt_get_subject_key_id (issuer, id, &size, NULL) >= 0)
    rc = gnutls_x509_crt_set_authority_key_id (crt, id, size);
  return rc;
}

/* @issuer's members are NULL when the certificate signs itself. */
static int
sign (Pair *pair, const LkCertificateRequest *request, const Pair *issuer)
{
  guint8 serial[SERIAL_BYTES];
  int rc = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  serial[0] = (serial[0] & 0x7F) | 1; /* positive and not 0 */
  rc = rc < 0 ? rc : gnutls_x509_crt_set_version (pair->crt, 3);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_serial (pair->crt, serial, sizeof serial);
  rc = rc < 0 ? rc : set_dates (pair->crt, request->days, issuer->crt);
  rc = rc < 0 ? rc
              : gnutls_x509_crt_set_dn_by_oid (pair->crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                               request->name, (guint) strlen (request->name));
  rc = rc < 0 ? rc : set_names (pair->crt, request->names);
  rc = rc < 0 ? rc : set_kind (pair->crt, request->kind);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_key (pair->crt, pair->key);
  rc = rc < 0 ? rc : set_key_ids (pair->crt, issuer->crt);
  return rc < 0 ? rc
                : gnutls_x509_crt_sign2 (pair->crt, issuer->crt != NULL ? issuer->crt : pair->crt,
                                         issuer->crt != NULL ? issuer->key : pair->key,
                                         GNUTLS_DIG_SHA256, 0);
}

static int
export_pair (const Pair *pair, char **certificate, LkSecret **key)
{
  gnutls_datum_t pem = { 0 };
  int rc = gnutls_x509_crt_export2 (pair->crt, GNUTLS_X509_FMT_PEM, &pem);

  if (rc < 0)
    return rc;
  *certificate = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  if (key == NULL)
    return rc;

  rc = gnutls_x509_privkey_export2_pkcs8 (pair->key, GNUTLS_X509_FMT_PEM, NULL, 0, &pem);
  if (rc < 0)
    {
      g_clear_pointer (certificate, g_free);
      return rc;
    }
  *key = lk_secret_new ((const char *) pem.data, (gssize) pem.size);
  gnutls_memset (pem.data, 0, pem.size);
  gnutls_free (pem.data);
  return rc;
}

gboolean
lk_certificate_check_name (const char *name, GError **error)
{
  const char *rest = g_str_has_prefix (name, "*.") ? name + 2 : name;
  gsize length = strlen (rest);

  if (g_hostname_is_ip_address (name))
    return TRUE;
  if (length > 0 && length <= MAX_NAME && *rest != '.' && strstr (rest, "..") == NULL &&
      strspn (rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") == length)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is no DNS name and no IP address"),
               name);
  return FALSE;
}

static gboolean
check_request (const LkCertificateRequest *request, GError **error)
{
  for (guint i = 0; request->names != NULL && request->names[i] != NULL; i++)
    if (!lk_certificate_check_name (request->names[i], error))
      return FALSE;
  if (strlen (request->name) <= MAX_COMMON_NAME)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("The name “%s” is too long for a certificate: %d characters at most"),
               request->name, MAX_COMMON_NAME);
  return FALSE;
}

gboolean
lk_certificate_make (const LkCertificateRequest *request,
                     char **certificate,
                     LkSecret **key,
                     GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_auto (Pair) issuer = { 0 };
  int rc;

  if (!check_request (request, error))
    return FALSE;

  rc = pair_init (&pair);
  if (rc >= 0 && request->issuer != NULL)
    {
      rc = pair_init (&issuer);
      rc = rc < 0 ? rc : import_certificate (issuer.crt, request->issuer, strlen (request->issuer));
      rc = rc < 0 ? rc : import_key (issuer.key, request->issuer_key);
    }
  if (rc >= 0 && request->key != NULL)
    rc = import_key (pair.key, request->key);
  else if (rc >= 0)
    rc = gnutls_x509_privkey_generate (pair.key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  rc = rc < 0 ? rc : sign (&pair, request, &issuer);
  rc = rc < 0 ? rc : export_pair (&pair, certificate, key);
  if (rc >= 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot make a certificate: %s"),
               gnutls_strerror (rc));
  return FALSE;
}

gboolean
lk_certificate_new (const char *name, char **certificate, char **key, GError **error)
{
  const LkCertificateRequest request = {
    .kind = LK_CERTIFICATE_ALONE,
    .name = name,
    .names = (const char *const[]){ "localhost", "127.0.0.1", NULL },
    .days = ALONE_DAYS,
  };
  g_autoptr (LkSecret) secret = NULL;

  if (!lk_certificate_make (&request, certificate, &secret, error))
    return FALSE;

  *key = g_strdup (lk_secret_peek (secret));
  return TRUE;
}

gboolean
lk_certificate_is_key (const LkSecret *pem, GError **error)
{
  g_auto (Pair) pair = { 0 };

  if (pair_init (&pair) >= 0 && import_key (pair.key, pem) >= 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("This is no private key in PEM without a passphrase"));
  return FALSE;
}

gboolean
lk_certificate_check_key (const char *pem, gssize length, const LkSecret *key, GError **error)
{
  g_auto (Pair) pair = { 0 };
  guint8 of_certificate[64];
  guint8 of_key[64];
  gsize certificate_size = sizeof of_certificate;
  gsize key_size = sizeof of_key;
  int rc = pair_init (&pair);

  rc = rc < 0 ? rc : import_certificate (pair.crt, pem, length < 0 ? strlen (pem) : (gsize) length);
  rc = rc < 0 ? rc : import_key (pair.key, key);
  rc = rc < 0 ? rc
              : gnutls_x509_crt_get_key_id (pair.crt, GNUTLS_KEYID_USE_SHA256, of_certificate,
                                            &certificate_size);
  rc = rc < 0
           ? rc
           : gnutls_x509_privkey_get_key_id (pair.key, GNUTLS_KEYID_USE_SHA256, of_key, &key_size);
  if (rc >= 0 && certificate_size == key_size && memcmp (of_certificate, of_key, key_size) == 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "%s",
               rc < 0 ? _ ("The certificate or its private key cannot be read")
                      : _ ("The private key does not belong to the certificate"));
  return FALSE;
}
