/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "secret/lk-vault.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define FORMAT_VERSION 1
#define NONCE_BYTES    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES      crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KDF_CONTEXT    "latchkey"

G_STATIC_ASSERT (LK_VAULT_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
G_STATIC_ASSERT (LK_VAULT_KEY_BYTES == crypto_kdf_KEYBYTES);

/* Each use has a key of its own, derived from the provider's. */
enum
{
  SUBKEY_SEAL = 1,
  SUBKEY_FINGERPRINT = 2,
  SUBKEY_ID = 3,
};

struct _LkVault
{
  LkSecret *master;
};

static void
derive (LkVault *self, guint64 number, guint8 subkey[LK_VAULT_KEY_BYTES])
{
  crypto_kdf_derive_from_key (subkey, LK_VAULT_KEY_BYTES, number, KDF_CONTEXT,
                              (const guint8 *) lk_secret_peek (self->master));
}

LkVault *
lk_vault_open (LkKeyProvider *provider, gboolean may_create, GError **error)
{
  g_autoptr (LkKeyProvider) owned = provider;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSecret) key = owned->load (owned, &local_error);
  LkVault *self;

  if (key == NULL && local_error == NULL && may_create)
    key = owned->create (owned, &local_error);
  if (key == NULL)
    {
      if (local_error == NULL)
        g_set_error (&local_error, LK_ERROR, LK_ERROR_DENIED,
                     _ ("The key under which the secrets of this store are sealed is missing"));
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  self = g_new0 (LkVault, 1);
  self->master = g_steal_pointer (&key);
  return self;
}

void
lk_vault_free (LkVault *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->master, lk_secret_free);
  g_free (self);
}

GBytes *
lk_vault_seal (LkVault *self, const char *purpose, const LkSecret *secret)
{
  gsize length = lk_secret_get_length (secret);
  guint8 *sealed = g_malloc (1 + NONCE_BYTES + length + TAG_BYTES);
  guint8 subkey[LK_VAULT_KEY_BYTES];

  sealed[0] = FORMAT_VERSION;
  randombytes_buf (sealed + 1, NONCE_BYTES);
  derive (self, SUBKEY_SEAL, subkey);
  crypto_aead_xchacha20poly1305_ietf_encrypt (sealed + 1 + NONCE_BYTES, NULL,
                                              (const guint8 *) lk_secret_peek (secret), length,
                                              (const guint8 *) purpose, strlen (purpose), NULL,
                                              sealed + 1, subkey);
  sodium_memzero (subkey, sizeof subkey);

  return g_bytes_new_take (sealed, 1 + NONCE_BYTES + length + TAG_BYTES);
}

LkSecret *
lk_vault_unseal (LkVault *self, const char *purpose, GBytes *ciphertext, GError **error)
{
  gsize size = 0;
  const guint8 *sealed = g_bytes_get_data (ciphertext, &size);
  guint8 subkey[LK_VAULT_KEY_BYTES];
  LkSecret *secret = NULL;

  if (size >= 1 + NONCE_BYTES + TAG_BYTES && sealed[0] == FORMAT_VERSION)
    {
      gsize length = size - 1 - NONCE_BYTES - TAG_BYTES;
      guint8 *clear = g_malloc (length + 1);

      derive (self, SUBKEY_SEAL, subkey);
      if (crypto_aead_xchacha20poly1305_ietf_decrypt (clear, NULL, NULL, sealed + 1 + NONCE_BYTES,
                                                      length + TAG_BYTES, (const guint8 *) purpose,
                                                      strlen (purpose), sealed + 1, subkey) == 0)
        secret = lk_secret_new ((const char *) clear, (gssize) length);
      sodium_memzero (subkey, sizeof subkey);
      sodium_memzero (clear, length);
      g_free (clear);
    }

  if (secret == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                 _ ("A sealed secret cannot be opened: it was sealed under another key, or is"
                    " damaged"));
  return secret;
}

static char *
hash (LkVault *self, guint64 number, const void *data, gsize length)
{
  guint8 subkey[LK_VAULT_KEY_BYTES];
  guint8 digest[crypto_generichash_BYTES];
  char hex[2 * sizeof digest + 1];

  derive (self, number, subkey);
  crypto_generichash (digest, sizeof digest, data, length, subkey, sizeof subkey);
  sodium_memzero (subkey, sizeof subkey);
  return g_strdup (sodium_bin2hex (hex, sizeof hex, digest, sizeof digest));
}

char *
lk_vault_fingerprint (LkVault *self, const LkSecret *secret)
{
  return hash (self, SUBKEY_FINGERPRINT, lk_secret_peek (secret), lk_secret_get_length (secret));
}

char *
lk_vault_get_id (LkVault *self)
{
  return hash (self, SUBKEY_ID, "", 0);
}
