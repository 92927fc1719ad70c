/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-jobs.h"
#include "console/lk-work.h"
#include "domain/lk-job.h"
#include "store/lk-queue.h"
#include "store/lk-spends.h"

#include <glib/gi18n-lib.h>

#define TICK_MS        25
#define BUSY_TICK_MS   200 /* of jobs whose rows are many */
#define MANY_ROWS      500
#define RUNNER_TICK_MS 50
#define CALM_TICK_MS   1000
#define CALM_AFTER     (3 * LK_SECOND) /* without a write of anybody */
#define N_TRIES        20
#define TRY_LOCK_EVERY LK_SECOND
#define TRIM_EVERY     LK_DAY

/* A job that is being followed. */
typedef struct
{
  LkConsole *console;
  LkStore *store;
  const LkWatcher *watcher;
  gint64 job_id;
  LkJobRow *job;
  GHashTable *reported; /* ids of items that ended */
  gint64 seen_at;       /* updated_at of the newest item that was seen */
} Following;

static gboolean
has_ended (const LkItemRow *item)
{
  return g_str_equal (item->state, "done") || g_str_equal (item->state, "failed") ||
         g_str_equal (item->state, "cancelled");
}

static gboolean
report_items (Following *self, GError **error)
{
  g_autoptr (GPtrArray) items = NULL;

  if (self->watcher->item_ended == NULL)
    return TRUE;

  items = lk_store_list_items (self->store, self->job_id, self->seen_at, error);
  if (items == NULL)
    return FALSE;

  for (guint i = 0; i < items->len; i++)
    {
      const LkItemRow *item = g_ptr_array_index (items, i);

      self->seen_at = MAX (self->seen_at, item->updated_at);
      if (has_ended (item) &&
          g_hash_table_add (self->reported, g_memdup2 (&item->id, sizeof item->id)))
        self->watcher->item_ended (item, self->watcher->user_data);
    }

  return TRUE;
}

static gboolean
look (Following *self, LkWork *work, GError **error)
{
  g_autofree char *trouble = lk_work_get_trouble (work);

  g_clear_pointer (&self->job, lk_job_row_free);
  self->job = lk_store_get_job (self->store, self->job_id, error);
  if (self->job == NULL || !report_items (self, error))
    return FALSE;

  if (self->watcher->progressed != NULL)
    self->watcher->progressed (self->job, trouble, self->watcher->user_data);
  return TRUE;
}

static gboolean
is_over (const LkJobRow *job, gint64 idle_ms, gint64 patience, LkFollowEnd *end)
{
  *end = LK_FOLLOW_CLOSED;
  if (job->finished_at != 0)
    return TRUE;
  if (job->n_running > 0)
    return FALSE;

  *end = LK_FOLLOW_PAUSED;
  if (g_str_equal (job->state, "paused"))
    return TRUE;

  *end = LK_FOLLOW_WAITING;
  return patience > 0 && job->n_ready == 0 && idle_ms > patience;
}

static gboolean
follow (Following *self,
        LkWork *work,
        gint64 patience,
        GCancellable *cancellable,
        LkFollowEnd *end,
        GError **error)
{
  gint64 version = -1;
  gint64 looked_at = 0;
  gint64 changed_at = g_get_monotonic_time () / 1000;
  gint64 tried_at = 0;
  gint64 ticked_at = 0;
  gboolean running = FALSE;
  gboolean was_running = TRUE;

  while (TRUE)
    {
      gint64 now = g_get_monotonic_time () / 1000;
      gint64 seen = lk_store_get_version (self->store);
      gint64 tick = self->job != NULL && self->job->n_items > MANY_ROWS ? BUSY_TICK_MS : TICK_MS;

      if (!running && (tried_at == 0 || now - tried_at >= TRY_LOCK_EVERY))
        {
          if (!lk_work_try_start (work, &running, error))
            return FALSE;
          if (self->watcher->attended != NULL && (tried_at == 0 || running != was_running))
            self->watcher->attended (running, self->watcher->user_data);
          was_running = running;
          tried_at = now;
        }

      if (now - ticked_at >= RUNNER_TICK_MS)
        {
          lk_work_tick (work);
          ticked_at = now;
        }
      if (seen != version && now - looked_at >= tick)
        {
          changed_at = now;
          version = seen;
          if (!look (self, work, error))
            return FALSE;
          looked_at = g_get_monotonic_time () / 1000;
        }
      else if (now - looked_at >= LK_SECOND)
        {
          if (!look (self, work, error)) /* trouble shows without a write */
            return FALSE;
          looked_at = now;
        }

      if (is_over (self->job, now - changed_at, patience, end))
        return TRUE;
      if (!lk_work_pause (cancellable, TICK_MS))
        {
          *end = LK_FOLLOW_INTERRUPTED;
          return TRUE;
        }
    }
}

