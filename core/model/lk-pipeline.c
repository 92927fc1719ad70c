/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-pipeline.h"

#include "base/lk-clock.h"

#define MAX_LOOKED_AT 1000
#define MAX_FAILURES  20

/* The steps of an activation, and how far a product is while one of them is due. */
static const struct
{
  const char *step;
  LkPipelineStage stage;
} steps[] = {
  { "install-key", LK_PIPELINE_NEEDS_KEY }, { "read-iid", LK_PIPELINE_NEEDS_KEY },
  { "await-cid", LK_PIPELINE_WAITING },     { "recall-cid", LK_PIPELINE_WAITING },
  { "deposit-cid", LK_PIPELINE_HAS_CID },   { "verify", LK_PIPELINE_DEPOSITED },
};

void
lk_pipeline_free (LkPipeline *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->failures, g_ptr_array_unref);
  g_free (self);
}

static void
take_counts (LkPipeline *self, const LkPipelineCount *count)
{
  self->counts[LK_PIPELINE_NEEDS_KEY] = count->n_needs_key;
  self->counts[LK_PIPELINE_HAS_IID] = count->n_has_iid;
  self->counts[LK_PIPELINE_WAITING] = count->n_waiting;
  self->counts[LK_PIPELINE_HAS_CID] = count->n_has_cid;
  self->counts[LK_PIPELINE_DEPOSITED] = count->n_deposited;
  self->counts[LK_PIPELINE_LICENSED] = count->n_licensed;
}

/* Of all keys together. */
static gboolean
take_spends (LkPipeline *self, LkStore *store, GError **error)
{
  g_autoptr (GPtrArray) by_key = lk_store_count_spends (store, error);

  for (guint i = 0; by_key != NULL && i < by_key->len; i++)
    for (guint j = 0; j < LK_PIPELINE_N_SPENDS; j++)
      self->by_spend[j] += ((const LkSpendCount *) by_key->pdata[i])->n[j];
  return by_key != NULL;
}

static gboolean
find_stage (const LkItemRow *item, LkPipelineStage *stage)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_strcmp0 (steps[i].step, item->step) == 0)
      {
        *stage = steps[i].stage;
        return TRUE;
      }
  return FALSE;
}

gpointer
lk_pipeline_read (LkStore *store, gpointer now, GError **error)
{
  g_autoptr (LkPipeline) self = g_new0 (LkPipeline, 1);
  g_autoptr (GPtrArray) all = NULL;
  LkPipelineCount count;
  guint n;

  if (!lk_store_count_pipeline (store, &count, error) || !take_spends (self, store, error))
    return NULL;
  take_counts (self, &count);

  all = lk_store_list_failures (store, *(const gint64 *) now - LK_DAY, MAX_LOOKED_AT, &n, error);
  if (all == NULL)
    return NULL;
  self->failures = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_item_row_free);
  for (guint i = 0; i < all->len; i++)
    {
      LkPipelineStage stage;

      if (!find_stage (all->pdata[i], &stage))
        continue;
      self->failed[stage]++;
      if (self->failures->len < MAX_FAILURES)
        g_ptr_array_add (self->failures, g_steal_pointer (&all->pdata[i]));
    }
  return g_steal_pointer (&self);
}
