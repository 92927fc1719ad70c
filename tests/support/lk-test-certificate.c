/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-certificate.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

#define DAY      (24 * 60 * 60)
#define LONG_AGO (-400)

struct _LkTestCa
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
  char *file;
};

static gnutls_x509_privkey_t
make_key (void)
{
  gnutls_x509_privkey_t key;

  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1),
                                                 0),
                   ==, 0);
  return key;
}

static gnutls_x509_crt_t
make_certificate (gnutls_x509_privkey_t key, const char *name, int from, int days)
{
  gnutls_x509_crt_t certificate;
  guint32 serial = g_random_int () | 1;
  time_t now = time (NULL);

  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_key (certificate, key);
  gnutls_x509_crt_set_serial (certificate, &serial, sizeof serial);
  gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, strlen (name));
  gnutls_x509_crt_set_activation_time (certificate, now + (time_t) from * DAY);
  gnutls_x509_crt_set_expiration_time (certificate, now + (time_t) days * DAY);
  return certificate;
}

LkTestCa *
lk_test_ca_new (void)
{
  LkTestCa *self = g_new0 (LkTestCa, 1);
  gnutls_datum_t pem = { NULL, 0 };
  g_autoptr (GError) error = NULL;
  int fd;

  self->key = make_key ();
  self->certificate = make_certificate (self->key, "Latchkey test CA", LONG_AGO, 30);
  gnutls_x509_crt_set_ca_status (self->certificate, 1);
  gnutls_x509_crt_set_key_usage (self->certificate, GNUTLS_KEY_KEY_CERT_SIGN);
  gnutls_x509_crt_sign2 (self->certificate, self->certificate, self->key, GNUTLS_DIG_SHA256, 0);

  fd = g_file_open_tmp ("latchkey-ca-XXXXXX.pem", &self->file, &error);
  g_assert_no_error (error);
  close (fd);
  gnutls_x509_crt_export2 (self->certificate, GNUTLS_X509_FMT_PEM, &pem);
  g_file_set_contents (self->file, (const char *) pem.data, pem.size, &error);
  g_assert_no_error (error);
  gnutls_free (pem.data);
  return self;
}

void
lk_test_ca_free (LkTestCa *self)
{
  g_unlink (self->file);
  g_free (self->file);
  gnutls_x509_crt_deinit (self->certificate);
  gnutls_x509_privkey_deinit (self->key);
  g_free (self);
}

const char *
lk_test_ca_get_file (LkTestCa *self)
{
  return self->file;
}

static void
set_owner (gnutls_x509_crt_t certificate, const char *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);

  if (address != NULL)
    gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS,
                                          g_inet_address_to_bytes (address),
                                          (guint) g_inet_address_get_native_size (address),
                                          GNUTLS_FSAN_SET);
  else
    gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name,
                                          (guint) strlen (name), GNUTLS_FSAN_SET);
}

gnutls_certificate_credentials_t
lk_test_ca_issue_from (LkTestCa *self,
                       const char *name,
                       int from,
                       int days,
                       gboolean is_self_signed,
                       GBytes **certificate)
{
  gnutls_x509_privkey_t key = make_key ();
  gnutls_x509_crt_t leaf = make_certificate (key, name, from, days);
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t der = { NULL, 0 };

  set_owner (leaf, name);
  gnutls_x509_crt_set_key_purpose_oid (leaf, GNUTLS_KP_TLS_WWW_SERVER, 0);
  gnutls_x509_crt_set_key_usage (leaf, GNUTLS_KEY_DIGITAL_SIGNATURE);
  gnutls_x509_crt_sign2 (leaf, is_self_signed ? leaf : self->certificate,
                         is_self_signed ? key : self->key, GNUTLS_DIG_SHA256, 0);

  gnutls_x509_crt_export2 (leaf, GNUTLS_X509_FMT_DER, &der);
  *certificate = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);

  gnutls_certificate_allocate_credentials (&credentials);
  g_assert_cmpint (gnutls_certificate_set_x509_key (credentials, &leaf, 1, key), ==, 0);
  gnutls_x509_crt_deinit (leaf);
  gnutls_x509_privkey_deinit (key);
  return credentials;
}

gnutls_certificate_credentials_t
lk_test_ca_issue (LkTestCa *self, const char *name, int days, char **pin)
{
  g_autoptr (GBytes) certificate = NULL;
  gnutls_certificate_credentials_t credentials =
      lk_test_ca_issue_from (self, name, LONG_AGO, days, FALSE, &certificate);

  if (pin != NULL)
    *pin = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, certificate);
  return credentials;
}
