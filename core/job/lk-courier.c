/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "job/lk-courier.h"

#include "base/lk-error.h"
#include "domain/lk-codes.h"
#include "job/lk-back-off.h"
#include "store/lk-spends.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/statvfs.h>

#define DEFAULT_BATCH_SIZE 100
#define MIN_FREE_BYTES     (64ull * 1024 * 1024)
/* Toward a service that may count twice: one more question after this, then a person decides. */
#define ASK_SERVICE_AGAIN  (10 * LK_MINUTE)

struct _LkCourier
{
  LkStore *store;
  const LkRunnerOptions *options;
  LkBackend *backend;
  GHashTable *singles; /* spend ids that were left out of a batch's answer and go alone next */
  GPtrArray *held;     /* of LkSpendAnswer, not yet on the disk */
  GPtrArray *held_spends;
};

LkCourier *
lk_courier_new (LkStore *store, const LkRunnerOptions *options)
{
  LkCourier *self = g_new0 (LkCourier, 1);

  self->store = store;
  self->options = options;
  self->singles = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

void
lk_courier_free (LkCourier *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->held, g_ptr_array_unref);
  g_clear_pointer (&self->held_spends, g_ptr_array_unref);
  g_clear_pointer (&self->backend, lk_backend_free);
  g_hash_table_unref (self->singles);
  g_free (self);
}

static guint
get_batch_size (LkCourier *self)
{
  return self->options->batch_size > 0 ? self->options->batch_size : DEFAULT_BATCH_SIZE;
}

/* An answer that cannot be written down is as good as lost, so room for it comes first. */
static gboolean
check_disk (LkCourier *self, GError **error)
{
  struct statvfs info;

  if (statvfs (lk_store_get_path (self->store), &info) != 0 ||
      (guint64) info.f_bavail * info.f_frsize >= MIN_FREE_BYTES)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_STORE,
               _ ("Less than 64 MiB are free on the disk of “%s”; no activation is asked for until"
                  " there is room"),
               lk_store_get_path (self->store));
  return FALSE;
}

static gboolean
is_single (LkCourier *self, const LkSpend *spend)
{
  return g_hash_table_contains (self->singles, &spend->id);
}

/* What was left unmatched goes alone; the others together. */
static GPtrArray *
choose_batch (LkCourier *self, GPtrArray *due)
{
  GPtrArray *batch = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_free);

  for (guint i = 0; i < due->len; i++)
    {
      LkSpend *spend = g_ptr_array_index (due, i);

      if (is_single (self, spend) && batch->len > 0)
        continue;
      g_ptr_array_add (batch, spend);
      due->pdata[i] = NULL;
      if (is_single (self, spend))
        break;
    }

  return batch;
}

/* Codes after which asking again for any IID of the same key is pointless. */
static gboolean
stops_key (guint32 code)
{
  static const guint32 codes[] = {
    LK_BATCH_E_BLOCKED,   LK_BATCH_E_INVALID_KEY,
    LK_BATCH_E_EXHAUSTED, LK_BATCH_E_KEY_TYPE,
    0xC004C003u,          0xC004C008u,
    0xC004C020u,          0xC004C021u,
    0xC004C060u,
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i] == code)
      return TRUE;

  return FALSE;
}

static gint64
ask_again_at (LkCourier *self, const LkSpend *spend, gint64 now)
{
  if (self->options->asks_again)
    return now + lk_back_off (self->options, spend->attempts + 1);

  return spend->attempts == 0 ? now + ASK_SERVICE_AGAIN : 0;
}

static char *
explain_code (guint32 code)
{
  const LkCode *entry = lk_batch_code_lookup (code);

  if (entry == NULL)
    entry = lk_code_lookup (code);
  return entry != NULL
             ? g_strdup_printf (_ ("The activation service refused: %s (0x%X). %s"), entry->meaning,
                                code, entry->action)
             : g_strdup_printf (_ ("The activation service refused with the code 0x%X"), code);
}

static void
judge_item (LkCourier *self,
            LkSpendAnswer *answer,
            const LkBatchItem *item,
            gboolean matched,
            gint64 now)
{
  const LkSpend *spend = answer->spend;

  answer->remaining = matched ? item->remaining : -1;
  if (matched && item->cid != NULL)
    {
      answer->kind = LK_SPEND_ANSWER_CONFIRMED;
      answer->cid = g_strdup (item->cid);
    }
  else if (matched && item->code == LK_BATCH_E_TOO_MANY)
    {
      answer->kind = LK_SPEND_ANSWER_LATER;
      answer->due_at = ask_again_at (self, spend, now);
      answer->message = g_strdup (_ ("The activation service says: ask again later"));
    }
  else if (matched && item->code != 0)
    {
      answer->kind = LK_SPEND_ANSWER_REFUSED;
      answer->code = item->code;
      answer->message = explain_code (item->code);
      answer->stops_key = stops_key (item->code);
    }
  else
    {
      answer->kind = LK_SPEND_ANSWER_UNKNOWN;
      answer->due_at = is_single (self, spend) ? ask_again_at (self, spend, now) : now;
      answer->message = g_strdup (
          _ ("The answer did not mention this installation ID; its outcome is not known yet"));
    }
}

