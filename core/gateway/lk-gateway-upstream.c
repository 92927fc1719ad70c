/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-upstream.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-audit.h"
#include "ledger/lk-ledger.h"

#define DEFAULT_RETRY_MS  (10 * LK_MINUTE)
#define NEEDED_SPACE      (64 * 1024 * 1024)
#define MAX_MESSAGE_CHARS 300

/* One item on its way; owned by the queue, then by the thread. */
typedef struct
{
  LkBatchType type;
  char *name; /* in the table of open asks */
  char *client;
  char *batch;
  char *key_identity;
  char *epid;
  char *iid;         /* NULL for a count */
  gboolean is_alone; /* was not matched in a larger batch: ask singly */
  gboolean is_sent;
  gint64 spend_id;
  guint attempts;
  LkBatchItem *item; /* borrowed from the batch being sent */
  gboolean is_matched;
} Ask;

struct _LkGatewayUpstream
{
  LkGatewayState *state;
  LkBackend *backend;
  guint batch_size;
  gint64 retry_ms;
  GThread *thread;
  GMutex lock;
  GCond changed;
  GQueue queue;     /* of Ask */
  GHashTable *open; /* names of asks that are queued or under way */
  gboolean is_stopping;
};

/* A group of asks that go out together, and how it ended. */
typedef struct
{
  LkGatewayUpstream *self;
  GPtrArray *asks;
  const GError *failure;
  gint64 now;
} Group;

static void
ask_free (Ask *self)
{
  g_free (self->name);
  g_free (self->client);
  g_free (self->batch);
  g_free (self->key_identity);
  g_free (self->epid);
  g_free (self->iid);
  g_free (self);
}

static gboolean
mark_sent (LkDb *db, gpointer user_data, GError **error)
{
  Group *group = user_data;

  for (guint i = 0; i < group->asks->len; i++)
    {
      Ask *ask = g_ptr_array_index (group->asks, i);
      g_autoptr (GError) local_error = NULL;
      g_autoptr (LkSpend) spend = NULL;

      ask->is_sent = ask->type == LK_BATCH_REMAINING;
      if (ask->is_sent)
        continue;

      spend = lk_ledger_get_spend (db, ask->key_identity, ask->iid, &local_error);
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      /* What was queued may have been settled by an earlier ask. */
      if (spend == NULL ||
          (spend->state != LK_SPEND_RESERVED &&
           !(spend->state == LK_SPEND_UNKNOWN && spend->due_at > 0 && spend->due_at <= group->now)))
        continue;
      if (!lk_ledger_mark_sent (db, spend->id, group->now, error))
        return FALSE;
      ask->spend_id = spend->id;
      ask->attempts = spend->attempts + 1;
      ask->is_sent = TRUE;
    }

  return TRUE;
}

static gboolean
add_audit (LkDb *db, const Group *group, const Ask *ask, const char *outcome, GError **error)
{
  const LkGatewayAudit line = {
    .at = group->now,
    .client = ask->client,
    .batch = ask->batch,
    .key_identity = ask->key_identity,
    .iid = ask->iid,
    .outcome = outcome,
    .code = ask->is_matched ? ask->item->code : 0,
  };

  return lk_gateway_audit_add (db, &line, error);
}

