/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ledger/lk-ledger.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>

static const char *const state_words[] = {
  [LK_SPEND_RESERVED] = "reserved",   [LK_SPEND_SENT] = "sent",
  [LK_SPEND_CONFIRMED] = "confirmed", [LK_SPEND_REFUSED] = "refused",
  [LK_SPEND_UNKNOWN] = "unknown",
};

static const char *const method_words[] = {
  [LK_METHOD_PROXY] = "proxy",
  [LK_METHOD_ONLINE] = "online",
  [LK_METHOD_PHONE] = "phone",
};

const char *
lk_spend_state_to_word (LkSpendState state)
{
  return state_words[state];
}

const char *
lk_method_to_word (LkMethod method)
{
  return method_words[method];
}

static guint
index_of_word (const char *const *words, guint n, const char *word)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (words[i], word))
      return i;

  g_assert_not_reached (); /* the schema's CHECK lets nothing else in */
}

void
lk_spend_free (LkSpend *self)
{
  if (self == NULL)
    return;
  g_free (self->key_identity);
  g_free (self->iid);
  g_free (self->epid);
  g_free (self->message);
  g_free (self);
}

#define SPEND_COLUMNS                                                                              \
  "id, key_identity, iid, epid, method, state, code, message, attempts, due_at, sent_at"

static LkSpend *
spend_from_row (LkQuery *query)
{
  LkSpend *spend = g_new0 (LkSpend, 1);

  spend->id = lk_query_int (query, 0);
  spend->key_identity = lk_query_dup (query, 1);
  spend->iid = lk_query_dup (query, 2);
  spend->epid = lk_query_dup (query, 3);
  spend->method =
      index_of_word (method_words, G_N_ELEMENTS (method_words), lk_query_text (query, 4));
  spend->state = index_of_word (state_words, G_N_ELEMENTS (state_words), lk_query_text (query, 5));
  spend->code = (guint32) lk_query_int (query, 6);
  spend->message = lk_query_dup (query, 7);
  spend->attempts = (guint) lk_query_int (query, 8);
  spend->due_at = lk_query_int (query, 9);
  spend->sent_at = lk_query_int (query, 10);
  return spend;
}

LkSpend *
lk_ledger_get_spend (LkDb *db, const char *key_identity, const char *iid, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT " SPEND_COLUMNS " FROM spend WHERE key_identity = ?1 AND iid = ?2", "ss",
                   key_identity, iid);

  return query != NULL && lk_query_next (query, error) ? spend_from_row (query) : NULL;
}

char *
lk_ledger_get_confirmation (LkDb *db,
                            const char *key_identity,
                            const char *iid,
                            LkMethod *method,
                            GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT cid, method FROM confirmation WHERE key_identity = ?1 AND iid = ?2",
                   "ss", key_identity, iid);

  if (query == NULL || !lk_query_next (query, error))
    return NULL;
  if (method != NULL)
    *method = index_of_word (method_words, G_N_ELEMENTS (method_words), lk_query_text (query, 1));
  return lk_query_dup (query, 0);
}

char *
lk_ledger_get_cid (LkDb *db, const char *key_identity, const char *iid, GError **error)
{
  return lk_ledger_get_confirmation (db, key_identity, iid, NULL, error);
}

gboolean
lk_ledger_get_pool (LkDb *db, const char *key_identity, LkPool *out, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT remaining, checked_at, blocked_code, n_confirmed_since, n_open,"
                   " n_confirmed FROM pool WHERE key_identity = ?1",
                   "s", key_identity);

  if (query == NULL)
    return FALSE;

  *out = (LkPool){ .remaining = -1, .left = -1 };
  if (lk_query_next (query, &local_error))
    {
      out->remaining = lk_query_int (query, 0);
      out->checked_at = lk_query_int (query, 1);
      out->blocked_code = (guint32) lk_query_int (query, 2);
      out->confirmed_since = (guint) lk_query_int (query, 3);
      out->open = (guint) lk_query_int (query, 4);
      out->confirmed = (guint) lk_query_int (query, 5);
      out->left = out->remaining - out->confirmed_since - out->open;
    }
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
lk_ledger_set_remaining (LkDb *db,
                         const char *key_identity,
                         gint64 remaining,
                         gint64 now,
                         GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO pool (key_identity, remaining, checked_at) VALUES (?1, ?2, ?3)"
                    " ON CONFLICT (key_identity) DO UPDATE"
                    " SET remaining = ?2, checked_at = ?3, blocked_code = 0",
                    "sii", key_identity, remaining, now);
}

gboolean
lk_ledger_block (LkDb *db, const char *key_identity, guint32 code, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO pool (key_identity, blocked_code) VALUES (?1, ?2)"
                    " ON CONFLICT (key_identity) DO UPDATE SET blocked_code = ?2",
                    "si", key_identity, (gint64) code);
}

