/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gateway/lk-gateway-state.h"

/* What an operator may look at and set, whether or not a gateway serves from the file. */

/* One spend and what it bought; strings belong to the caller of the callback. */
typedef struct
{
  const char *key_identity;
  const char *iid;
  const char *state; /* "confirmed", "unknown", … */
  const char *cid;   /* or NULL */
  guint32 code;
  guint attempts;
  gint64 created_at;
  gint64 settled_at;
  gint64 due_at;
  const char *message; /* or NULL */
} LkGatewayRecord;

typedef void (*LkGatewayRecordFunc) (const LkGatewayRecord *record, gpointer user_data);
gboolean lk_gateway_records_foreach (LkGatewayState *state,
                                     LkGatewayRecordFunc func,
                                     gpointer user_data,
                                     GError **error);

typedef struct
{
  const char *key_identity;
  gint64 remaining; /* −1 unknown */
  gint64 checked_at;
  gint64 left;
  guint confirmed;
  guint open;
  guint32 blocked_code;
} LkGatewayPool;

typedef void (*LkGatewayPoolFunc) (const LkGatewayPool *pool, gpointer user_data);
gboolean lk_gateway_pools_foreach (LkGatewayState *state,
                                   LkGatewayPoolFunc func,
                                   gpointer user_data,
                                   GError **error);
/* What a key has left, by a person's word; lifts a block. @only_if_unknown: leaves a figure that is
 * there alone. */
gboolean lk_gateway_pool_set (LkGatewayState *state,
                              const char *key_identity,
                              gint64 remaining,
                              gboolean only_if_unknown,
                              GError **error);

/* A person's order: the next ask for this installation ID goes upstream, although its outcome is
 * unknown or it was refused before. @n gets the number of spends that this changed; those that are
 * confirmed are left alone. */
gboolean lk_gateway_retry (LkGatewayState *state, const char *iid, guint *n, GError **error);
