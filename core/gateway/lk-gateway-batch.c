/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-batch.h"

#include "domain/lk-identifiers.h"
#include "domain/lk-practice.h"
#include "gateway/lk-gateway-audit.h"
#include "ledger/lk-ledger.h"

#define PRACTICE_GROUP_MIN 90000
#define PRACTICE_GROUP_MAX 99999

typedef struct
{
  LkGatewayBatch *batch;
  const LkGatewayRules *rules;
  gint64 now;
  GHashTable *blocks; /* key identity → code of its block, for keys seen in this batch */
} Judgement;

LkGatewayBatch *
lk_gateway_batch_new (const char *client, LkBatchType type, GPtrArray *items)
{
  LkGatewayBatch *self = g_new0 (LkGatewayBatch, 1);

  self->client = g_strdup (client);
  self->id = g_uuid_string_random ();
  self->type = type;
  self->items = items;
  self->key_identities = g_ptr_array_new_with_free_func (g_free);
  self->is_pending = g_array_sized_new (FALSE, TRUE, sizeof (gboolean), items->len);
  g_array_set_size (self->is_pending, items->len);
  for (guint i = 0; i < items->len; i++)
    {
      const LkBatchItem *item = g_ptr_array_index (items, i);

      g_ptr_array_add (self->key_identities, lk_key_identity_from_epid (item->epid));
    }
  return self;
}

void
lk_gateway_batch_free (LkGatewayBatch *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->items);
  g_ptr_array_unref (self->key_identities);
  g_array_unref (self->is_pending);
  g_free (self->client);
  g_free (self->id);
  g_free (self);
}

static gboolean
is_practice_epid (const char *text)
{
  LkEpid epid;

  return lk_epid_parse (text, &epid, NULL) && epid.group >= PRACTICE_GROUP_MIN &&
         epid.group <= PRACTICE_GROUP_MAX;
}

/* Looks at a key once a batch, since counting its spends takes time. In practice every key has a
 * pool, so that using one up can be practised, too. */
static gboolean
look_at_key (LkDb *db,
             const Judgement *judgement,
             char *key_identity,
             guint32 *blocked_code,
             GError **error)
{
  gpointer known = NULL;
  LkPool pool;

  if (g_hash_table_lookup_extended (judgement->blocks, key_identity, NULL, &known))
    {
      *blocked_code = GPOINTER_TO_UINT (known);
      return TRUE;
    }
  if (!lk_ledger_get_pool (db, key_identity, &pool, error))
    return FALSE;

  *blocked_code = pool.blocked_code;
  g_hash_table_insert (judgement->blocks, key_identity, GUINT_TO_POINTER (pool.blocked_code));
  /* Dated back: what is confirmed in this millisecond counts against the figure. */
  return !judgement->rules->is_practice || pool.remaining >= 0 ||
         lk_ledger_set_remaining (db, key_identity, judgement->rules->practice_pool,
                                  judgement->now - 1, error);
}

/* A key that was used up or blocked, and of which a person has said since what it has left. */
static gboolean
is_to_be_tried_again (const LkSpend *spend, guint32 blocked_code)
{
  return spend != NULL && spend->state == LK_SPEND_REFUSED && blocked_code == 0 &&
         (spend->code == LK_BATCH_E_EXHAUSTED || spend->code == LK_BATCH_E_BLOCKED);
}

static gboolean
is_due (const LkSpend *spend, gint64 now)
{
  return spend != NULL && spend->state == LK_SPEND_UNKNOWN && spend->due_at > 0 &&
         spend->due_at <= now;
}

/* Nothing but the answer is decided here; @outcome is its word for the audit log. */
static gboolean
spend_on_item (LkDb *db,
               const Judgement *judgement,
               guint index,
               guint32 blocked_code,
               const char **outcome,
               GError **error)
{
  LkBatchItem *item = g_ptr_array_index (judgement->batch->items, index);
  const char *key_identity = g_ptr_array_index (judgement->batch->key_identities, index);
  gboolean *is_pending = &g_array_index (judgement->batch->is_pending, gboolean, index);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSpend) spend = lk_ledger_get_spend (db, key_identity, item->iid, &local_error);
  LkReservation reservation = LK_RESERVE_OK;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!lk_ledger_reserve (db, key_identity, item->iid, item->epid, LK_METHOD_PROXY, TRUE,
                          is_to_be_tried_again (spend, blocked_code), judgement->now, &reservation,
                          error))
    return FALSE;

  switch (reservation)
    {
    case LK_RESERVE_OK:
    case LK_RESERVE_CONFIRMED: /* by a machine online, so there is no ID on record */
      *outcome = "forwarded";
      break;
    case LK_RESERVE_IN_FLIGHT:
      /* Whoever asks for what is under way waits for its end; nothing is sent a second time. */
      *outcome = is_due (spend, judgement->now)  ? "asked-again"
                 : spend->state == LK_SPEND_SENT ? "in-flight"
                                                 : "unknown-before";
      break;
    case LK_RESERVE_REFUSED:
      *outcome = "refused-before";
      item->code = spend->code;
      break;
    case LK_RESERVE_NO_ROOM:
    case LK_RESERVE_UNKNOWN_POOL:
    default:
      *outcome = "no-room";
      item->code = blocked_code != 0 ? blocked_code : LK_BATCH_E_EXHAUSTED;
      break;
    }
  /* What is on its way may be paid for already: its answer is still fetched. */
  if (blocked_code != 0 && item->code == 0 && reservation != LK_RESERVE_IN_FLIGHT)
    {
      *outcome = "key-blocked";
      item->code = blocked_code;
    }
  if (item->code != 0)
    return TRUE;

  if (judgement->rules->is_practice)
    {
      *outcome = "confirmed";
      item->cid = lk_practice_cid (item->iid, key_identity);
      return lk_ledger_confirm (db, key_identity, item->iid, item->epid, item->cid, LK_METHOD_PROXY,
                                judgement->now, error);
    }

  *is_pending = !g_str_equal (*outcome, "unknown-before");
  item->code = *is_pending ? 0 : LK_BATCH_E_TOO_MANY;
  return TRUE;
}