static LkReservation
judge_spend (const LkSpend *spend)
{
  switch (spend->state)
    {
    case LK_SPEND_RESERVED:
      return LK_RESERVE_OK;
    case LK_SPEND_CONFIRMED:
      return LK_RESERVE_CONFIRMED;
    case LK_SPEND_SENT:
    case LK_SPEND_UNKNOWN:
      return LK_RESERVE_IN_FLIGHT;
    case LK_SPEND_REFUSED:
      return LK_RESERVE_REFUSED;
    }

  g_assert_not_reached ();
}

gboolean
lk_ledger_reserve (LkDb *db,
                   const char *key_identity,
                   const char *iid,
                   const char *epid,
                   LkMethod method,
                   gboolean allow_unknown,
                   gboolean again,
                   gint64 now,
                   LkReservation *out,
                   GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *cid = lk_ledger_get_cid (db, key_identity, iid, &local_error);
  g_autoptr (LkSpend) spend =
      local_error == NULL ? lk_ledger_get_spend (db, key_identity, iid, &local_error) : NULL;
  LkPool pool;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  *out = cid != NULL ? LK_RESERVE_CONFIRMED : LK_RESERVE_OK;
  if (cid == NULL && spend != NULL)
    *out = judge_spend (spend);
  if (*out == LK_RESERVE_OK && spend != NULL && spend->method != method)
    return lk_db_run (db, error, "UPDATE spend SET method = ?2, epid = ?3 WHERE id = ?1", "iss",
                      spend->id, method_words[method], epid);
  if (cid != NULL || (spend != NULL && !(*out == LK_RESERVE_REFUSED && again)))
    return TRUE;

  if (!lk_ledger_get_pool (db, key_identity, &pool, error))
    return FALSE;

  if (pool.remaining < 0)
    *out = allow_unknown ? LK_RESERVE_OK : LK_RESERVE_UNKNOWN_POOL;
  else
    *out = pool.left > 0 ? LK_RESERVE_OK : LK_RESERVE_NO_ROOM;
  if (pool.blocked_code != 0 && !again)
    *out = LK_RESERVE_NO_ROOM;
  if (*out != LK_RESERVE_OK)
    return TRUE;

  return lk_db_run (db, error,
                    "INSERT INTO spend (key_identity, iid, epid, method, state, created_at, due_at)"
                    " VALUES (?1, ?2, ?3, ?4, 'reserved', ?5, ?5)"
                    " ON CONFLICT (key_identity, iid) DO UPDATE SET epid = ?3, method = ?4,"
                    " state = 'reserved', code = 0, message = NULL, attempts = 0, due_at = ?5",
                    "ssssi", key_identity, iid, epid, method_words[method], now);
}

gboolean
lk_ledger_release (LkDb *db, const char *key_identity, const char *iid, GError **error)
{
  return lk_db_run (db, error,
                    "DELETE FROM spend WHERE key_identity = ?1 AND iid = ?2 AND state = 'reserved'",
                    "ss", key_identity, iid);
}

/* A state machine that is asked for an impossible move must say so, not go on. */
static gboolean
expect_change (LkDb *db, gint64 id, const char *move, GError **error)
{
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Spend %d cannot be marked %s from where it is"),
               (int) id, move);
  return FALSE;
}

gboolean
lk_ledger_mark_sent (LkDb *db, gint64 id, gint64 now, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE spend SET state = 'sent', sent_at = ?2, attempts = attempts + 1"
                    " WHERE id = ?1 AND state IN ('reserved', 'sent', 'unknown')",
                    "ii", id, now) &&
         expect_change (db, id, "sent", error);
}

gboolean
lk_ledger_mark_unsent (LkDb *db, gint64 id, gint64 due_at, GError **error)
{
  /* Only a spend that was never in doubt goes back: an earlier send may have got through. */
  return lk_db_run (db, error,
                    "UPDATE spend SET due_at = ?2, attempts = attempts - 1,"
                    " state = CASE WHEN attempts > 1 THEN 'unknown' ELSE 'reserved' END,"
                    " sent_at = CASE WHEN attempts > 1 THEN sent_at ELSE 0 END"
                    " WHERE id = ?1 AND state = 'sent'",
                    "ii", id, due_at) &&
         expect_change (db, id, "unsent", error);
}

gboolean
lk_ledger_mark_unknown (LkDb *db, gint64 id, const char *message, gint64 due_at, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE spend SET state = 'unknown', message = ?2, due_at = ?3"
                    " WHERE id = ?1 AND state IN ('sent', 'unknown')",
                    "isi", id, message, due_at) &&
         expect_change (db, id, "unknown", error);
}

gboolean
lk_ledger_mark_refused (LkDb *db,
                        gint64 id,
                        guint32 code,
                        const char *message,
                        gint64 now,
                        GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE spend SET state = 'refused', code = ?2, message = ?3, settled_at = ?4"
                    " WHERE id = ?1 AND state IN ('sent', 'unknown', 'reserved')",
                    "iisi", id, (gint64) code, message, now) &&
         expect_change (db, id, "refused", error);
}

