/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-backend.h"
#include "base/lk-clock.h"
#include "domain/lk-job.h"
#include "net/lk-link.h"
#include "store/lk-store.h"

/**
 * LkAccess:
 *
 * How the runner gets at what only the console may open: called from any worker thread.
 * @get_login: the credential set for a machine, a reference; NULL with LK_ERROR_DENIED when none
 *   fits
 * @get_key: the product key of that id
 */
typedef struct
{
  LkLogin *(*get_login) (const LkItem *item, gpointer user_data, GError **error);
  LkSecret *(*get_key) (gint64 key_id, gpointer user_data, GError **error);
  gpointer user_data;
} LkAccess;

/**
 * LkRunnerOptions:
 *
 * @n_workers: 0: 64
 * @job_id: runs this job only; 0: everything that is due
 * @transfer_id: not 0: runs no job, and sends what this request of another store asks for
 * @backend: where batches go; NULL: no backend is set up, and items that wait for a CID say so
 * @batch_size: 0: 100
 * @asks_again: the backend answers a repeated question from its records (a gateway), so an unknown
 *   outcome is asked again without end; else once after 10 minutes and then on a person's order
 * @first_back_off, @longest_back_off: ms; 0: 30 s, 1 h
 * @ca_file: for TLS to machines, or NULL
 */
typedef struct
{
  const LkClock *clock;
  const LkAccess *access;
  LkTrust *trust;
  guint n_workers;
  gint64 job_id;
  gint64 transfer_id;
  const LkBackendOptions *backend;
  guint batch_size;
  gboolean asks_again;
  gint64 first_back_off;
  gint64 longest_back_off;
  guint connect_ms;
  guint answer_ms;
} LkRunnerOptions;

/**
 * LkRunner:
 *
 * Workers that claim items, run their steps and settle the verdicts, and one courier that sends
 * spends to the backend. The caller holds the store's lock and has recovered it. Options and what
 * they point to must outlive the runner.
 */
typedef struct _LkRunner LkRunner;

LkRunner *lk_runner_new (LkStore *store, const LkRunnerOptions *options);
void lk_runner_start (LkRunner *self);
/* Looks whether something has come due, also what another process filed, and calls workers and
 * courier for it. To be called some twenty times a second while things happen, else once a second.
 */
void lk_runner_tick (LkRunner *self);
/* Something was filed or steered: look now. */
void lk_runner_wake (LkRunner *self);
/* Interrupts the steps that run (they settle as "again at once") and joins the threads. */
void lk_runner_stop (LkRunner *self);
void lk_runner_free (LkRunner *self);

/* Words for a person about why nothing moves ("The disk is full: …"), to be freed, or NULL. */
char *lk_runner_get_trouble (LkRunner *self);

/* For tests: no threads; claims and runs one due step, or sends one batch. FALSE: nothing due. */
gboolean lk_runner_run_one (LkRunner *self);
gboolean lk_runner_send_one (LkRunner *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkRunner, lk_runner_free)