static gboolean
judge_item (LkDb *db, const Judgement *judgement, guint index, const char **outcome, GError **error)
{
  LkBatchItem *item = g_ptr_array_index (judgement->batch->items, index);
  char *key_identity = g_ptr_array_index (judgement->batch->key_identities, index);
  g_autoptr (GError) local_error = NULL;
  guint32 blocked_code = 0;

  if (key_identity == NULL || (judgement->rules->is_practice && !is_practice_epid (item->epid)))
    {
      *outcome = "bad-key";
      item->code = LK_BATCH_E_INVALID_KEY;
      return TRUE;
    }
  if (!look_at_key (db, judgement, key_identity, &blocked_code, error))
    return FALSE;

  if (judgement->batch->type == LK_BATCH_REMAINING)
    {
      *outcome = "counted";
      g_array_index (judgement->batch->is_pending, gboolean, index) =
          !judgement->rules->is_practice;
      return TRUE;
    }
  if (!lk_digits_is_plausible (LK_DIGITS_IID, item->iid))
    {
      *outcome = "bad-iid";
      item->code = LK_BATCH_E_BAD_IID;
      return TRUE;
    }

  item->cid = lk_ledger_get_cid (db, key_identity, item->iid, &local_error);
  *outcome = "on-record";
  if (local_error == NULL)
    return item->cid != NULL || spend_on_item (db, judgement, index, blocked_code, outcome, error);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* What each key has left, told with every answer; looked up once a key. */
static gboolean
fill_remaining (LkDb *db, LkGatewayBatch *self, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  for (guint i = 0; i < self->items->len; i++)
    {
      LkBatchItem *item = g_ptr_array_index (self->items, i);
      char *key_identity = g_ptr_array_index (self->key_identities, i);
      LkPool *pool = key_identity != NULL ? g_hash_table_lookup (known, key_identity) : NULL;

      if (key_identity == NULL || item->code == LK_BATCH_E_INVALID_KEY)
        continue;
      if (pool == NULL)
        {
          pool = g_new0 (LkPool, 1);
          g_hash_table_insert (known, key_identity, pool);
          if (!lk_ledger_get_pool (db, key_identity, pool, error))
            return FALSE;
        }
      item->remaining = pool->remaining >= 0 ? MAX (pool->left, 0) : -1;
    }

  return TRUE;
}

static gboolean
judge_batch (LkDb *db, gpointer user_data, GError **error)
{
  const Judgement *judgement = user_data;
  LkGatewayBatch *batch = judgement->batch;

  for (guint i = 0; i < batch->items->len; i++)
    {
      const LkBatchItem *item = g_ptr_array_index (batch->items, i);
      const char *outcome = "";
      LkGatewayAudit line;

      if (!judge_item (db, judgement, i, &outcome, error))
        return FALSE;

      line = (LkGatewayAudit){
        .at = judgement->now,
        .client = batch->client,
        .batch = batch->id,
        .key_identity = g_ptr_array_index (batch->key_identities, i),
        .iid = item->iid,
        .outcome = outcome,
        .code = item->code,
      };
      if (!lk_gateway_audit_add (db, &line, error))
        return FALSE;
    }

  return fill_remaining (db, batch, error);
}

gboolean
lk_gateway_batch_judge (LkGatewayBatch *self,
                        LkGatewayState *state,
                        const LkGatewayRules *rules,
                        GError **error)
{
  g_autoptr (GHashTable) blocks = g_hash_table_new (g_str_hash, g_str_equal);
  Judgement judgement = {
    .batch = self,
    .rules = rules,
    .now = lk_gateway_state_now (state),
    .blocks = blocks,
  };

  return lk_gateway_state_write (state, judge_batch, &judgement, error);
}

static gboolean
collect_item (LkDb *db, LkGatewayBatch *self, guint index, GError **error)
{
  LkBatchItem *item = g_ptr_array_index (self->items, index);
  const char *key_identity = g_ptr_array_index (self->key_identities, index);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSpend) spend = NULL;

  item->cid = lk_ledger_get_cid (db, key_identity, item->iid, &local_error);
  if (local_error == NULL && item->cid == NULL)
    spend = lk_ledger_get_spend (db, key_identity, item->iid, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (item->cid == NULL)
    item->code = spend != NULL && spend->state == LK_SPEND_REFUSED && spend->code != 0
                     ? spend->code
                     : LK_BATCH_E_TOO_MANY;
  return TRUE;
}

static gboolean
collect_batch (LkDb *db, gpointer user_data, GError **error)
{
  LkGatewayBatch *self = user_data;

  for (guint i = 0; self->type == LK_BATCH_CONFIRM && i < self->items->len; i++)
    if (g_array_index (self->is_pending, gboolean, i) && !collect_item (db, self, i, error))
      return FALSE;
  if (!fill_remaining (db, self, error))
    return FALSE;

  for (guint i = 0; self->type == LK_BATCH_REMAINING && i < self->items->len; i++)
    {
      LkBatchItem *item = g_ptr_array_index (self->items, i);

      if (item->remaining < 0 && item->code == 0)
        item->code = LK_BATCH_E_TOO_MANY;
    }

  return TRUE;
}

gboolean
lk_gateway_batch_collect (LkGatewayBatch *self, LkGatewayState *state, GError **error)
{
  return lk_gateway_state_read (state, collect_batch, self, error);
}
