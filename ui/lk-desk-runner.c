/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-desk-runner.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"

#define BUSY_PAUSE  G_TIME_SPAN_SECOND
#define STUCK_PAUSE (5 * G_TIME_SPAN_SECOND)

struct _LkDeskRun
{
  GThread *thread;
  LkConsole *console; /* its passwords may be set from any thread */

  /* Of the main thread. */
  LkDeskRunFunc func; /* NULL once it is stopped */
  gpointer user_data;

  /* What follows is guarded. */
  GMutex lock;
  GCond changed;
  GCancellable *round; /* of the run that is under way */
  LkDeskRunner runner;
  char *trouble;
  char *wanted;
  gboolean is_told; /* a report is on its way to the main thread */
  gboolean is_stopping;
  gboolean has_ended;
};

static void
lk_desk_run_clear (gpointer data)
{
  LkDeskRun *self = data;

  g_clear_pointer (&self->console, lk_console_free);
  g_clear_object (&self->round);
  g_free (self->trouble);
  g_free (self->wanted);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

static void
lk_desk_run_unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, lk_desk_run_clear);
}

static gboolean
report (gpointer user_data)
{
  LkDeskRun *self = user_data;
  g_autofree char *trouble = NULL;
  g_autofree char *wanted = NULL;
  LkDeskRunner runner;

  g_mutex_lock (&self->lock);
  self->is_told = FALSE;
  runner = self->runner;
  trouble = g_strdup (self->trouble);
  wanted = g_strdup (self->wanted);
  g_mutex_unlock (&self->lock);

  if (self->func != NULL)
    self->func (runner, trouble, wanted, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
tell (LkDeskRun *self, LkDeskRunner runner, const char *trouble, const char *wanted)
{
  g_mutex_lock (&self->lock);
  if (self->runner != runner || g_strcmp0 (self->trouble, trouble) != 0 ||
      g_strcmp0 (self->wanted, wanted) != 0)
    {
      g_free (self->trouble);
      g_free (self->wanted);
      self->trouble = g_strdup (trouble);
      self->wanted = g_strdup (wanted);
      self->runner = runner;
      if (!self->is_told)
        g_idle_add_full (G_PRIORITY_DEFAULT, report, g_atomic_rc_box_acquire (self),
                         lk_desk_run_unref);
      self->is_told = TRUE;
    }
  g_mutex_unlock (&self->lock);
}

static void
on_run (const LkOpenCount *count, const char *trouble, gpointer user_data)
{
  LkDeskRun *self = user_data;
  g_auto (GStrv) names = lk_console_list_wanted (self->console);
  gboolean is_open = count->n_due + count->n_later + count->n_running > 0;
  g_autofree char *wanted = names[0] != NULL && is_open ? g_strjoinv ("\n", names) : NULL;

  tell (self, LK_DESK_RUNNING, trouble, wanted);
}

/* A new cancellable for the next run, or NULL when there is to be none. */
static GCancellable *
begin_round (LkDeskRun *self)
{
  GCancellable *round = NULL;

  g_mutex_lock (&self->lock);
  if (!self->is_stopping)
    {
      g_set_object (&self->round, NULL);
      self->round = g_cancellable_new ();
      round = g_object_ref (self->round);
    }
  g_mutex_unlock (&self->lock);
  return round;
}

/* Until somebody wants something, or the time is over. */
static void
pause_for (LkDeskRun *self, GCancellable *round, gint64 span)
{
  gint64 until = g_get_monotonic_time () + span;

  g_mutex_lock (&self->lock);
  while (!self->is_stopping && !g_cancellable_is_cancelled (round))
    if (!g_cond_wait_until (&self->changed, &self->lock, until))
      break;
  g_mutex_unlock (&self->lock);
}

static gpointer
run (gpointer user_data)
{
  LkDeskRun *self = user_data;

  while (TRUE)
    {
      g_autoptr (GCancellable) round = begin_round (self);
      g_autoptr (GError) error = NULL;

      if (round == NULL)
        break;
      if (lk_console_run (self->console, 0, FALSE, on_run, self, round, &error))
        continue;
      if (g_error_matches (error, LK_ERROR, LK_ERROR_BUSY))
        {
          tell (self, LK_DESK_OTHER, NULL, NULL);
          pause_for (self, round, BUSY_PAUSE);
        }
      else if (error != NULL && !g_cancellable_is_cancelled (round))
        {
          tell (self, LK_DESK_STUCK, error->message, NULL);
          pause_for (self, round, STUCK_PAUSE);
        }
    }

  g_mutex_lock (&self->lock);
  self->has_ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  lk_desk_run_unref (self);
  return NULL;
}

LkDeskRun *
lk_desk_run_start (const char *path, LkDeskRunFunc func, gpointer user_data)
{
  LkDeskRun *self = g_atomic_rc_box_new0 (LkDeskRun);

  self->console = lk_console_new (path, NULL);
  lk_console_expect_answers (self->console);
  self->func = func;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->thread = g_thread_new ("runner", run, g_atomic_rc_box_acquire (self));
  return self;
}

/* The lock must be ours. */
static void
interrupt (LkDeskRun *self)
{
  if (self->round != NULL)
    g_cancellable_cancel (self->round);
  g_cond_broadcast (&self->changed);
}

void
lk_desk_run_stop (LkDeskRun *self, gint64 deadline)
{
  gboolean has_ended;

  self->func = NULL;
  g_mutex_lock (&self->lock);
  self->is_stopping = TRUE;
  interrupt (self);
  while (!self->has_ended && g_cond_wait_until (&self->changed, &self->lock, deadline))
    ;
  has_ended = self->has_ended;
  g_mutex_unlock (&self->lock);

  if (has_ended)
    g_thread_join (self->thread);
  else
    g_thread_unref (self->thread);
  lk_desk_run_unref (self);
}

void
lk_desk_run_restart (LkDeskRun *self)
{
  g_mutex_lock (&self->lock);
  interrupt (self);
  g_mutex_unlock (&self->lock);
}

void
lk_desk_run_answer (LkDeskRun *self, const char *name, const LkSecret *password)
{
  lk_console_answer_credential (self->console, name, password);
}
