/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "secret/lk-key-provider.h"

/**
 * LkVault:
 *
 * Seals secrets for the store (XChaCha20-Poly1305) and opens them again. Used from any thread.
 */
typedef struct _LkVault LkVault;

/* With the key of that @id. NULL: nothing was ever sealed, so the key that is there is taken, or
 * one is made; else a missing key is an error (LK_ERROR_DENIED), because what was sealed under it
 * cannot be opened with a new one. Takes @provider. */
LkVault *lk_vault_open (LkKeyProvider *provider, const char *id, GError **error);
/* With a new key, which is kept nowhere yet. */
LkVault *lk_vault_new (void);
void lk_vault_free (LkVault *self);

/* Keeps the key of this vault with @provider, beside the one called @beside, and reads it back. */
gboolean lk_vault_keep (LkVault *self, LkKeyProvider *provider, const char *beside, GError **error);

/* @purpose is bound to the ciphertext: it opens for the same purpose only. */
GBytes *lk_vault_seal (LkVault *self, const char *purpose, const LkSecret *secret);
/* LK_ERROR_DENIED when it was sealed under another key or for another purpose, or is damaged. */
LkSecret *lk_vault_unseal (LkVault *self, const char *purpose, GBytes *ciphertext, GError **error);

/* The same for the same secret, and nothing to anyone without the key; hex, to be freed. */
char *lk_vault_fingerprint (LkVault *self, const LkSecret *secret);
/* Tells keys apart: whether the store's secrets were sealed under this one; hex, to be freed. */
char *lk_vault_get_id (LkVault *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkVault, lk_vault_free)
