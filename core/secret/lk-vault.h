/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

#define LK_VAULT_KEY_BYTES 32

/**
 * LkKeyProvider:
 *
 * Where the one key comes from under which everything secret is sealed.
 * @name: as the store remembers it: "file", "memory"
 * @load: the key's 32 bytes; NULL with LK_ERROR_DENIED when it is there but cannot be had, and
 *   NULL without an error when there is none yet
 * @create: makes a key where there was none, and keeps it; never replaces one
 */
typedef struct _LkKeyProvider LkKeyProvider;

struct _LkKeyProvider
{
  const char *name;
  LkSecret *(*load) (LkKeyProvider *self, GError **error);
  LkSecret *(*create) (LkKeyProvider *self, GError **error);
  void (*free) (LkKeyProvider *self);
};

/* A file of 32 bytes that only its owner may read. */
LkKeyProvider *lk_key_provider_new_file (const char *path);
/* For tests: a key that is kept nowhere. */
LkKeyProvider *lk_key_provider_new_memory (void);
void lk_key_provider_free (LkKeyProvider *self);

/**
 * LkVault:
 *
 * Seals secrets for the store (XChaCha20-Poly1305) and opens them again. Used from any thread.
 */
typedef struct _LkVault LkVault;

/* @may_create: nothing was ever sealed, so a missing key may be made; else a missing key is an
 * error (LK_ERROR_DENIED), because what was sealed under it cannot be opened with a new one. Takes
 * @provider. */
LkVault *lk_vault_open (LkKeyProvider *provider, gboolean may_create, GError **error);
void lk_vault_free (LkVault *self);

/* @purpose is bound to the ciphertext: it opens for the same purpose only. */
GBytes *lk_vault_seal (LkVault *self, const char *purpose, const LkSecret *secret);
/* LK_ERROR_DENIED when it was sealed under another key or for another purpose, or is damaged. */
LkSecret *lk_vault_unseal (LkVault *self, const char *purpose, GBytes *ciphertext, GError **error);

/* The same for the same secret, and nothing to anyone without the key; hex, to be freed. */
char *lk_vault_fingerprint (LkVault *self, const LkSecret *secret);
/* Tells keys apart: whether the store's secrets were sealed under this one; hex, to be freed. */
char *lk_vault_get_id (LkVault *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKeyProvider, lk_key_provider_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkVault, lk_vault_free)