gboolean
lk_ledger_confirm (LkDb *db,
                   const char *key_identity,
                   const char *iid,
                   const char *epid,
                   const char *cid,
                   LkMethod method,
                   gint64 now,
                   GError **error)
{
  const char *word = method_words[method];

  if (cid != NULL &&
      !lk_db_run (db, error,
                  "INSERT INTO confirmation (key_identity, iid, cid, method, created_at)"
                  " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key_identity, iid) DO UPDATE"
                  " SET cid = ?3, method = ?4, created_at = ?5, is_salvaged = 0"
                  " WHERE is_salvaged = 1 OR (method = 'phone' AND ?4 = 'phone')",
                  "ssssi", key_identity, iid, cid, word, now))
    return FALSE;

  return lk_db_run (db, error,
                    "INSERT INTO spend (key_identity, iid, epid, method, state, created_at,"
                    "  settled_at)"
                    " VALUES (?1, ?2, coalesce (?3, ''), ?4, 'confirmed', ?5, ?5)"
                    " ON CONFLICT (key_identity, iid) DO UPDATE SET state = 'confirmed', code = 0,"
                    "  message = NULL, due_at = 0, settled_at = ?5, method ="
                    "   CASE WHEN state IN ('reserved', 'refused') THEN ?4 ELSE method END"
                    " WHERE state <> 'confirmed'",
                    "ssssi", key_identity, iid, epid, word, now);
}

gboolean
lk_ledger_salvage (LkDb *db,
                   const char *key_identity,
                   const char *iid,
                   const char *epid,
                   const char *cid,
                   gint64 now,
                   GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO confirmation (key_identity, iid, cid, method, created_at,"
                    "  is_salvaged) VALUES (?1, ?2, ?3, 'proxy', ?4, 1)"
                    " ON CONFLICT (key_identity, iid) DO NOTHING",
                    "sssi", key_identity, iid, cid, now) &&
         lk_db_run (db, error,
                    "INSERT INTO spend (key_identity, iid, epid, method, state, created_at,"
                    "  settled_at) VALUES (?1, ?2, coalesce (?3, ''), 'proxy', 'confirmed', ?4, ?4)"
                    " ON CONFLICT (key_identity, iid) DO UPDATE SET state = 'confirmed', code = 0,"
                    "  message = NULL, due_at = 0, settled_at = ?4, method = 'proxy'"
                    " WHERE state IN ('reserved', 'refused')",
                    "sssi", key_identity, iid, epid, now);
}

gboolean
lk_ledger_is_salvaged (LkDb *db,
                       const char *key_identity,
                       const char *iid,
                       gboolean *out,
                       GError **error)
{
  gint64 is_salvaged = 0;
  gboolean done = lk_db_get_int (db, &is_salvaged, 0, error,
                                 "SELECT is_salvaged FROM confirmation WHERE key_identity = ?1"
                                 " AND iid = ?2",
                                 "ss", key_identity, iid);

  *out = is_salvaged != 0;
  return done;
}

GPtrArray *
lk_ledger_list_due (LkDb *db,
                    LkMethod method,
                    gint64 now,
                    guint max,
                    const char *condition,
                    gint64 argument,
                    GError **error)
{
  g_autoptr (GPtrArray) spends = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_free);
  g_autoptr (GError) local_error = NULL;
  g_autofree char *sql =
      g_strdup_printf ("SELECT " SPEND_COLUMNS " FROM spend"
                       " WHERE method = ?1 AND due_at BETWEEN 1 AND ?2"
                       " AND state IN ('reserved', 'unknown')"
                       " AND (state = 'unknown' OR NOT EXISTS (SELECT 1 FROM pool AS p"
                       "   WHERE p.key_identity = spend.key_identity AND p.blocked_code <> 0))"
                       " AND (%s) AND ?4 = ?4 ORDER BY due_at, id LIMIT ?3",
                       condition != NULL ? condition : "1");
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, sql, "siii", method_words[method], now, (gint64) max, argument);

  if (query == NULL)
    return NULL;
  while (lk_query_next (query, &local_error))
    g_ptr_array_add (spends, spend_from_row (query));
  if (local_error == NULL)
    return g_steal_pointer (&spends);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
lk_ledger_recover (LkDb *db, LkMethod method, gint64 due_at, guint *n, GError **error)
{
  gboolean done = lk_db_run (db, error,
                             "UPDATE spend SET state = 'unknown', due_at = ?2,"
                             " message = 'The program ended before the answer came'"
                             " WHERE method = ?1 AND state = 'sent'",
                             "si", method_words[method], due_at);

  if (n != NULL)
    *n = done ? (guint) lk_db_get_changes (db) : 0;
  return done;
}
