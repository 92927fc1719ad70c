/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/lk-runner.h"

/**
 * LkCourier:
 *
 * Sends due spends to the backend in batches and writes down what came of them. Works on spends,
 * not on jobs: what was sent is asked for until it is answered, whoever cancelled meanwhile. Used
 * by one thread.
 */
typedef struct _LkCourier LkCourier;

LkCourier *lk_courier_new (LkStore *store, const LkRunnerOptions *options);
void lk_courier_free (LkCourier *self);

typedef enum
{
  LK_COURIER_IDLE,    /* nothing is due */
  LK_COURIER_SENT,    /* a batch went out and is settled */
  LK_COURIER_TROUBLE, /* @error says what; try again in a second */
} LkCourierResult;

/* Sends one batch and settles it. Answers that cannot be written (a full disk) are held and written
 * by the next call before anything else is sent. */
LkCourierResult lk_courier_run_once (LkCourier *self, GCancellable *cancellable, GError **error);

/* A last try to write answers that are held, when the courier is about to end. */
gboolean lk_courier_flush (LkCourier *self, GError **error);

/* How many spends are due now, up to one batch; so that a batch can fill up. */
guint lk_courier_count_due (LkCourier *self);
/* When to look again, ms; G_MAXINT64 for not before something changes. */
gint64 lk_courier_get_next_due (LkCourier *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkCourier, lk_courier_free)