static gboolean
settle_answer (LkDb *db, const Group *group, const Ask *ask, GError **error)
{
  const LkBatchItem *item = ask->item;

  if (item->cid != NULL)
    {
      if (!lk_ledger_confirm (db, ask->key_identity, ask->iid, ask->epid, item->cid,
                              LK_METHOD_PROXY, group->now, error))
        return FALSE;
    }
  else if (item->code == LK_BATCH_E_TOO_MANY)
    {
      /* It says by itself that it may be asked again. */
      return lk_ledger_mark_unknown (db, ask->spend_id, "The service asks us to come back later",
                                     group->now + group->self->retry_ms, error) &&
             add_audit (db, group, ask, "upstream-later", error);
    }
  else
    {
      if (!lk_ledger_mark_refused (db, ask->spend_id, item->code, "Refused by the service",
                                   group->now, error))
        return FALSE;
      if ((item->code == LK_BATCH_E_BLOCKED || item->code == LK_BATCH_E_EXHAUSTED) &&
          !lk_ledger_block (db, ask->key_identity, item->code, error))
        return FALSE;
    }

  if (item->cid != NULL && item->remaining >= 0 &&
      !lk_ledger_set_remaining (db, ask->key_identity, item->remaining, group->now, error))
    return FALSE;
  return add_audit (db, group, ask, item->cid != NULL ? "upstream-confirmed" : "upstream-refused",
                    error);
}

/* When an unknown outcome may be asked about again without a person: after the first time, and
 * after a service that did not even look because it does not know us. */
static gint64
get_due_time (const Group *group, const Ask *ask)
{
  gboolean is_known = g_error_matches (group->failure, LK_ERROR, LK_ERROR_DENIED);

  return ask->attempts <= 1 || is_known ? group->now + group->self->retry_ms : 0;
}

static gboolean
settle_failure (LkDb *db, const Group *group, Ask *ask, GError **error)
{
  g_autofree char *message =
      g_strndup (group->failure != NULL ? group->failure->message : "The answer did not mention it",
                 MAX_MESSAGE_CHARS);
  g_autofree char *valid = g_utf8_make_valid (message, -1);

  if (group->failure != NULL && !lk_error_was_sent (group->failure))
    return lk_ledger_mark_unsent (db, ask->spend_id, group->now, error) &&
           add_audit (db, group, ask, "not-sent", error);

  /* An item that a larger batch's answer did not mention is asked for once more, singly. */
  ask->is_alone = group->failure == NULL && group->asks->len > 1;
  return lk_ledger_mark_unknown (db, ask->spend_id, valid,
                                 ask->is_alone ? group->now : get_due_time (group, ask), error) &&
         add_audit (db, group, ask, "unknown", error);
}

static gboolean
settle_count (LkDb *db, const Group *group, const Ask *ask, GError **error)
{
  if (ask->is_matched && ask->item->remaining >= 0 &&
      !lk_ledger_set_remaining (db, ask->key_identity, ask->item->remaining, group->now, error))
    return FALSE;

  return add_audit (db, group, ask, ask->is_matched ? "upstream-counted" : "not-counted", error);
}

static gboolean
settle_group (LkDb *db, gpointer user_data, GError **error)
{
  Group *group = user_data;

  for (guint i = 0; i < group->asks->len; i++)
    {
      Ask *ask = g_ptr_array_index (group->asks, i);
      gboolean done;

      if (ask->type == LK_BATCH_REMAINING)
        done = settle_count (db, group, ask, error);
      else if (ask->is_matched)
        done = settle_answer (db, group, ask, error);
      else
        done = settle_failure (db, group, ask, error);
      if (!done)
        return FALSE;
    }

  return TRUE;
}

/* What a service has answered must not be lost: it is held until it can be written, and nothing
 * else is sent meanwhile. */
static void
write_settlement (LkGatewayUpstream *self, Group *group)
{
  g_autoptr (GError) error = NULL;

  while (!lk_gateway_state_write (self->state, settle_group, group, &error))
    {
      gint64 end = g_get_monotonic_time () + G_TIME_SPAN_SECOND;
      gboolean is_stopping;

      g_warning ("An answer cannot be recorded, sending is stopped: %s", error->message);
      g_clear_error (&error);
      g_mutex_lock (&self->lock);
      while (!self->is_stopping && g_cond_wait_until (&self->changed, &self->lock, end))
        continue;
      is_stopping = self->is_stopping;
      g_mutex_unlock (&self->lock);
      if (!is_stopping)
        continue;

      for (guint i = 0; i < group->asks->len; i++)
        {
          const Ask *ask = g_ptr_array_index (group->asks, i);

          if (ask->is_matched && ask->item->cid != NULL)
            g_warning ("Not recorded: key %s, installation ID %s, confirmation ID %s",
                       ask->key_identity, ask->iid, ask->item->cid);
        }
      return;
    }
}