static GPtrArray *
judge_answers (LkCourier *self,
               GPtrArray *spends,
               GPtrArray *items,
               const guint8 *matched,
               gint64 now)
{
  GPtrArray *answers = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_answer_free);

  for (guint i = 0; i < spends->len; i++)
    {
      LkSpendAnswer *answer = g_new0 (LkSpendAnswer, 1);

      answer->spend = g_ptr_array_index (spends, i);
      judge_item (self, answer, g_ptr_array_index (items, i), matched[i] != 0, now);
      if (matched[i] == 0 && spends->len > 1)
        g_hash_table_add (self->singles, g_memdup2 (&answer->spend->id, sizeof answer->spend->id));
      else
        g_hash_table_remove (self->singles, &answer->spend->id);
      g_ptr_array_add (answers, answer);
    }

  return answers;
}

static GPtrArray *
judge_failure (LkCourier *self, GPtrArray *spends, const GError *error, gint64 now)
{
  GPtrArray *answers = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_answer_free);
  gboolean unsent = error->domain == LK_ERROR && !lk_error_was_sent (error);

  for (guint i = 0; i < spends->len; i++)
    {
      LkSpendAnswer *answer = g_new0 (LkSpendAnswer, 1);
      const LkSpend *spend = g_ptr_array_index (spends, i);

      answer->spend = spend;
      answer->remaining = -1;
      answer->kind = unsent ? LK_SPEND_ANSWER_UNSENT : LK_SPEND_ANSWER_UNKNOWN;
      answer->due_at = unsent ? now + lk_back_off (self->options, spend->attempts + 1)
                              : ask_again_at (self, spend, now);
      answer->message =
          g_strdup_printf (unsent ? _ ("The backend could not be reached, nothing was sent: %s")
                                  : _ ("No usable answer from the backend; it is asked again: %s"),
                           error->message);
      g_ptr_array_add (answers, answer);
    }

  return answers;
}

static gboolean
write_held_answers (LkCourier *self, GError **error)
{
  if (self->held == NULL)
    return TRUE;
  if (!lk_store_settle_answers (self->store, self->held, lk_clock_now (self->options->clock),
                                error))
    return FALSE;

  g_clear_pointer (&self->held, g_ptr_array_unref);
  g_clear_pointer (&self->held_spends, g_ptr_array_unref);
  return TRUE;
}

gboolean
lk_courier_flush (LkCourier *self, GError **error)
{
  return write_held_answers (self, error);
}

static GPtrArray *
list_due (LkCourier *self, guint max, GError **error)
{
  if (self->options->transfer_id != 0)
    return lk_store_list_due_spends_of_request (self->store, self->options->transfer_id,
                                                lk_clock_now (self->options->clock), max, error);
  return lk_store_list_due_spends (self->store, self->options->job_id,
                                   lk_clock_now (self->options->clock), max, error);
}

static void
exchange (LkCourier *self, GPtrArray *spends, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  g_autofree guint8 *matched = g_new0 (guint8, spends->len);
  g_autoptr (GError) failure = NULL;
  gint64 now;

  for (guint i = 0; i < spends->len; i++)
    {
      const LkSpend *spend = g_ptr_array_index (spends, i);

      g_ptr_array_add (items, lk_batch_item_new (spend->epid, spend->iid));
    }

  if (lk_backend_send (self->backend, LK_BATCH_CONFIRM, items, matched, NULL, cancellable,
                       &failure))
    {
      now = lk_clock_now (self->options->clock);
      self->held = judge_answers (self, spends, items, matched, now);
    }
  else
    {
      now = lk_clock_now (self->options->clock);
      self->held = judge_failure (self, spends, failure, now);
    }
  self->held_spends = g_ptr_array_ref (spends);
}

LkCourierResult
lk_courier_run_once (LkCourier *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) due = NULL;
  g_autoptr (GPtrArray) batch = NULL;

  if (!write_held_answers (self, error))
    return LK_COURIER_TROUBLE;
  if (self->options->backend == NULL)
    return LK_COURIER_IDLE;

  due = list_due (self, get_batch_size (self), error);
  if (due == NULL)
    return LK_COURIER_TROUBLE;
  if (due->len == 0)
    return LK_COURIER_IDLE;

  if (self->backend == NULL)
    self->backend = lk_backend_new (self->options->backend, error);
  if (self->backend == NULL || !check_disk (self, error))
    return LK_COURIER_TROUBLE;

  /* On the disk before the first byte leaves: that is the whole promise. */
  batch = choose_batch (self, due);
  if (!lk_store_mark_spends_sent (self->store, batch, lk_clock_now (self->options->clock), error))
    return LK_COURIER_TROUBLE;

  /* A service that may count twice is heard to the end, though we be told to stop. */
  exchange (self, batch, self->options->asks_again ? cancellable : NULL);
  return write_held_answers (self, error) ? LK_COURIER_SENT : LK_COURIER_TROUBLE;
}

guint
lk_courier_count_due (LkCourier *self)
{
  g_autoptr (GPtrArray) due = self->held == NULL && self->options->backend != NULL
                                  ? list_due (self, get_batch_size (self), NULL)
                                  : NULL;

  if (self->held != NULL)
    return self->held->len; /* to be written before anything else */
  return due != NULL ? due->len : 0;
}

gint64
lk_courier_get_next_due (LkCourier *self)
{
  gint64 due_at = G_MAXINT64;

  if (self->options->backend != NULL && self->options->transfer_id != 0)
    lk_store_get_next_spend_due_of_request (self->store, self->options->transfer_id, &due_at, NULL);
  else if (self->options->backend != NULL)
    lk_store_get_next_spend_due (self->store, self->options->job_id, &due_at, NULL);
  return due_at;
}
