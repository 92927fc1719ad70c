/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-preview.h"

#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static const LkCtlColumn line_columns[] = {
  { "machine_id", NULL, 'i' },
  { "machine", N_ ("Machine"), 's' },
  { "product", N_ ("Product"), 's' },
  { "state", NULL, 's' },
  { NULL, N_ ("State"), 's' },
  { "partial_key", N_ ("Key"), 's' },
  { "included", NULL, 'b' },
  { "cost", NULL, 's' },
  { "reason", NULL, 's' },
  { "explanation", N_ ("What happens"), 's' },
  { NULL, NULL, 0 },
};

static const LkCtlColumn cost_columns[] = {
  { "key", NULL, 's' },
  { "spends", NULL, 'i' },
  { "left", NULL, 'i' },
  { "planned", NULL, 'i' },
  { "on_record", NULL, 'i' },
  { "licensed", NULL, 'i' },
  { "licensed_elsewhere", NULL, 'i' },
  { "checked_at", NULL, 't' },
  { "blocked_code", NULL, 'x' },
  { NULL, NULL, 0 },
};

static const char *const fates[] = { "spends", "on-record", "none", "left-out" };

static char *
explain_line (const LkPreview *preview, const LkPreviewLine *line)
{
  switch (line->fate)
    {
    case LK_FATE_LEFT_OUT:
      return g_strdup_printf (_ ("left out: %s"), line->explanation);
    case LK_FATE_SPENDS:
      return g_strdup_printf (_ ("%s; uses one activation"), lk_plan_get_title (preview->plan));
    case LK_FATE_ON_RECORD:
      return g_strdup_printf (_ ("%s; the confirmation ID is on record, so it costs nothing"),
                              lk_plan_get_title (preview->plan));
    case LK_FATE_FREE:
      return g_strdup (lk_plan_get_title (preview->plan));
    }

  g_assert_not_reached ();
}

static LkCtlList *
list_lines (const LkPreview *preview)
{
  LkCtlList *list = lk_ctl_list_new (line_columns);

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = g_ptr_array_index (preview->lines, i);
      const LkProduct *product = line->row->product;
      g_autofree char *explanation = explain_line (preview, line);

      lk_ctl_list_add (list, line->row->machine_id, line->row->name, product->name,
                       lk_license_status_to_word (product->status),
                       lk_license_status_to_title (product->status), product->partial_key,
                       line->fate != LK_FATE_LEFT_OUT, fates[line->fate], line->reason,
                       explanation);
    }

  return list;
}

static LkCtlList *
list_costs (const LkPreview *preview)
{
  LkCtlList *list = lk_ctl_list_new (cost_columns);

  for (guint i = 0; i < preview->costs->len; i++)
    {
      const LkCost *cost = g_ptr_array_index (preview->costs, i);

      lk_ctl_list_add (list, cost->last_five, (gint64) cost->n_spends,
                       cost->is_known ? cost->left : G_MININT64, (gint64) cost->n_planned,
                       (gint64) cost->n_on_record, (gint64) cost->n_licensed,
                       (gint64) cost->n_relicensed, cost->checked_at, cost->blocked_code);
    }

  return list;
}

void
lk_ctl_build_preview (LkCtl *ctl, const LkPreview *preview)
{
  g_autoptr (LkCtlList) lines = list_lines (preview);
  g_autoptr (LkCtlList) costs = list_costs (preview);

  if (!ctl->options.json)
    return;

  json_builder_set_member_name (ctl->json, "preview");
  json_builder_begin_object (ctl->json);
  lk_ctl_set_text (ctl, "plan", preview->plan);
  lk_ctl_set_count (ctl, "included", preview->n_included);
  lk_ctl_set_count (ctl, "left_out", preview->n_left_out);
  lk_ctl_set_count (ctl, "spends", preview->n_spends);
  lk_ctl_set_text (ctl, "obstacle", preview->obstacle_text);
  lk_ctl_list_print (costs, ctl, "costs");
  lk_ctl_list_print (lines, ctl, "rows");
  json_builder_end_object (ctl->json);
}

void
lk_ctl_say_left_out (LkCtl *ctl, const LkPreview *preview)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer explanation, n;

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = g_ptr_array_index (preview->lines, i);

      if (line->fate == LK_FATE_LEFT_OUT)
        g_hash_table_insert (
            counts, line->explanation,
            GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, line->explanation)) +
                              1));
    }

  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &explanation, &n))
    lk_ctl_say (ctl, ngettext ("%u left out: %s", "%u left out: %s", GPOINTER_TO_UINT (n)),
                GPOINTER_TO_UINT (n), (const char *) explanation);
}

static char *
describe_cost (const LkCost *cost)
{
  g_autofree char *text = lk_cost_to_text (cost);

  return g_strdup_printf (_ ("Key %s: %s"), cost->last_five, text);
}

void
lk_ctl_say_costs (LkCtl *ctl, const LkPreview *preview)
{
  for (guint i = 0; i < preview->costs->len; i++)
    {
      g_autofree char *text = describe_cost (g_ptr_array_index (preview->costs, i));

      lk_ctl_say (ctl, "%s", text);
    }
  if (preview->obstacle == LK_OBSTACLE_UNKNOWN_POOL)
    lk_ctl_say (ctl, "%s", preview->obstacle_text);
}

void
lk_ctl_print_preview (LkCtl *ctl, const LkPreview *preview)
{
  g_autoptr (LkCtlList) lines = list_lines (preview);

  if (ctl->options.json)
    {
      lk_ctl_build_preview (ctl, preview);
      return;
    }

  lk_ctl_list_print (lines, ctl, "rows");
  lk_ctl_print (ctl, _ ("%s: rows %u, left out %u\n"), lk_plan_get_title (preview->plan),
                preview->n_included, preview->n_left_out);
  for (guint i = 0; i < preview->costs->len; i++)
    {
      g_autofree char *text = describe_cost (g_ptr_array_index (preview->costs, i));

      lk_ctl_print (ctl, "%s\n", text);
    }
  if (preview->obstacle == LK_OBSTACLE_UNKNOWN_POOL)
    lk_ctl_say (ctl, "%s", preview->obstacle_text);
}
