/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-tls.h"

#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <time.h>

static void
check (int result)
{
  if (result < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (result));
}

static gnutls_x509_privkey_t
make_key (void)
{
  gnutls_x509_privkey_t key;

  check (gnutls_x509_privkey_init (&key));
  check (gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0));
  return key;
}

static gnutls_x509_crt_t
make_certificate (const char *name, guchar serial, gnutls_x509_privkey_t key, gboolean is_ca)
{
  gnutls_x509_crt_t crt;
  time_t now = time (NULL);
  const unsigned char loopback[] = { 127, 0, 0, 1 };

  check (gnutls_x509_crt_init (&crt));
  check (gnutls_x509_crt_set_version (crt, 3));
  check (gnutls_x509_crt_set_serial (crt, &serial, 1));
  check (gnutls_x509_crt_set_activation_time (crt, now - 3600));
  check (gnutls_x509_crt_set_expiration_time (crt, now + 86400));
  check (gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                        (unsigned) strlen (name)));
  check (gnutls_x509_crt_set_key (crt, key));
  check (gnutls_x509_crt_set_basic_constraints (crt, is_ca, -1));
  if (!is_ca)
    {
      check (gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS, loopback, 4,
                                                   GNUTLS_FSAN_APPEND));
      check (gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                                   GNUTLS_FSAN_APPEND));
    }
  else
    check (gnutls_x509_crt_set_key_usage (crt, GNUTLS_KEY_KEY_CERT_SIGN));
  return crt;
}

static void
save (const char *directory, const char *name, const gnutls_datum_t *pem)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, (const char *) pem->data, pem->size, G_FILE_SET_CONTENTS_NONE,
                            0600, &error);
  g_assert_no_error (error);
}

void
lk_test_make_certificates (const char *directory)
{
  gnutls_x509_privkey_t ca_key = make_key ();
  gnutls_x509_privkey_t key = make_key ();
  gnutls_x509_crt_t ca = make_certificate ("Throw-away CA", 1, ca_key, TRUE);
  gnutls_x509_crt_t crt = make_certificate ("localhost", 2, key, FALSE);
  gnutls_datum_t pem = { NULL, 0 };

  check (gnutls_x509_crt_sign2 (ca, ca, ca_key, GNUTLS_DIG_SHA256, 0));
  check (gnutls_x509_crt_sign2 (crt, ca, ca_key, GNUTLS_DIG_SHA256, 0));
  check (gnutls_x509_crt_export2 (ca, GNUTLS_X509_FMT_PEM, &pem));
  save (directory, "ca.pem", &pem);
  gnutls_free (pem.data);
  check (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &pem));
  save (directory, "cert.pem", &pem);
  gnutls_free (pem.data);
  check (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, 0, &pem));
  save (directory, "key.pem", &pem);
  gnutls_free (pem.data);
  gnutls_x509_crt_deinit (ca);
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_privkey_deinit (ca_key);
  gnutls_x509_privkey_deinit (key);
}

char *
lk_test_dup_fingerprint (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (path, &error);
  g_autoptr (GByteArray) der = NULL;

  g_assert_no_error (error);
  g_object_get (certificate, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}
