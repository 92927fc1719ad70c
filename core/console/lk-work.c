/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-work.h"

#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-credentials.h"
#include "store/lk-queue.h"

#include <glib/gi18n-lib.h>

#define NO_JOB -1 /* no job has that number */

struct _LkWork
{
  LkConsole *console;
  LkStore *store;
  LkAccess access;
  LkTrust *trust;
  LkBackendSetup *backend;
  char *trouble; /* why there is no backend, although one is set up */
  LkRunnerOptions options;
  LkRunner *runner; /* NULL while another process has the lock */
};

static LkLogin *
get_login (const LkItem *item, gpointer user_data, GError **error)
{
  LkWork *self = user_data;
  const LkMachineNames names = {
    .name = item->name,
    .fqdn = item->full_name,
    .address = item->address,
    .domain = item->domain,
  };

  return lk_console_get_login (self->console, &names, error);
}

static LkSecret *
get_key (gint64 key_id, gpointer user_data, GError **error)
{
  LkWork *self = user_data;
  g_autoptr (LkKeyRow) row = lk_store_get_key (self->store, key_id, error);
  g_autofree char *purpose = NULL;

  if (row == NULL)
    return NULL;

  purpose = lk_console_get_key_purpose (row->fingerprint);
  return lk_console_unseal (self->console, purpose, row->ciphertext, error);
}

static gboolean
set_up_backend (LkWork *self, gboolean is_needed, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  self->backend = lk_console_get_backend (self->console, &local_error);
  if (self->backend == NULL && is_needed)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (self->backend == NULL && lk_console_has_backend (self->console))
    self->trouble = g_strdup (local_error->message);
  return TRUE;
}

LkWork *
lk_work_new (LkConsole *console,
             gint64 job_id,
             guint n_workers,
             gboolean needs_backend,
             GError **error)
{
  g_autoptr (LkWork) self = g_new0 (LkWork, 1);
  g_autofree char *ca_file = NULL;

  self->console = console;
  self->store = lk_console_get_store (console, error);
  if (self->store == NULL || lk_console_get_vault (console, error) == NULL ||
      !set_up_backend (self, needs_backend, error))
    return NULL;
  ca_file = lk_store_get_setting (self->store, LK_SETTING_MACHINES_CA, NULL);
  self->trust = lk_trust_new (ca_file, error);
  if (self->trust == NULL)
    return NULL;

  self->access.get_login = get_login;
  self->access.get_key = get_key;
  self->access.user_data = self;
  self->options.access = &self->access;
  self->options.trust = self->trust;
  self->options.job_id = job_id;
  self->options.n_workers =
      n_workers != 0 ? n_workers : lk_console_get_number (console, LK_SETTING_WORKERS);
  self->options.first_back_off = lk_console_get_duration (console, LK_SETTING_FIRST_BACK_OFF);
  self->options.longest_back_off = lk_console_get_duration (console, LK_SETTING_LONGEST_BACK_OFF);
  self->options.connect_ms = (guint) lk_console_get_duration (console, LK_SETTING_CONNECT_TIMEOUT);
  self->options.answer_ms = (guint) lk_console_get_duration (console, LK_SETTING_ANSWER_TIMEOUT);
  if (self->backend != NULL)
    {
      self->options.backend = &self->backend->options;
      self->options.batch_size = self->backend->batch_size;
      self->options.asks_again = self->backend->asks_again;
    }
  return g_steal_pointer (&self);
}

LkWork *
lk_work_new_for_request (LkConsole *console, gint64 transfer_id, GError **error)
{
  LkWork *self = lk_work_new (console, NO_JOB, 1, TRUE, error);

  if (self != NULL)
    self->options.transfer_id = transfer_id;
  return self;
}

void
lk_work_free (LkWork *self)
{
  if (self == NULL)
    return;
  if (self->runner != NULL)
    {
      lk_runner_stop (self->runner);
      lk_runner_free (self->runner);
      lk_store_unlock (self->store);
    }
  g_clear_pointer (&self->trust, lk_trust_unref);
  g_clear_pointer (&self->backend, lk_backend_setup_free);
  g_free (self->trouble);
  g_free (self);
}

gboolean
lk_work_try_start (LkWork *self, gboolean *running, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  guint n_items;

  *running = self->runner != NULL;
  if (*running)
    return TRUE;
  if (!lk_store_try_lock (self->store, &local_error))
    {
      if (local_error == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  /* Another process may have sealed everything anew while it had the lock. */
  if (lk_console_get_vault (self->console, error) == NULL ||
      !lk_store_recover (self->store, self->options.asks_again, lk_console_now (self->console),
                         &n_items, error))
    {
      lk_store_unlock (self->store);
      return FALSE;
    }

  self->runner = lk_runner_new (self->store, &self->options);
  lk_runner_start (self->runner);
  *running = TRUE;
  return TRUE;
}

void
lk_work_tick (LkWork *self)
{
  if (self->runner != NULL)
    lk_runner_tick (self->runner);
}

char *
lk_work_get_trouble (LkWork *self)
{
  char *trouble = self->runner != NULL ? lk_runner_get_trouble (self->runner) : NULL;

  return trouble != NULL ? trouble : g_strdup (self->trouble);
}

gboolean
lk_work_pause (GCancellable *cancellable, int ms)
{
  GPollFD poll_fd;

  if (g_cancellable_is_cancelled (cancellable))
    return FALSE;
  if (!g_cancellable_make_pollfd (cancellable, &poll_fd))
    {
      g_usleep ((gulong) ms * 1000);
      return !g_cancellable_is_cancelled (cancellable);
    }

  g_poll (&poll_fd, 1, ms);
  g_cancellable_release_fd (cancellable);
  return !g_cancellable_is_cancelled (cancellable);
}
