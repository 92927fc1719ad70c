/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-check.h"
#include "ctl/lk-ctl-follow.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

#define MAX_NAMES 8 /* of one group, in a line */

static const LkCtlColumn stage_columns[] = {
  { "stage", NULL, 's' }, { NULL, N_ ("Stage"), 's' }, { "ok", N_ ("Good"), 'b' },
  { "ms", NULL, 'i' },    { NULL, N_ ("Took"), 's' },  { "text", N_ ("Found"), 's' },
  { "cause", NULL, 's' }, { "remedy", NULL, 's' },     { "script", NULL, 's' },
  { "tried", NULL, 's' }, { NULL, NULL, 0 },
};

static const LkCtlColumn machine_columns[] = {
  { "machine_id", NULL, 'i' },
  { "machine", N_ ("Machine"), 's' },
  { "peer", NULL, 's' },
  { "ready", N_ ("Ready"), 'b' },
  { "stage", NULL, 's' },
  { NULL, N_ ("Stage"), 's' },
  { "cause", NULL, 's' },
  { NULL, N_ ("Outcome"), 's' },
  { "text", N_ ("Found"), 's' },
  { "remedy", NULL, 's' },
  { "script", NULL, 's' },
  { "ms", NULL, 'i' },
  { NULL, NULL, 0 },
};

static const LkCtlColumn group_columns[] = {
  { "cause", NULL, 's' },
  { "machines", NULL, 'i' },
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
judge (const LkMachineCheck *check)
{
  const LkCheckResult *last = lk_machine_check_get_last (check);

  if (last->ok)
    return LK_EXIT_OK;
  if (last->stage == LK_CHECK_AUTH && last->code == LK_ERROR_UNREACHABLE)
    return LK_EXIT_UNREACHABLE; /* it was the domain that did not answer */
  if (last->stage == LK_CHECK_AUTH || last->stage == LK_CHECK_TLS)
    return LK_EXIT_DENIED;
  return last->stage < LK_CHECK_TLS ? LK_EXIT_UNREACHABLE : LK_EXIT_ERROR;
}

/* All of one kind say that kind, as a job does. */
static LkExit
judge_all (GPtrArray *checks)
{
  LkExit status = judge (checks->pdata[0]);

  for (guint i = 1; i < checks->len; i++)
    if (judge (checks->pdata[i]) != status)
      return LK_EXIT_SOME_FAILED;
  return status == LK_EXIT_ERROR && checks->len > 1 ? LK_EXIT_SOME_FAILED : status;
}

static void
print_stages (LkCtl *ctl, const LkMachineCheck *check)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (stage_columns);
  const LkCheckResult *last = lk_machine_check_get_last (check);

  for (guint i = 0; i < check->results->len; i++)
    {
      const LkCheckResult *result = check->results->pdata[i];
      g_autofree char *took =
          result->ms >= 0 ? g_strdup_printf ("%d ms", (int) result->ms) : g_strdup ("");

      lk_ctl_list_add (list, lk_check_stage_to_word (result->stage),
                       lk_check_stage_to_title (result->stage), result->ok,
                       result->ms >= 0 ? result->ms : G_MININT64, took, result->text,
                       lk_check_cause_to_word (result->cause), result->remedy, result->script,
                       result->trail);
    }
  lk_ctl_set_text (ctl, "peer", check->peer);
  lk_ctl_print (ctl, "%s\n", check->peer);
  lk_ctl_list_print (list, ctl, "stages");
  for (guint i = 0; i < check->results->len; i++)
    print_trail (ctl, check->results->pdata[i]);
  if (!last->ok && last->remedy != NULL)
    lk_ctl_print (ctl, _ ("What to do:\n%s\n"), last->remedy);
  if (!last->ok && last->script != NULL)
    lk_ctl_print (ctl, _ ("A script for the machine: latchkeyctl check %s --script\n"),
                  check->name);
}

static void
add_machine (LkCtlList *list, const LkMachineCheck *check)
{
  const LkCheckResult *last = lk_machine_check_get_last (check);
  gint64 ms = 0;

  for (guint i = 0; i < check->results->len; i++)
    ms += MAX (((const LkCheckResult *) check->results->pdata[i])->ms, 0);
  lk_ctl_list_add (list, check->machine_id != 0 ? check->machine_id : G_MININT64, check->name,
                   check->peer, last->ok, lk_check_stage_to_word (last->stage),
                   last->ok ? "" : lk_check_stage_to_title (last->stage),
                   lk_check_cause_to_word (last->cause), lk_check_cause_to_title (last->cause),
                   last->text, last->remedy, last->script, ms);
}

/* "pc-001, pc-002 …", to be freed. */
static char *
list_names (const LkCheckGroup *group)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (group->checks->len, MAX_NAMES); i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : ", ",
                            ((const LkMachineCheck *) group->checks->pdata[i])->name);
  if (group->checks->len > MAX_NAMES)
    g_string_append (text, " …");
  return g_string_free (text, FALSE);
}

