/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "net/lk-authority.h"
#include "net/lk-certificate-facts.h"

#include <gnutls/x509.h>
#include <string.h>

typedef struct
{
  char *certificate;
  LkSecret *key;
} Issued;

static void
issued_clear (Issued *self)
{
  g_free (self->certificate);
  lk_secret_free (self->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Issued, issued_clear)

static const char *const names[] = { "gateway.lab.test", "*.lab.test", "10.1.2.3", "fd00::7",
                                     NULL };

static LkAuthority *
new_authority (void)
{
  g_autoptr (GError) error = NULL;
  LkAuthority *authority = lk_authority_new ("Latchkey test CA", &error);

  g_assert_no_error (error);
  return authority;
}

static Issued
issue_server (const LkAuthority *authority, int days)
{
  Issued issued = { NULL, NULL };
  g_autoptr (GError) error = NULL;

  lk_authority_issue_server (authority, names, days, NULL, &issued.certificate, &issued.key,
                             &error);
  g_assert_no_error (error);
  return issued;
}

static Issued
issue_client (const LkAuthority *authority, int days)
{
  Issued issued = { NULL, NULL };
  g_autoptr (GError) error = NULL;

  lk_authority_issue_client (authority, "console-1", days, &issued.certificate, &issued.key,
                             &error);
  g_assert_no_error (error);
  return issued;
}

static gnutls_x509_crt_t
import (const char *pem)
{
  const gnutls_datum_t datum = { (guchar *) pem, (guint) strlen (pem) };
  gnutls_x509_crt_t crt = NULL;

  gnutls_x509_crt_init (&crt);
  g_assert_cmpint (gnutls_x509_crt_import (crt, &datum, GNUTLS_X509_FMT_PEM), ==, 0);
  return crt;
}

/* What GnuTLS finds wrong with @pem when @authority is trusted; 0 for nothing. */
static guint
verify (const LkAuthority *authority, const char *pem, const char *host, const char *purpose)
{
  gnutls_typed_vdata_st data[] = {
    { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (guint8 *) purpose },
    { .type = GNUTLS_DT_DNS_HOSTNAME, .data = (guint8 *) host },
  };
  gnutls_x509_crt_t ca = import (lk_authority_get_certificate (authority));
  gnutls_x509_crt_t crt = import (pem);
  gnutls_x509_trust_list_t list = NULL;
  guint status = 0;

  gnutls_x509_trust_list_init (&list, 0);
  g_assert_cmpint (gnutls_x509_trust_list_add_cas (list, &ca, 1, 0), ==, 1);
  g_assert_cmpint (gnutls_x509_trust_list_verify_crt2 (list, &crt, 1, data, host != NULL ? 2 : 1, 0,
                                                       &status, NULL),
                   ==, 0);
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_trust_list_deinit (list, 1);
  return status & ~(guint) GNUTLS_CERT_INVALID;
}

static void
test_ca (void)
{
  g_autoptr (LkAuthority) authority = new_authority ();
  g_autoptr (LkAuthority) other = new_authority ();
  gnutls_x509_crt_t crt = import (lk_authority_get_certificate (authority));
  gnutls_x509_crt_t other_crt = import (lk_authority_get_certificate (other));
  guint8 serial[32];
  guint8 other_serial[32];
  gsize size = sizeof serial;
  gsize other_size = sizeof other_serial;
  guint usage = 0;
  guint is_ca = 0;
  int path_length = -1;

  gnutls_x509_crt_get_basic_constraints (crt, NULL, &is_ca, &path_length);
  g_assert_cmpuint (is_ca, ==, 1);
  g_assert_cmpint (path_length, ==, 0);
  gnutls_x509_crt_get_key_usage (crt, &usage, NULL);
  g_assert_cmphex (usage, ==, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
  g_assert_cmpint (gnutls_x509_crt_get_signature_algorithm (crt), ==, GNUTLS_SIGN_ECDSA_SHA256);
  gnutls_x509_crt_get_serial (crt, serial, &size);
  gnutls_x509_crt_get_serial (other_crt, other_serial, &other_size);
  g_assert_cmpuint (size, ==, 16);
  g_assert_false (size == other_size && memcmp (serial, other_serial, size) == 0);
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_crt_deinit (other_crt);
}

static gboolean
is_ca (const char *pem)
{
  gnutls_x509_crt_t crt = import (pem);
  guint ca = 1;
  int rc = gnutls_x509_crt_get_basic_constraints (crt, NULL, &ca, NULL);

  gnutls_x509_crt_deinit (crt);
  g_assert_cmpint (rc, >=, 0);
  return ca != 0;
}

static void
test_server (void)
{
  g_autoptr (LkAuthority) authority = new_authority ();
  g_autoptr (LkAuthority) other = new_authority ();
  g_auto (Issued) issued = issue_server (authority, LK_AUTHORITY_DAYS);
  const char *pem = issued.certificate;

  g_assert_false (is_ca (pem));
  for (guint i = 0; names[i] != NULL; i++)
    g_assert_cmphex (verify (authority, pem, names[i], GNUTLS_KP_TLS_WWW_SERVER), ==, 0);
  g_assert_cmphex (verify (authority, pem, "other.lab.test", GNUTLS_KP_TLS_WWW_SERVER), ==, 0);
  g_assert_cmphex (verify (authority, pem, "gateway.other.test", GNUTLS_KP_TLS_WWW_SERVER), ==,
                   GNUTLS_CERT_UNEXPECTED_OWNER);
  g_assert_cmphex (verify (authority, pem, "10.1.2.4", GNUTLS_KP_TLS_WWW_SERVER), ==,
                   GNUTLS_CERT_UNEXPECTED_OWNER);
  g_assert_cmphex (verify (authority, pem, NULL, GNUTLS_KP_TLS_WWW_CLIENT), ==,
                   GNUTLS_CERT_PURPOSE_MISMATCH);
  /* Another authority of the same name did not sign it. */
  g_assert_cmphex (verify (other, pem, NULL, GNUTLS_KP_TLS_WWW_SERVER), !=, 0);
}

static void
test_client (void)
{
  g_autoptr (LkAuthority) authority = new_authority ();
  g_autoptr (LkAuthority) other = new_authority ();
  g_auto (Issued) issued = issue_client (authority, LK_AUTHORITY_DAYS);
  g_auto (Issued) late = issue_client (authority, -1);

  g_assert_false (is_ca (issued.certificate));
  g_assert_cmphex (verify (authority, issued.certificate, NULL, GNUTLS_KP_TLS_WWW_CLIENT), ==, 0);
  g_assert_cmphex (verify (authority, issued.certificate, NULL, GNUTLS_KP_TLS_WWW_SERVER), ==,
                   GNUTLS_CERT_PURPOSE_MISMATCH);
  g_assert_cmphex (verify (other, issued.certificate, NULL, GNUTLS_KP_TLS_WWW_CLIENT), !=, 0);
  g_assert_cmphex (verify (authority, late.certificate, NULL, GNUTLS_KP_TLS_WWW_CLIENT), ==,
                   GNUTLS_CERT_EXPIRED);
}

/* What the authority signs cannot sign anything itself. */
static void
test_no_further_ca (void)
{
  g_autoptr (LkAuthority) authority = new_authority ();
  g_auto (Issued) server = issue_server (authority, 30);
  g_auto (Issued) forged = { NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (LkAuthority) upstart = lk_authority_load (server.certificate, server.key, &error);
  gnutls_x509_crt_t chain[2];
  gnutls_x509_crt_t ca = import (lk_authority_get_certificate (authority));
  gnutls_x509_trust_list_t list = NULL;
  guint status = 0;

  g_assert_no_error (error);
  forged = issue_client (upstart, 30);
  chain[0] = import (forged.certificate);
  chain[1] = import (server.certificate);
  gnutls_x509_trust_list_init (&list, 0);
  gnutls_x509_trust_list_add_cas (list, &ca, 1, 0);
  gnutls_x509_trust_list_verify_crt (list, chain, 2, 0, &status, NULL);
  g_assert_cmphex (status & GNUTLS_CERT_INVALID, !=, 0);
  gnutls_x509_crt_deinit (chain[0]);
  gnutls_x509_crt_deinit (chain[1]);
  gnutls_x509_trust_list_deinit (list, 1);
}

static void
test_facts (void)
{
  g_autoptr (LkAuthority) authority = new_authority ();
  g_auto (Issued) server = issue_server (authority, 100);
  g_auto (Issued) longest = issue_server (authority, 36500);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkCertificateFacts) facts =
      lk_certificate_facts_new_pem (server.certificate, -1, &error);
  g_autoptr (LkCertificateFacts) of_ca =
      lk_certificate_facts_new_pem (lk_authority_get_certificate (authority), -1, &error);
  g_autoptr (LkCertificateFacts) of_longest =
      lk_certificate_facts_new_pem (longest.certificate, -1, &error);
  g_autofree char *pin = lk_pin_to_text (facts->pin);
  gint64 now = lk_clock_now (NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (facts->common_name, ==, names[0]);
  g_assert_true (g_strv_equal ((const char *const *) facts->names, names));
  g_assert_cmpuint (strlen (facts->pin), ==, 64);
  g_assert_cmpuint (strlen (pin), ==, 95);
  g_assert_cmpint (ABS (facts->not_after - now - 100 * LK_DAY), <, LK_MINUTE);
  g_assert_cmpint (facts->not_before, <, now);
  g_assert_cmpint (of_longest->not_after, ==, of_ca->not_after);

  g_assert_null (lk_certificate_facts_new_pem ("no certificate", -1, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_load (void)
{
  g_autoptr (LkAuthority) authority = new_authority ();
  g_autoptr (LkAuthority) other = new_authority ();
  g_autoptr (LkAuthority) loaded = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Issued) first = { NULL, NULL };
  g_autofree char *again = NULL;

  loaded = lk_authority_load (lk_authority_get_certificate (authority),
                              lk_authority_get_key (authority), &error);
  g_assert_no_error (error);
  first = issue_server (loaded, 30);
  g_assert_cmphex (verify (authority, first.certificate, names[0], GNUTLS_KP_TLS_WWW_SERVER), ==,
                   0);
  g_assert_true (lk_authority_issue_server (loaded, names, 30, first.key, &again, NULL, &error));
  g_assert_true (lk_certificate_check_key (again, -1, first.key, &error));
  g_assert_no_error (error);
  g_assert_null (lk_authority_load (lk_authority_get_certificate (authority),
                                    lk_authority_get_key (other), &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_names (void)
{
  static const char *const good[] = { "gateway", "a.b.c", "*.lab.test", "127.0.0.1", "::1" };
  static const char *const bad[] = {
    "", ".", "a..b", "a b", "*", "*.", "https://a", "a/b", "ü.de"
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (lk_certificate_check_name (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (lk_certificate_check_name (bad[i], &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/authority/ca", test_ca);
  g_test_add_func ("/authority/server", test_server);
  g_test_add_func ("/authority/client", test_client);
  g_test_add_func ("/authority/no-further-ca", test_no_further_ca);
  g_test_add_func ("/authority/facts", test_facts);
  g_test_add_func ("/authority/load", test_load);
  g_test_add_func ("/authority/names", test_names);
  return g_test_run ();
}
