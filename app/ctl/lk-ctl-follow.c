/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-follow.h"

#include "base/lk-locale.h"
#include "console/lk-console-jobs.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define PROGRESS_EVERY (G_USEC_PER_SEC / 5)

typedef struct
{
  LkCtl *ctl;
  gint64 started_at;
  gint64 shown_at;
  char *trouble; /* as last said */
} Following;

static gpointer
wait_for_signals (gpointer cancellable)
{
  sigset_t signals;
  int number;

  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGHUP);
  sigwait (&signals, &number);
  g_cancellable_cancel (cancellable);
  sigwait (&signals, &number);
  _exit (LK_EXIT_INTERRUPTED);
  return NULL;
}

GCancellable *
lk_ctl_watch_signals (void)
{
  static GCancellable *cancellable; /* one for all that the command does */
  sigset_t signals;

  if (cancellable != NULL)
    return g_object_ref (cancellable);

  cancellable = g_cancellable_new ();
  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &signals, NULL); /* inherited by every thread to come */
  g_thread_unref (g_thread_new ("signals", wait_for_signals, g_object_ref (cancellable)));
  return g_object_ref (cancellable);
}

static void
on_item_ended (const LkItemRow *item, gpointer user_data)
{
  Following *self = user_data;
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  g_autoptr (LkCtlList) list = NULL;

  if (!self->ctl->options.stream)
    return;

  g_ptr_array_add (one, (gpointer) item);
  list = lk_ctl_list_items (one);
  lk_ctl_list_print_line (list, self->ctl, "item");
}

static void
on_attended (gboolean by_us, gpointer user_data)
{
  Following *self = user_data;

  if (!by_us)
    lk_ctl_say (self->ctl, _ ("Another process has this store's jobs in hand; waiting for it"));
}

char *
lk_ctl_describe_job (const LkJobRow *job)
{
  GString *text = g_string_new (NULL);
  guint n_ended = job->n_done + job->n_failed + job->n_cancelled;

  lk_text_add_part (text, _ ("%u of %u"), n_ended, job->n_items);
  if (job->n_failed > 0)
    lk_text_add_part (text, ngettext ("%u failed", "%u failed", job->n_failed), job->n_failed);
  if (job->n_cancelled > 0)
    lk_text_add_part (text, ngettext ("%u cancelled", "%u cancelled", job->n_cancelled),
                      job->n_cancelled);
  if (job->n_parked > 0)
    lk_text_add_part (text,
                      ngettext ("%u waiting for an answer", "%u waiting for an answer",
                                job->n_parked),
                      job->n_parked);
  if (job->n_paused > 0)
    lk_text_add_part (text, ngettext ("%u paused", "%u paused", job->n_paused), job->n_paused);
  return g_string_free (text, FALSE);
}

static void
on_progressed (const LkJobRow *job, const char *trouble, gpointer user_data)
{
  Following *self = user_data;
  gint64 now = g_get_monotonic_time ();
  guint n_ended = job->n_done + job->n_failed + job->n_cancelled;
  g_autofree char *counts = NULL;
  g_autofree char *text = NULL;
  double rate;

  if (trouble != NULL && g_strcmp0 (trouble, self->trouble) != 0)
    lk_ctl_say (self->ctl, "%s", trouble);
  if (g_strcmp0 (trouble, self->trouble) != 0)
    {
      g_free (self->trouble);
      self->trouble = g_strdup (trouble);
    }
  if (now - self->shown_at < PROGRESS_EVERY)
    return;

  counts = lk_ctl_describe_job (job);
  rate = (double) n_ended * G_USEC_PER_SEC / (double) MAX (now - self->started_at, 1);
  text = n_ended > 0 && rate > 0 ? g_strdup_printf (_ ("%s; %.0f a second, %.0f s left"), counts,
                                                    rate, (job->n_items - n_ended) / rate)
                                 : g_strdup (counts);
  lk_ctl_show_progress (self->ctl, text);
  self->shown_at = now;
}

void
lk_ctl_build_job (LkCtl *ctl, const LkJobRow *job)
{
  lk_ctl_set_text (ctl, "plan", job->plan);
  lk_ctl_set_text (ctl, "job_state", job->state);
  lk_ctl_set_count (ctl, "items_total", job->n_items);
  lk_ctl_set_count (ctl, "items_done", job->n_done);
  lk_ctl_set_count (ctl, "items_failed", job->n_failed);
  lk_ctl_set_count (ctl, "items_cancelled", job->n_cancelled);
  lk_ctl_set_count (ctl, "items_open",
                    job->n_items - job->n_done - job->n_failed - job->n_cancelled);
}

