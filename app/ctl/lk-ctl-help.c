/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-completion.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"
#include "domain/lk-codes.h"

#include <glib/gi18n.h>

static LkExit
explain (LkCtl *ctl)
{
  const LkCode *entry = NULL;
  g_autofree char *hex = NULL;
  guint32 code;

  if (!lk_code_parse (ctl->args[0], &code))
    return lk_ctl_fail_usage (ctl,
                              _ ("“%s” is not a code; give one like 0xC004F074, -1073418124 or"
                                 " SL_E_VL_KEY_MANAGEMENT_SERVICE_NOT_ACTIVATED"),
                              ctl->args[0]);

  entry = lk_code_lookup (code);
  if (entry == NULL)
    entry = lk_batch_code_lookup (code);
  hex = g_strdup_printf ("0x%08X", code);
  lk_ctl_set_text (ctl, "code", hex);
  if (entry == NULL)
    {
      lk_ctl_say (ctl, _ ("%s is not a code that is known here"), hex);
      return LK_EXIT_NOTHING;
    }

  lk_ctl_set_text (ctl, "symbol", entry->symbol);
  lk_ctl_set_text (ctl, "meaning", entry->meaning);
  lk_ctl_set_text (ctl, "cause", entry->cause);
  lk_ctl_set_text (ctl, "next_step", entry->action);
  lk_ctl_print (ctl, "%s %s\n", hex, entry->symbol);
  lk_ctl_print (ctl, _ ("  Meaning: %s\n"), entry->meaning);
  if (*entry->cause != '\0')
    lk_ctl_print (ctl, _ ("  Cause:   %s\n"), entry->cause);
  if (*entry->action != '\0')
    lk_ctl_print (ctl, _ ("  Next:    %s\n"), entry->action);
  return LK_EXIT_OK;
}

static LkExit
complete (LkCtl *ctl)
{
  if (ctl->options.json)
    return lk_ctl_fail_usage (ctl, _ ("A completion script has no form in JSON"));
  if (lk_ctl_print_completion (ctl->args[0]))
    return LK_EXIT_OK;

  return lk_ctl_fail_usage (ctl, _ ("There is completion for bash, zsh and fish, not for “%s”"),
                            ctl->args[0]);
}

const LkCtlCommand lk_ctl_help_commands[] = {
  { "explain", N_ ("CODE"), N_ ("Say what an error code means and what to do"),
    "explain 0xC004F074\nexplain -1073418124", 0, 1, 1, explain },
  { "completion", N_ ("bash|zsh|fish"), N_ ("Print a completion script for a shell"),
    "completion bash > ~/.local/share/bash-completion/completions/latchkeyctl", 0, 1, 1, complete },
  { 0 },
};