static void
finish_ask (LkGatewayUpstream *self, Ask *ask)
{
  g_mutex_lock (&self->lock);
  if (ask->is_alone && !ask->is_matched && !self->is_stopping)
    g_queue_push_head (&self->queue, ask);
  else
    {
      g_hash_table_remove (self->open, ask->name);
      ask_free (ask);
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
send_group (LkGatewayUpstream *self, GPtrArray *asks)
{
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  g_autofree guint8 *matched = g_new0 (guint8, asks->len);
  g_autoptr (GError) failure = NULL;
  const Ask *first = g_ptr_array_index (asks, 0);
  Group group = { .self = self, .asks = asks };

  for (guint i = 0; i < asks->len; i++)
    {
      Ask *ask = g_ptr_array_index (asks, i);

      ask->item = lk_batch_item_new (ask->epid, ask->iid);
      g_ptr_array_add (items, ask->item);
    }

  lk_backend_send (self->backend, first->type, items, matched, NULL, NULL, &failure);
  if (failure != NULL)
    g_message ("Upstream: %s", failure->message);
  for (guint i = 0; i < asks->len; i++)
    ((Ask *) g_ptr_array_index (asks, i))->is_matched = matched[i] != 0;

  group.failure = failure;
  group.now = lk_gateway_state_now (self->state);
  write_settlement (self, &group);
}

static void
run_group (LkGatewayUpstream *self, GPtrArray *asks)
{
  g_autoptr (GPtrArray) sent = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Group group = { .self = self, .asks = asks, .now = lk_gateway_state_now (self->state) };

  for (guint i = 0; i < asks->len; i++)
    {
      Ask *ask = g_ptr_array_index (asks, i);

      ask->is_alone = FALSE;
      ask->is_matched = FALSE;
    }

  if (!lk_gateway_state_has_space (self->state, NEEDED_SPACE))
    g_warning ("Nothing is sent upstream: less than 64 MiB of disk are free");
  else if (!lk_gateway_state_write (self->state, mark_sent, &group, &error))
    g_warning ("Nothing is sent upstream: %s", error->message);
  else
    for (guint i = 0; i < asks->len; i++)
      if (((Ask *) g_ptr_array_index (asks, i))->is_sent)
        g_ptr_array_add (sent, g_ptr_array_index (asks, i));

  if (sent->len > 0)
    send_group (self, sent);
  for (guint i = 0; i < asks->len; i++)
    finish_ask (self, g_ptr_array_index (asks, i));
}

/* Waits for asks and takes as many of a kind as may go together; NULL at the end. */
static GPtrArray *
take_group (LkGatewayUpstream *self)
{
  g_autoptr (GPtrArray) asks = g_ptr_array_new ();
  gboolean is_full = FALSE;

  g_mutex_lock (&self->lock);
  while (!self->is_stopping && g_queue_is_empty (&self->queue))
    g_cond_wait (&self->changed, &self->lock);
  while (!self->is_stopping && !is_full && !g_queue_is_empty (&self->queue))
    {
      const Ask *next = g_queue_peek_head (&self->queue);

      if (asks->len > 0 && (((Ask *) asks->pdata[0])->type != next->type || next->is_alone))
        break;
      is_full = next->is_alone || asks->len + 1 >= self->batch_size;
      g_ptr_array_add (asks, g_queue_pop_head (&self->queue));
    }
  g_mutex_unlock (&self->lock);
  return asks->len > 0 ? g_steal_pointer (&asks) : NULL;
}

static gpointer
send_in_thread (gpointer user_data)
{
  LkGatewayUpstream *self = user_data;
  GPtrArray *asks;

  while ((asks = take_group (self)) != NULL)
    {
      run_group (self, asks);
      g_ptr_array_unref (asks);
    }

  return NULL;
}

static gboolean
recover (LkDb *db, gpointer user_data, GError **error)
{
  LkGatewayUpstream *self = user_data;
  gint64 due_at = lk_gateway_state_now (self->state) + self->retry_ms;

  /* One that was asked about before waits for a person, as it would have without a crash. */
  return lk_ledger_recover (db, LK_METHOD_PROXY, due_at, NULL, error) &&
         lk_db_run (db, error,
                    "UPDATE spend SET due_at = 0"
                    " WHERE state = 'unknown' AND attempts > 1 AND due_at = ?1",
                    "i", due_at);
}

LkGatewayUpstream *
lk_gateway_upstream_new (LkGatewayState *state,
                         const LkGatewayUpstreamOptions *options,
                         GError **error)
{
  g_autoptr (LkGatewayUpstream) self = g_new0 (LkGatewayUpstream, 1);

  self->state = state;
  self->batch_size = CLAMP (options->batch_size, 1, LK_BATCH_MAX_ITEMS);
  self->retry_ms = options->retry_ms != 0 ? options->retry_ms : DEFAULT_RETRY_MS;
  self->open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->queue);
  self->backend = lk_backend_new (&options->backend, error);
  if (self->backend == NULL || !lk_gateway_state_write (state, recover, self, error))
    return NULL;

  self->thread = g_thread_new ("upstream", send_in_thread, self);
  return g_steal_pointer (&self);
}

void
lk_gateway_upstream_stop (LkGatewayUpstream *self)
{
  g_mutex_lock (&self->lock);
  self->is_stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
lk_gateway_upstream_free (LkGatewayUpstream *self)
{
  if (self == NULL)
    return;
  lk_gateway_upstream_stop (self);
  g_clear_pointer (&self->thread, g_thread_join);
  g_queue_clear_full (&self->queue, (GDestroyNotify) ask_free);
  g_hash_table_unref (self->open);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  lk_backend_free (self->backend);
  g_free (self);
}

/* Under the lock. */
static char *
push_ask (LkGatewayUpstream *self, const LkGatewayBatch *batch, guint index)
{
  const LkBatchItem *item = g_ptr_array_index (batch->items, index);
  const char *key_identity = g_ptr_array_index (batch->key_identities, index);
  char *name = g_strconcat (key_identity, "/", item->iid, NULL);
  Ask *ask;

  if (g_hash_table_contains (self->open, name))
    return name;

  ask = g_new0 (Ask, 1);
  ask->type = batch->type;
  ask->name = g_strdup (name);
  ask->client = g_strdup (batch->client);
  ask->batch = g_strdup (batch->id);
  ask->key_identity = g_strdup (key_identity);
  ask->epid = g_strdup (item->epid);
  ask->iid = g_strdup (item->iid);
  g_hash_table_add (self->open, g_strdup (name));
  g_queue_push_tail (&self->queue, ask);
  return name;
}

static gboolean
is_any_open (LkGatewayUpstream *self, GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++)
    if (g_hash_table_contains (self->open, g_ptr_array_index (names, i)))
      return TRUE;

  return FALSE;
}

void
lk_gateway_upstream_ask (LkGatewayUpstream *self, LkGatewayBatch *batch, guint wait_ms)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gint64 end = g_get_monotonic_time () + wait_ms * G_TIME_SPAN_MILLISECOND;

  g_mutex_lock (&self->lock);
  for (guint i = 0; !self->is_stopping && i < batch->items->len; i++)
    if (g_array_index (batch->is_pending, gboolean, i))
      g_ptr_array_add (names, push_ask (self, batch, i));
  g_cond_broadcast (&self->changed);

  while (!self->is_stopping && is_any_open (self, names) &&
         g_cond_wait_until (&self->changed, &self->lock, end))
    continue;
  g_mutex_unlock (&self->lock);
}
