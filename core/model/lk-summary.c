/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lk-summary.h"

#include "base/lk-clock.h"
#include "store/lk-rows.h"

#include <string.h>

#define MAX_FAILURES 20

G_STATIC_ASSERT (sizeof ((LkSummary){ 0 }.by_state) == sizeof ((LkFleetCount){ 0 }.by_state));
G_STATIC_ASSERT (sizeof ((LkSummary){ 0 }.by_day) == sizeof ((LkFleetCount){ 0 }.by_day));

void
lk_summary_free (LkSummary *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->failures, g_ptr_array_unref);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->running, g_ptr_array_unref);
  g_free (self);
}

static void
take_fleet (LkSummary *self, const LkFleetCount *fleet)
{
  self->n_machines = fleet->n_machines;
  self->n_products = fleet->n_products;
  memcpy (self->by_state, fleet->by_state, sizeof self->by_state);
  memcpy (self->by_day, fleet->by_day, sizeof self->by_day);
  for (guint i = 0; i < G_N_ELEMENTS (fleet->by_day); i++)
    self->n_grace += fleet->by_day[i];
  self->n_expiring_7 = fleet->n_expiring_7;
  self->n_expiring_30 = fleet->n_expiring_30;
  self->n_attention = fleet->n_attention;
}

static void
take_pipeline (LkSummary *self, const LkPipelineCount *pipeline)
{
  self->n_needs_key = pipeline->n_needs_key;
  self->n_has_iid = pipeline->n_has_iid;
  self->n_waiting = pipeline->n_waiting;
  self->n_has_cid = pipeline->n_has_cid;
  self->n_deposited = pipeline->n_deposited;
  self->n_licensed = pipeline->n_licensed;
}

gpointer
lk_summary_read (LkStore *store, gpointer now, GError **error)
{
  g_autoptr (LkSummary) self = g_new0 (LkSummary, 1);
  LkFleetCount fleet;
  LkPipelineCount pipeline;

  if (!lk_store_count_fleet (store, &fleet, error) ||
      !lk_store_count_pipeline (store, &pipeline, error))
    return NULL;
  take_fleet (self, &fleet);
  take_pipeline (self, &pipeline);

  self->failures = lk_store_list_failures (store, *(const gint64 *) now - LK_DAY, MAX_FAILURES,
                                           &self->n_failed_today, error);
  if (self->failures == NULL)
    return NULL;
  self->pools = lk_store_list_keys (store, error);
  if (self->pools == NULL)
    return NULL;
  self->running = lk_store_list_open_jobs (store, error);
  return self->running != NULL ? g_steal_pointer (&self) : NULL;
}

gpointer
lk_summary_count_views (LkStore *store, gpointer selections, GError **error)
{
  const char *const *texts = selections;
  g_autoptr (GPtrArray) parsed =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_selection_free);
  g_autoptr (GArray) counts = g_array_new (FALSE, TRUE, sizeof (guint));

  for (guint i = 0; texts[i] != NULL; i++)
    {
      LkSelection *selection = lk_selection_parse (texts[i], error);

      if (selection == NULL)
        return NULL;
      g_ptr_array_add (parsed, selection);
    }

  g_array_set_size (counts, parsed->len);
  if (!lk_store_count_selections (store, (const LkSelection *const *) parsed->pdata, parsed->len,
                                  (guint *) (gpointer) counts->data, error))
    return NULL;
  return g_steal_pointer (&counts);
}