gboolean
lk_console_follow (LkConsole *self,
                   gint64 job_id,
                   guint n_workers,
                   gint64 patience,
                   const LkWatcher *watcher,
                   GCancellable *cancellable,
                   LkFollowEnd *end,
                   GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkWork) work = NULL;
  Following following = { .console = self, .store = store, .watcher = watcher, .job_id = job_id };
  gboolean done;

  if (store == NULL)
    return FALSE;
  work = lk_work_new (self, job_id, n_workers, FALSE, error);
  if (work == NULL)
    return FALSE;

  following.reported = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  done = follow (&following, work, patience, cancellable, end, error);
  g_clear_pointer (&work, lk_work_free); /* its last verdicts are written when this returns */
  /* A row may be committed after another one that ended later; none is left out at the end. */
  following.seen_at = 0;
  if (done)
    report_items (&following, NULL);

  g_clear_pointer (&following.job, lk_job_row_free);
  g_hash_table_unref (following.reported);
  return done;
}

/* What comes due this soon is still waited for: an answer on its way, a short back-off. */
#define SOON (5 * LK_SECOND)

static gboolean
is_idle (LkStore *store, const LkOpenCount *count, gint64 now, gboolean *idle, GError **error)
{
  g_autoptr (GPtrArray) spends = NULL;
  gint64 item_due = G_MAXINT64;
  gint64 spend_due = G_MAXINT64;

  *idle = FALSE;
  if (count->n_due > 0 || count->n_running > 0)
    return TRUE;
  spends = lk_store_count_spends (store, error);
  if (spends == NULL || !lk_store_get_next_spend_due (store, 0, &spend_due, error) ||
      !lk_store_get_next_due (store, 0, now, G_MAXINT32 * LK_SECOND, &item_due, error))
    return FALSE;

  *idle = MIN (spend_due, item_due) > now + SOON;
  for (guint i = 0; i < spends->len && *idle; i++)
    *idle = ((const LkSpendCount *) g_ptr_array_index (spends, i))->n[LK_SPEND_SENT] == 0;
  return TRUE;
}

typedef struct
{
  LkWork *work;
  LkStore *store;
  gint64 version;
  gint64 stirred_at; /* monotonic ms, when somebody wrote last */
} Pace;

/* Ticks for so long: often while things happen, once when it is calm. FALSE: cancelled. */
static gboolean
tick_for (Pace *self, int ms, GCancellable *cancellable)
{
  gint64 until = g_get_monotonic_time () / 1000 + ms;
  gboolean goes_on = TRUE;

  while (goes_on && g_get_monotonic_time () / 1000 < until)
    {
      gint64 now = g_get_monotonic_time () / 1000;
      gint64 version = lk_store_get_version (self->store);

      if (version != self->version)
        self->stirred_at = now;
      self->version = version;
      lk_work_tick (self->work);
      goes_on = lk_work_pause (cancellable,
                               now - self->stirred_at < CALM_AFTER ? RUNNER_TICK_MS : CALM_TICK_MS);
    }
  return goes_on;
}

gboolean
lk_console_run (LkConsole *self,
                guint n_workers,
                gboolean once,
                LkRunFunc func,
                gpointer user_data,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (LkWork) work = lk_work_new (self, 0, n_workers, FALSE, error);
  LkStore *store = lk_console_get_store (self, NULL);
  Pace pace = { .work = work, .store = store, .version = -1 };
  gint64 trimmed_at = 0;
  gboolean running = FALSE;
  gboolean idle = FALSE;

  if (work == NULL)
    return FALSE;
  /* Who only asks whether the store is served has the lock for a moment, too. */
  for (guint i = 0; i < N_TRIES && !running; i++)
    if ((i > 0 && !lk_work_pause (cancellable, TICK_MS)) ||
        !lk_work_try_start (work, &running, error))
      break;
  if (error != NULL && *error != NULL)
    return FALSE;
  if (!running)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BUSY,
                   _ ("Another process runs the jobs of “%s” already"), lk_store_get_path (store));
      return FALSE;
    }

  do
    {
      gint64 now = lk_console_now (self);
      g_autofree char *trouble = lk_work_get_trouble (work);
      LkOpenCount count;

      if (!lk_store_count_open (store, now, &count, error) ||
          !is_idle (store, &count, now, &idle, error))
        return FALSE;
      if (func != NULL)
        func (&count, trouble, user_data);
      if (now - trimmed_at > TRIM_EVERY)
        {
          lk_store_trim_events (store, now, NULL);
          trimmed_at = now;
        }
    }
  while (!(once && idle) && tick_for (&pace, once ? RUNNER_TICK_MS : CALM_TICK_MS, cancellable));

  return TRUE;
}
