/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* Which key the ciphertexts of a store are sealed under, and all of them at once. */

/**
 * LkKeyUse:
 * @provider: who has the key; NULL with @id NULL: nothing was ever sealed
 * @id: what the key is called
 * @spare_provider, @spare_id: a key that is not in use but may be there: a new one that came to
 *   nothing, or the old one; NULL when there is none
 */
typedef struct
{
  char *provider;
  char *id;
  char *spare_provider;
  char *spare_id;
} LkKeyUse;

LkKeyUse *lk_store_get_key_use (LkStore *self, GError **error);
void lk_key_use_free (LkKeyUse *self);

/* Says under which key the store's first secret is going to be sealed. @is_first FALSE: somebody
 * was faster, and nothing was written. */
gboolean lk_store_adopt_key (LkStore *self,
                             const char *provider,
                             const char *id,
                             gboolean *is_first,
                             GError **error);
/* Notes a key that may be there although it is not in use; NULL: there is none. */
gboolean
lk_store_set_spare_key (LkStore *self, const char *provider, const char *id, GError **error);

typedef enum
{
  LK_SEALED_KEY,
  LK_SEALED_CREDENTIAL,
  LK_SEALED_SETTING,
  LK_SEALED_N_KINDS,
} LkSealedKind;

/* One ciphertext. */
typedef struct
{
  LkSealedKind kind;
  gint64 id;          /* 0 of a setting */
  char *name;         /* fingerprint of a key, name of anything else */
  char *title;        /* what a person may read of it */
  GBytes *ciphertext; /* never NULL */
} LkSealedRow;

/* Replaces the ciphertext, and the fingerprint of a key; writes nothing. */
typedef gboolean (*LkSealFunc) (LkSealedRow *row, gpointer user_data, GError **error);

/* Gives each ciphertext to @func and writes what it made of it, all in one transaction, together
 * with the new key in @use. The store must be sealed under the key called @old_id. */
gboolean lk_store_seal_anew (LkStore *self,
                             const char *old_id,
                             const LkKeyUse *use,
                             LkSealFunc func,
                             gpointer user_data,
                             GError **error);
/* How many there are of each kind. */
gboolean lk_store_count_sealed (LkStore *self, guint counts[LK_SEALED_N_KINDS], GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKeyUse, lk_key_use_free)
