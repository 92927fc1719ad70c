/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-private.h"
#include "job/lk-runner.h"

/**
 * LkWork:
 *
 * The runner of a store with everything it needs from the console: backend, credentials, keys,
 * trust. For the files of this folder.
 */
typedef struct _LkWork LkWork;

/* @job_id 0: of all jobs. @n_workers 0: as set. Opens the vault, so that a runner without it claims
 * nothing. @needs_backend: an error when there is none. */
LkWork *lk_work_new (LkConsole *console,
                     gint64 job_id,
                     guint n_workers,
                     gboolean needs_backend,
                     GError **error);
/* The backend's part of it only, for one request of another store that was taken in. */
LkWork *lk_work_new_for_request (LkConsole *console, gint64 transfer_id, GError **error);
void lk_work_free (LkWork *self); /* stops, and gives the lock back */

/* Starts when the store's lock can be had. @running: whether it runs now. */
gboolean lk_work_try_start (LkWork *self, gboolean *running, GError **error);
/* See lk_runner_tick(); nothing while another process runs the store. */
void lk_work_tick (LkWork *self);
/* Sleeps, or wakes for the cancellable; FALSE when it was cancelled. */
gboolean lk_work_pause (GCancellable *cancellable, int ms);
/* Why nothing moves, to be freed, or NULL. */
char *lk_work_get_trouble (LkWork *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWork, lk_work_free)
