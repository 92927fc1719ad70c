/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "store/lk-health.h"

#include <glib/gi18n-lib.h>

/* How the store remembers which key its secrets are sealed under. */
#define SETTING_VAULT_PROVIDER "vault.provider"
#define SETTING_VAULT_ID       "vault.id"

struct _LkConsole
{
  char *path;
  const LkClock *clock;
  LkStore *store;
  LkLogins *logins;
  GMutex lock; /* for what follows */
  LkKeyProvider *provider;
  LkVault *vault;
};

LkConsole *
lk_console_new (const char *path, const LkClock *clock)
{
  LkConsole *self = g_new0 (LkConsole, 1);

  self->path = path != NULL ? g_strdup (path) : lk_store_get_default_path ();
  self->clock = clock;
  self->logins = lk_logins_new ();
  g_mutex_init (&self->lock);
  return self;
}

void
lk_console_free (LkConsole *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->logins, lk_logins_free);
  g_clear_pointer (&self->vault, lk_vault_free);
  g_clear_pointer (&self->provider, lk_key_provider_free);
  g_clear_pointer (&self->store, lk_store_free);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self);
}

LkStore *
lk_console_get_store (LkConsole *self, GError **error)
{
  if (self->store == NULL)
    self->store = lk_store_open (self->path, error);
  return self->store;
}

gboolean
lk_console_open (LkConsole *self, GError **error)
{
  return lk_console_get_store (self, error) != NULL;
}

LkLogins *
lk_console_get_logins (LkConsole *self)
{
  return self->logins;
}

const char *
lk_console_get_path (LkConsole *self)
{
  return self->path;
}

gint64
lk_console_now (LkConsole *self)
{
  return lk_clock_now (self->clock);
}

void
lk_console_set_key_provider (LkConsole *self, LkKeyProvider *provider)
{
  g_clear_pointer (&self->provider, lk_key_provider_free);
  self->provider = provider;
}

/* A key that is not the one the secrets were sealed under would open nothing, and sealing more
 * under it would split the store. */
static gboolean
check_key (LkStore *store, LkVault *vault, const char *known, GError **error)
{
  g_autofree char *id = lk_vault_get_id (vault);

  if (known == NULL)
    return lk_store_set_setting (store, SETTING_VAULT_ID, id, error);
  if (g_str_equal (known, id))
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("The key file of “%s” is not the one under which its secrets were sealed; put the"
                  " right one back"),
               lk_store_get_path (store));
  return FALSE;
}

static LkVault *
open_vault (LkConsole *self, GError **error)
{
  g_autofree char *key_file = g_strconcat (self->path, ".key", NULL);
  LkStore *store = lk_console_get_store (self, error);
  g_autofree char *known = NULL;
  g_autoptr (LkVault) vault = NULL;
  g_autoptr (GError) local_error = NULL;
  const char *name;

  if (store == NULL)
    return NULL;
  known = lk_store_get_setting (store, SETTING_VAULT_ID, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  if (self->provider == NULL)
    self->provider = lk_key_provider_new_file (key_file);
  name = self->provider->name;
  vault = lk_vault_open (g_steal_pointer (&self->provider), known == NULL, error);
  if (vault == NULL)
    {
      g_prefix_error (error, _ ("“%s”: "), key_file);
      return NULL;
    }
  if (!check_key (store, vault, known, error) ||
      (known == NULL && !lk_store_set_setting (store, SETTING_VAULT_PROVIDER, name, error)))
    return NULL;

  return g_steal_pointer (&vault);
}

LkVault *
lk_console_get_vault (LkConsole *self, GError **error)
{
  LkVault *vault;

  g_mutex_lock (&self->lock);
  if (self->vault == NULL)
    self->vault = open_vault (self, error);
  vault = self->vault;
  g_mutex_unlock (&self->lock);
  return vault;
}

GBytes *
lk_console_seal (LkConsole *self, const char *purpose, const LkSecret *secret, GError **error)
{
  LkVault *vault = lk_console_get_vault (self, error);

  return vault != NULL ? lk_vault_seal (vault, purpose, secret) : NULL;
}

LkSecret *
lk_console_unseal (LkConsole *self, const char *purpose, GBytes *ciphertext, GError **error)
{
  LkVault *vault = lk_console_get_vault (self, error);

  return vault != NULL ? lk_vault_unseal (vault, purpose, ciphertext, error) : NULL;
}

gboolean
lk_console_is_served (LkConsole *self)
{
  LkStore *store = lk_console_get_store (self, NULL);

  return store != NULL && lk_store_is_locked (store);
}

gboolean
lk_console_backup (LkConsole *self, const char *path, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  if (store == NULL)
    return FALSE;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return lk_store_backup (store, path, error);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” exists already; nothing was written"),
               path);
  return FALSE;
}

gboolean
lk_console_restore (LkConsole *self, const char *backup, GError **error)
{
  g_clear_pointer (&self->vault, lk_vault_free);
  g_clear_pointer (&self->store, lk_store_free);
  return lk_store_restore (self->path, backup, error);
}

gboolean
lk_console_check_store (LkConsole *self, GPtrArray **faults, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  if (store == NULL)
    return FALSE;
  *faults = lk_store_check (store, error);
  return *faults != NULL;
}
