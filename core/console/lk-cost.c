/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-cost.h"

#include "base/lk-locale.h"
#include "console/lk-console-private.h"
#include "domain/lk-codes.h"
#include "domain/lk-identifiers.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

static void
cost_free (gpointer data)
{
  LkCost *cost = data;

  g_free (cost->last_five);
  g_free (cost);
}

static LkCost *
find_cost (GPtrArray *costs, const char *last_five)
{
  LkCost *cost;

  for (guint i = 0; i < costs->len; i++)
    {
      cost = g_ptr_array_index (costs, i);
      if (g_ascii_strcasecmp (cost->last_five, last_five) == 0)
        return cost;
    }

  cost = g_new0 (LkCost, 1);
  cost->last_five = g_strdup (last_five);
  g_ptr_array_add (costs, cost);
  return cost;
}

/* The key that a row would be activated under: the job's, or the installed one. */
static const char *
get_last_five (const LkPreview *preview, const LkRow *row)
{
  if (preview->key != NULL)
    return preview->key->last_five;
  return row->product->partial_key;
}

static const LkRow *
find_row (const LkPreview *preview, const LkCost *cost)
{
  for (guint i = 0; i < preview->rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (preview->rows, i);

      if (row->product->partial_key != NULL && row->product->epid != NULL &&
          g_ascii_strcasecmp (row->product->partial_key, cost->last_five) == 0)
        return row;
    }

  return NULL;
}

static gboolean
load_pool (LkConsole *console, const LkPreview *preview, LkCost *cost, GError **error)
{
  LkStore *store = lk_console_get_store (console, NULL);
  const LkRow *row = preview->key == NULL ? find_row (preview, cost) : NULL;
  g_autofree char *identity = preview->key != NULL ? g_strdup (preview->key->key_identity)
                              : row != NULL        ? lk_key_identity_from_epid (row->product->epid)
                                                   : NULL;
  gint64 key_id = preview->key != NULL ? preview->key->id : 0;
  LkPool pool = { .remaining = -1 };

  if ((identity != NULL && !lk_store_get_pool (store, identity, &pool, error)) ||
      !lk_store_count_planned (store, key_id, cost->last_five, &cost->n_planned, error))
    return FALSE;

  cost->is_known = pool.remaining >= 0;
  cost->left = cost->is_known ? MAX (pool.left - (gint64) cost->n_planned, 0) : -1;
  cost->checked_at = pool.checked_at;
  cost->blocked_code = pool.blocked_code;
  return TRUE;
}

static void
judge_cost (LkPreview *preview, const LkCost *cost)
{
  const LkCode *code = NULL;

  if (cost->n_spends == 0 || preview->obstacle > LK_OBSTACLE_UNKNOWN_POOL)
    return;

  if (cost->blocked_code != 0)
    {
      code = lk_batch_code_lookup (cost->blocked_code);
      preview->obstacle = LK_OBSTACLE_BLOCKED;
      g_free (preview->obstacle_text);
      preview->obstacle_text = g_strdup_printf (
          _ ("The activation service has stopped the key that ends in %s (0x%X%s%s);"
             " nothing is sent for it"),
          cost->last_five, cost->blocked_code, code != NULL ? ": " : "",
          code != NULL ? code->meaning : "");
    }
  else if (cost->is_known && cost->n_spends > cost->left)
    {
      preview->obstacle = LK_OBSTACLE_POOL;
      g_free (preview->obstacle_text);
      preview->obstacle_text = g_strdup_printf (
          _ ("The key that ends in %s has too few activations: this run would use %u, and "
             "%" PRId64
             " are left. Choose fewer rows, another key, or enter a newer figure with: latchkeyctl"
             " key set-remaining"),
          cost->last_five, cost->n_spends, cost->left);
    }
  else if (!cost->is_known && preview->obstacle == LK_OBSTACLE_NONE)
    {
      preview->obstacle = LK_OBSTACLE_UNKNOWN_POOL;
      preview->obstacle_text = g_strdup_printf (
          _ ("How many activations the key that ends in %s has left is not known. Ask with:"
             " latchkeyctl key check %s, or enter it with: latchkeyctl key set-remaining %s "
             "NUMBER"),
          cost->last_five, cost->last_five, cost->last_five);
    }
}

gboolean
lk_preview_count_costs (LkConsole *console, LkPreview *preview, GError **error)
{
  preview->costs = g_ptr_array_new_with_free_func (cost_free);
  if (!lk_plan_spends (preview->plan))
    return TRUE;

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = g_ptr_array_index (preview->lines, i);
      const char *last_five = get_last_five (preview, line->row);
      gboolean is_licensed = g_strcmp0 (line->reason, "licensed") == 0;
      LkCost *cost;

      if (last_five == NULL || (line->fate == LK_FATE_LEFT_OUT && !is_licensed))
        continue;
      cost = find_cost (preview->costs, last_five);
      cost->n_spends += line->fate == LK_FATE_SPENDS;
      cost->n_on_record += line->fate == LK_FATE_ON_RECORD;
      cost->n_licensed += is_licensed;
      cost->n_relicensed +=
          line->fate == LK_FATE_SPENDS && line->row->product->status == LK_LICENSE_LICENSED;
    }

  for (guint i = 0; i < preview->costs->len; i++)
    {
      LkCost *cost = g_ptr_array_index (preview->costs, i);

      if (!load_pool (console, preview, cost, error))
        return FALSE;
      judge_cost (preview, cost);
    }

  return TRUE;
}

char *
lk_cost_to_text (const LkCost *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->is_known)
    lk_text_add_part (text,
                      g_dngettext (GETTEXT_PACKAGE, "uses %u of %" PRId64 " activation",
                                   "uses %u of %" PRId64 " activations", (gulong) self->left),
                      self->n_spends, self->left);
  else
    lk_text_add_part (text,
                      g_dngettext (GETTEXT_PACKAGE,
                                   "uses %u activation; how many are left is not known",
                                   "uses %u activations; how many are left is not known",
                                   self->n_spends),
                      self->n_spends);
  if (self->n_relicensed > 0)
    lk_text_add_part (text,
                      g_dngettext (GETTEXT_PACKAGE,
                                   "%u of them for a product that another key has licensed",
                                   "%u of them for products that another key has licensed",
                                   self->n_relicensed),
                      self->n_relicensed);
  if (self->n_planned > 0)
    lk_text_add_part (text,
                      g_dngettext (GETTEXT_PACKAGE, "%u more is planned by other jobs",
                                   "%u more are planned by other jobs", self->n_planned),
                      self->n_planned);
  if (self->n_on_record > 0)
    lk_text_add_part (text,
                      g_dngettext (GETTEXT_PACKAGE,
                                   "%u row already holds a confirmation ID and costs nothing",
                                   "%u rows already hold a confirmation ID and cost nothing",
                                   self->n_on_record),
                      self->n_on_record);
  if (self->n_licensed > 0)
    lk_text_add_part (text,
                      g_dngettext (GETTEXT_PACKAGE, "%u is licensed already",
                                   "%u are licensed already", self->n_licensed),
                      self->n_licensed);

  return g_string_free (g_steal_pointer (&text), FALSE);
}
