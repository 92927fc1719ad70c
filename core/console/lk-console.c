/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "store/lk-health.h"

#include <glib/gi18n-lib.h>

LkConsole *
lk_console_new (const char *path, const LkClock *clock)
{
  LkConsole *self = g_new0 (LkConsole, 1);

  self->path = path != NULL ? g_strdup (path) : lk_store_get_default_path ();
  self->clock = clock;
  self->logins = lk_logins_new ();
  g_mutex_init (&self->lock);
  self->old_vaults = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_vault_free);
  return self;
}

void
lk_console_free (LkConsole *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->logins, lk_logins_free);
  g_clear_pointer (&self->vault, lk_vault_free);
  g_free (self->vault_id);
  g_ptr_array_unref (self->old_vaults);
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
  lk_console_drop_vault (self);
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
