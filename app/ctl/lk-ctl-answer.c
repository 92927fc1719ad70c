/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "ctl/lk-ctl-follow.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"
#include "ctl/lk-ctl-transfer.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>

/* The core network's hop: a request is answered. */

#define PROGRESS_EVERY (G_USEC_PER_SEC / 5)

typedef struct
{
  LkCtl *ctl;
  gint64 shown_at;
  char *trouble; /* as last said */
} Following;

static void
build_plan (LkCtl *ctl, const LkAnswerPlan *plan)
{
  lk_ctl_set_text (ctl, "request", plan->file_id);
  lk_ctl_set_text (ctl, "store_that_asks", plan->store_id);
  lk_ctl_set_count (ctl, "rows", plan->n_rows);
  lk_ctl_set_count (ctl, "on_record", plan->n_on_record);
  lk_ctl_set_count (ctl, "in_flight", plan->n_in_flight);
  lk_ctl_set_count (ctl, "refused", plan->n_refused);
  lk_ctl_set_count (ctl, "bad", plan->n_bad);
  lk_ctl_set_count (ctl, "spends", plan->n_to_spend);
  lk_ctl_set_count (ctl, "no_room", plan->n_no_room);
  lk_ctl_set_count (ctl, "unknown_pool", plan->n_unknown_pool);
  lk_ctl_set_count (ctl, "changed", plan->n_changed);
}

static void
tell_plan (LkCtl *ctl, const LkAnswerPlan *plan)
{
  g_autofree char *made = lk_ctl_format_time (plan->created_at);
  g_autofree char *text = lk_answer_plan_to_text (plan);

  lk_ctl_say (ctl,
              ngettext ("The store %s asks for %u row, on %s",
                        "The store %s asks for %u rows, on %s", plan->n_rows),
              plan->store_id, plan->n_rows, made);
  if (plan->is_own)
    lk_ctl_say (ctl, _ ("This store wrote that request itself"));
  lk_ctl_say (ctl, "%s", text);
}

static LkExit
show_plan (LkCtl *ctl, const LkAnswerPlan *plan)
{
  build_plan (ctl, plan);
  tell_plan (ctl, plan);
  lk_ctl_say (ctl, _ ("Nothing was changed"));
  if (plan->n_rows == 0)
    return LK_EXIT_NOTHING;
  return plan->n_no_room > 0 ? LK_EXIT_POOL : LK_EXIT_OK;
}

static void
on_progressed (const LkTransferRow *row, const char *trouble, gpointer user_data)
{
  Following *self = user_data;
  gint64 now = g_get_monotonic_time ();
  g_autofree char *text = NULL;

  if (trouble != NULL && g_strcmp0 (trouble, self->trouble) != 0)
    lk_ctl_say (self->ctl, "%s", trouble);
  if (g_strcmp0 (trouble, self->trouble) != 0)
    {
      g_free (self->trouble);
      self->trouble = g_strdup (trouble);
    }
  if (now - self->shown_at < PROGRESS_EVERY)
    return;

  text = g_strdup_printf (_ ("%u of %u rows answered, %u failed"), row->n_done, row->n_rows,
                          row->n_failed);
  lk_ctl_show_progress (self->ctl, text);
  self->shown_at = now;
}

static void
on_attended (gboolean by_us, gpointer user_data)
{
  const Following *self = user_data;

  if (!by_us)
    lk_ctl_say (self->ctl, _ ("Another process has this store's jobs in hand; waiting for it"));
}

/* FALSE after it was told why, with @status. */
static gboolean
follow (LkCtl *ctl, gint64 transfer, LkFollowEnd *end, LkExit *status)
{
  g_autoptr (GCancellable) cancellable = lk_ctl_watch_signals ();
  g_autoptr (GError) error = NULL;
  Following following = { .ctl = ctl };
  const LkRequestWatcher watcher = { on_progressed, on_attended, &following };
  gint64 patience = 10 * LK_MINUTE;
  gboolean done;

  if (ctl->options.give_up_after != NULL &&
      (!lk_duration_parse (ctl->options.give_up_after, &patience) || patience == 0))
    {
      *status = lk_ctl_fail_usage (ctl, _ ("“%s” is not a time; give one like 30s, 10m or 2h"),
                                   ctl->options.give_up_after);
      return FALSE;
    }

  done = lk_console_follow_request (ctl->console, transfer, patience, &watcher, cancellable, end,
                                    &error);
  lk_ctl_show_progress (ctl, NULL);
  g_free (following.trouble);
  if (!done)
    *status = lk_ctl_fail (ctl, g_steal_pointer (&error));
  return done;
}

