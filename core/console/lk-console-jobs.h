/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

#include <gio/gio.h>

/* Jobs: looking, steering, following, and running what is due. */

GPtrArray *lk_console_list_jobs (LkConsole *self, guint max, GError **error);
LkJobRow *lk_console_get_job (LkConsole *self, gint64 id, GError **error);
GPtrArray *lk_console_list_items (LkConsole *self, gint64 job_id, GError **error);

gboolean lk_console_pause_job (LkConsole *self, gint64 id, GError **error);
gboolean lk_console_resume_job (LkConsole *self, gint64 id, GError **error);
gboolean lk_console_cancel_job (LkConsole *self, gint64 id, GError **error);
/* Failed rows again; how many goes to @n. */
gboolean lk_console_retry_job (LkConsole *self, gint64 id, guint *n, GError **error);

/* Whether batches could be sent: FALSE with the remedy when no backend is set up or its digest key
 * is missing. */
gboolean lk_console_check_backend (LkConsole *self, GError **error);

/**
 * LkWatcher:
 *
 * Who is told while a job is followed; all may be NULL. @trouble says why nothing moves, or NULL.
 */
typedef struct
{
  void (*item_ended) (const LkItemRow *item, gpointer user_data);
  void (*progressed) (const LkJobRow *job, const char *trouble, gpointer user_data);
  /* We run the job ourselves, or wait for another process that runs this store's jobs. */
  void (*attended) (gboolean by_us, gpointer user_data);
  gpointer user_data;
} LkWatcher;

typedef enum
{
  LK_FOLLOW_CLOSED,
  LK_FOLLOW_PAUSED,      /* someone paused the job */
  LK_FOLLOW_WAITING,     /* only rows that wait for an answer are left, and it does not come */
  LK_FOLLOW_INTERRUPTED, /* @cancellable; the state is kept */
} LkFollowEnd;

/* Follows a job to its end: runs it when nobody else runs this store's jobs, and takes over when
 * who does goes away. @patience: ms without any change after which rows that only wait for an
 * answer are waited for no longer; 0: without end. */
gboolean lk_console_follow (LkConsole *self,
                            gint64 job_id,
                            guint n_workers,
                            gint64 patience,
                            const LkWatcher *watcher,
                            GCancellable *cancellable,
                            LkFollowEnd *end,
                            GError **error);

/* What `run` says of itself, at most once a second. */
typedef void (*LkRunFunc) (const LkOpenCount *count, const char *trouble, gpointer user_data);

/* Runs what is due in all jobs until @cancellable; with @once until nothing is due any more.
 * LK_ERROR_BUSY when another process does so already. */
gboolean lk_console_run (LkConsole *self,
                         guint n_workers,
                         gboolean once,
                         LkRunFunc func,
                         gpointer user_data,
                         GCancellable *cancellable,
                         GError **error);
