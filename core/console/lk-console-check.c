/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-check.h"

#include "console/lk-machine-target.h"

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
  g_clear_pointer (&last->remedy, g_free);
}

GPtrArray *
lk_console_check_machine (LkConsole *self,
                          const char *name,
                          char **peer,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (LkMachineTarget) target = lk_machine_target_find (self, name, error);
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (GError) no_credential = NULL;
  GPtrArray *results;

  if (target == NULL)
    return NULL;

  /* Without a credential the stages before it still tell something. */
  login = lk_console_get_login (self, &target->names, &no_credential);
  target->options.login = login;
  if (peer != NULL)
    *peer = lk_machine_target_describe (target);
  results = lk_check_machine (&target->options, cancellable);
  if (login == NULL && no_credential != NULL)
    explain_no_credential (results, no_credential);
  return results;
}
