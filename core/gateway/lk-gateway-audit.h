/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gateway/lk-gateway-state.h"

/* One line of the audit log: who asked for what, and what became of it. Never a secret. */
typedef struct
{
  gint64 at;
  const char *client;
  const char *batch;
  const char *key_identity; /* may be NULL */
  const char *iid;          /* may be NULL */
  const char *outcome;
  guint32 code;
} LkGatewayAudit;

/* Inside the transaction of what it tells about. */
gboolean lk_gateway_audit_add (LkDb *db, const LkGatewayAudit *line, GError **error);

typedef void (*LkGatewayAuditFunc) (const LkGatewayAudit *line, gpointer user_data);
/* Oldest first. */
gboolean lk_gateway_audit_foreach (LkGatewayState *state,
                                   LkGatewayAuditFunc func,
                                   gpointer user_data,
                                   GError **error);
