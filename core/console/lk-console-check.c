/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-check.h"

#include "console/lk-machine-target.h"

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

  if (target == NULL)
    return NULL;

  /* Without a credential the stages before it still tell something. */
  login = lk_console_get_login (self, &target->names, &no_credential);
  target->options.login = login;
  if (peer != NULL)
    *peer = lk_machine_target_describe (target);
  return lk_check_machine (&target->options, cancellable);
}
