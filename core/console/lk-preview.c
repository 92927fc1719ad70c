/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-preview.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "console/lk-cost.h"

#include <glib/gi18n-lib.h>

#define ATTEMPTS_FOR_PERSON 3
#define PATIENCE_OF_PERSON  (10 * LK_MINUTE)
#define PATIENCE_OF_SERVICE (7 * LK_DAY)

/* What is known while the rows are judged. */
typedef struct
{
  LkPreview *preview;
  gboolean is_named;      /* machines were named one by one */
  gboolean names_product; /* which products are meant was said */
  gboolean is_mixed;      /* one by one, but of several applications, which no key is all for */
  GHashTable *work;       /* machine id → LkOpenWork */
  GHashTable *taken;      /* targets that are included */
} Judge;

static void
line_free (gpointer data)
{
  LkPreviewLine *line = data;

  g_free (line->explanation);
  g_free (line);
}

void
lk_preview_free (LkPreview *self)
{
  if (self == NULL)
    return;
  g_free (self->plan);
  g_free (self->choice);
  g_clear_pointer (&self->key, lk_key_row_free);
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  g_clear_pointer (&self->costs, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_free (self->obstacle_text);
  g_free (self);
}

static gboolean
is_plan (const LkPreview *preview, const char *plan)
{
  return g_str_equal (preview->plan, plan);
}

static gboolean
is_of_machine (const LkPreview *preview)
{
  return is_plan (preview, LK_PLAN_REFRESH) || is_plan (preview, LK_PLAN_REARM);
}

/* A machine that was read and has no product key at all can be given a Windows key. */
static const char *
get_application (const LkRow *row)
{
  return row->product->application_id != NULL ? row->product->application_id
                                              : LK_APPLICATION_WINDOWS;
}

static gboolean
is_windows (const LkRow *row)
{
  return g_ascii_strcasecmp (get_application (row), LK_APPLICATION_WINDOWS) == 0 &&
         !row->product->is_addon;
}

static gboolean
has_key (const LkPreview *preview, const LkRow *row)
{
  return preview->key != NULL && row->product->partial_key != NULL &&
         g_ascii_strcasecmp (row->product->partial_key, preview->key->last_five) == 0;
}

static void
leave_out (LkPreviewLine *line, const char *reason, const char *explanation)
{
  line->fate = LK_FATE_LEFT_OUT;
  line->reason = reason;
  line->explanation = g_strdup (explanation);
}

/* What the machine as a whole says against it. */
static gboolean
judge_machine (const Judge *judge, LkPreviewLine *line)
{
  const LkPreview *preview = judge->preview;
  const LkRow *row = line->row;
  const LkOpenWork *work = g_hash_table_lookup (judge->work, &row->machine_id);

  if (work != NULL && (lk_plan_changes (preview->plan) ? lk_plan_changes (work->plan)
                                                       : g_str_equal (work->plan, preview->plan)))
    {
      line->fate = LK_FATE_LEFT_OUT;
      line->reason = "open-work";
      line->explanation =
          g_strdup_printf (_ ("job %d (%s) is still at work on it"), (int) work->job_id,
                           lk_plan_get_title (work->plan) != NULL ? lk_plan_get_title (work->plan)
                                                                  : work->plan);
    }
  else if (!is_plan (preview, LK_PLAN_REFRESH) && row->read_at == 0)
    leave_out (line, "unread", _ ("it is not read yet; refresh it first"));
  else if (is_plan (preview, LK_PLAN_REARM) && row->rearm_left == 0)
    leave_out (line, "no-rearm-left", _ ("it has no rearm left"));
  else if (lk_plan_spends (preview->plan) && row->is_subscription && !judge->is_named)
    leave_out (line, "subscription",
               _ ("it is activated by subscription; name it to activate it all the same"));
  else if (lk_plan_spends (preview->plan) && row->has_oem_key && !judge->is_named)
    leave_out (line, "oem",
               _ ("it has an OEM entitlement in its firmware; name it to activate it"
                  " all the same"));
  else
    return TRUE;

  return FALSE;
}

static gboolean
judge_product (const Judge *judge, LkPreviewLine *line)
{
  const LkPreview *preview = judge->preview;
  const LkRow *row = line->row;
  const LkProduct *product = row->product;
  gboolean installs = preview->key != NULL;

  if (installs && judge->is_mixed && !is_windows (row))
    leave_out (line, "other-application",
               _ ("a product key is installed in one application, here in Windows; choose the rows"
                  " of the other one for themselves"));
  else if (!is_windows (row) && !judge->names_product)
    leave_out (line, "application",
               product->is_addon ? _ ("it is an add-on; say so with --product to mean it")
                                 : _ ("it is not Windows; say so with --product to mean it"));
  else if (!installs && product->partial_key == NULL)
    leave_out (line, "no-key", _ ("no product key is installed; name one with --key"));
  else if (is_plan (preview, LK_PLAN_INSTALL_KEY) && has_key (preview, row))
    leave_out (line, "installed", _ ("this product key is installed already"));
  else if (lk_plan_spends (preview->plan) && product->status == LK_LICENSE_LICENSED &&
           (!installs || has_key (preview, row)))
    leave_out (line, "licensed", _ ("it is licensed under this key already"));
  else if (lk_plan_spends (preview->plan) && !installs && product->key_kind == LK_KEY_GVLK)
    leave_out (line, "kms-client",
               _ ("it has a KMS client key, which is activated by a KMS host; name a MAK with"
                  " --key"));
  else if (is_plan (preview, LK_PLAN_DEPOSIT) && product->status == LK_LICENSE_LICENSED)
    leave_out (line, "licensed", _ ("it is licensed already"));
  else if (is_plan (preview, LK_PLAN_DEPOSIT) && !installs && row->cid == NULL)
    leave_out (line, "no-cid", _ ("no confirmation ID is on record for it"));
  else
    return TRUE;

  return FALSE;
}

/* Two rows that come to the same target are done once. */
static gboolean
take_target (const Judge *judge, LkPreviewLine *line)
{
  const LkRow *row = line->row;
  const char *partial = judge->preview->key == NULL ? row->product->partial_key : NULL;
  g_autofree char *target = g_strdup_printf ("%" G_GINT64_FORMAT " %s %s", row->machine_id,
                                             get_application (row), partial != NULL ? partial : "");

  if (g_hash_table_add (judge->taken, g_steal_pointer (&target)))
    return TRUE;

  leave_out (line, "same", _ ("another row of this machine stands for it"));
  return FALSE;
}

static void
judge_row (const Judge *judge, const LkRow *row)
{
  LkPreview *preview = judge->preview;
  const LkPreviewLine *last =
      preview->lines->len > 0 ? g_ptr_array_index (preview->lines, preview->lines->len - 1) : NULL;
  LkPreviewLine *line;

  if (is_of_machine (preview) && last != NULL && last->row->machine_id == row->machine_id)
    return;

  line = g_new0 (LkPreviewLine, 1);
  line->row = row;
  line->fate = LK_FATE_FREE;
  g_ptr_array_add (preview->lines, line);
  if (judge_machine (judge, line) && !is_of_machine (preview) && judge_product (judge, line) &&
      take_target (judge, line) && lk_plan_spends (preview->plan))
    line->fate = row->cid != NULL && (preview->key == NULL || has_key (preview, row))
                     ? LK_FATE_ON_RECORD
                     : LK_FATE_SPENDS;

  preview->n_included += line->fate != LK_FATE_LEFT_OUT;
  preview->n_left_out += line->fate == LK_FATE_LEFT_OUT;
  preview->n_spends += line->fate == LK_FATE_SPENDS;
}

static gboolean
names_product (const LkOrder *order)
{
  g_autoptr (LkSelection) selection = NULL;

  if (order->choice.product != NULL || order->choice.keys != NULL)
    return TRUE;
  if (order->choice.names != NULL || order->choice.select == NULL)
    return FALSE;

  selection = lk_selection_parse (order->choice.select, NULL);
  return selection != NULL && selection->names_product;
}

/* Whether both Windows and something else is there. */
static gboolean
is_mixed (GPtrArray *rows)
{
  guint n_windows = 0;

  for (guint i = 0; i < rows->len; i++)
    n_windows += is_windows (g_ptr_array_index (rows, i));
  return n_windows > 0 && n_windows < rows->len;
}

static GHashTable *
index_work (GPtrArray *work)
{
  GHashTable *index = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < work->len; i++)
    {
      LkOpenWork *item = g_ptr_array_index (work, i);
      const LkOpenWork *known = g_hash_table_lookup (index, &item->machine_id);

      /* Changing work weighs more than reading. */
      if (known == NULL || !lk_plan_changes (known->plan))
        g_hash_table_insert (index, &item->machine_id, item);
    }

  return index;
}

