/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-reader.h"
#include "store/lk-counts.h"
#include "store/lk-jobs.h"
#include "store/lk-spends.h"

#define LK_PIPELINE_N_SPENDS (LK_SPEND_UNKNOWN + 1)

/* Where an activation by proxy stands, in the order in which a product passes. */
typedef enum
{
  LK_PIPELINE_NEEDS_KEY,
  LK_PIPELINE_HAS_IID,
  LK_PIPELINE_WAITING, /* for its confirmation ID */
  LK_PIPELINE_HAS_CID,
  LK_PIPELINE_DEPOSITED,
  LK_PIPELINE_LICENSED,
  LK_PIPELINE_N_STAGES,
} LkPipelineStage;

/**
 * LkPipeline:
 *
 * The activations by proxy at a glance; see LkPipelineCount.
 */
typedef struct
{
  guint counts[LK_PIPELINE_N_STAGES];
  /* Of the last day, by the stage in which they stayed; at most 1,000 are looked at. */
  guint failed[LK_PIPELINE_N_STAGES];
  GPtrArray *failures;                  /* the latest of these, LkItemRow, at most 20 */
  guint by_spend[LK_PIPELINE_N_SPENDS]; /* what the service was asked for, by LkSpendState */
} LkPipeline;

void lk_pipeline_free (LkPipeline *self);

/* For lk_reader_ask(): the question is a gint64 * with the time now, in ms. */
gpointer lk_pipeline_read (LkStore *store, gpointer now, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPipeline, lk_pipeline_free)
