/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-jobs.h"

#include "base/lk-error.h"
#include "store/lk-spends.h"

#include <glib/gi18n-lib.h>

void
lk_target_free (LkTarget *self)
{
  if (self == NULL)
    return;
  g_free (self->application_id);
  g_free (self->partial_key);
  g_free (self);
}

void
lk_job_row_free (LkJobRow *self)
{
  if (self == NULL)
    return;
  g_free (self->plan);
  g_free (self->selection);
  g_free (self->state);
  g_free (self->requested_by);
  g_free (self);
}

void
lk_item_row_free (LkItemRow *self)
{
  if (self == NULL)
    return;
  g_free (self->machine);
  g_free (self->address);
  g_free (self->application_id);
  g_free (self->partial_key);
  g_free (self->step);
  g_free (self->state);
  g_free (self->message);
  g_free (self->error);
  g_free (self);
}

void
lk_open_work_free (LkOpenWork *self)
{
  if (self == NULL)
    return;
  g_free (self->plan);
  g_free (self);
}

typedef struct
{
  const LkJobRequest *request;
  gint64 now;
  gint64 job_id;
  guint n_filed;
  guint n_open;
  gint64 open_job;
} Filing;

static gboolean
file_target (LkDb *db, Filing *filing, const LkTarget *target, GError **error)
{
  const LkJobRequest *request = filing->request;

  if (!lk_db_run (db, error,
                  "INSERT INTO item (job_id, machine_id, plan, application_id, partial_key, step,"
                  "  priority, due_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)"
                  " ON CONFLICT DO NOTHING",
                  "iissssii", filing->job_id, target->machine_id, request->plan,
                  target->application_id, target->partial_key, request->first_step,
                  (gint64) request->priority, filing->now))
    return FALSE;

  if (lk_db_get_changes (db) == 1)
    {
      filing->n_filed++;
      return TRUE;
    }

  filing->n_open++;
  return lk_db_get_int (db, &filing->open_job, 0, error,
                        "SELECT job_id FROM item WHERE machine_id = ?1 AND plan = ?2"
                        " AND state IN ('ready', 'running', 'parked', 'paused')",
                        "is", target->machine_id, request->plan);
}

static gboolean
file_job (LkDb *db, gpointer user_data, GError **error)
{
  Filing *filing = user_data;
  const LkJobRequest *request = filing->request;

  filing->n_filed = 0;
  filing->n_open = 0;
  if (!lk_db_run (db, error,
                  "INSERT INTO job (plan, selection, key_id, allow_unknown, max_attempts,"
                  "  give_up_after, priority, requested_by, created_at)"
                  " VALUES (?1, ?2, nullif (?3, 0), ?4, ?5, ?6, ?7, ?8, ?9)",
                  "ssiiiiisi", request->plan, request->selection, request->key_id,
                  (gint64) request->allow_unknown, (gint64) request->max_attempts,
                  request->give_up_after, (gint64) request->priority, request->requested_by,
                  filing->now))
    return FALSE;

  filing->job_id = lk_db_get_last_id (db);
  for (guint i = 0; i < request->targets->len; i++)
    if (!file_target (db, filing, g_ptr_array_index (request->targets, i), error))
      return FALSE;

  if (filing->n_filed > 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_BUSY, _ ("Job %d is already doing exactly this"),
               (int) filing->open_job);
  return FALSE;
}

gboolean
lk_store_file_job (LkStore *self,
                   const LkJobRequest *request,
                   gint64 now,
                   gint64 *job_id,
                   guint *n_open,
                   gint64 *open_job,
                   GError **error)
{
  Filing filing = { .request = request, .now = now };

  if (!lk_store_write (self, file_job, &filing, error))
    return FALSE;

  *job_id = filing.job_id;
  *n_open = filing.n_open;
  *open_job = filing.open_job;
  return TRUE;
}

#define JOB_COLUMNS                                                                                \
  "j.id, j.plan, j.selection, j.state, j.requested_by, coalesce (j.key_id, 0), j.created_at,"      \
  " j.finished_at"

static void
count_items (LkDb *db, LkJobRow *row, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT state, count (*) FROM item WHERE job_id = ?1 GROUP BY state",
                   "i", row->id);

  while (query != NULL && lk_query_next (query, error))
    {
      const char *state = lk_query_text (query, 0);
      guint n = (guint) lk_query_int (query, 1);

      row->n_items += n;
      if (g_str_equal (state, "done"))
        row->n_done = n;
      else if (g_str_equal (state, "failed"))
        row->n_failed = n;
      else if (g_str_equal (state, "cancelled"))
        row->n_cancelled = n;
      else if (g_str_equal (state, "parked"))
        row->n_parked = n;
      else if (g_str_equal (state, "running"))
        row->n_running = n;
      else if (g_str_equal (state, "paused"))
        row->n_paused = n;
      else
        row->n_ready = n;
    }
}

