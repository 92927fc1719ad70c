/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-jobs.h"
#include "console/lk-console-secrets.h"
#include "ctl/lk-ctl-follow.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <unistd.h>

#define DEFAULT_MAX 50

static const LkCtlColumn job_columns[] = {
  { "id", N_ ("Job"), 'i' },
  { "plan", NULL, 's' },
  { NULL, N_ ("What"), 's' },
  { "selection", N_ ("Rows"), 's' },
  { "state", N_ ("State"), 's' },
  { "total", N_ ("Total"), 'i' },
  { "done", N_ ("Done"), 'i' },
  { "failed", N_ ("Failed"), 'i' },
  { "waiting", N_ ("Waiting"), 'i' },
  { "running", NULL, 'i' },
  { "ready", NULL, 'i' },
  { "paused", NULL, 'i' },
  { "cancelled", NULL, 'i' },
  { "requested_by", N_ ("By"), 's' },
  { "created_at", N_ ("Filed"), 't' },
  { "finished_at", N_ ("Ended"), 't' },
  { NULL, NULL, 0 },
};

static LkExit
list_jobs (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs =
      lk_console_list_jobs (ctl->console,
                            ctl->options.max > 0 ? (guint) ctl->options.max : DEFAULT_MAX, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (job_columns);

  if (jobs == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < jobs->len; i++)
    {
      const LkJobRow *job = g_ptr_array_index (jobs, i);

      lk_ctl_list_add (list, job->id, job->plan, lk_plan_get_title (job->plan), job->selection,
                       job->state, (gint64) job->n_items, (gint64) job->n_done,
                       (gint64) job->n_failed, (gint64) job->n_parked, (gint64) job->n_running,
                       (gint64) job->n_ready, (gint64) job->n_paused, (gint64) job->n_cancelled,
                       job->requested_by, job->created_at, job->finished_at);
    }
  lk_ctl_list_print (list, ctl, "jobs");
  return LK_EXIT_OK;
}

static gboolean
get_id (LkCtl *ctl, gint64 *id)
{
  if (g_ascii_string_to_signed (ctl->args[0], 10, 1, G_MAXINT32, id, NULL))
    return TRUE;

  lk_ctl_fail_usage (ctl, _ ("“%s” is not the number of a job; see: latchkeyctl job list"),
                     ctl->args[0]);
  return FALSE;
}

/* That there is no such job is not a fault in how the command was written. */
static LkExit
fail_for_job (LkCtl *ctl, GError *error)
{
  return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, error);
}

static LkExit
show_job (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkJobRow) job = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (LkCtlList) list = NULL;
  g_autofree char *counts = NULL;
  gint64 id;

  if (!get_id (ctl, &id))
    return LK_EXIT_USAGE;
  job = lk_console_get_job (ctl->console, id, &error);
  items = job != NULL ? lk_console_list_items (ctl->console, id, &error) : NULL;
  if (items == NULL)
    return fail_for_job (ctl, g_steal_pointer (&error));

  list = lk_ctl_list_items (items);
  counts = lk_ctl_describe_job (job);
  lk_ctl_set_count (ctl, "job", id);
  lk_ctl_build_job (ctl, job);
  if (!ctl->options.csv)
    lk_ctl_print (ctl, _ ("Job %d: %s on %s; %s; %s\n"), (int) id,
                  lk_plan_get_title (job->plan) != NULL ? lk_plan_get_title (job->plan) : job->plan,
                  job->selection, job->state, counts);
  lk_ctl_list_print (list, ctl, "items");
  if (!ctl->options.csv)
    for (guint i = 0; i < items->len; i++)
      {
        const LkItemRow *item = g_ptr_array_index (items, i);

        if (g_str_equal (item->state, "failed"))
          lk_ctl_print_failure (ctl, item);
      }
  return LK_EXIT_OK;
}

static LkExit
steer (LkCtl *ctl,
       gboolean (*func) (LkConsole *console, gint64 id, GError **error),
       const char *said)
{
  g_autoptr (GError) error = NULL;
  gint64 id;

  if (!get_id (ctl, &id))
    return LK_EXIT_USAGE;
  if (!func (ctl->console, id, &error))
    return fail_for_job (ctl, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "job", id);
  lk_ctl_print (ctl, _ ("Job %d: %s\n"), (int) id, said);
  return LK_EXIT_OK;
}

static LkExit
pause_job (LkCtl *ctl)
{
  return steer (ctl, lk_console_pause_job, _ ("paused; what runs ends after its step"));
}

static LkExit
resume_job (LkCtl *ctl)
{
  return steer (ctl, lk_console_resume_job,
                _ ("goes on; “latchkeyctl job follow” or “latchkeyctl run” works on it"));
}

static LkExit
cancel_job (LkCtl *ctl)
{
  return steer (ctl, lk_console_cancel_job,
                _ ("cancelled; activations that were asked for already stay on record"));
}