static void
print_groups (LkCtl *ctl, GPtrArray *groups, guint n_all)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (group_columns);
  g_autofree char *summary = lk_check_groups_describe (groups, n_all);

  for (guint i = 0; i < groups->len; i++)
    {
      const LkCheckGroup *group = groups->pdata[i];
      const LkCheckResult *last = lk_machine_check_get_last (group->checks->pdata[0]);
      g_autofree char *names = list_names (group);

      lk_ctl_list_add (list, lk_check_cause_to_word (group->cause), (gint64) group->checks->len);
      if (last->remedy != NULL && !ctl->options.stream)
        lk_ctl_print (ctl, "\n%s (%s)\n%s\n", lk_check_cause_to_title (group->cause), names,
                      last->remedy);
    }
  if (ctl->options.json)
    lk_ctl_list_print (list, ctl, "summary");
  lk_ctl_say (ctl, "%s", summary);
}

static void
print_machines (LkCtl *ctl, GPtrArray *checks)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (machine_columns);
  g_autoptr (GPtrArray) groups = lk_check_group (checks);

  for (guint i = 0; i < checks->len; i++)
    add_machine (list, checks->pdata[i]);
  if (!ctl->options.stream)
    lk_ctl_list_print (list, ctl, "machines");
  print_groups (ctl, groups, checks->len);
}

/* Once for all machines that need the same: on another port it is another text. */
static void
print_scripts (LkCtl *ctl, GPtrArray *checks)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < checks->len; i++)
    {
      const LkCheckResult *last = lk_machine_check_get_last (checks->pdata[i]);

      if (last->script == NULL || !g_hash_table_add (seen, last->script))
        continue;
      for (guint k = i; checks->len > 1 && k < checks->len; k++)
        {
          const LkMachineCheck *other = checks->pdata[k];
          g_autofree char *name = lk_ctl_clean (other->name);

          if (g_strcmp0 (lk_machine_check_get_last (other)->script, last->script) == 0)
            lk_ctl_print (ctl, "# %s\n", name);
        }
      lk_ctl_print (ctl, "%s\n", last->script);
    }
  if (g_hash_table_size (seen) == 0)
    lk_ctl_say (ctl, _ ("There is nothing that a script on the machine would mend"));
}

static void
on_checked (const LkMachineCheck *check, guint n_done, guint n_all, gpointer user_data)
{
  LkCtl *ctl = user_data;
  g_autoptr (LkCtlList) list = NULL;
  g_autofree char *text = NULL;

  if (ctl->options.stream)
    {
      list = lk_ctl_list_new (machine_columns);
      add_machine (list, check);
      lk_ctl_list_print_line (list, ctl, "check");
    }
  text = g_strdup_printf (_ ("%u of %u"), n_done, n_all);
  lk_ctl_show_progress (ctl, n_all > 1 ? text : NULL);
}

static void
print_checks (LkCtl *ctl, GPtrArray *checks)
{
  gboolean is_one = ctl->args[0] != NULL && ctl->args[1] == NULL && !ctl->options.stream;

  if (ctl->options.script && !ctl->options.json)
    print_scripts (ctl, checks);
  else if (is_one)
    print_stages (ctl, checks->pdata[0]);
  else
    print_machines (ctl, checks);
}

static LkExit
check (LkCtl *ctl)
{
  LkChoice choice = { 0 };
  g_autoptr (GCancellable) cancellable = NULL;
  g_autoptr (GPtrArray) checks = NULL;
  g_autoptr (GError) error = NULL;
  LkExit status;

  if (!lk_ctl_get_choice (ctl, &choice, TRUE))
    return LK_EXIT_USAGE;
  if (!lk_ctl_ask_for_passwords (ctl, &choice, &status))
    return status;

  cancellable = lk_ctl_watch_signals ();
  checks = lk_console_check_machines (ctl->console, &choice, (guint) MAX (ctl->options.workers, 0),
                                      on_checked, ctl, cancellable, &error);
  lk_ctl_show_progress (ctl, NULL);
  if (checks == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (checks->len > 0)
    print_checks (ctl, checks);
  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (checks->len > 0)
    return judge_all (checks);

  lk_ctl_say (ctl, _ ("Nothing matched"));
  return LK_EXIT_NOTHING;
}

const LkCtlCommand lk_ctl_check_commands[] = {
  { "check", N_ ("[NAME…]"),
    N_ ("Talk to machines stage by stage, and say what is wrong and what helps"),
    "check pc-001\ncheck -v 10.0.0.7:5986\ncheck --select 'result=failed'\n"
    "check pc-001 --script > pc-001.ps1",
    LK_TAKES_ROWS | LK_TAKES_STREAM | LK_TAKES_WORKERS | LK_TAKES_VERBOSE | LK_TAKES_SCRIPT, 0, -1,
    check },
  { 0 },
};