/* @id 0: the newest @max, or those of them that are not ended. */
static GPtrArray *
query_jobs (LkStore *self, gint64 id, gboolean is_open, guint max, GError **error)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_job_row_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, &local_error,
                     "SELECT " JOB_COLUMNS " FROM job AS j WHERE (?1 = 0 OR j.id = ?1)"
                     " AND (?2 = 0 OR j.finished_at = 0) ORDER BY j.id DESC LIMIT ?3",
                     "iii", id, (gint64) is_open, (gint64) max);

    while (query != NULL && lk_query_next (query, &local_error))
      {
        LkJobRow *row = g_new0 (LkJobRow, 1);

        row->id = lk_query_int (query, 0);
        row->plan = lk_query_dup (query, 1);
        row->selection = lk_query_dup (query, 2);
        row->state = lk_query_dup (query, 3);
        row->requested_by = lk_query_dup (query, 4);
        row->key_id = lk_query_int (query, 5);
        row->created_at = lk_query_int (query, 6);
        row->finished_at = lk_query_int (query, 7);
        g_ptr_array_add (jobs, row);
        count_items (db, row, &local_error);
      }
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&jobs);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

LkJobRow *
lk_store_get_job (LkStore *self, gint64 id, GError **error)
{
  g_autoptr (GPtrArray) jobs = query_jobs (self, id, FALSE, 1, error);

  if (jobs != NULL && id != 0 && jobs->len == 1)
    return g_ptr_array_steal_index (jobs, 0);
  if (jobs != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("There is no job %d; see: latchkeyctl job list"), (int) id);
  return NULL;
}

GPtrArray *
lk_store_list_jobs (LkStore *self, guint max, GError **error)
{
  return query_jobs (self, 0, FALSE, max, error);
}

GPtrArray *
lk_store_list_open_jobs (LkStore *self, GError **error)
{
  return query_jobs (self, 0, TRUE, G_MAXINT32, error);
}

GPtrArray *
lk_store_list_open_work (LkStore *self, GError **error)
{
  g_autoptr (GPtrArray) work = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_open_work_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, &local_error,
                     "SELECT machine_id, job_id, plan FROM item"
                     " WHERE state IN ('ready', 'running', 'parked', 'paused')"
                     " ORDER BY machine_id, id",
                     "");

    while (query != NULL && lk_query_next (query, &local_error))
      {
        LkOpenWork *item = g_new0 (LkOpenWork, 1);

        item->machine_id = lk_query_int (query, 0);
        item->job_id = lk_query_int (query, 1);
        item->plan = lk_query_dup (query, 2);
        g_ptr_array_add (work, item);
      }
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&work);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
lk_store_count_open (LkStore *self, gint64 now, LkOpenCount *out, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = FALSE;

  if (db == NULL)
    return FALSE;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, error,
                     "SELECT count (*) FILTER (WHERE state = 'ready' AND due_at <= ?1),"
                     " count (*) FILTER (WHERE state = 'ready' AND due_at > ?1),"
                     " count (*) FILTER (WHERE state = 'running'),"
                     " count (*) FILTER (WHERE state = 'parked'),"
                     " count (*) FILTER (WHERE state = 'paused') FROM item"
                     " WHERE state IN ('ready', 'running', 'parked', 'paused')",
                     "i", now);

    done = query != NULL && lk_query_next (query, error);
    if (done)
      *out = (LkOpenCount){
        .n_due = (guint) lk_query_int (query, 0),
        .n_later = (guint) lk_query_int (query, 1),
        .n_running = (guint) lk_query_int (query, 2),
        .n_parked = (guint) lk_query_int (query, 3),
        .n_paused = (guint) lk_query_int (query, 4),
      };
  }

  lk_store_return_reader (self, db);
  return done;
}

typedef struct
{
  gint64 id;
  gint64 now;
  guint n;
} Steering;

static gboolean
expect_job (LkDb *db, gint64 id, GError **error)
{
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("There is no job %d that this could be done to; see: latchkeyctl job list"),
               (int) id);
  return FALSE;
}

gboolean
lk_job_close_if_done (LkDb *db, gint64 job_id, gint64 now, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE job SET finished_at = ?2,"
                    " state = CASE state WHEN 'cancelled' THEN state ELSE 'done' END"
                    " WHERE id = ?1 AND finished_at = 0 AND NOT EXISTS (SELECT 1 FROM item"
                    "  WHERE job_id = ?1 AND state IN ('ready', 'running', 'parked', 'paused'))",
                    "ii", job_id, now);
}