static LkExit
follow_job (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkJobRow) job = NULL;
  gint64 patience = 10 * LK_MINUTE;
  gint64 id;

  if (!get_id (ctl, &id))
    return LK_EXIT_USAGE;
  if (ctl->options.give_up_after != NULL &&
      !lk_duration_parse (ctl->options.give_up_after, &patience))
    return lk_ctl_fail_usage (ctl, _ ("“%s” is not a time; give one like 30s, 10m or 2h"),
                              ctl->options.give_up_after);
  job = lk_console_get_job (ctl->console, id, &error);
  if (job == NULL)
    return fail_for_job (ctl, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "job", id);
  return lk_ctl_follow (ctl, id, patience);
}

static LkExit
retry_job (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkJobRow) job = NULL;
  gint64 id;
  guint n = 0;

  if (!get_id (ctl, &id))
    return LK_EXIT_USAGE;
  job = lk_console_get_job (ctl->console, id, &error);
  if (job == NULL)
    return fail_for_job (ctl, g_steal_pointer (&error));
  if (!ctl->options.detach && !lk_console_try_key (ctl->console, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (!lk_console_retry_job (ctl->console, id, &n, &error))
    return fail_for_job (ctl, g_steal_pointer (&error));
  if (n == 0)
    {
      lk_ctl_say (ctl, _ ("Job %d has no failed rows"), (int) id);
      return LK_EXIT_NOTHING;
    }

  lk_ctl_say (ctl, ngettext ("Job %d: %u failed row again", "Job %d: %u failed rows again", n),
              (int) id, n);
  if (!ctl->options.detach)
    return follow_job (ctl);

  lk_ctl_set_count (ctl, "job", id);
  return lk_console_is_served (ctl->console) ? LK_EXIT_OK : LK_EXIT_NO_SERVICE;
}

typedef struct
{
  LkCtl *ctl;
  gboolean is_said; /* that it runs */
  char *trouble;
} Running;

static void
on_run (const LkOpenCount *count, const char *trouble, gpointer user_data)
{
  Running *self = user_data;
  g_autofree char *text =
      g_strdup_printf (_ ("due: %u, running: %u, later: %u, waiting for an answer: %u, paused: %u"),
                       count->n_due, count->n_running, count->n_later, count->n_parked,
                       count->n_paused);

  if (!self->is_said)
    lk_ctl_say (self->ctl, _ ("Running the jobs of “%s”; end with Ctrl+C"),
                lk_console_get_path (self->ctl->console));
  self->is_said = TRUE;
  if (trouble != NULL && g_strcmp0 (trouble, self->trouble) != 0)
    lk_ctl_say (self->ctl, "%s", trouble);
  if (g_strcmp0 (trouble, self->trouble) != 0)
    {
      g_free (self->trouble);
      self->trouble = g_strdup (trouble);
    }
  lk_ctl_show_progress (self->ctl, text);
}

static LkExit
run (LkCtl *ctl)
{
  g_autoptr (GCancellable) cancellable = lk_ctl_watch_signals ();
  g_autoptr (GError) error = NULL;
  Running running = { .ctl = ctl };
  const LkChoice everything = { 0 };
  LkExit status;
  gboolean done;

  /* A service has nobody to ask; what needs such a password says so then. */
  if (isatty (STDIN_FILENO) && !lk_ctl_ask_for_passwords (ctl, &everything, &status))
    return status;
  done = lk_console_run (ctl->console, (guint) MAX (ctl->options.workers, 0), ctl->options.once,
                         on_run, &running, cancellable, &error);
  lk_ctl_show_progress (ctl, NULL);
  g_free (running.trouble);
  if (!done)
    return lk_ctl_fail_with (ctl, LK_ERROR_BUSY, LK_EXIT_LOCKED, g_steal_pointer (&error));

  return g_cancellable_is_cancelled (cancellable) ? LK_EXIT_INTERRUPTED : LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_job_commands[] = {
  { "job list", "", N_ ("List jobs, newest first"), "job list\njob list --json --max 5",
    LK_TAKES_CSV | LK_TAKES_MAX, 0, 0, list_jobs },
  { "job show", N_ ("JOB"), N_ ("Show the rows of a job and what became of them"),
    "job show 12\njob show 12 --csv", LK_TAKES_CSV, 1, 1, show_job },
  { "job follow", N_ ("JOB"), N_ ("Follow a job to its end, and run it if nobody does"),
    "job follow 12", LK_TAKES_JOB | LK_TAKES_WORKERS, 1, 1, follow_job },
  { "job pause", N_ ("JOB"), N_ ("Hold a job"), "job pause 12", 0, 1, 1, pause_job },
  { "job resume", N_ ("JOB"), N_ ("Let a paused job go on"), "job resume 12", 0, 1, 1, resume_job },
  { "job cancel", N_ ("JOB"), N_ ("Drop what is not done; what was sent stays on record"),
    "job cancel 12", 0, 1, 1, cancel_job },
  { "job retry", N_ ("JOB"), N_ ("Do the failed rows again"), "job retry 12",
    LK_TAKES_JOB | LK_TAKES_WORKERS, 1, 1, retry_job },
  { "run", "", N_ ("Run the jobs of the store until interrupted"), "run\nrun --once",
    LK_TAKES_ONCE | LK_TAKES_WORKERS, 0, 0, run },
  { 0 },
};
