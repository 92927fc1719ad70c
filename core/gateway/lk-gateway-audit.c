/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-audit.h"

#define MAX_IID_CHARS 64

gboolean
lk_gateway_audit_add (LkDb *db, const LkGatewayAudit *line, GError **error)
{
  /* What a client sent as an IID may be anything. */
  g_autofree char *iid = g_strndup (line->iid != NULL ? line->iid : "", MAX_IID_CHARS);
  g_autofree char *valid = g_utf8_make_valid (iid, -1);

  return lk_db_run (db, error,
                    "INSERT INTO audit (at, client, batch, key_identity, iid, outcome, code)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    "isssssi", line->at, line->client, line->batch,
                    line->key_identity != NULL ? line->key_identity : "", valid, line->outcome,
                    (gint64) line->code);
}

typedef struct
{
  LkGatewayAuditFunc func;
  gpointer user_data;
} Request;

static gboolean
read_lines (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT at, client, batch, key_identity, iid, outcome, code FROM audit"
                   " ORDER BY id",
                   "");

  while (query != NULL && lk_query_next (query, &local_error))
    {
      const LkGatewayAudit line = {
        .at = lk_query_int (query, 0),
        .client = lk_query_text (query, 1),
        .batch = lk_query_text (query, 2),
        .key_identity = lk_query_text (query, 3),
        .iid = lk_query_text (query, 4),
        .outcome = lk_query_text (query, 5),
        .code = (guint32) lk_query_int (query, 6),
      };

      request->func (&line, request->user_data);
    }
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
lk_gateway_audit_foreach (LkGatewayState *state,
                          LkGatewayAuditFunc func,
                          gpointer user_data,
                          GError **error)
{
  Request request = { .func = func, .user_data = user_data };

  return lk_gateway_state_read (state, read_lines, &request, error);
}
