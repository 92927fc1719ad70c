/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-check.h"

#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "console/lk-console-settings.h"
#include "console/lk-machine-target.h"

#include <glib/gi18n-lib.h>

#define DEFAULT_WORKERS 64 /* as many as jobs have */

/* A machine that waits for a worker. */
typedef struct
{
  LkMachineTarget *target;
  LkLogin *login;        /* or NULL */
  GError *no_credential; /* why there is no login */
  LkMachineCheck *check;
} Call;

typedef struct
{
  GCancellable *cancellable;
  LkCheckFunc func;
  gpointer user_data;
  GMutex lock; /* for what follows */
  guint n_all;
  guint n_done;
} Round;

void
lk_machine_check_free (LkMachineCheck *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->results, g_ptr_array_unref);
  g_free (self->name);
  g_free (self->peer);
  g_free (self);
}

const LkCheckResult *
lk_machine_check_get_last (const LkMachineCheck *self)
{
  return self->results->pdata[self->results->len - 1];
}

static void
call_free (gpointer data)
{
  Call *self = data;

  g_clear_pointer (&self->target, lk_machine_target_free);
  g_clear_pointer (&self->login, lk_login_unref);
  g_clear_error (&self->no_credential);
  g_clear_pointer (&self->check, lk_machine_check_free);
  g_free (self);
}

/* Nobody signed in, and the machine can only say that somebody should have. */
static void
explain_no_credential (GPtrArray *results, const GError *why)
{
  LkCheckResult *last = results->pdata[results->len - 1];

  if (last->ok || last->stage != LK_CHECK_AUTH)
    return;
  g_free (last->text);
  last->text = g_strdup (why->message);
  last->code = why->domain == LK_ERROR ? (LkError) why->code : LK_ERROR_DENIED;
  last->cause = LK_CAUSE_NO_CREDENTIAL;
  g_clear_pointer (&last->remedy, g_free);
  g_clear_pointer (&last->script, g_free);
}

static void
work (gpointer data, gpointer user_data)
{
  Call *call = data;
  Round *round = user_data;
  LkMachineCheck *check = call->check;

  if (g_cancellable_is_cancelled (round->cancellable))
    return;
  call->target->options.login = call->login;
  check->results = lk_check_machine (&call->target->options, round->cancellable);
  if (call->no_credential != NULL)
    explain_no_credential (check->results, call->no_credential);

  g_mutex_lock (&round->lock);
  round->n_done++;
  if (round->func != NULL)
    round->func (check, round->n_done, round->n_all, round->user_data);
  g_mutex_unlock (&round->lock);
}

/* Without a credential the stages before it still tell something. */
static Call *
make_call (LkConsole *self, LkMachineTarget *target, const char *name)
{
  Call *call = g_new0 (Call, 1);
  const LkRow *row = target->rows != NULL ? target->rows->pdata[target->row] : NULL;

  call->target = target;
  call->login = lk_console_get_login (self, &target->names, &call->no_credential);
  call->check = g_new0 (LkMachineCheck, 1);
  call->check->machine_id = row != NULL ? row->machine_id : 0;
  call->check->name = g_strdup (row != NULL ? row->name : name);
  call->check->peer = lk_machine_target_describe (target);
  return call;
}

static gboolean
add_names (LkConsole *self, const char *const *names, GPtrArray *calls, GError **error)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      LkMachineTarget *target = lk_machine_target_find (self, names[i], error);

      if (target == NULL)
        return FALSE;
      g_ptr_array_add (calls, make_call (self, target, names[i]));
    }

  return TRUE;
}

static gboolean
add_rows (LkConsole *self, const LkChoice *choice, GPtrArray *calls, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_rows (self, choice, NULL, error);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr (LkTrust) trust = NULL; /* one for all: reading the authorities takes its time */

  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      LkRow *row = rows->pdata[i];
      LkMachineTarget *target;

      if (!g_hash_table_add (seen, &row->machine_id))
        continue;
      target = lk_machine_target_new_for_row (self, rows, i, &trust, error);
      if (target == NULL)
        return FALSE;
      g_ptr_array_add (calls, make_call (self, target, row->name));
    }

  return TRUE;
}

static void
run (GPtrArray *calls, guint n_workers, Round *round)
{
  GThreadPool *pool = g_thread_pool_new (work, round, (int) n_workers, FALSE, NULL);

  g_mutex_init (&round->lock);
  round->n_all = calls->len;
  for (guint i = 0; i < calls->len; i++)
    g_thread_pool_push (pool, calls->pdata[i], NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&round->lock);
}

GPtrArray *
lk_console_check_machines (LkConsole *self,
                           const LkChoice *choice,
                           guint n_workers,
                           LkCheckFunc func,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GPtrArray) calls = g_ptr_array_new_with_free_func (call_free);
  Round round = { .cancellable = cancellable, .func = func, .user_data = user_data };
  GPtrArray *checks;

  if (!(choice->names != NULL ? add_names (self, choice->names, calls, error)
                              : add_rows (self, choice, calls, error)))
    return NULL;
  if (n_workers == 0)
    n_workers = lk_console_get_number (self, LK_SETTING_WORKERS);
  run (calls, n_workers != 0 ? n_workers : DEFAULT_WORKERS, &round);

  checks = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_machine_check_free);
  for (guint i = 0; i < calls->len; i++)
    {
      Call *call = calls->pdata[i];

      if (call->check->results != NULL)
        g_ptr_array_add (checks, g_steal_pointer (&call->check));
    }
  return checks;
}

static void
group_free (gpointer data)
{
  LkCheckGroup *self = data;

  g_ptr_array_unref (self->checks);
  g_free (self);
}

GPtrArray *
lk_check_group (GPtrArray *checks)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);

  for (LkCheckCause cause = LK_CAUSE_READY; cause < LK_N_CAUSES; cause++)
    {
      LkCheckGroup *group = NULL;

      for (guint i = 0; i < checks->len; i++)
        {
          if (lk_machine_check_get_last (checks->pdata[i])->cause != cause)
            continue;
          if (group == NULL)
            {
              group = g_new0 (LkCheckGroup, 1);
              group->cause = cause;
              group->checks = g_ptr_array_new ();
              g_ptr_array_add (groups, group);
            }
          g_ptr_array_add (group->checks, checks->pdata[i]);
        }
    }

  return groups;
}

char *
lk_check_groups_describe (GPtrArray *groups, guint n_all)
{
  GString *text = g_string_new (NULL);
  guint n_ready = 0;
  gboolean is_first = TRUE;

  for (guint i = 0; i < groups->len; i++)
    {
      const LkCheckGroup *group = groups->pdata[i];

      if (group->cause == LK_CAUSE_READY)
        n_ready = group->checks->len;
    }
  g_string_printf (text, _ ("%u of %u ready"), n_ready, n_all);
  for (guint i = 0; i < groups->len; i++)
    {
      const LkCheckGroup *group = groups->pdata[i];

      if (group->cause == LK_CAUSE_READY)
        continue;
      g_string_append (text, is_first ? "; " : ", ");
      /* Translators: a kind of failure, and how many machines have it. */
      g_string_append_printf (text, _ ("%s: %u"), lk_check_cause_to_title (group->cause),
                              group->checks->len);
      is_first = FALSE;
    }
  return g_string_free (text, FALSE);
}
