/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl.h"

#include "base/lk-error.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <string.h>

static const LkCtlCommand *const groups[] = {
  lk_ctl_machine_commands,  lk_ctl_discover_ldap_commands, lk_ctl_network_commands,
  lk_ctl_source_commands,   lk_ctl_identity_commands,      lk_ctl_trust_commands,
  lk_ctl_check_commands,    lk_ctl_plan_commands,          lk_ctl_phone_commands,
  lk_ctl_transfer_commands, lk_ctl_answer_commands,        lk_ctl_job_commands,
  lk_ctl_key_commands,      lk_ctl_credential_commands,    lk_ctl_setting_commands,
  lk_ctl_report_commands,   lk_ctl_store_commands,         lk_ctl_help_commands,
};

const LkCtlCommand *
lk_ctl_get_command (guint n)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const LkCtlCommand *command = groups[i]; command->name != NULL; command++)
      if (n-- == 0)
        return command;

  return NULL;
}

const LkCtlCommand *
lk_ctl_find_command (const char *name)
{
  const LkCtlCommand *command;

  for (guint i = 0; (command = lk_ctl_get_command (i)) != NULL; i++)
    if (g_str_equal (command->name, name))
      return command;

  return NULL;
}

LkExit
lk_exit_from_error (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return LK_EXIT_INTERRUPTED;
  if (error->domain == G_OPTION_ERROR)
    return LK_EXIT_USAGE;
  if (error->domain != LK_ERROR)
    return LK_EXIT_ERROR;

  switch ((LkError) error->code)
    {
    case LK_ERROR_UNREACHABLE:
    case LK_ERROR_BUSY:
      return LK_EXIT_UNREACHABLE;
    case LK_ERROR_DENIED:
      return LK_EXIT_DENIED;
    case LK_ERROR_INVALID:
      return LK_EXIT_USAGE;
    case LK_ERROR_REJECTED:
    case LK_ERROR_BAD_REPLY:
    case LK_ERROR_STORE:
      return LK_EXIT_ERROR;
    }

  return LK_EXIT_ERROR;
}

LkExit
lk_ctl_fail_as (LkCtl *ctl, LkExit status, GError *error)
{
  lk_ctl_say (ctl, "latchkeyctl: %s", error->message);
  g_clear_error (&ctl->error);
  ctl->error = error;
  return status;
}

LkExit
lk_ctl_fail (LkCtl *ctl, GError *error)
{
  return lk_ctl_fail_as (ctl, lk_exit_from_error (error), error);
}

LkExit
lk_ctl_fail_with (LkCtl *ctl, LkError code, LkExit status, GError *error)
{
  gboolean is_meant = g_error_matches (error, LK_ERROR, (int) code);

  return lk_ctl_fail_as (ctl, is_meant ? status : lk_exit_from_error (error), error);
}

LkExit
lk_ctl_fail_usage (LkCtl *ctl, const char *format, ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = g_error_new_valist (LK_ERROR, LK_ERROR_INVALID, format, args);
  va_end (args);
  return lk_ctl_fail_as (ctl, LK_EXIT_USAGE, error);
}

gboolean
lk_ctl_get_choice (LkCtl *ctl, LkChoice *choice, gboolean is_required)
{
  const LkCtlOptions *options = &ctl->options;
  gboolean has_names = ctl->args[0] != NULL;

  if (has_names + (options->select != NULL) + options->all > 1)
    {
      lk_ctl_fail_usage (ctl,
                         _ ("Name machines, or give --select, or --all, but only one of them"));
      return FALSE;
    }
  if (is_required && !has_names && options->select == NULL && !options->all)
    {
      lk_ctl_fail_usage (ctl,
                         _ ("Say which machines: by name, with --select CONDITIONS, or --all"));
      return FALSE;
    }

  choice->names = has_names ? (const char *const *) ctl->args : NULL;
  choice->select = options->select;
  choice->product = options->product;
  return TRUE;
}

GPtrArray *
lk_ctl_get_rows (LkCtl *ctl, gboolean is_required, LkExit *status)
{
  LkChoice choice = { 0 };
  gboolean is_unknown_name = FALSE;
  g_autoptr (GError) error = NULL;
  GPtrArray *rows;

  *status = LK_EXIT_USAGE;
  if (!lk_ctl_get_choice (ctl, &choice, is_required))
    return NULL;

  rows = lk_console_list_rows (ctl->console, &choice, &is_unknown_name, &error);
  if (rows == NULL && is_unknown_name)
    *status = lk_ctl_fail_as (ctl, LK_EXIT_NOTHING, g_steal_pointer (&error));
  else if (rows == NULL)
    *status = lk_ctl_fail (ctl, g_steal_pointer (&error));
  return rows;
}
