/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "job/lk-runner.h"

#include "base/lk-error.h"
#include "job/lk-back-off.h"
#include "job/lk-courier.h"
#include "job/lk-plan.h"
#include "job/lk-steps.h"
#include "store/lk-queue.h"

#include <glib/gi18n-lib.h>

#define DEFAULT_WORKERS 64
#define MAX_WORKERS     512
#define TICK_US         (G_USEC_PER_SEC / 20)
/* A batch waits this long to fill up while steps still run. */
#define LINGER_US       (G_USEC_PER_SEC / 4)

struct _LkRunner
{
  LkStore *store;
  LkRunnerOptions options;
  LkCourier *courier;
  GCancellable *interrupt;
  GPtrArray *threads;

  GMutex lock; /* for what follows */
  GCond work;  /* calls one worker; each that finds work calls the next */
  GCond wake;  /* calls the courier */
  guint wakeups;
  guint calls;  /* of the courier */
  guint n_busy; /* workers with an item in hand */
  gboolean stopping;
  char *trouble;
};

LkRunner *
lk_runner_new (LkStore *store, const LkRunnerOptions *options)
{
  LkRunner *self = g_new0 (LkRunner, 1);

  self->store = store;
  self->options = *options;
  if (self->options.n_workers == 0)
    self->options.n_workers = DEFAULT_WORKERS;
  self->options.n_workers = MIN (self->options.n_workers, MAX_WORKERS);
  self->courier = lk_courier_new (store, &self->options);
  self->interrupt = g_cancellable_new ();
  self->threads = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->work);
  g_cond_init (&self->wake);
  return self;
}

void
lk_runner_free (LkRunner *self)
{
  if (self == NULL)
    return;
  lk_runner_stop (self);
  g_clear_pointer (&self->courier, lk_courier_free);
  g_clear_object (&self->interrupt);
  g_ptr_array_unref (self->threads);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->work);
  g_cond_clear (&self->wake);
  g_free (self->trouble);
  g_free (self);
}

void
lk_runner_wake (LkRunner *self)
{
  g_mutex_lock (&self->lock);
  self->wakeups++;
  g_cond_signal (&self->work);
  g_mutex_unlock (&self->lock);
}

static void
set_trouble (LkRunner *self, const GError *error)
{
  g_mutex_lock (&self->lock);
  g_free (self->trouble);
  self->trouble = error != NULL ? g_strdup (error->message) : NULL;
  g_mutex_unlock (&self->lock);
}

char *
lk_runner_get_trouble (LkRunner *self)
{
  char *trouble;

  g_mutex_lock (&self->lock);
  trouble = g_strdup (self->trouble);
  g_mutex_unlock (&self->lock);
  return trouble;
}

static gboolean
is_stopping (LkRunner *self)
{
  gboolean stopping;

  g_mutex_lock (&self->lock);
  stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

/* Waits until someone calls, @until comes (monotonic µs) or the runner stops. FALSE: it stops. */
static gboolean
wait_for_call (LkRunner *self, guint *seen, gint64 until)
{
  gboolean go_on;

  g_mutex_lock (&self->lock);
  while (!self->stopping && self->wakeups == *seen &&
         g_cond_wait_until (&self->work, &self->lock, until))
    ;
  *seen = self->wakeups;
  go_on = !self->stopping;
  g_mutex_unlock (&self->lock);
  return go_on;
}

/* Decides what an error means for the item. */
static void
judge (LkRunner *self, LkVerdict *verdict, const GError *error)
{
  const LkItem *item = verdict->item;
  gint64 now = lk_clock_now (self->options.clock);
  gboolean has_time = item->failing_since == 0 || now - item->failing_since < item->give_up_after;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      verdict->outcome = LK_OUTCOME_RETRY;
      verdict->due_at = now;
      return;
    }

  g_free (verdict->message);
  verdict->message = g_strdup (error->message);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      verdict->outcome = LK_OUTCOME_NOT_YET;
      verdict->error = LK_ITEM_WAITS_FOR_PASSWORD;
      verdict->due_at = now + lk_back_off_get_longest (&self->options);
      return;
    }

  verdict->code = lk_error_get_remote_code (error);
  verdict->error = error->domain == LK_ERROR ? lk_error_code_to_word (error->code) : "error";
  verdict->outcome = LK_OUTCOME_FAILED;
  if (lk_error_is_transient (error) && has_time &&
      (item->max_attempts == 0 || item->attempt < item->max_attempts))
    {
      verdict->outcome = LK_OUTCOME_RETRY;
      verdict->due_at = now + lk_back_off (&self->options, item->attempt);
    }
  else
    verdict->next_step = NULL; /* it failed where it is */
}

/* Writes the verdict down, however long the disk is full: what a machine did must not be lost. */
static gboolean
settle (LkRunner *self, const LkVerdict *verdict, LkItem **next)
{
  const LkItem *item = verdict->item;
  const char *next_step = lk_plan_get_next_step (item->plan, item->step);
  guint seen = 0;

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;

      if (lk_store_settle (self->store, verdict, next_step, lk_clock_now (self->options.clock),
                           is_stopping (self) ? NULL : next, &error))
        return TRUE;

      set_trouble (self, error);
      g_warning ("Cannot write down what %s did: %s; trying again", item->name, error->message);
      if (!wait_for_call (self, &seen, g_get_monotonic_time () + G_USEC_PER_SEC))
        return FALSE;
    }
}

