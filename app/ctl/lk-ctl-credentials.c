/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static const LkCtlColumn columns[] = {
  { "name", N_ ("Name"), 's' },
  { "user", N_ ("User"), 's' },
  { "scope", N_ ("For"), 's' },
  { NULL, NULL, 0 },
};

static LkExit
add_credential (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) password = NULL;

  if (ctl->options.user == NULL)
    return lk_ctl_fail_usage (ctl, _ ("Say which user with --user USER"));

  password = lk_ctl_get_secret (ctl, _ ("Password"), TRUE, &error);
  if (password == NULL || !lk_console_put_credential (ctl->console, ctl->args[0], ctl->options.user,
                                                      ctl->options.scope, password, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("Credential %s is kept\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

static LkExit
list_credentials (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (ctl->console, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (columns);

  if (rows == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < rows->len; i++)
    {
      const LkCredentialRow *row = g_ptr_array_index (rows, i);

      lk_ctl_list_add (list, row->name, row->user, row->scope);
    }
  lk_ctl_list_print (list, ctl, "credentials");
  return LK_EXIT_OK;
}

static LkExit
remove_credential (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *question = g_strdup_printf (_ ("Remove the credential %s?"), ctl->args[0]);
  LkExit status;

  if (ctl->options.dry_run)
    return list_credentials (ctl);
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_remove_credential (ctl->console, ctl->args[0], &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("Credential %s is removed\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_credential_commands[] = {
  { "credential add", N_ ("NAME"), N_ ("Add or replace a user and password for some machines"),
    "credential add default --user Administrator\n"
    "credential add lab --user 'LAB\\admin' --scope '*.lab.test' --password-file ~/lab.txt",
    LK_TAKES_PASSWORD, 1, 1, add_credential },
  { "credential list", "", N_ ("List credentials, without their passwords"), "credential list",
    LK_TAKES_CSV, 0, 0, list_credentials },
  { "credential remove", N_ ("NAME"), N_ ("Remove a credential"), "credential remove lab",
    LK_TAKES_YES | LK_TAKES_DRY_RUN, 1, 1, remove_credential },
  { 0 },
};
