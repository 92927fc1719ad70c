/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-batch.h"
#include "gateway/lk-gateway-state.h"

/* How a gateway answers what is not on record. */
typedef struct
{
  gboolean is_practice; /* with practice confirmation IDs, for practice keys only */
  gint64 practice_pool; /* for keys of which nothing was said */
} LkGatewayRules;

/**
 * LkGatewayBatch:
 *
 * One batch of one client on its way through the gateway.
 */
typedef struct
{
  char *client;
  char *id; /* for the audit log */
  LkBatchType type;
  GPtrArray *items;          /* of LkBatchItem */
  GPtrArray *key_identities; /* one for each item, NULL for an item without */
  GArray *is_pending;        /* gboolean for each item: upstream has to be asked */
} LkGatewayBatch;

/* Takes @items. */
LkGatewayBatch *lk_gateway_batch_new (const char *client, LkBatchType type, GPtrArray *items);
void lk_gateway_batch_free (LkGatewayBatch *self);

/* Answers every item from the records, or by the rules, or reserves it and marks it pending; all
 * in one transaction, with its audit lines, committed when this returns. On an error nothing was
 * spent and no item may be answered. */
gboolean lk_gateway_batch_judge (LkGatewayBatch *self,
                                 LkGatewayState *state,
                                 const LkGatewayRules *rules,
                                 GError **error);

/* Answers the pending items with what the records say by now; what is still open is told to come
 * back later. */
gboolean lk_gateway_batch_collect (LkGatewayBatch *self, LkGatewayState *state, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGatewayBatch, lk_gateway_batch_free)
