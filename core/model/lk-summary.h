/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-license.h"
#include "model/lk-reader.h"
#include "store/lk-counts.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"

#define LK_SUMMARY_DAYS LK_COUNT_DAYS /* of the histogram: the last bar is everything beyond */

/**
 * LkSummary:
 *
 * The fleet at a glance. Each figure is the number of rows of the selection behind it.
 */
typedef struct
{
  guint n_machines;
  guint n_products;                  /* without the unread machines, which are rows too */
  guint by_state[LK_COUNT_N_STATES]; /* LkLicenseStatus + 1: unread first */
  guint n_grace;                     /* of all kinds: state=grace */
  guint n_expiring_7;                /* in grace, fewer than 7 days left: state=grace,days<7 */
  guint n_expiring_30;               /* the same, 30 */
  guint by_day[LK_SUMMARY_DAYS + 1]; /* products in grace by whole days left */
  guint n_attention;                 /* failed, notification, non-genuine: state=attention */
  guint n_failed_today;              /* items that failed in the last 24 hours */
  GPtrArray *failures;               /* the latest of them, LkItemRow, at most 20 */
  GPtrArray *pools;                  /* LkKeyRow with their pools */
  GPtrArray *running;                /* LkJobRow that are open or paused */
  /* The proxy pipeline, see LkPipelineCount. */
  guint n_needs_key;
  guint n_has_iid;
  guint n_waiting; /* for their confirmation ID */
  guint n_has_cid;
  guint n_deposited;
  guint n_licensed;
} LkSummary;

void lk_summary_free (LkSummary *self);

/* For lk_reader_ask(): reads a summary; the question is a gint64 * with the time now, in ms. */
gpointer lk_summary_read (LkStore *store, gpointer now, GError **error);

/* For lk_reader_ask(): how many rows selections have. The question is a GStrv of selections, the
 * answer a GArray of guint in their order. LK_ERROR_INVALID when one is not understood. */
gpointer lk_summary_count_views (LkStore *store, gpointer selections, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSummary, lk_summary_free)
