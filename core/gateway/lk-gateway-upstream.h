/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-backend.h"
#include "gateway/lk-gateway-batch.h"

typedef struct
{
  LkBackendOptions backend;
  guint batch_size; /* 0: 1 */
  gint64 retry_ms;  /* when an unknown outcome may be asked about once more; 0: 10 minutes */
} LkGatewayUpstreamOptions;

/**
 * LkGatewayUpstream:
 *
 * Asks the activation service for what is not on record: one thread, one exchange at a time, so
 * that the remaining counts come in order. What was sent is on the disk before it leaves, and an
 * answer is kept whether or not anyone still waits for it.
 */
typedef struct _LkGatewayUpstream LkGatewayUpstream;

/* @state must outlive it. Spends that a former process left as sent become unknown. */
LkGatewayUpstream *lk_gateway_upstream_new (LkGatewayState *state,
                                            const LkGatewayUpstreamOptions *options,
                                            GError **error);
/* Lets the exchange under way come to its end, and sends nothing more. */
void lk_gateway_upstream_free (LkGatewayUpstream *self);
/* Wakes those who wait and keeps others from waiting. */
void lk_gateway_upstream_stop (LkGatewayUpstream *self);

/* Queues the pending items of @batch, those not queued already, and waits at most @wait_ms for
 * their end. What became of them is in the records. */
void lk_gateway_upstream_ask (LkGatewayUpstream *self, LkGatewayBatch *batch, guint wait_ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGatewayUpstream, lk_gateway_upstream_free)
