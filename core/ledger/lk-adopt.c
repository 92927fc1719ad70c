/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ledger/lk-adopt.h"

#include <glib/gi18n-lib.h>

static gboolean
write_spend (LkDb *db,
             const LkSpend *spend,
             LkSpendState state,
             gint64 created_at,
             gint64 settled_at,
             GError **error)
{
  const char *message = spend->message;

  if (state == LK_SPEND_UNKNOWN)
    message = _ ("Another store sent it and had no answer yet when its inventory was written; ask"
                 " there");
  return lk_db_run (db, error,
                    "INSERT INTO spend (key_identity, iid, epid, method, state, code, message,"
                    "  attempts, created_at, sent_at, settled_at)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                    " ON CONFLICT (key_identity, iid) DO UPDATE SET epid = ?3, method = ?4,"
                    "  state = ?5, code = ?6, message = ?7, attempts = ?8, due_at = 0,"
                    "  sent_at = ?10, settled_at = ?11",
                    "sssssisiiii", spend->key_identity, spend->iid, spend->epid,
                    lk_method_to_word (spend->method), lk_spend_state_to_word (state),
                    (gint64) spend->code, message, (gint64) spend->attempts, created_at,
                    spend->sent_at, settled_at);
}

static gint64
get_settled_at (LkDb *db, gint64 id, GError **error)
{
  gint64 at = 0;

  return lk_db_get_int (db, &at, 0, error, "SELECT settled_at FROM spend WHERE id = ?1", "i", id)
             ? at
             : -1;
}

/* Whether @spend, in @state, says more than what is here. */
static gboolean
is_stronger (LkDb *db,
             const LkSpend *here,
             const LkSpend *spend,
             LkSpendState state,
             gboolean is_own,
             gboolean *out,
             GError **error)
{
  gint64 refused_at = 0;

  *out = FALSE;
  if (here->state == LK_SPEND_CONFIRMED)
    return TRUE;
  if (state == LK_SPEND_CONFIRMED || is_own)
    {
      *out = state == LK_SPEND_CONFIRMED;
      return TRUE;
    }
  if (state != LK_SPEND_UNKNOWN || here->state == LK_SPEND_SENT || here->state == LK_SPEND_UNKNOWN)
    return TRUE;

  if (here->state == LK_SPEND_REFUSED)
    refused_at = get_settled_at (db, here->id, error);
  *out = here->state == LK_SPEND_RESERVED || spend->sent_at > refused_at;
  return refused_at >= 0;
}

gboolean
lk_ledger_adopt_spend (LkDb *db,
                       const LkSpend *spend,
                       gint64 created_at,
                       gint64 settled_at,
                       gboolean is_own,
                       LkAdoption *out,
                       GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkSpend) here =
      lk_ledger_get_spend (db, spend->key_identity, spend->iid, &local_error);
  LkSpendState state = spend->state == LK_SPEND_SENT ? LK_SPEND_UNKNOWN : spend->state;
  gboolean takes = here == NULL;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (state == LK_SPEND_RESERVED)
    {
      *out = here == NULL ? LK_ADOPT_LEFT : LK_ADOPT_KNOWN;
      return TRUE;
    }
  if (here != NULL && !is_stronger (db, here, spend, state, is_own, &takes, error))
    return FALSE;

  *out = takes ? LK_ADOPT_TAKEN : LK_ADOPT_KNOWN;
  return !takes || write_spend (db, spend, state, created_at, settled_at, error);
}

gboolean
lk_ledger_adopt_confirmation (LkDb *db,
                              const char *key_identity,
                              const char *iid,
                              const char *cid,
                              LkMethod method,
                              gboolean is_salvaged,
                              gint64 created_at,
                              LkAdoption *out,
                              char **here,
                              GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *known = lk_ledger_get_cid (db, key_identity, iid, &local_error);
  gboolean is_known_salvaged = FALSE;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (known != NULL && !lk_ledger_is_salvaged (db, key_identity, iid, &is_known_salvaged, error))
    return FALSE;

  if (known != NULL && (!is_known_salvaged || is_salvaged))
    {
      *out = g_str_equal (known, cid) ? LK_ADOPT_KNOWN : LK_ADOPT_DIFFERS;
      *here = *out == LK_ADOPT_DIFFERS ? g_steal_pointer (&known) : NULL;
      return TRUE;
    }

  *out = LK_ADOPT_TAKEN;
  return is_salvaged
             ? lk_ledger_salvage (db, key_identity, iid, NULL, cid, created_at, error)
             : lk_ledger_confirm (db, key_identity, iid, NULL, cid, method, created_at, error);
}

gboolean
lk_ledger_adopt_pool (LkDb *db,
                      const char *key_identity,
                      gint64 remaining,
                      gint64 checked_at,
                      guint32 blocked_code,
                      LkAdoption *out,
                      GError **error)
{
  LkPool here;
  gboolean is_newer;
  gboolean is_stopped;

  if (!lk_ledger_get_pool (db, key_identity, &here, error))
    return FALSE;

  is_newer = checked_at > here.checked_at;
  is_stopped = blocked_code != 0 &&
               (is_newer || (blocked_code != here.blocked_code && checked_at == here.checked_at));
  *out = is_newer || is_stopped ? LK_ADOPT_TAKEN : LK_ADOPT_KNOWN;
  if (is_newer && !lk_ledger_set_remaining (db, key_identity, remaining, checked_at, error))
    return FALSE;
  return !is_stopped || lk_ledger_block (db, key_identity, blocked_code, error);
}
