/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "secret/lk-key-provider.h"

#include <sodium.h>

LkSecret *
lk_key_make (void)
{
  guint8 bytes[LK_VAULT_KEY_BYTES];
  LkSecret *key = NULL;

  /* A secret's making starts the library, which has to happen before its first random byte. */
  lk_secret_free (lk_secret_new ("", 0));
  randombytes_buf (bytes, sizeof bytes);
  key = lk_secret_new ((const char *) bytes, sizeof bytes);
  sodium_memzero (bytes, sizeof bytes);
  return key;
}

void
lk_key_provider_free (LkKeyProvider *self)
{
  if (self != NULL)
    self->free (self);
}

/* In memory: for tests. */

static LkSecret *
memory_load (LkKeyProvider *provider, const char *id, GError **error)
{
  return NULL;
}

static LkSecret *
memory_create (LkKeyProvider *provider, GError **error)
{
  return lk_key_make ();
}

static void
memory_free (LkKeyProvider *provider)
{
  g_free (provider->place);
  g_free (provider);
}

LkKeyProvider *
lk_key_provider_new_memory (void)
{
  LkKeyProvider *self = g_new0 (LkKeyProvider, 1);

  self->name = "memory";
  self->place = g_strdup ("memory");
  self->load = memory_load;
  self->create = memory_create;
  self->free = memory_free;
  return self;
}
