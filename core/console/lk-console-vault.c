/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-crash.h"
#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "store/lk-seals.h"

#include <glib/gi18n-lib.h>

/* How often the store may be sealed anew while we look for its key. */
#define N_TRIES 5

static char *
get_key_file (LkConsole *self)
{
  return g_strconcat (self->path, ".key", NULL);
}

LkKeyProvider *
lk_console_make_provider (LkConsole *self, const char *name, GError **error)
{
  g_autofree char *key_file = get_key_file (self);

  if (g_str_equal (name, LK_KEY_FILE))
    return lk_key_provider_new_file (key_file);
  if (g_str_equal (name, LK_KEY_SERVICE))
    return lk_key_provider_new_service (self->path);

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("“%s”: its key is kept by “%s”, which this version of Latchkey does not know"),
               self->path, name);
  return NULL;
}

/* Of a store in which nothing was sealed yet. */
static const char *
choose_provider (LkConsole *self)
{
  g_autofree char *key_file = get_key_file (self);

  return !g_file_test (key_file, G_FILE_TEST_EXISTS) && lk_key_service_is_ready () ? LK_KEY_SERVICE
                                                                                   : LK_KEY_FILE;
}

gboolean
lk_console_tidy_keys (LkConsole *self, gboolean *is_tidy, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkKeyUse) use = store != NULL ? lk_store_get_key_use (store, error) : NULL;
  g_autoptr (LkKeyProvider) used = NULL;
  g_autoptr (LkKeyProvider) spare = NULL;
  g_autoptr (GError) local_error = NULL;

  *is_tidy = TRUE;
  if (use == NULL)
    return FALSE;
  if (use->spare_id == NULL || use->id == NULL)
    return TRUE;

  used = lk_console_make_provider (self, use->provider, error);
  if (used == NULL || !used->settle (used, use->id, error))
    return FALSE;

  lk_crash_point ("key-settled");
  spare = lk_console_make_provider (self, use->spare_provider, &local_error);
  *is_tidy = spare != NULL && spare->remove (spare, use->spare_id, &local_error);
  lk_crash_point ("key-removed");
  if (*is_tidy)
    return lk_store_set_spare_key (store, NULL, NULL, error);

  g_info ("A key that is not in use stays for now: %s", local_error->message);
  return TRUE;
}

/* What an interrupted change of the key left behind; there is a next time. Nobody waits here for a
 * keyring that has not just answered. */
static void
tidy_if_free (LkConsole *self, LkStore *store, const LkKeyUse *use)
{
  gboolean was_ours = lk_store_has_lock (store);
  gboolean is_tidy;

  if ((!g_str_equal (use->spare_provider, LK_KEY_FILE) &&
       !g_str_equal (use->spare_provider, use->provider)) ||
      !lk_store_try_lock (store, NULL))
    return;

  lk_console_tidy_keys (self, &is_tidy, NULL);
  if (!was_ours)
    lk_store_unlock (store);
}

/* Opens with the first key of the store; NULL without an error when somebody else was faster. */
static LkVault *
open_first (LkConsole *self, LkStore *store, GError **error)
{
  const char *name = choose_provider (self);
  g_autoptr (LkVault) vault =
      lk_vault_open (lk_console_make_provider (self, name, NULL), NULL, error);
  g_autofree char *id = vault != NULL ? lk_vault_get_id (vault) : NULL;
  g_autoptr (LkKeyUse) use = NULL;
  gboolean is_first;

  if (vault == NULL || !lk_store_adopt_key (store, name, id, &is_first, error))
    return NULL;
  if (is_first)
    return g_steal_pointer (&vault);

  use = lk_store_get_key_use (store, error);
  if (use != NULL && g_strcmp0 (use->id, id) != 0)
    {
      g_autoptr (LkKeyProvider) provider = lk_console_make_provider (self, name, NULL);

      provider->remove (provider, id, NULL);
    }
  return NULL;
}

static LkVault *
open_with (LkConsole *self, LkStore *store, const LkKeyUse *use, GError **error)
{
  LkKeyProvider *provider = lk_console_make_provider (self, use->provider, error);
  LkVault *vault = provider != NULL ? lk_vault_open (provider, use->id, error) : NULL;

  if (vault != NULL && use->spare_id != NULL)
    tidy_if_free (self, store, use);
  return vault;
}

static LkVault *
open_vault (LkConsole *self, LkStore *store, GError **error)
{
  for (guint i = 0; i < N_TRIES; i++)
    {
      g_autoptr (LkKeyUse) use = lk_store_get_key_use (store, error);
      g_autoptr (GError) local_error = NULL;
      g_autofree char *id = NULL;
      LkVault *vault;

      if (use == NULL)
        return NULL;
      vault = use->id == NULL ? open_first (self, store, &local_error)
                              : open_with (self, store, use, &local_error);
      if (vault != NULL)
        return vault;

      /* A key that is gone may have been exchanged while we looked. */
      id = lk_store_get_setting (store, LK_SETTING_KEY_ID, NULL);
      if (local_error != NULL && g_strcmp0 (id, use->id) == 0)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }

  g_set_error (error, LK_ERROR, LK_ERROR_BUSY, _ ("“%s”: its key changes all the time"),
               self->path);
  return NULL;
}

static gboolean
is_current (LkConsole *self, LkStore *store)
{
  g_autofree char *id = NULL;

  if (self->vault == NULL)
    return FALSE;

  id = lk_store_get_setting (store, LK_SETTING_KEY_ID, NULL);
  return g_strcmp0 (id, self->vault_id) == 0;
}

static void
retire (LkConsole *self)
{
  if (self->vault != NULL)
    g_ptr_array_add (self->old_vaults, g_steal_pointer (&self->vault));
  g_clear_pointer (&self->vault_id, g_free);
}

void
lk_console_drop_vault (LkConsole *self)
{
  g_mutex_lock (&self->lock);
  retire (self);
  g_mutex_unlock (&self->lock);
}

LkVault *
lk_console_get_vault (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  LkVault *vault;

  if (store == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  if (!is_current (self, store))
    {
      retire (self);
      self->vault = open_vault (self, store, error);
      self->vault_id = self->vault != NULL ? lk_vault_get_id (self->vault) : NULL;
      if (self->vault != NULL)
        lk_store_set_key_id (store, self->vault_id);
    }
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
