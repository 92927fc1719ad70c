/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

#define LK_VAULT_KEY_BYTES 32

#define LK_KEY_FILE    "file"
#define LK_KEY_SERVICE "secret-service"

/**
 * LkKeyProvider:
 *
 * Where the one key comes from under which everything secret is sealed. A key is called by its id,
 * which tells nothing about it; beside the one in use there may be another for the moment in which
 * everything is sealed anew. Errors are LK_ERROR_DENIED and say what to do.
 * @name: as the store remembers it: "file", "secret-service", "memory"
 * @place: where that is, for people
 * @load: the key of that id, or the one that is there (@id NULL); NULL without an error when there
 *   is none
 * @create: makes the first key and keeps it; never replaces one, and gives the one that somebody
 *   else made in the same moment
 * @keep: keeps @key beside the one called @beside (NULL: beside none); replaces nothing
 * @settle: from now on the key called @id is the one in use; no error when it is so already
 * @remove: forgets the key called @id; no error when there is none
 */
typedef struct _LkKeyProvider LkKeyProvider;

struct _LkKeyProvider
{
  const char *name;
  char *place;
  LkSecret *(*load) (LkKeyProvider *self, const char *id, GError **error);
  LkSecret *(*create) (LkKeyProvider *self, GError **error);
  gboolean (*keep) (LkKeyProvider *self, const LkSecret *key, const char *beside, GError **error);
  gboolean (*settle) (LkKeyProvider *self, const char *id, GError **error);
  gboolean (*remove) (LkKeyProvider *self, const char *id, GError **error);
  void (*free) (LkKeyProvider *self);
};

/* A file of 32 bytes that only its owner may read. */
LkKeyProvider *lk_key_provider_new_file (const char *path);
/* An item in the default collection of the Secret Service (libsecret): what a keyring or a password
 * manager offers on the session bus. It is never unlocked from here, so nobody is prompted, and no
 * operation takes longer than a few seconds. @store: the path of the store, for labels and so that
 * a copy of a store never takes the key away from the original. */
LkKeyProvider *lk_key_provider_new_service (const char *store);
/* Whether a key could be kept there now: it answers soon, and has a default collection that is
 * unlocked. */
gboolean lk_key_service_is_ready (void);
/* For tests: a key that is kept nowhere. */
LkKeyProvider *lk_key_provider_new_memory (void);
void lk_key_provider_free (LkKeyProvider *self);

/* 32 bytes that nobody had before. */
LkSecret *lk_key_make (void);
/* What a key is called; hex, to be freed. */
char *lk_key_get_id (const LkSecret *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKeyProvider, lk_key_provider_free)
