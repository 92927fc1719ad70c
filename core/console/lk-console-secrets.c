/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-secrets.h"

#include "base/lk-crash.h"
#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "store/lk-seals.h"

#include <glib/gi18n-lib.h>

void
lk_key_place_free (LkKeyPlace *self)
{
  if (self == NULL)
    return;
  g_free (self->provider);
  g_free (self->place);
  g_free (self);
}

LkKeyPlace *
lk_console_get_key_place (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkKeyUse) use = store != NULL ? lk_store_get_key_use (store, error) : NULL;
  g_autoptr (LkKeyPlace) place = g_new0 (LkKeyPlace, 1);
  g_autoptr (LkKeyProvider) provider = NULL;
  guint counts[LK_SEALED_N_KINDS];

  if (use == NULL || !lk_store_count_sealed (store, counts, error))
    return NULL;
  if (use->id != NULL)
    {
      provider = lk_console_make_provider (self, use->provider, error);
      if (provider == NULL)
        return NULL;
      place->provider = g_strdup (provider->name);
      place->place = g_strdup (provider->place);
    }

  place->n_keys = counts[LK_SEALED_KEY];
  place->n_credentials = counts[LK_SEALED_CREDENTIAL];
  place->n_settings = counts[LK_SEALED_SETTING];
  return g_steal_pointer (&place);
}

char *
lk_console_describe_provider (LkConsole *self, const char *provider, GError **error)
{
  g_autoptr (LkKeyProvider) found = lk_console_make_provider (self, provider, NULL);

  if (found != NULL)
    return g_strdup (found->place);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("A key is kept by %s or %s, not by “%s”"),
               LK_KEY_FILE, LK_KEY_SERVICE, provider);
  return NULL;
}

gboolean
lk_console_try_key (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkKeyUse) use = NULL;
  gboolean was_ours, is_tidy;

  if (store == NULL || lk_console_get_vault (self, error) == NULL)
    return FALSE;
  use = lk_store_get_key_use (store, error);
  if (use == NULL)
    return FALSE;

  was_ours = lk_store_has_lock (store);
  if (use->spare_id == NULL || !lk_store_try_lock (store, NULL))
    return TRUE;

  lk_console_tidy_keys (self, &is_tidy, NULL);
  if (!was_ours)
    lk_store_unlock (store);
  return TRUE;
}

typedef struct
{
  LkVault *old;
  LkVault *new;
} Vaults;

/* What a ciphertext is bound to; @fingerprint is of a product key only. */
static char *
get_purpose (const LkSealedRow *row, const char *fingerprint)
{
  switch (row->kind)
    {
    case LK_SEALED_KEY:
      return lk_console_get_key_purpose (fingerprint);
    case LK_SEALED_CREDENTIAL:
      return lk_console_get_credential_purpose (row->name);
    case LK_SEALED_SETTING:
      return lk_console_get_sealed_purpose (row->name);
    case LK_SEALED_N_KINDS:
      break;
    }

  g_assert_not_reached ();
}

static gboolean
seal_row (LkSealedRow *row, gpointer user_data, GError **error)
{
  const Vaults *vaults = user_data;
  g_autofree char *old_purpose = get_purpose (row, row->name);
  g_autoptr (LkSecret) secret = lk_vault_unseal (vaults->old, old_purpose, row->ciphertext, error);
  g_autofree char *purpose = NULL;

  if (secret == NULL)
    {
      g_prefix_error (error, _ ("“%s”: "), row->title);
      return FALSE;
    }

  if (row->kind == LK_SEALED_KEY)
    {
      g_free (row->name);
      row->name = lk_vault_fingerprint (vaults->new, secret);
    }
  purpose = get_purpose (row, row->name);
  g_bytes_unref (row->ciphertext);
  row->ciphertext = lk_vault_seal (vaults->new, purpose, secret);
  return TRUE;
}

/* The store names the key that is not in use at every moment: first the new one, before there is
 * any, then, in the transaction that seals everything anew, the old one. Whoever finds the store in
 * between opens it with the key that it says, and deletes the other. */
static gboolean
change_key (LkConsole *self, LkStore *store, const char *name, gboolean *is_tidy, GError **error)
{
  Vaults vaults = { lk_console_get_vault (self, error), NULL };
  g_autoptr (LkVault) vault = lk_vault_new ();
  g_autofree char *id = lk_vault_get_id (vault);
  g_autoptr (LkKeyProvider) provider = lk_console_make_provider (self, name, error);
  g_autoptr (LkKeyUse) use = NULL;
  LkKeyUse next = { .provider = (char *) name, .id = id };

  if (vaults.old == NULL || provider == NULL || !lk_console_tidy_keys (self, is_tidy, error))
    return FALSE;
  use = lk_store_get_key_use (store, error);
  if (use == NULL || !lk_store_set_spare_key (store, name, id, error))
    return FALSE;

  lk_crash_point ("key-noted");
  if (!lk_vault_keep (vault, provider, g_str_equal (name, use->provider) ? use->id : NULL, error))
    {
      /* Should a part of it be there after all: nothing was ever sealed under it. */
      provider->remove (provider, id, NULL);
      lk_store_set_spare_key (store, NULL, NULL, NULL);
      return FALSE;
    }

  lk_crash_point ("key-kept");
  vaults.new = vault;
  next.spare_provider = use->provider;
  next.spare_id = use->id;
  if (!lk_store_seal_anew (store, use->id, &next, seal_row, &vaults, error))
    {
      lk_console_tidy_keys (self, is_tidy, NULL);
      return FALSE;
    }

  lk_crash_point ("key-changed");
  lk_console_drop_vault (self);
  return lk_console_tidy_keys (self, is_tidy, error);
}

gboolean
lk_console_change_key (LkConsole *self, const char *provider, gboolean *is_tidy, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  gboolean was_ours = store != NULL && lk_store_has_lock (store);
  g_autoptr (GError) local_error = NULL;
  gboolean done;

  if (store == NULL)
    return FALSE;
  if (!lk_store_try_lock (store, &local_error))
    {
      if (local_error == NULL)
        g_set_error (&local_error, LK_ERROR, LK_ERROR_BUSY,
                     _ ("Another process runs the jobs of “%s”; end it first"),
                     lk_store_get_path (store));
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  done = change_key (self, store, provider, is_tidy, error);
  if (!was_ours)
    lk_store_unlock (store);
  return done;
}
