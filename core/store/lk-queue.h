/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-job.h"
#include "store/lk-store.h"

/* The store as a queue: workers claim items, run a step, settle the verdict. */

/* Takes the next item that is due on a machine that nobody works on; @job_id 0: of any job. NULL
 * without an error when there is none. */
LkItem *lk_store_claim (LkStore *self, gint64 job_id, gint64 now, GError **error);

/* Applies a verdict whole or not at all. When the item goes on at once with its next step, @next
 * receives it, still claimed, so that the worker keeps its connection (NULL to let go of it). */
gboolean lk_store_settle (LkStore *self,
                          const LkVerdict *verdict,
                          const char *plan_next_step,
                          gint64 now,
                          LkItem **next,
                          GError **error);

/* On taking the lock: what was running when its process died is ready again. Spends that were sent
 * and not answered become unknown: asked again at once of a backend that @asks_again (a gateway),
 * of a service once after 10 minutes and then only on a person's order. */
gboolean
lk_store_recover (LkStore *self, gboolean asks_again, gint64 now, guint *n_items, GError **error);

/* When the next item or spend comes due, G_MAXINT64 for never. Items due further off than
 * @longest_back_off are made due now, because a clock must have jumped. */
gboolean lk_store_get_next_due (LkStore *self,
                                gint64 job_id,
                                gint64 now,
                                gint64 longest_back_off,
                                gint64 *due_at,
                                GError **error);

/* Whether anything of the job (0: any job) is still open. */
gboolean lk_store_has_open_items (LkStore *self, gint64 job_id, gboolean *out, GError **error);

/* Inside a write or a read: everything that a worker may need of an item; NULL when it is gone. */
LkItem *lk_item_load (LkDb *db, gint64 id, GError **error);
