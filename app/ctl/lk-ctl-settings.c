/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-secrets.h"
#include "console/lk-console-settings.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static const LkCtlColumn columns[] = {
  { "name", N_ ("Setting"), 's' },
  { "value", N_ ("Value"), 's' },
  { "default", N_ ("Else"), 's' },
  { "help", N_ ("What it is"), 's' },
  { NULL, NULL, 0 },
};

static LkExit
list_settings (LkCtl *ctl)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (columns);

  for (const LkSetting *setting = lk_settings_get_all (); setting->name != NULL; setting++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *value = lk_console_get_setting (ctl->console, setting->name, &error);

      if (error != NULL)
        return lk_ctl_fail (ctl, g_steal_pointer (&error));
      lk_ctl_list_add (list, setting->name, value, setting->fallback, _ (setting->help));
    }
  lk_ctl_list_print (list, ctl, "settings");
  return LK_EXIT_OK;
}

static LkExit
get_setting (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *value = lk_console_get_setting (ctl->console, ctl->args[0], &error);

  if (error != NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_set_text (ctl, "value", value);
  if (value == NULL)
    {
      lk_ctl_say (ctl, _ ("%s is not set"), ctl->args[0]);
      return LK_EXIT_NOTHING;
    }
  lk_ctl_print (ctl, "%s\n", value);
  return LK_EXIT_OK;
}

static LkExit
set_setting (LkCtl *ctl)
{
  const char *name = ctl->args[0];
  const char *value = ctl->args[1];
  g_autoptr (GError) error = NULL;
  const LkSetting *setting = lk_setting_find (name, &error);
  g_autoptr (LkSecret) secret = NULL;
  gboolean done;

  if (setting == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (setting->kind != LK_SETTING_SECRET && value == NULL)
    return lk_ctl_fail_usage (ctl, _ ("Give the value of %s"), name);
  if (setting->kind == LK_SETTING_SECRET && value != NULL)
    return lk_ctl_fail_usage (ctl,
                              _ ("%s is a secret, so its value is never taken from the command"
                                 " line: it is asked for, or read with --fd or --file"),
                              name);

  if (setting->kind == LK_SETTING_SECRET)
    {
      secret = lk_ctl_get_secret (ctl, name, FALSE, &error);
      done = secret != NULL && lk_console_set_secret (ctl->console, name, secret, &error);
    }
  else
    done = lk_console_set_setting (ctl->console, name, value, &error);
  if (!done)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("%s is set\n"), name);
  return LK_EXIT_OK;
}

static LkExit
unset_setting (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;

  if (!lk_console_unset_setting (ctl->console, ctl->args[0], &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("%s is no longer set\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

static void
build_key_place (LkCtl *ctl, const LkKeyPlace *place, gboolean opens)
{
  lk_ctl_set_text (ctl, "provider", place->provider);
  lk_ctl_set_text (ctl, "place", place->place);
  json_builder_set_member_name (ctl->json, "opens");
  json_builder_add_boolean_value (ctl->json, opens);
  lk_ctl_set_count (ctl, "keys", place->n_keys);
  lk_ctl_set_count (ctl, "credentials", place->n_credentials);
  lk_ctl_set_count (ctl, "settings", place->n_settings);
}

static LkExit
show_key_place (LkCtl *ctl, const LkKeyPlace *place)
{
  const char *path = lk_console_get_path (ctl->console);
  g_autoptr (GError) error = NULL;
  gboolean opens = place->provider != NULL && lk_console_try_key (ctl->console, &error);

  build_key_place (ctl, place, opens);
  if (place->provider == NULL)
    {
      lk_ctl_print (ctl, _ ("“%s” holds no secrets yet, so it has no key\n"), path);
      return LK_EXIT_OK;
    }

  lk_ctl_print (ctl,
                opens ? _ ("The key of “%s” is in %s, and opens its secrets\n")
                      : _ ("The key of “%s” is in %s\n"),
                path, place->place);
  return opens ? LK_EXIT_OK : lk_ctl_fail (ctl, g_steal_pointer (&error));
}

static LkExit
change_key (LkCtl *ctl, const LkKeyPlace *place, const char *provider)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *target = lk_console_describe_provider (ctl->console, provider, &error);
  g_autofree char *sealed =
      g_strdup_printf (_ ("product keys: %u, credentials: %u, settings: %u"), place->n_keys,
                       place->n_credentials, place->n_settings);
  g_autofree char *question = NULL;
  gboolean is_tidy = TRUE;
  LkExit status;

  if (target == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (ctl->options.dry_run)
    {
      build_key_place (ctl, place, lk_console_try_key (ctl->console, NULL));
      lk_ctl_print (ctl, _ ("Would be sealed under a new key in %s: %s\n"), target, sealed);
      return LK_EXIT_OK;
    }

  question = g_strdup_printf (_ ("Seal everything (%s) under a new key in %s, and delete the old"
                                 " key? Backups that were made before open with the old one only."),
                              sealed, target);
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_change_key (ctl->console, provider, &is_tidy, &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_BUSY, LK_EXIT_LOCKED, g_steal_pointer (&error));

  lk_ctl_set_text (ctl, "provider", provider);
  lk_ctl_set_text (ctl, "place", target);
  lk_ctl_print (ctl, _ ("Sealed under a new key in %s: %s\n"), target, sealed);
  if (!is_tidy)
    lk_ctl_say (ctl, _ ("The old key cannot be deleted now; try again with: latchkeyctl config"
                        " secrets"));
  lk_ctl_say (ctl, _ ("Make a new backup now: latchkeyctl store backup FILE"));
  return LK_EXIT_OK;
}

static LkExit
secrets (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyPlace) place = lk_console_get_key_place (ctl->console, &error);

  if (place == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  return ctl->args[0] == NULL ? show_key_place (ctl, place) : change_key (ctl, place, ctl->args[0]);
}

const LkCtlCommand lk_ctl_setting_commands[] = {
  { "config list", "", N_ ("List all settings with their values"), "config list", LK_TAKES_CSV, 0,
    0, list_settings },
  { "config get", N_ ("SETTING"), N_ ("Show one setting"), "config get backend.url", 0, 1, 1,
    get_setting },
  { "config set", N_ ("SETTING [VALUE]"), N_ ("Set one setting; a secret is asked for"),
    "config set backend.url https://gateway.lab.test:8443\nconfig set backend.digest-key\n"
    "config set backend.token --file ~/token",
    LK_TAKES_VALUE, 1, 2, set_setting },
  { "config unset", N_ ("SETTING"), N_ ("Go back to what counts without the setting"),
    "config unset backend.proxy", 0, 1, 1, unset_setting },
  { "config secrets", N_ ("[file|secret-service]"),
    N_ ("Say where the key of all secrets is kept, or change it and its place"),
    "config secrets\nconfig secrets secret-service\nconfig secrets file --yes",
    LK_TAKES_YES | LK_TAKES_DRY_RUN, 0, 1, secrets },
  { 0 },
};
