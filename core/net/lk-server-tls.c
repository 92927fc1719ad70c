/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-server-private.h"

#include "base/lk-error.h"

#include <gnutls/x509.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

LkServerTls *
lk_server_shared_get_tls (LkServerShared *self)
{
  LkServerTls *tls;

  g_mutex_lock (&self->tls_lock);
  tls = self->tls;
  if (tls != NULL)
    g_atomic_ref_count_inc (&tls->refs);
  g_mutex_unlock (&self->tls_lock);
  return tls;
}

void
lk_server_tls_unref (LkServerTls *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  gnutls_certificate_free_credentials (self->credentials);
  g_free (self);
}

static const struct
{
  guint flag;
  gnutls_alert_description_t alert;
} alerts[] = {
  { GNUTLS_CERT_SIGNER_NOT_FOUND, GNUTLS_A_UNKNOWN_CA },
  { GNUTLS_CERT_SIGNATURE_FAILURE, GNUTLS_A_BAD_CERTIFICATE },
  { GNUTLS_CERT_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED },
  { GNUTLS_CERT_NOT_ACTIVATED, GNUTLS_A_CERTIFICATE_EXPIRED },
  { GNUTLS_CERT_PURPOSE_MISMATCH, GNUTLS_A_UNSUPPORTED_CERTIFICATE },
};

/* Called in the handshake, when the client has answered our wish for a certificate. The alert tells
 * it what is wrong; what GnuTLS would send by itself is the same for everything. */
static int
verify_client (gnutls_session_t session)
{
  gnutls_typed_vdata_st data = {
    .type = GNUTLS_DT_KEY_PURPOSE_OID,
    .data = (guint8 *) GNUTLS_KP_TLS_WWW_CLIENT,
  };
  gnutls_alert_description_t alert = GNUTLS_A_BAD_CERTIFICATE;
  guint n = 0;
  guint status = 0;

  if (gnutls_certificate_get_peers (session, &n) == NULL || n == 0)
    return 0; /* whether that is allowed, GnuTLS knows from the kind of our wish */
  if (gnutls_certificate_verify_peers (session, &data, 1, &status) == 0 && status == 0)
    return 0;

  for (guint i = 0; i < G_N_ELEMENTS (alerts); i++)
    if ((status & alerts[i].flag) != 0)
      {
        alert = alerts[i].alert;
        break;
      }
  gnutls_alert_send (session, GNUTLS_AL_FATAL, alert);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

/* Gives the number of certificates, or a negative code of GnuTLS. */
static int
add_client_authority (LkServerShared *self, LkServerTls *tls)
{
  gsize length = 0;
  const void *pem = g_bytes_get_data (self->client_authority, &length);
  const gnutls_datum_t datum = { (guchar *) pem, (guint) length };

  gnutls_certificate_set_verify_function (tls->credentials, verify_client);
  tls->request = self->client_request;
  return gnutls_certificate_set_x509_trust_mem (tls->credentials, &datum, GNUTLS_X509_FMT_PEM);
}

static LkServerTls *
tls_new (void)
{
  LkServerTls *tls = g_new0 (LkServerTls, 1);

  g_atomic_ref_count_init (&tls->refs);
  gnutls_certificate_allocate_credentials (&tls->credentials);
  tls->request = GNUTLS_CERT_IGNORE;
  return tls;
}

static void
take_tls (LkServerShared *self, LkServerTls *tls)
{
  LkServerTls *old;

  g_mutex_lock (&self->tls_lock);
  old = self->tls;
  self->tls = tls;
  g_mutex_unlock (&self->tls_lock);
  if (old != NULL)
    lk_server_tls_unref (old);
}

gboolean
lk_server_set_certificate (LkServer *self,
                           const char *certificate,
                           gsize certificate_length,
                           const char *key,
                           gsize key_length,
                           GError **error)
{
  const gnutls_datum_t cert_datum = { (guchar *) certificate, (guint) certificate_length };
  const gnutls_datum_t key_datum = { (guchar *) key, (guint) key_length };
  LkServerShared *shared = &self->shared;
  LkServerTls *tls = tls_new ();
  int rc = gnutls_certificate_set_x509_key_mem (tls->credentials, &cert_datum, &key_datum,
                                                GNUTLS_X509_FMT_PEM);

  if (rc >= 0 && shared->client_authority != NULL)
    rc = add_client_authority (shared, tls);
  if (rc < 0)
    {
      lk_server_tls_unref (tls);
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "The server's certificate or key is unusable: %s", gnutls_strerror (rc));
      return FALSE;
    }

  /* Before the start, when nobody looks at it yet. */
  if (shared->priority == NULL)
    gnutls_priority_init (&shared->priority, PRIORITY, NULL);
  take_tls (shared, tls);
  return TRUE;
}

gboolean
lk_server_set_client_authority (LkServer *self,
                                const char *pem,
                                gsize length,
                                gboolean required,
                                GError **error)
{
  LkServerShared *shared = &self->shared;
  LkServerTls *probe;
  int n;

  g_return_val_if_fail (self->loops->len == 0 && shared->client_authority == NULL, FALSE);

  shared->client_authority = g_bytes_new (pem, length);
  shared->client_request = required ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST;
  probe = shared->tls != NULL ? lk_server_shared_get_tls (shared) : tls_new ();
  n = add_client_authority (shared, probe);
  lk_server_tls_unref (probe);
  if (n > 0)
    return TRUE;

  g_clear_pointer (&shared->client_authority, g_bytes_unref);
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               "There is no usable certificate of an authority for clients: %s",
               n < 0 ? gnutls_strerror (n) : "the file is empty");
  return FALSE;
}
