/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-counts.h"

#define MINUTES_OF_DAY "1440"

static gboolean
is_grace (LkLicenseStatus status)
{
  return status == LK_LICENSE_OOB_GRACE || status == LK_LICENSE_OOT_GRACE ||
         status == LK_LICENSE_NONGENUINE_GRACE || status == LK_LICENSE_EXTENDED_GRACE;
}

static void
add_product (LkFleetCount *out, LkLicenseStatus status, guint days)
{
  out->n_products++;
  out->by_state[CLAMP ((int) status + 1, 0, LK_COUNT_N_STATES - 1)]++;
  if (!is_grace (status))
    return;

  out->by_day[MIN (days, LK_COUNT_DAYS)]++;
  out->n_expiring_7 += days < 7 ? 1 : 0;
  out->n_expiring_30 += days < 30 ? 1 : 0;
}

/* The machines on which the last step failed, by id. */
static gboolean
list_failed (LkDb *db, GArray *failed, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT id FROM machine WHERE last_ok = 0 ORDER BY id", "");

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    {
      gint64 id = lk_query_int (query, 0);

      g_array_append_val (failed, id);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* One by one, in the order of an index: SQLite would sort them to group them. The rows of
 * state=attention: of a machine that failed each one, also when it has none; else what its state
 * asks for. */
static gboolean
count_products (LkDb *db, GArray *failed, LkFleetCount *out, guint *n_with_product, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT machine_id, status, grace_minutes / " MINUTES_OF_DAY
                   " FROM product INDEXED BY product_row WHERE hidden = 0 ORDER BY machine_id",
                   "");
  gint64 last_id = 0;
  guint next = 0;

  if (query == NULL)
    return FALSE;
  out->n_attention = failed->len;
  while (lk_query_next (query, &local_error))
    {
      gint64 machine_id = lk_query_int (query, 0);
      LkLicenseStatus status = (LkLicenseStatus) lk_query_int (query, 1);
      gboolean is_first = machine_id != last_id;
      gboolean has_failed;

      while (next < failed->len && g_array_index (failed, gint64, next) < machine_id)
        next++;
      has_failed = next < failed->len && g_array_index (failed, gint64, next) == machine_id;
      if (has_failed ? !is_first
                     : status == LK_LICENSE_NONGENUINE_GRACE || status == LK_LICENSE_NOTIFICATION)
        out->n_attention++;
      *n_with_product += is_first ? 1 : 0;
      last_id = machine_id;
      add_product (out, status, (guint) lk_query_int (query, 2));
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
count_one (LkDb *db, guint *out, GError **error, const char *sql)
{
  gint64 n = 0;

  if (!lk_db_get_int (db, &n, 0, error, sql, ""))
    return FALSE;

  *out = (guint) n;
  return TRUE;
}

static gboolean
count_fleet (LkDb *db, LkFleetCount *out, GError **error)
{
  g_autoptr (GArray) failed = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint n_with_product = 0;

  if (!list_failed (db, failed, error) ||
      !count_products (db, failed, out, &n_with_product, error) ||
      !count_one (db, &out->n_machines, error, "SELECT count (*) FROM machine"))
    return FALSE;

  out->by_state[0] += out->n_machines - n_with_product;
  return TRUE;
}

gboolean
lk_store_count_fleet (LkStore *self, LkFleetCount *out, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = FALSE;

  *out = (LkFleetCount){ 0 };
  /* One state of the store for all of them. */
  if (db != NULL && lk_db_exec (db, "BEGIN", error))
    {
      done = count_fleet (db, out, error);
      lk_db_exec (db, "ROLLBACK", NULL);
    }

  lk_store_return_reader (self, db);
  return done;
}

/* Products with a MAK that are not licensed, by where their activation stands; 0 to 2 for
 * confirmed, asked for, and not yet. */
static gboolean
count_mak_products (LkDb *db, LkPipelineCount *out, GError **error)
{
  guint *const counts[] = { &out->n_has_cid, &out->n_waiting, &out->n_has_iid };
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (
      db, error,
      "SELECT CASE WHEN EXISTS (SELECT 1 FROM confirmation AS c"
      "   WHERE c.key_identity = p.key_identity AND c.iid = p.iid) THEN 0"
      "  WHEN EXISTS (SELECT 1 FROM spend AS s WHERE s.key_identity = p.key_identity"
      "   AND s.iid = p.iid AND s.state IN ('reserved', 'sent', 'unknown')) THEN 1"
      "  ELSE 2 END, count (*) FROM product AS p INDEXED BY product_kind"
      " WHERE p.hidden = 0 AND p.key_kind = 'mak' AND p.status <> 1 AND p.iid IS NOT NULL"
      " GROUP BY 1",
      "");

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    *counts[lk_query_int (query, 0)] = (guint) lk_query_int (query, 1);

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
count_others (LkDb *db, LkPipelineCount *out, GError **error)
{
  return count_one (db, &out->n_licensed, error,
                    "SELECT count (*) FROM product INDEXED BY product_kind"
                    " WHERE hidden = 0 AND key_kind = 'mak' AND status = 1") &&
         count_one (db, &out->n_needs_key, error,
                    "SELECT count (*) FROM item WHERE plan IN ('activate-proxy')"
                    " AND step IN ('install-key', 'read-iid')"
                    " AND state IN ('ready', 'running', 'parked', 'paused')") &&
         count_one (db, &out->n_deposited, error,
                    "SELECT count (*) FROM item WHERE plan IN ('activate-proxy', 'deposit')"
                    " AND step = 'verify'"
                    " AND state IN ('ready', 'running', 'parked', 'paused')");
}

gboolean
lk_store_count_pipeline (LkStore *self, LkPipelineCount *out, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = FALSE;

  *out = (LkPipelineCount){ 0 };
  if (db != NULL && lk_db_exec (db, "BEGIN", error))
    {
      done = count_mak_products (db, out, error) && count_others (db, out, error);
      lk_db_exec (db, "ROLLBACK", NULL);
    }

  lk_store_return_reader (self, db);
  return done;
}