LkPreview *
lk_console_preview (LkConsole *self,
                    const LkOrder *order,
                    gboolean *is_unknown_name,
                    GError **error)
{
  g_autoptr (LkPreview) preview = g_new0 (LkPreview, 1);
  g_autoptr (GPtrArray) work = NULL;
  g_autoptr (GHashTable) index = NULL;
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Judge judge = { .preview = preview, .taken = taken };

  preview->plan = g_strdup (order->plan);
  preview->choice = lk_choice_to_text (&order->choice);
  preview->rows = lk_console_list_rows (self, &order->choice, is_unknown_name, error);
  if (preview->rows == NULL)
    return NULL;
  if (order->key_ref != NULL)
    {
      preview->key = lk_store_find_key (lk_console_get_store (self, NULL), order->key_ref, error);
      if (preview->key == NULL)
        return NULL;
    }

  work = lk_store_list_open_work (lk_console_get_store (self, NULL), error);
  if (work == NULL)
    return NULL;

  index = index_work (work);
  judge.work = index;
  judge.is_named = (order->choice.names != NULL || order->choice.keys != NULL) && !order->is_swept;
  judge.names_product = names_product (order);
  judge.is_mixed = order->choice.keys != NULL && is_mixed (preview->rows);
  preview->lines = g_ptr_array_new_with_free_func (line_free);
  for (guint i = 0; i < preview->rows->len; i++)
    judge_row (&judge, g_ptr_array_index (preview->rows, i));
  if (!lk_preview_count_costs (self, preview, error))
    return NULL;

  return g_steal_pointer (&preview);
}