/* Runs the steps of one item for as long as each leads straight to the next. */
static void
run_item (LkRunner *self, LkItem *first)
{
  g_autoptr (LkItem) item = first;
  g_autoptr (LkConversation) conversation = lk_conversation_new (item, &self->options);
  const LkStepContext context = {
    .conversation = conversation,
    .access = self->options.access,
    .clock = self->options.clock,
    .first_back_off = lk_back_off_get_first (&self->options),
    .cancellable = self->interrupt,
  };

  while (TRUE)
    {
      g_auto (LkVerdict) verdict = { .item = item };
      g_autoptr (GError) error = NULL;
      LkItem *next = NULL;

      if (!lk_step_run (&context, &verdict, &error))
        {
          judge (self, &verdict, error);
          lk_conversation_note_stranger (conversation, &verdict);
        }
      if (!settle (self, &verdict, &next) || next == NULL)
        break;

      lk_conversation_set_item (conversation, next);
      lk_item_free (item);
      item = next;
    }
}

static LkItem *
claim (LkRunner *self)
{
  g_autoptr (GError) error = NULL;
  LkItem *item = lk_store_claim (self->store, self->options.job_id,
                                 lk_clock_now (self->options.clock), &error);

  if (error != NULL)
    {
      set_trouble (self, error);
      g_warning ("Cannot take work from the store: %s", error->message);
    }
  return item;
}

gboolean
lk_runner_run_one (LkRunner *self)
{
  LkItem *item = claim (self);

  if (item == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  self->n_busy++;
  self->wakeups++;
  g_cond_signal (&self->work);
  g_mutex_unlock (&self->lock);

  run_item (self, item);

  g_mutex_lock (&self->lock);
  self->n_busy--;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

gboolean
lk_runner_send_one (LkRunner *self)
{
  g_autoptr (GError) error = NULL;
  LkCourierResult result = lk_courier_run_once (self->courier, self->interrupt, &error);

  if (result == LK_COURIER_TROUBLE)
    g_warning ("The courier waits: %s", error->message);
  set_trouble (self, error);
  return result == LK_COURIER_SENT;
}

static gpointer
work_in_thread (gpointer user_data)
{
  LkRunner *self = user_data;
  guint seen = 0;
  gboolean go_on = TRUE;

  while (go_on)
    if (is_stopping (self))
      go_on = FALSE;
    else if (!lk_runner_run_one (self))
      go_on = wait_for_call (self, &seen, G_MAXINT64);

  return NULL;
}

/* Lets a batch fill up while steps run that may add to it. */
static void
linger (LkRunner *self)
{
  guint batch_size = self->options.batch_size > 0 ? self->options.batch_size : 100;
  gint64 until = g_get_monotonic_time () + LINGER_US;
  guint n_busy;

  do
    {
      g_mutex_lock (&self->lock);
      n_busy = self->n_busy;
      if (!self->stopping && n_busy > 0)
        g_cond_wait_until (&self->wake, &self->lock, g_get_monotonic_time () + TICK_US);
      g_mutex_unlock (&self->lock);
    }
  while (n_busy > 0 && !is_stopping (self) && g_get_monotonic_time () < until &&
         lk_courier_count_due (self->courier) < batch_size);
}

static gpointer
carry_in_thread (gpointer user_data)
{
  LkRunner *self = user_data;
  guint seen = 0;

  while (!is_stopping (self))
    {
      gboolean is_stuck = FALSE;
      gint64 until = G_MAXINT64;

      if (lk_courier_count_due (self->courier) > 0)
        {
          linger (self);
          if (lk_runner_send_one (self))
            {
              lk_runner_wake (self);
              continue;
            }
          is_stuck = TRUE;
          until = g_get_monotonic_time () + G_USEC_PER_SEC;
        }

      g_mutex_lock (&self->lock);
      while (!self->stopping && (is_stuck || self->calls == seen) &&
             g_cond_wait_until (&self->wake, &self->lock, until))
        ;
      seen = self->calls;
      g_mutex_unlock (&self->lock);
    }

  return NULL;
}

void
lk_runner_tick (LkRunner *self)
{
  g_autoptr (GError) error = NULL;
  gint64 now = lk_clock_now (self->options.clock);
  gint64 due_at = G_MAXINT64;

  if (!lk_store_get_next_due (self->store, self->options.job_id, now,
                              lk_back_off_get_longest (&self->options) * 5 / 4, &due_at, &error))
    g_warning ("Cannot read the store: %s", error->message);
  if (due_at <= now)
    lk_runner_wake (self);

  if (lk_courier_get_next_due (self->courier) > now)
    return;
  g_mutex_lock (&self->lock);
  self->calls++;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

void
lk_runner_start (LkRunner *self)
{
  for (guint i = 0; i < self->options.n_workers; i++)
    g_ptr_array_add (self->threads, g_thread_new ("worker", work_in_thread, self));
  g_ptr_array_add (self->threads, g_thread_new ("courier", carry_in_thread, self));
}

void
lk_runner_stop (LkRunner *self)
{
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->work);
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  g_cancellable_cancel (self->interrupt);

  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_ptr_array_set_size (self->threads, 0);

  if (!lk_courier_flush (self->courier, &error))
    g_warning ("Answers of the backend could not be written down and will be asked for again: %s",
               error->message);
}
