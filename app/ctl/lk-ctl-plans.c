/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-jobs.h"
#include "console/lk-console-secrets.h"
#include "ctl/lk-ctl-follow.h"
#include "ctl/lk-ctl-preview.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>
#include <string.h>

#define LONGEST_REF 10

/* A whole key on the command line would be seen by everyone on this computer, so it is not used and
 * not repeated. */
static gboolean
check_ref (LkCtl *ctl, const char *ref)
{
  if (ref == NULL || strlen (ref) <= LONGEST_REF)
    return TRUE;

  lk_ctl_fail_usage (ctl, _ ("A product key is named by its id or its last five, never typed as an"
                             " argument; see: latchkeyctl key list"));
  return FALSE;
}

static LkPreview *
make_preview (LkCtl *ctl, const LkOrder *order, LkExit *status)
{
  gboolean is_unknown_name = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (LkPreview) preview = NULL;

  preview = lk_console_preview (ctl->console, order, &is_unknown_name, &error);
  if (preview == NULL)
    {
      *status = is_unknown_name ? lk_ctl_fail_as (ctl, LK_EXIT_NOTHING, g_steal_pointer (&error))
                                : lk_ctl_fail (ctl, g_steal_pointer (&error));
      return NULL;
    }
  if (preview->rows->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing matched"));
      *status = LK_EXIT_NOTHING;
      return NULL;
    }

  return g_steal_pointer (&preview);
}

/* When what is meant is as it should be already, there is nothing to do and nothing is wrong. Rows
 * that such a command leaves alone by default do not count. */
static LkExit
end_without_work (LkCtl *ctl, const LkPreview *preview)
{
  static const char *const done[] = { "licensed", "installed", NULL };
  static const char *const alone[] = { "subscription", "oem", "application", "same", NULL };
  guint n_done = 0;
  guint n_amiss = 0;
  gboolean is_done;

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = g_ptr_array_index (preview->lines, i);

      n_done += g_strv_contains (done, line->reason);
      n_amiss += !g_strv_contains (done, line->reason) && !g_strv_contains (alone, line->reason);
    }

  is_done = n_done > 0 && n_amiss == 0;
  lk_ctl_say_left_out (ctl, preview);
  lk_ctl_say (ctl, is_done ? _ ("Nothing is left to do") : _ ("No row can be worked on"));
  lk_ctl_build_preview (ctl, preview);
  return is_done ? LK_EXIT_OK : LK_EXIT_NOTHING;
}

static LkExit
fail_for_obstacle (LkCtl *ctl, const LkPreview *preview)
{
  GError *error = g_error_new_literal (LK_ERROR, LK_ERROR_REJECTED, preview->obstacle_text);

  return lk_ctl_fail_as (ctl, LK_EXIT_POOL, error);
}

static gboolean
ask (LkCtl *ctl, const LkPreview *preview, LkExit *status)
{
  g_autofree char *question = NULL;

  lk_ctl_say_left_out (ctl, preview);
  lk_ctl_say_costs (ctl, preview);
  if (!lk_plan_changes (preview->plan))
    return TRUE;

  question = g_strdup_printf (ngettext ("%s on %u row?", "%s on %u rows?", preview->n_included),
                              lk_plan_get_title (preview->plan), preview->n_included);
  return lk_ctl_confirm (ctl, question, status);
}

