/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-check.h"
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

static const LkCtlColumn check_columns[] = {
  { "stage", NULL, 's' },     { NULL, N_ ("Stage"), 's' },
  { "ok", N_ ("Good"), 'b' }, { "text", N_ ("Found"), 's' },
  { "remedy", NULL, 's' },    { "tried", NULL, 's' },
  { NULL, NULL, 0 },
};

/* How the sign-in was done, step by step. */
static void
print_trail (LkCtl *ctl, const LkCheckResult *result)
{
  g_auto (GStrv) lines = NULL;

  if (!ctl->options.verbose || result->trail == NULL || *result->trail == '\0')
    return;

  lines = g_strsplit (result->trail, "\n", -1);
  lk_ctl_print (ctl, _ ("Ways of signing in, in the order in which they are tried:\n"));
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    lk_ctl_print (ctl, "  %s\n", lines[i]);
}

/* The stage that failed says how the command ends. */
static LkExit
judge_check (const LkCheckResult *last)
{
  if (last->ok)
    return LK_EXIT_OK;
  if (last->stage == LK_CHECK_AUTH && last->code == LK_ERROR_UNREACHABLE)
    return LK_EXIT_UNREACHABLE; /* it was the domain that did not answer */
  if (last->stage == LK_CHECK_AUTH || last->stage == LK_CHECK_TLS)
    return LK_EXIT_DENIED;
  return last->stage < LK_CHECK_TLS ? LK_EXIT_UNREACHABLE : LK_EXIT_ERROR;
}

static LkExit
check (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *peer = NULL;
  const char *names[] = { ctl->args[0], NULL };
  const LkChoice choice = { .names = names };
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (LkCtlList) list = lk_ctl_list_new (check_columns);
  const LkCheckResult *last;
  LkExit status;

  if (!lk_ctl_ask_for_passwords (ctl, &choice, &status))
    return status;
  results = lk_console_check_machine (ctl->console, ctl->args[0], &peer, NULL, &error);
  if (results == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < results->len; i++)
    {
      const LkCheckResult *result = g_ptr_array_index (results, i);

      lk_ctl_list_add (list, lk_check_stage_to_word (result->stage),
                       lk_check_stage_to_title (result->stage), result->ok, result->text,
                       result->remedy, result->trail);
    }
  lk_ctl_set_text (ctl, "peer", peer);
  lk_ctl_print (ctl, "%s\n", peer);
  lk_ctl_list_print (list, ctl, "stages");
  for (guint i = 0; i < results->len; i++)
    print_trail (ctl, g_ptr_array_index (results, i));
  last = g_ptr_array_index (results, results->len - 1);
  if (!last->ok && last->remedy != NULL)
    lk_ctl_print (ctl, _ ("What to do:\n%s\n"), last->remedy);
  return judge_check (last);
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
  { "check", N_ ("NAME"),
    N_ ("Talk to a machine stage by stage, and say what is wrong and what helps"),
    "check pc-001\ncheck -v 10.0.0.7:5986", LK_TAKES_VERBOSE, 1, 1, check },
  { "explain", N_ ("CODE"), N_ ("Say what an error code means and what to do"),
    "explain 0xC004F074\nexplain -1073418124", 0, 1, 1, explain },
  { "completion", N_ ("bash|zsh|fish"), N_ ("Print a completion script for a shell"),
    "completion bash > ~/.local/share/bash-completion/completions/latchkeyctl", 0, 1, 1, complete },
  { 0 },
};
