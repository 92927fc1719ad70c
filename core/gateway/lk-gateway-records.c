/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-records.h"

#include "base/lk-error.h"
#include "ledger/lk-ledger.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  LkGatewayRecordFunc record_func;
  LkGatewayPoolFunc pool_func;
  gpointer user_data;
  const char *key_identity;
  const char *iid;
  gint64 remaining;
  gboolean only_if_unknown;
  gint64 now;
  guint n;
} Request;

static gboolean
settle (GError **error, GError **local_error)
{
  if (*local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (local_error));
  return FALSE;
}

static gboolean
read_records (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT s.key_identity, s.iid, s.state, c.cid, s.code, s.attempts, s.created_at,"
                   " s.settled_at, s.due_at, s.message"
                   " FROM spend AS s LEFT JOIN confirmation AS c USING (key_identity, iid)"
                   " ORDER BY s.id",
                   "");

  while (query != NULL && lk_query_next (query, &local_error))
    {
      const LkGatewayRecord record = {
        .key_identity = lk_query_text (query, 0),
        .iid = lk_query_text (query, 1),
        .state = lk_query_text (query, 2),
        .cid = lk_query_text (query, 3),
        .code = (guint32) lk_query_int (query, 4),
        .attempts = (guint) lk_query_int (query, 5),
        .created_at = lk_query_int (query, 6),
        .settled_at = lk_query_int (query, 7),
        .due_at = lk_query_int (query, 8),
        .message = lk_query_text (query, 9),
      };

      request->record_func (&record, request->user_data);
    }

  return settle (error, &local_error);
}

gboolean
lk_gateway_records_foreach (LkGatewayState *state,
                            LkGatewayRecordFunc func,
                            gpointer user_data,
                            GError **error)
{
  Request request = { .record_func = func, .user_data = user_data };

  return lk_gateway_state_read (state, read_records, &request, error);
}

static gboolean
read_pools (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT key_identity FROM pool UNION SELECT key_identity FROM spend ORDER BY 1",
                   "");

  while (local_error == NULL && query != NULL && lk_query_next (query, &local_error))
    {
      LkGatewayPool pool = { .key_identity = lk_query_text (query, 0) };
      LkPool figures;

      if (!lk_ledger_get_pool (db, pool.key_identity, &figures, &local_error))
        break;
      pool.remaining = figures.remaining;
      pool.checked_at = figures.checked_at;
      pool.left = figures.left;
      pool.confirmed = figures.confirmed;
      pool.open = figures.open;
      pool.blocked_code = figures.blocked_code;
      request->pool_func (&pool, request->user_data);
    }

  return settle (error, &local_error);
}

gboolean
lk_gateway_pools_foreach (LkGatewayState *state,
                          LkGatewayPoolFunc func,
                          gpointer user_data,
                          GError **error)
{
  Request request = { .pool_func = func, .user_data = user_data };

  return lk_gateway_state_read (state, read_pools, &request, error);
}

static gboolean
write_pool (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;
  LkPool pool;

  if (!lk_ledger_get_pool (db, request->key_identity, &pool, error))
    return FALSE;

  return (request->only_if_unknown && pool.remaining >= 0) ||
         lk_ledger_set_remaining (db, request->key_identity, request->remaining, request->now,
                                  error);
}

/* "GGGGG-SSSSSSSSS" */
static gboolean
is_key_identity (const char *text)
{
  return strlen (text) == 15 && strspn (text, "0123456789") == 5 && text[5] == '-' &&
         strspn (text + 6, "0123456789") == 9;
}

gboolean
lk_gateway_pool_set (LkGatewayState *state,
                     const char *key_identity,
                     gint64 remaining,
                     gboolean only_if_unknown,
                     GError **error)
{
  Request request = {
    .key_identity = key_identity,
    .remaining = remaining,
    .only_if_unknown = only_if_unknown,
    /* Dated back: what is confirmed in this millisecond counts against the figure. */
    .now = lk_gateway_state_now (state) - 1,
  };

  if (is_key_identity (key_identity))
    return lk_gateway_state_write (state, write_pool, &request, error);

  g_set_error (
      error, LK_ERROR, LK_ERROR_INVALID,
      _ ("“%s” is not a key identity; it has five digits for the group, a dash and nine for"
         " the serial"),
      key_identity);
  return FALSE;
}

static gboolean
retry_spend (LkDb *db, const LkSpend *spend, Request *request, GError **error)
{
  LkReservation reservation = LK_RESERVE_OK;

  if (spend->state == LK_SPEND_UNKNOWN)
    {
      request->n++;
      return lk_ledger_mark_unknown (db, spend->id, spend->message, request->now, error);
    }
  if (spend->state != LK_SPEND_REFUSED)
    return TRUE;

  if (!lk_ledger_reserve (db, spend->key_identity, spend->iid, spend->epid, spend->method, TRUE,
                          TRUE, request->now, &reservation, error))
    return FALSE;
  request->n += reservation == LK_RESERVE_OK ? 1 : 0;
  return TRUE;
}

static gboolean
retry_iid (LkDb *db, gpointer user_data, GError **error)
{
  Request *request = user_data;
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error, "SELECT key_identity FROM spend WHERE iid = ?1", "s",
                   request->iid);

  while (query != NULL && lk_query_next (query, &local_error))
    g_ptr_array_add (keys, lk_query_dup (query, 0));
  for (guint i = 0; local_error == NULL && i < keys->len; i++)
    {
      const char *key_identity = g_ptr_array_index (keys, i);
      g_autoptr (LkSpend) spend =
          lk_ledger_get_spend (db, key_identity, request->iid, &local_error);

      if (spend != NULL)
        retry_spend (db, spend, request, &local_error);
    }

  return settle (error, &local_error);
}

gboolean
lk_gateway_retry (LkGatewayState *state, const char *iid, guint *n, GError **error)
{
  Request request = { .iid = iid, .now = lk_gateway_state_now (state) };
  gboolean done = lk_gateway_state_write (state, retry_iid, &request, error);

  *n = done ? request.n : 0;
  return done;
}
