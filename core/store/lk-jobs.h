/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-job.h"
#include "store/lk-store.h"

/* Jobs as people see them: filing, listing, steering. How workers take their items is in
 * lk-queue.h. */

/* What one item is about. */
typedef struct
{
  gint64 machine_id;
  char *application_id; /* NULL: the machine as a whole */
  char *partial_key; /* of the installed key that is meant, when no key is installed by the job */
} LkTarget;

void lk_target_free (LkTarget *self);

/**
 * LkJobRequest:
 *
 * A command to be filed.
 */
typedef struct
{
  const char *plan;
  const char *first_step;
  const char *selection; /* as the person wrote it */
  gint64 key_id;         /* 0: none */
  gboolean allow_unknown;
  guint max_attempts;   /* 0: until give_up_after */
  gint64 give_up_after; /* ms */
  guint priority;       /* 0: a person waits, 1: a service */
  const char *requested_by;
  GPtrArray *targets; /* of LkTarget */
} LkJobRequest;

/* Files a job. A target with identical open work is left out and counted in @n_open, with one such
 * job's number in @open_job; if that holds for all of them the job is refused (LK_ERROR_BUSY, the
 * number in the message) and nothing is filed. */
gboolean lk_store_file_job (LkStore *self,
                            const LkJobRequest *request,
                            gint64 now,
                            gint64 *job_id,
                            guint *n_open,
                            gint64 *open_job,
                            GError **error);

/**
 * LkJobRow:
 */
typedef struct
{
  gint64 id;
  char *plan;
  char *selection;
  char *state;
  char *requested_by;
  gint64 key_id;
  gint64 created_at;
  gint64 finished_at;
  guint n_items;
  guint n_done;
  guint n_failed;
  guint n_cancelled;
  guint n_parked;
  guint n_running;
  guint n_ready; /* due, or waiting for their next try */
  guint n_paused;
} LkJobRow;

void lk_job_row_free (LkJobRow *self);

LkJobRow *lk_store_get_job (LkStore *self, gint64 id, GError **error);
GPtrArray *lk_store_list_jobs (LkStore *self, guint max, GError **error);
/* Those that are not ended, newest first. */
GPtrArray *lk_store_list_open_jobs (LkStore *self, GError **error);

/**
 * LkItemRow:
 *
 * One item of a job with its result.
 */
typedef struct
{
  gint64 id;
  gint64 machine_id;
  char *machine;
  char *address;
  char *application_id;
  char *partial_key;
  char *step;
  char *state;
  guint attempt;
  gint64 due_at;
  char *message;
  guint32 code;
  char *error;
  gint64 updated_at;
} LkItemRow;

void lk_item_row_free (LkItemRow *self);

/* Items of a job that changed after @since (0: all), by id. */
GPtrArray *lk_store_list_items (LkStore *self, gint64 job_id, gint64 since, GError **error);

/**
 * LkItemVersion:
 *
 * Which item, and a number that is another one when the item is.
 */
typedef struct
{
  gint64 id;
  gint64 version;
} LkItemVersion;

/* The items of a job that are not in @known (LkItemVersion, by id; NULL: none is) with the same
 * version. @versions are those of all its items, by id; @items has NULL for those that are known.
 */
gboolean lk_store_list_changed_items (LkStore *self,
                                      gint64 job_id,
                                      GArray *known,
                                      GArray **versions,
                                      GPtrArray **items,
                                      GError **error);
/* Items of all jobs that failed at @since or later and have not been tried again: the latest @max,
 * and how many there are. */
GPtrArray *
lk_store_list_failures (LkStore *self, gint64 since, guint max, guint *n, GError **error);

/**
 * LkOpenWork:
 *
 * One item that is not ended yet.
 */
typedef struct
{
  gint64 machine_id;
  gint64 job_id;
  char *plan;
} LkOpenWork;

void lk_open_work_free (LkOpenWork *self);
/* Of all jobs, by machine. */
GPtrArray *lk_store_list_open_work (LkStore *self, GError **error);

/**
 * LkOpenCount:
 *
 * Items that are not ended, of all jobs.
 */
typedef struct
{
  guint n_due; /* ready now */
  guint n_later;
  guint n_running;
  guint n_parked;
  guint n_paused;
} LkOpenCount;

gboolean lk_store_count_open (LkStore *self, gint64 now, LkOpenCount *out, GError **error);

/* Cancel: what waits is cancelled at once and its reservations released; sent and unknown spends
 * are not touched. What runs ends after its step. */
gboolean lk_store_cancel_job (LkStore *self, gint64 id, gint64 now, GError **error);
gboolean lk_store_pause_job (LkStore *self, gint64 id, gint64 now, GError **error);
gboolean lk_store_resume_job (LkStore *self, gint64 id, gint64 now, GError **error);
/* Failed items again, by a person's order: also what a service refused, and what is unknown. */
gboolean lk_store_retry_job (LkStore *self, gint64 id, gint64 now, guint *n, GError **error);

/* Inside a write: closes the job when nothing of it is open any more. */
gboolean lk_job_close_if_done (LkDb *db, gint64 job_id, gint64 now, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTarget, lk_target_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkJobRow, lk_job_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkItemRow, lk_item_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkOpenWork, lk_open_work_free)
