/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-jobs.h"

#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"

GPtrArray *
lk_console_list_jobs (LkConsole *self, guint max, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_jobs (store, max, error) : NULL;
}

LkJobRow *
lk_console_get_job (LkConsole *self, gint64 id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_get_job (store, id, error) : NULL;
}

GPtrArray *
lk_console_list_items (LkConsole *self, gint64 job_id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_items (store, job_id, 0, error) : NULL;
}

gboolean
lk_console_pause_job (LkConsole *self, gint64 id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_pause_job (store, id, lk_console_now (self), error);
}

gboolean
lk_console_resume_job (LkConsole *self, gint64 id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_resume_job (store, id, lk_console_now (self), error);
}

gboolean
lk_console_cancel_job (LkConsole *self, gint64 id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_cancel_job (store, id, lk_console_now (self), error);
}

gboolean
lk_console_retry_job (LkConsole *self, gint64 id, guint *n, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkJobRow) job = store != NULL ? lk_store_get_job (store, id, error) : NULL;

  return job != NULL && lk_store_retry_job (store, id, lk_console_now (self), n, error);
}

gboolean
lk_console_check_backend (LkConsole *self, GError **error)
{
  g_autoptr (LkBackendSetup) setup = lk_console_get_backend (self, error);

  return setup != NULL;
}