static LkTarget *
target_from_line (const LkPreview *preview, const LkPreviewLine *line)
{
  LkTarget *target = g_new0 (LkTarget, 1);

  target->machine_id = line->row->machine_id;
  if (is_of_machine (preview))
    return target;

  target->application_id = g_strdup (get_application (line->row));
  if (preview->key == NULL)
    target->partial_key = g_strdup (line->row->product->partial_key);
  return target;
}

gboolean
lk_console_file (LkConsole *self,
                 const LkPreview *preview,
                 const LkFiling *filing,
                 gint64 *job_id,
                 guint *n_open,
                 GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  gint64 open_job = 0;
  LkJobRequest request = {
    .plan = preview->plan,
    .first_step = lk_plan_get_first_step (preview->plan),
    .selection = preview->choice,
    .key_id = preview->key != NULL ? preview->key->id : 0,
    .allow_unknown = filing->spends_unknown,
    .max_attempts = filing->is_person_waiting ? ATTEMPTS_FOR_PERSON : 0,
    .give_up_after = filing->give_up_after,
    .priority = filing->is_person_waiting ? 0 : 1,
    .requested_by = g_get_user_name (),
    .targets = targets,
  };

  if (preview->obstacle != LK_OBSTACLE_NONE &&
      !(preview->obstacle == LK_OBSTACLE_UNKNOWN_POOL && filing->spends_unknown))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_REJECTED, "%s", preview->obstacle_text);
      return FALSE;
    }

  for (guint i = 0; i < preview->lines->len; i++)
    {
      const LkPreviewLine *line = g_ptr_array_index (preview->lines, i);

      if (line->fate != LK_FATE_LEFT_OUT)
        g_ptr_array_add (targets, target_from_line (preview, line));
    }
  if (request.give_up_after == 0)
    request.give_up_after = filing->is_person_waiting ? PATIENCE_OF_PERSON : PATIENCE_OF_SERVICE;

  return lk_store_file_job (lk_console_get_store (self, NULL), &request, lk_console_now (self),
                            job_id, n_open, &open_job, error);
}
