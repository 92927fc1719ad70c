/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-trust.h"

#include "base/lk-error.h"

#include <gio/gio.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <string.h>

#define PIN_BYTES 32
#define PRIORITY  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct _LkTrust
{
  gatomicrefcount refs;
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
};

/* One credentials object serves all sessions, since reading the CAs takes long; what a session
 * shows hangs on the session. */
static int
choose_certificate (gnutls_session_t session,
                    const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **chain,
                    guint *n_chain,
                    gnutls_ocsp_data_st **ocsp,
                    guint *n_ocsp,
                    gnutls_privkey_t *key,
                    guint *flags)
{
  const LkClientCertificate *certificate = gnutls_session_get_ptr (session);

  *ocsp = NULL;
  *n_ocsp = 0;
  *flags = 0; /* all of it stays ours */
  *n_chain = 0;
  if (certificate == NULL)
    return 0;

  *chain = lk_client_certificate_get_chain (certificate, n_chain);
  *key = lk_client_certificate_get_key (certificate);
  return 0;
}

LkTrust *
lk_trust_new (const char *ca_file, GError **error)
{
  LkTrust *self = g_new0 (LkTrust, 1);
  int n;

  g_atomic_ref_count_init (&self->refs);
  gnutls_certificate_allocate_credentials (&self->credentials);
  gnutls_certificate_set_retrieve_function3 (self->credentials, choose_certificate);
  gnutls_priority_init (&self->priority, PRIORITY, NULL);
  n = ca_file != NULL
          ? gnutls_certificate_set_x509_trust_file (self->credentials, ca_file, GNUTLS_X509_FMT_PEM)
          : gnutls_certificate_set_x509_system_trust (self->credentials);
  if (n > 0 || (n == 0 && ca_file == NULL)) /* a system without CAs still has pins */
    return self;

  if (ca_file != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "%s: no CA certificate could be read: %s",
                 ca_file, n < 0 ? gnutls_strerror (n) : "there is none in it");
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "The system's CAs cannot be read: %s",
                 gnutls_strerror (n));
  lk_trust_unref (self);
  return NULL;
}

LkTrust *
lk_trust_ref (LkTrust *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_trust_unref (LkTrust *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  gnutls_certificate_free_credentials (self->credentials);
  gnutls_priority_deinit (self->priority);
  g_free (self);
}

char *
lk_pin_parse (const char *text)
{
  g_autoptr (GString) pin = g_string_sized_new (2 * PIN_BYTES);

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isxdigit (*p))
      g_string_append_c (pin, g_ascii_tolower (*p));
    else if (*p != ':')
      return NULL;

  return pin->len == 2 * PIN_BYTES ? g_strdup (pin->str) : NULL;
}

gnutls_session_t
lk_trust_new_session (LkTrust *self, const char *host, LkClientCertificate *certificate)
{
  gnutls_session_t session = NULL;

  if (gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) != 0)
    return NULL;
  gnutls_session_set_ptr (session, certificate);
  gnutls_priority_set (session, self->priority);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  if (!g_hostname_is_ip_address (host))
    gnutls_server_name_set (session, GNUTLS_NAME_DNS, host, strlen (host));
  return session;
}

static const struct
{
  guint flag;
  const char *why;
} reasons[] = {
  { GNUTLS_CERT_EXPIRED, "its certificate has expired" },
  { GNUTLS_CERT_NOT_ACTIVATED, "its certificate is not valid yet" },
  { GNUTLS_CERT_REVOKED, "its certificate was revoked" },
  { GNUTLS_CERT_SIGNER_NOT_FOUND, "its certificate comes from a CA that is not trusted here" },
  { GNUTLS_CERT_SIGNER_NOT_CA, "its certificate was signed by something that is no CA" },
  { GNUTLS_CERT_SIGNATURE_FAILURE, "the signature on its certificate is wrong" },
  { GNUTLS_CERT_INSECURE_ALGORITHM, "its certificate uses an algorithm that is no longer safe" },
  { GNUTLS_CERT_UNEXPECTED_OWNER, "its certificate is for another name" },
  { GNUTLS_CERT_PURPOSE_MISMATCH, "its certificate is not meant for servers" },
};

static char *
describe (guint status)
{
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if ((status & reasons[i].flag) != 0)
      return g_strdup (reasons[i].why);

  return g_strdup_printf ("its certificate cannot be trusted (%#x)", status);
}

static char *
compute_pin (gnutls_session_t session)
{
  guint n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (session, &n);
  guint8 digest[PIN_BYTES];
  gsize size = sizeof digest;
  char hex[2 * PIN_BYTES + 1];

  if (chain == NULL || n == 0 ||
      gnutls_fingerprint (GNUTLS_DIG_SHA256, &chain[0], digest, &size) != 0 || size != PIN_BYTES)
    return NULL;

  return g_strdup (sodium_bin2hex (hex, sizeof hex, digest, sizeof digest));
}

static gboolean
verify_chain (gnutls_session_t session, const char *host, char **why)
{
  gnutls_typed_vdata_st data[] = {
    { .type = GNUTLS_DT_DNS_HOSTNAME, .data = (guint8 *) host },
    { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (guint8 *) GNUTLS_KP_TLS_WWW_SERVER },
  };
  guint status = 0;
  int result = gnutls_certificate_verify_peers (session, data, G_N_ELEMENTS (data), &status);

  if (result == 0 && status == 0)
    return TRUE;

  *why = result == 0
             ? describe (status)
             : g_strdup_printf ("its certificate is unusable: %s", gnutls_strerror (result));
  return FALSE;
}

gboolean
lk_trust_verify (LkTrust *self,
                 gnutls_session_t session,
                 const char *host,
                 const char *pin,
                 char **seen_pin,
                 char **why)
{
  char *seen = compute_pin (session);

  g_free (*seen_pin);
  *seen_pin = seen;
  if (seen == NULL)
    {
      *why = g_strdup ("it showed no certificate");
      return FALSE;
    }
  if (pin == NULL)
    return verify_chain (session, host, why);
  if (strlen (pin) == strlen (seen) && sodium_memcmp (pin, seen, strlen (seen)) == 0)
    return TRUE;

  *why = g_strdup ("its certificate is not the one that was accepted for it");
  return FALSE;
}