static LkExit
judge_answer (LkCtl *ctl, const LkTransferRow *row, LkFollowEnd end)
{
  if (end == LK_FOLLOW_INTERRUPTED)
    {
      lk_ctl_say (ctl, _ ("Interrupted; what was asked for is kept. Go on with: latchkeyctl answer"
                          " FILE"));
      return LK_EXIT_INTERRUPTED;
    }
  if (end == LK_FOLLOW_WAITING)
    {
      lk_ctl_say (ctl, _ ("Some answers have not come, and nothing is lost; go on with: latchkeyctl"
                          " answer FILE"));
      return LK_EXIT_UNREACHABLE;
    }
  if (row->n_open > 0 && !ctl->options.partial)
    {
      lk_ctl_say (
          ctl,
          ngettext ("%u row has no activation left under its product key; answer the request"
                    " again when there is room",
                    "%u rows have no activation left under their product keys; answer the"
                    " request again when there is room",
                    row->n_open),
          row->n_open);
      return LK_EXIT_POOL;
    }

  return row->n_failed > 0 ? LK_EXIT_SOME_FAILED : LK_EXIT_OK;
}

static LkExit
write_answer (LkCtl *ctl, gint64 transfer, const LkSecret *passphrase, LkFollowEnd end)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferRow) row = NULL;
  g_autofree char *path = NULL;

  if (!lk_console_write_answer (ctl->console, transfer, ctl->options.output, passphrase, &path,
                                &row, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_build_transfer (ctl, row);
  lk_ctl_print (ctl, _ ("“%s”: rows %u, with a confirmation ID %u, failed %u, open %u\n"), path,
                row->n_rows, row->n_done, row->n_failed, row->n_open);
  lk_ctl_say (ctl,
              _ ("Next: carry it back to the lab, and there: latchkeyctl import “%s” --deposit"),
              path);
  return judge_answer (ctl, row, end);
}

static LkExit
detach (LkCtl *ctl, gint64 transfer)
{
  lk_ctl_print (ctl, _ ("Request %d is taken in\n"), (int) transfer);
  lk_ctl_set_count (ctl, "transfer", transfer);
  lk_ctl_say (ctl, _ ("When it is done, write the answer with: latchkeyctl answer FILE"));
  if (lk_console_is_served (ctl->console))
    return LK_EXIT_OK;

  lk_ctl_say (ctl, _ ("Nobody runs the jobs of this store now; start: latchkeyctl run"));
  return LK_EXIT_NO_SERVICE;
}

/* What may be spent was said and agreed to. */
static LkExit
answer_request (LkCtl *ctl, LkTransferSource *source, const LkSecret *seal)
{
  g_autoptr (GError) error = NULL;
  LkFollowEnd end = LK_FOLLOW_CLOSED;
  gint64 transfer = 0;
  LkExit status;

  if (!lk_console_take_request (ctl->console, source, TRUE, ctl->options.again, &transfer, &error))
    return lk_ctl_fail_for_file (ctl, g_steal_pointer (&error));
  if (ctl->options.detach)
    return detach (ctl, transfer);
  if (!ctl->options.partial && !follow (ctl, transfer, &end, &status))
    return status;

  return write_answer (ctl, transfer, seal, end);
}

static gboolean
agree (LkCtl *ctl, const LkAnswerPlan *plan, LkExit *status)
{
  g_autofree char *question =
      g_strdup_printf (ngettext ("Spend %u activation?", "Spend %u activations?", plan->n_to_spend),
                       plan->n_to_spend);

  return plan->n_to_spend == 0 || lk_ctl_confirm (ctl, question, status);
}

static LkExit
answer (LkCtl *ctl)
{
  const char *path = ctl->args[0];
  g_autoptr (LkSecret) passphrase = NULL;
  g_autoptr (LkSecret) seal = NULL;
  g_autoptr (LkTransferSource) source = NULL;
  g_autoptr (LkAnswerPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  LkExit status;

  if (!lk_ctl_get_passphrase (ctl, path, FALSE, &passphrase, &status))
    return status;
  source = lk_transfer_source_open (path, passphrase, FALSE, &error);
  if (source != NULL)
    plan = lk_console_preview_answer (ctl->console, source, ctl->options.again, &error);
  if (plan == NULL)
    return lk_ctl_fail_for_file (ctl, g_steal_pointer (&error));
  if (ctl->options.dry_run || plan->n_rows == 0)
    return show_plan (ctl, plan);

  tell_plan (ctl, plan);
  if (plan->n_to_spend + plan->n_in_flight > 0 && !ctl->options.detach && !ctl->options.partial &&
      !lk_console_check_backend (ctl->console, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (!agree (ctl, plan, &status))
    return status;
  /* A sealed request is answered under the same passphrase. */
  if (passphrase != NULL)
    seal = lk_secret_copy (passphrase);
  else if (!lk_ctl_get_passphrase (ctl, NULL, ctl->options.seal, &seal, &status))
    return status;

  return answer_request (ctl, source, seal);
}

const LkCtlCommand lk_ctl_answer_commands[] = {
  { "answer", N_ ("FILE"),
    N_ ("Answer a request of another store: ask the backend, and write the confirmation IDs"),
    "answer /media/stick/request.latchkey --dry-run\nanswer /media/stick/request.latchkey --yes\n"
    "answer request.latchkey --partial -o answer-so-far.latchkey",
    LK_TAKES_DRY_RUN | LK_TAKES_YES | LK_TAKES_JOB | LK_TAKES_ANSWER, 1, 1, answer },
  { 0 },
};
