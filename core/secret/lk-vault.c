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

/* Each use has a key of its own, derived from the provider's, which is the master. */
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
derive (const LkSecret *master, guint64 number, guint8 subkey[LK_VAULT_KEY_BYTES])
{
  crypto_kdf_derive_from_key (subkey, LK_VAULT_KEY_BYTES, number, KDF_CONTEXT,
                              (const guint8 *) lk_secret_peek (master));
}

/* Takes @key. */
static LkVault *
new_vault (LkSecret *key)
{
  LkVault *self = g_new0 (LkVault, 1);

  self->master = key;
  return self;
}

LkVault *
lk_vault_new (void)
{
  return new_vault (lk_key_make ());
}

LkVault *
lk_vault_open (LkKeyProvider *provider, const char *id, GError **error)
{
  g_autoptr (LkKeyProvider) owned = provider;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSecret) key = owned->load (owned, id, &local_error);

  if (key == NULL && local_error == NULL && id == NULL)
    key = owned->create (owned, &local_error);
  if (key != NULL)
    return new_vault (g_steal_pointer (&key));

  if (local_error == NULL)
    g_set_error (&local_error, LK_ERROR, LK_ERROR_DENIED,
                 _ ("The key under which the secrets of this store are sealed is missing from %s;"
                    " put it back"),
                 owned->place);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
lk_vault_keep (LkVault *self, LkKeyProvider *provider, const char *beside, GError **error)
{
  g_autofree char *id = lk_vault_get_id (self);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSecret) again = NULL;

  if (!provider->keep (provider, self->master, beside, error))
    return FALSE;

  again = provider->load (provider, id, &local_error);
  if (again != NULL)
    return TRUE;
  if (local_error == NULL)
    g_set_error (&local_error, LK_ERROR, LK_ERROR_DENIED,
                 _ ("%s took a key and does not have it now"), provider->place);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
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
  derive (self->master, SUBKEY_SEAL, subkey);
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

      derive (self->master, SUBKEY_SEAL, subkey);
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
hash (const LkSecret *master, guint64 number, const void *data, gsize length)
{
  guint8 subkey[LK_VAULT_KEY_BYTES];
  guint8 digest[crypto_generichash_BYTES];
  char hex[2 * sizeof digest + 1];

  derive (master, number, subkey);
  crypto_generichash (digest, sizeof digest, data, length, subkey, sizeof subkey);
  sodium_memzero (subkey, sizeof subkey);
  return g_strdup (sodium_bin2hex (hex, sizeof hex, digest, sizeof digest));
}

char *
lk_vault_fingerprint (LkVault *self, const LkSecret *secret)
{
  return hash (self->master, SUBKEY_FINGERPRINT, lk_secret_peek (secret),
               lk_secret_get_length (secret));
}

char *
lk_vault_get_id (LkVault *self)
{
  return lk_key_get_id (self->master);
}

char *
lk_key_get_id (const LkSecret *key)
{
  return hash (key, SUBKEY_ID, "", 0);
}
