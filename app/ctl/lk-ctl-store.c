/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-secrets.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static LkExit
backup (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyPlace) place = NULL;

  if (!lk_console_backup (ctl->console, ctl->args[0], &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  place = lk_console_get_key_place (ctl->console, &error);
  if (place == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_set_text (ctl, "file", ctl->args[0]);
  lk_ctl_print (ctl, _ ("“%s” is a copy of the store\n"), ctl->args[0]);
  if (place->provider != NULL)
    lk_ctl_print (ctl,
                  _ ("Its secrets open with the store's key only, which is in %s: keep a copy of"
                     " that apart\n"),
                  place->place);
  return LK_EXIT_OK;
}

static LkExit
restore (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *question =
      g_strdup_printf (_ ("Put “%s” in the place of “%s”? What is there now is kept beside it."),
                       ctl->args[0], lk_console_get_path (ctl->console));
  LkExit status;

  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_restore (ctl->console, ctl->args[0], &error))
    {
      status = lk_exit_from_error (error);
      if (g_error_matches (error, LK_ERROR, LK_ERROR_BUSY))
        status = LK_EXIT_LOCKED;
      else if (g_error_matches (error, LK_ERROR, LK_ERROR_INVALID) ||
               g_error_matches (error, LK_ERROR, LK_ERROR_STORE))
        status = LK_EXIT_BAD_FILE;
      return lk_ctl_fail_as (ctl, status, g_steal_pointer (&error));
    }

  lk_ctl_print (ctl, _ ("“%s” is restored\n"), lk_console_get_path (ctl->console));
  return LK_EXIT_OK;
}

static LkExit
check_store (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) faults = NULL;

  if (!lk_console_check_store (ctl->console, &faults, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  json_builder_set_member_name (ctl->json, "faults");
  json_builder_begin_array (ctl->json);
  for (guint i = 0; i < faults->len; i++)
    {
      json_builder_add_string_value (ctl->json, g_ptr_array_index (faults, i));
      lk_ctl_print (ctl, "%s\n", (const char *) g_ptr_array_index (faults, i));
    }
  json_builder_end_array (ctl->json);
  if (faults->len == 0)
    lk_ctl_print (ctl, _ ("“%s” is sound\n"), lk_console_get_path (ctl->console));
  return faults->len == 0 ? LK_EXIT_OK : LK_EXIT_BAD_FILE;
}

const LkCtlCommand lk_ctl_store_commands[] = {
  { "store backup", N_ ("FILE"), N_ ("Copy the store into a new file while others go on"),
    "store backup /srv/backup/fleet-2026-11-23.db", 0, 1, 1, backup },
  { "store restore", N_ ("FILE"), N_ ("Put a backup in the store's place"),
    "store restore /srv/backup/fleet-2026-11-23.db --yes", LK_TAKES_YES, 1, 1, restore },
  { "store check", "", N_ ("Read the whole store and say whether it is sound"), "store check", 0, 0,
    0, check_store },
  { 0 },
};
