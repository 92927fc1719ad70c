/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-client-certificate.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <gnutls/x509.h>
#include <string.h>

#define MAX_CHAIN 8

struct _LkClientCertificate
{
  gatomicrefcount refs;
  gnutls_pcert_st chain[MAX_CHAIN];
  guint n_chain;
  gnutls_privkey_t key;
  char *name;
  gint64 end;
};

static int
read_leaf (LkClientCertificate *self, const gnutls_datum_t *pem, gnutls_pubkey_t *public_key)
{
  gnutls_x509_crt_t leaf = NULL;
  gnutls_datum_t name = { 0 };
  int rc = gnutls_x509_crt_init (&leaf);

  rc = rc < 0 ? rc : gnutls_x509_crt_import (leaf, pem, GNUTLS_X509_FMT_PEM);
  rc = rc < 0 ? rc : gnutls_x509_crt_get_dn3 (leaf, &name, 0);
  rc = rc < 0 ? rc : gnutls_pubkey_init (public_key);
  rc = rc < 0 ? rc : gnutls_pubkey_import_x509 (*public_key, leaf, 0);
  if (rc >= 0)
    {
      self->name = g_utf8_make_valid ((const char *) name.data, name.size);
      self->end = gnutls_x509_crt_get_expiration_time (leaf);
    }
  gnutls_free (name.data);
  gnutls_x509_crt_deinit (leaf);
  return rc;
}

/* A key of another certificate would be refused by every machine, one after the other. */
static int
check_pair (gnutls_privkey_t key, gnutls_pubkey_t public_key)
{
  gnutls_pubkey_t own = NULL;
  guint8 ids[2][64];
  gsize sizes[2] = { sizeof ids[0], sizeof ids[1] };
  int rc = gnutls_pubkey_init (&own);

  rc = rc < 0 ? rc : gnutls_pubkey_import_privkey (own, key, 0, 0);
  rc = rc < 0 ? rc : gnutls_pubkey_get_key_id (own, 0, ids[0], &sizes[0]);
  rc = rc < 0 ? rc : gnutls_pubkey_get_key_id (public_key, 0, ids[1], &sizes[1]);
  if (rc >= 0 && (sizes[0] != sizes[1] || memcmp (ids[0], ids[1], sizes[0]) != 0))
    rc = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
  gnutls_pubkey_deinit (own);
  return rc;
}

LkClientCertificate *
lk_client_certificate_new (const char *certificate, const LkSecret *key, GError **error)
{
  g_autoptr (LkClientCertificate) self = g_new0 (LkClientCertificate, 1);
  const gnutls_datum_t pem = { (guchar *) certificate, (guint) strlen (certificate) };
  const gnutls_datum_t key_pem = { (guchar *) lk_secret_peek (key),
                                   (guint) lk_secret_get_length (key) };
  gnutls_pubkey_t public_key = NULL;
  guint n = MAX_CHAIN;
  int rc;

  g_atomic_ref_count_init (&self->refs);
  rc = read_leaf (self, &pem, &public_key);
  rc = rc < 0 ? rc : gnutls_privkey_init (&self->key);
  rc = rc < 0 ? rc
              : gnutls_privkey_import_x509_raw (self->key, &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0);
  rc = rc < 0 ? rc : check_pair (self->key, public_key);
  rc = rc < 0 ? rc
              : gnutls_pcert_list_import_x509_raw (self->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
  if (public_key != NULL)
    gnutls_pubkey_deinit (public_key);
  if (rc >= 0)
    {
      self->n_chain = n;
      return g_steal_pointer (&self);
    }

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("The client certificate or its key cannot be used: %s"), gnutls_strerror (rc));
  return NULL;
}

LkClientCertificate *
lk_client_certificate_ref (LkClientCertificate *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_client_certificate_unref (LkClientCertificate *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < self->n_chain; i++)
    gnutls_pcert_deinit (&self->chain[i]);
  if (self->key != NULL)
    gnutls_privkey_deinit (self->key);
  g_free (self->name);
  g_free (self);
}

const char *
lk_client_certificate_get_name (const LkClientCertificate *self)
{
  return self->name;
}

gint64
lk_client_certificate_get_end (const LkClientCertificate *self)
{
  return self->end;
}

gnutls_pcert_st *
lk_client_certificate_get_chain (const LkClientCertificate *self, guint *n)
{
  *n = self->n_chain;
  return (gnutls_pcert_st *) self->chain;
}

gnutls_privkey_t
lk_client_certificate_get_key (const LkClientCertificate *self)
{
  return self->key;
}