static gboolean
cancel (LkDb *db, gpointer user_data, GError **error)
{
  Steering *steering = user_data;

  return lk_db_run (db, error,
                    "UPDATE job SET state = 'cancelled' WHERE id = ?1 AND state IN ('open',"
                    " 'paused')",
                    "i", steering->id) &&
         expect_job (db, steering->id, error) &&
         /* A reservation that another open job or a request also waits for stays. */
         lk_db_run (db, error,
                    "DELETE FROM spend WHERE state = 'reserved' AND EXISTS (SELECT 1 FROM item AS i"
                    "  WHERE i.job_id = ?1 AND i.key_identity = spend.key_identity"
                    "  AND i.iid = spend.iid AND i.state IN ('ready', 'parked', 'paused'))"
                    " AND NOT EXISTS (SELECT 1 FROM item AS o WHERE o.job_id <> ?1"
                    "  AND o.key_identity = spend.key_identity AND o.iid = spend.iid"
                    "  AND o.state IN ('ready', 'running', 'parked', 'paused'))"
                    " AND NOT EXISTS (SELECT 1 FROM transfer_row AS r WHERE r.is_wanted = 1"
                    "  AND r.iid = spend.iid AND r.key_identity = spend.key_identity)",
                    "i", steering->id) &&
         lk_db_run (db, error,
                    "UPDATE item SET state = 'cancelled', message = 'Cancelled', updated_at = ?2"
                    " WHERE job_id = ?1 AND state IN ('ready', 'parked', 'paused')",
                    "ii", steering->id, steering->now) &&
         lk_spends_wake_waiting (db, NULL, steering->now, error) &&
         lk_job_close_if_done (db, steering->id, steering->now, error);
}

gboolean
lk_store_cancel_job (LkStore *self, gint64 id, gint64 now, GError **error)
{
  Steering steering = { id, now, 0 };

  return lk_store_write (self, cancel, &steering, error);
}

static gboolean
pause_items (LkDb *db, gpointer user_data, GError **error)
{
  Steering *steering = user_data;

  return lk_db_run (db, error, "UPDATE job SET state = 'paused' WHERE id = ?1 AND state = 'open'",
                    "i", steering->id) &&
         expect_job (db, steering->id, error) &&
         lk_db_run (db, error,
                    "UPDATE item SET state = 'paused', updated_at = ?2"
                    " WHERE job_id = ?1 AND state = 'ready'",
                    "ii", steering->id, steering->now);
}

gboolean
lk_store_pause_job (LkStore *self, gint64 id, gint64 now, GError **error)
{
  Steering steering = { id, now, 0 };

  return lk_store_write (self, pause_items, &steering, error);
}

static gboolean
resume_items (LkDb *db, gpointer user_data, GError **error)
{
  Steering *steering = user_data;

  return lk_db_run (db, error, "UPDATE job SET state = 'open' WHERE id = ?1 AND state = 'paused'",
                    "i", steering->id) &&
         expect_job (db, steering->id, error) &&
         lk_db_run (db, error,
                    "UPDATE item SET state = 'ready', updated_at = ?2"
                    " WHERE job_id = ?1 AND state = 'paused'",
                    "ii", steering->id, steering->now);
}

gboolean
lk_store_resume_job (LkStore *self, gint64 id, gint64 now, GError **error)
{
  Steering steering = { id, now, 0 };

  return lk_store_write (self, resume_items, &steering, error);
}

static gboolean
retry_items (LkDb *db, gpointer user_data, GError **error)
{
  Steering *steering = user_data;

  /* OR IGNORE: a machine that has other identical work by now keeps its failed item. */
  if (!lk_db_run (db, error,
                  "UPDATE OR IGNORE item SET state = 'ready', attempt = 0, failing_since = 0,"
                  " step = CASE step WHEN 'activate' THEN 'commit-spend' ELSE step END,"
                  " again = 1, due_at = ?2, updated_at = ?2 WHERE job_id = ?1 AND state = 'failed'",
                  "ii", steering->id, steering->now))
    return FALSE;

  steering->n = (guint) lk_db_get_changes (db);
  /* A job that goes on goes on whole. */
  if (steering->n > 0 && !lk_db_run (db, error,
                                     "UPDATE item SET state = 'ready', updated_at = ?2"
                                     " WHERE job_id = ?1 AND state = 'paused'",
                                     "ii", steering->id, steering->now))
    return FALSE;
  return lk_db_run (db, error,
                    "UPDATE spend SET due_at = ?2 WHERE state = 'unknown' AND EXISTS"
                    " (SELECT 1 FROM item AS i WHERE i.job_id = ?1"
                    "  AND i.key_identity = spend.key_identity AND i.iid = spend.iid"
                    "  AND i.state IN ('ready', 'parked'))",
                    "ii", steering->id, steering->now) &&
         (steering->n == 0 ||
          lk_db_run (db, error, "UPDATE job SET state = 'open', finished_at = 0 WHERE id = ?1", "i",
                     steering->id));
}

gboolean
lk_store_retry_job (LkStore *self, gint64 id, gint64 now, guint *n, GError **error)
{
  Steering steering = { id, now, 0 };
  gboolean done = lk_store_write (self, retry_items, &steering, error);

  *n = steering.n;
  return done;
}