static LkExit
file_and_follow (LkCtl *ctl, const LkPreview *preview)
{
  LkFiling filing = { .is_person_waiting = !ctl->options.detach, .spends_unknown = TRUE };
  g_autoptr (GError) error = NULL;
  gint64 job_id = 0;
  guint n_open = 0;

  if (ctl->options.give_up_after != NULL &&
      (!lk_duration_parse (ctl->options.give_up_after, &filing.give_up_after) ||
       filing.give_up_after == 0))
    return lk_ctl_fail_usage (ctl, _ ("“%s” is not a time; give one like 30s, 10m or 2h"),
                              ctl->options.give_up_after);
  if (!lk_console_file (ctl->console, preview, &filing, &job_id, &n_open, &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_BUSY, LK_EXIT_LOCKED, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "job", job_id);
  if (n_open > 0)
    lk_ctl_say (ctl,
                ngettext ("%u row is left out, because an open job does exactly that already",
                          "%u rows are left out, because open jobs do exactly that already",
                          n_open),
                n_open);
  if (!ctl->options.detach)
    return lk_ctl_follow (ctl, job_id,
                          filing.give_up_after != 0 ? filing.give_up_after : 10 * LK_MINUTE);

  lk_ctl_print (ctl, _ ("Job %d is filed\n"), (int) job_id);
  if (lk_console_is_served (ctl->console))
    return LK_EXIT_OK;

  lk_ctl_say (ctl, _ ("Nobody runs the jobs of this store now; start: latchkeyctl run"));
  return LK_EXIT_NO_SERVICE;
}

LkExit
lk_ctl_run_order (LkCtl *ctl, const LkOrder *order)
{
  const char *plan = order->plan;
  LkExit status;
  g_autoptr (LkPreview) preview = make_preview (ctl, order, &status);
  g_autoptr (GError) error = NULL;

  if (preview == NULL)
    return status;
  if (ctl->options.dry_run)
    {
      lk_ctl_print_preview (ctl, preview);
      if (preview->obstacle == LK_OBSTACLE_POOL || preview->obstacle == LK_OBSTACLE_BLOCKED)
        return fail_for_obstacle (ctl, preview);
      return preview->n_included > 0 ? LK_EXIT_OK : LK_EXIT_NOTHING;
    }

  if (preview->n_included == 0)
    return end_without_work (ctl, preview);
  if (preview->obstacle == LK_OBSTACLE_POOL || preview->obstacle == LK_OBSTACLE_BLOCKED)
    return fail_for_obstacle (ctl, preview);
  if (g_str_equal (plan, LK_PLAN_ACTIVATE_PROXY) && preview->n_spends > 0 && !ctl->options.detach &&
      !lk_console_check_backend (ctl->console, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  /* A job that could not be run from here is not filed. */
  if (!ctl->options.detach && !lk_console_try_key (ctl->console, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  lk_ctl_warn_of_credentials (ctl);
  if (!ask (ctl, preview, &status) ||
      (!ctl->options.detach && !lk_ctl_ask_for_passwords (ctl, &order->choice, &status)))
    return status;

  return file_and_follow (ctl, preview);
}

static LkExit
run_plan (LkCtl *ctl, const char *plan)
{
  LkOrder order = { .plan = plan, .key_ref = ctl->options.key };

  if (!check_ref (ctl, order.key_ref) || !lk_ctl_get_choice (ctl, &order.choice, TRUE))
    return LK_EXIT_USAGE;
  return lk_ctl_run_order (ctl, &order);
}

static LkExit
refresh (LkCtl *ctl)
{
  return run_plan (ctl, LK_PLAN_REFRESH);
}

static LkExit
install_key (LkCtl *ctl)
{
  if (ctl->options.key == NULL)
    return lk_ctl_fail_usage (ctl, _ ("Say which product key with --key REF; see: latchkeyctl key"
                                      " list"));
  return run_plan (ctl, LK_PLAN_INSTALL_KEY);
}

static LkExit
uninstall_key (LkCtl *ctl)
{
  return run_plan (ctl, LK_PLAN_UNINSTALL_KEY);
}

static LkExit
activate (LkCtl *ctl)
{
  if (ctl->options.proxy == ctl->options.online)
    return lk_ctl_fail_usage (ctl, _ ("Say how: --proxy or --online"));

  return run_plan (ctl, ctl->options.proxy ? LK_PLAN_ACTIVATE_PROXY : LK_PLAN_ACTIVATE_ONLINE);
}

static LkExit
deposit (LkCtl *ctl)
{
  return run_plan (ctl, LK_PLAN_DEPOSIT);
}

static LkExit
reactivate (LkCtl *ctl)
{
  if (ctl->options.key == NULL)
    return lk_ctl_fail_usage (ctl,
                              _ ("Say under which product key the machines were activated, with"
                                 " --key REF; see: latchkeyctl key list"));
  return run_plan (ctl, LK_PLAN_DEPOSIT);
}

static LkExit
rearm (LkCtl *ctl)
{
  return run_plan (ctl, LK_PLAN_REARM);
}

#define TAKES_PLAN                                                                                 \
  (LK_TAKES_ROWS | LK_TAKES_DRY_RUN | LK_TAKES_YES | LK_TAKES_JOB | LK_TAKES_WORKERS)

const LkCtlCommand lk_ctl_plan_commands[] = {
  { "refresh", N_ ("[NAME…]"), N_ ("Read machines"),
    "refresh --all\nrefresh pc-001 pc-002\nrefresh --select 'state=unread' --stream", TAKES_PLAN, 0,
    -1, refresh },
  { "install-key", N_ ("[NAME…]"), N_ ("Install a product key that you own"),
    "install-key --key 8QXYZ --select 'name=pc-*'", TAKES_PLAN | LK_TAKES_KEY, 0, -1, install_key },
  { "uninstall-key", N_ ("[NAME…]"), N_ ("Uninstall the product key"), "uninstall-key pc-001",
    TAKES_PLAN, 0, -1, uninstall_key },
  { "activate", N_ ("[NAME…]"), N_ ("Activate by proxy or online"),
    "activate --proxy --key 8QXYZ --select 'state=grace' --dry-run\n"
    "activate --proxy --key 8QXYZ --all --yes\nactivate --online pc-001",
    TAKES_PLAN | LK_TAKES_KEY | LK_TAKES_METHOD, 0, -1, activate },
  { "deposit", N_ ("[NAME…]"), N_ ("Deposit confirmation IDs that are on record; spends nothing"),
    "deposit --all", TAKES_PLAN, 0, -1, deposit },
  { "reactivate", N_ ("[NAME…]"),
    N_ ("Activate reinstalled machines again from what is on record; spends nothing"),
    "reactivate --key 8QXYZ pc-001", TAKES_PLAN | LK_TAKES_KEY, 0, -1, reactivate },
  { "rearm", N_ ("[NAME…]"), N_ ("Start the grace period anew"), "rearm pc-001", TAKES_PLAN, 0, -1,
    rearm },
  { 0 },
};