LkExit
lk_ctl_judge_items (GPtrArray *items)
{
  guint n_bad = 0;
  guint n_unreachable = 0;
  guint n_denied = 0;

  for (guint i = 0; i < items->len; i++)
    {
      const LkItemRow *item = g_ptr_array_index (items, i);

      if (g_str_equal (item->state, "done"))
        continue;
      n_bad++;
      n_unreachable += g_strcmp0 (item->error, "unreachable") == 0;
      n_denied += g_strcmp0 (item->error, "denied") == 0;
    }

  if (n_bad == 0)
    return LK_EXIT_OK;
  if (n_unreachable == items->len)
    return LK_EXIT_UNREACHABLE;
  if (n_denied == items->len)
    return LK_EXIT_DENIED;
  return LK_EXIT_SOME_FAILED;
}

/* What became of the rows: the failed ones for people, all of them in JSON. */
static LkExit
show_result (LkCtl *ctl, gint64 job_id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkJobRow) job = lk_console_get_job (ctl->console, job_id, &error);
  g_autoptr (GPtrArray) items =
      job != NULL ? lk_console_list_items (ctl->console, job_id, &error) : NULL;
  g_autoptr (LkCtlList) list = NULL;

  if (items == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_build_job (ctl, job);
  if (ctl->options.json && !ctl->options.stream)
    {
      list = lk_ctl_list_items (items);
      lk_ctl_list_print (list, ctl, "items");
    }
  for (guint i = 0; i < items->len; i++)
    {
      const LkItemRow *item = g_ptr_array_index (items, i);

      if (g_str_equal (item->state, "failed"))
        lk_ctl_print_failure (ctl, item);
    }
  lk_ctl_print (ctl, _ ("%s: rows %u, done %u, failed %u, cancelled %u, open %u\n"),
                lk_plan_get_title (job->plan) != NULL ? lk_plan_get_title (job->plan) : job->plan,
                job->n_items, job->n_done, job->n_failed, job->n_cancelled,
                job->n_items - job->n_done - job->n_failed - job->n_cancelled);
  return lk_ctl_judge_items (items);
}

LkExit
lk_ctl_follow (LkCtl *ctl, gint64 job_id, gint64 patience)
{
  g_autoptr (GCancellable) cancellable = lk_ctl_watch_signals ();
  g_autoptr (GError) error = NULL;
  Following following = { .ctl = ctl, .started_at = g_get_monotonic_time () };
  const LkWatcher watcher = { on_item_ended, on_progressed, on_attended, &following };
  LkFollowEnd end;
  gboolean done = lk_console_follow (ctl->console, job_id, (guint) MAX (ctl->options.workers, 0),
                                     patience, &watcher, cancellable, &end, &error);
  LkExit status;

  lk_ctl_show_progress (ctl, NULL);
  g_free (following.trouble);
  if (!done)
    {
      lk_ctl_say (ctl, _ ("Job %d stays filed"), (int) job_id);
      return lk_ctl_fail (ctl, g_steal_pointer (&error));
    }

  status = show_result (ctl, job_id);
  switch (end)
    {
    case LK_FOLLOW_CLOSED:
      return status;
    case LK_FOLLOW_PAUSED:
      lk_ctl_say (ctl, _ ("Job %d is paused; go on with: latchkeyctl job resume %d"), (int) job_id,
                  (int) job_id);
      return LK_EXIT_SOME_FAILED;
    case LK_FOLLOW_WAITING:
      lk_ctl_say (ctl,
                  _ ("Job %d still waits for answers, and nothing is lost; follow it again with:"
                     " latchkeyctl job follow %d"),
                  (int) job_id, (int) job_id);
      return LK_EXIT_UNREACHABLE;
    case LK_FOLLOW_INTERRUPTED:
      lk_ctl_say (ctl,
                  _ ("Interrupted; job %d is kept as it stands. Go on with: latchkeyctl job follow"
                     " %d, or drop it with: latchkeyctl job cancel %d"),
                  (int) job_id, (int) job_id, (int) job_id);
      return LK_EXIT_INTERRUPTED;
    }

  return LK_EXIT_ERROR;
}
