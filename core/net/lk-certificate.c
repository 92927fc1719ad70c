/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-certificate.h"

#include "base/lk-error.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#define DAY_SECONDS (24 * 60 * 60)
#define VALID_DAYS  3650

static char *
take_pem (gnutls_datum_t *pem)
{
  char *text = g_strndup ((const char *) pem->data, pem->size);

  gnutls_memset (pem->data, 0, pem->size);
  gnutls_free (pem->data);
  return text;
}

static int
sign (gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *name)
{
  static const guint8 loopback[] = { 127, 0, 0, 1 };
  guint8 serial[16];
  time_t now = time (NULL);
  int rc = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  serial[0] = (serial[0] & 0x7F) | 1; /* positive and not 0 */
  rc = rc < 0 ? rc : gnutls_x509_crt_set_version (crt, 3);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_serial (crt, serial, sizeof serial);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_activation_time (crt, now - DAY_SECONDS);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_expiration_time (crt, now + VALID_DAYS * DAY_SECONDS);
  rc = rc < 0 ? rc
              : gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                               (guint) strlen (name));
  rc = rc < 0 ? rc
              : gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_DNSNAME, "localhost",
                                                      strlen ("localhost"), GNUTLS_FSAN_SET);
  rc = rc < 0 ? rc
              : gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS, loopback,
                                                      sizeof loopback, GNUTLS_FSAN_APPEND);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_basic_constraints (crt, 1, 0);
  rc = rc < 0 ? rc
              : gnutls_x509_crt_set_key_usage (crt, GNUTLS_KEY_DIGITAL_SIGNATURE |
                                                        GNUTLS_KEY_KEY_CERT_SIGN);
  rc = rc < 0 ? rc : gnutls_x509_crt_set_key (crt, key);
  return rc < 0 ? rc : gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

gboolean
lk_certificate_new (const char *name, char **certificate, char **key, GError **error)
{
  gnutls_x509_crt_t crt = NULL;
  gnutls_x509_privkey_t private_key = NULL;
  gnutls_datum_t crt_pem = { 0 };
  gnutls_datum_t key_pem = { 0 };
  int rc = gnutls_x509_crt_init (&crt);

  rc = rc < 0 ? rc : gnutls_x509_privkey_init (&private_key);
  rc = rc < 0 ? rc
              : gnutls_x509_privkey_generate (private_key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  rc = rc < 0 ? rc : sign (crt, private_key, name);
  rc = rc < 0 ? rc : gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &crt_pem);
  rc = rc < 0 ? rc : gnutls_x509_privkey_export2 (private_key, GNUTLS_X509_FMT_PEM, &key_pem);
  gnutls_x509_privkey_deinit (private_key);
  gnutls_x509_crt_deinit (crt);

  if (crt_pem.data != NULL)
    *certificate = take_pem (&crt_pem);
  if (key_pem.data != NULL)
    *key = take_pem (&key_pem);
  if (rc >= 0)
    return TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "Cannot make a certificate: %s",
               gnutls_strerror (rc));
  return FALSE;
}
