/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-queue.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "ledger/lk-ledger.h"

LkItem *
lk_item_load (LkDb *db, gint64 id, GError **error)
{
  g_autoptr (LkQuery) query = lk_db_query (
      db, error,
      "SELECT i.id, i.job_id, i.machine_id, i.plan, i.step, i.attempt, i.again, i.failing_since,"
      " j.max_attempts, j.give_up_after, m.name, m.address, m.port, m.tls, m.pin, m.stack,"
      " m.os_version, m.fqdn, m.domain, m.is_member, m.uuid, m.cmid, m.read_at,"
      " i.application_id, coalesce (k.last_five, i.partial_key), coalesce (j.key_id, 0),"
      " coalesce (i.key_identity, k.key_identity), i.iid, i.epid,"
      " (SELECT c.cid FROM confirmation AS c"
      "   WHERE c.key_identity = i.key_identity AND c.iid = i.iid),"
      " (SELECT s.sent_at FROM spend AS s WHERE s.key_identity = i.key_identity"
      "   AND s.iid = i.iid AND s.method = 'online' AND s.state IN ('sent', 'unknown')),"
      " m.rearm_left, m.certificate, m.pinned_at"
      " FROM item AS i JOIN job AS j ON j.id = i.job_id JOIN machine AS m ON m.id = i.machine_id"
      " LEFT JOIN product_key AS k ON k.id = j.key_id WHERE i.id = ?1",
      "i", id);
  LkItem *item;

  if (query == NULL || !lk_query_next (query, error))
    return NULL;

  item = g_new0 (LkItem, 1);
  item->id = lk_query_int (query, 0);
  item->job_id = lk_query_int (query, 1);
  item->machine_id = lk_query_int (query, 2);
  item->plan = lk_query_dup (query, 3);
  item->step = lk_query_dup (query, 4);
  item->attempt = (guint) lk_query_int (query, 5);
  item->again = lk_query_int (query, 6) != 0;
  item->failing_since = lk_query_int (query, 7);
  item->max_attempts = (guint) lk_query_int (query, 8);
  item->give_up_after = lk_query_int (query, 9);
  item->name = lk_query_dup (query, 10);
  item->domain = lk_query_dup (query, 18);
  item->full_name = lk_machine_make_full_name (item->name, lk_query_text (query, 17), item->domain);
  item->address = lk_query_dup (query, 11);
  item->port = (guint16) lk_query_int (query, 12);
  item->tls = lk_query_int (query, 13) != 0;
  item->pin = lk_query_dup (query, 14);
  item->stack = lk_query_dup (query, 15);
  item->os_version = lk_query_dup (query, 16);
  if (lk_query_int (query, 22) != 0)
    {
      item->identity = g_new0 (LkIdentity, 1);
      item->identity->name = lk_query_dup (query, 10);
      item->identity->fqdn = lk_query_dup (query, 17);
      item->identity->domain = lk_query_dup (query, 18);
      item->identity->is_member = lk_query_int (query, 19) != 0;
      item->identity->uuid = lk_query_dup (query, 20);
      item->identity->cmid = lk_query_dup (query, 21);
    }
  item->application_id = lk_query_dup (query, 23);
  item->partial_key = lk_query_dup (query, 24);
  item->key_id = lk_query_int (query, 25);
  item->key_identity = lk_query_dup (query, 26);
  item->iid = lk_query_dup (query, 27);
  item->epid = lk_query_dup (query, 28);
  item->cid = lk_query_dup (query, 29);
  item->sent_at = lk_query_int (query, 30);
  item->rearm_left = (int) lk_query_int (query, 31);
  item->pinned = lk_query_bytes (query, 32);
  item->pinned_at = lk_query_int (query, 33);
  return item;
}

typedef struct
{
  gint64 job_id;
  gint64 now;
  LkItem *item;
} Claim;

static gboolean
claim (LkDb *db, gpointer user_data, GError **error)
{
  /* One statement for each case, so that each walks its own index in order. */
  static const char of_job[] =
      "SELECT id FROM item AS i WHERE job_id = ?1 AND state = 'ready' AND due_at <= ?2"
      " AND NOT EXISTS (SELECT 1 FROM item AS r WHERE r.machine_id = i.machine_id"
      "  AND r.state = 'running') ORDER BY due_at, id LIMIT 1";
  static const char of_priority[] =
      "SELECT id FROM item AS i WHERE priority = ?1 AND state = 'ready' AND due_at <= ?2"
      " AND NOT EXISTS (SELECT 1 FROM item AS r WHERE r.machine_id = i.machine_id"
      "  AND r.state = 'running') ORDER BY due_at, id LIMIT 1";
  Claim *c = user_data;
  gint64 id = 0;

  for (gint64 priority = 0; id == 0 && priority < (c->job_id != 0 ? 1 : 2); priority++)
    if (!lk_db_get_int (db, &id, 0, error, c->job_id != 0 ? of_job : of_priority, "ii",
                        c->job_id != 0 ? c->job_id : priority, c->now))
      return FALSE;
  if (id == 0)
    return TRUE;

  if (!lk_db_run (db, error,
                  "UPDATE item SET state = 'running', attempt = attempt + 1, updated_at = ?2"
                  " WHERE id = ?1",
                  "ii", id, c->now))
    return FALSE;

  c->item = lk_item_load (db, id, error);
  return c->item != NULL;
}

LkItem *
lk_store_claim (LkStore *self, gint64 job_id, gint64 now, GError **error)
{
  Claim c = { .job_id = job_id, .now = now };

  if (lk_store_write (self, claim, &c, error))
    return c.item;

  g_clear_pointer (&c.item, lk_item_free);
  return NULL;
}

/* Toward a service that may count twice. */
#define ASK_SERVICE_AGAIN (10 * LK_MINUTE)

typedef struct
{
  gboolean asks_again;
  gint64 now;
  guint n_items;
} Recovery;

static gboolean
recover (LkDb *db, gpointer user_data, GError **error)
{
  Recovery *recovery = user_data;
  gint64 due_at = recovery->now + (recovery->asks_again ? 0 : ASK_SERVICE_AGAIN);

  if (!lk_db_run (db, error, "UPDATE item SET state = 'ready', due_at = ?1 WHERE state = 'running'",
                  "i", recovery->now))
    return FALSE;
  recovery->n_items = (guint) lk_db_get_changes (db);
  /* Whoever runs the jobs now may know the password, or have somebody to ask. */
  if (!lk_db_run (db, error,
                  "UPDATE item SET due_at = ?1 WHERE state = 'ready'"
                  " AND error = '" LK_ITEM_WAITS_FOR_PASSWORD "'",
                  "i", recovery->now))
    return FALSE;

  return lk_ledger_recover (db, LK_METHOD_PROXY, due_at, NULL, error) &&
         (recovery->asks_again ||
          lk_db_run (db, error,
                     "UPDATE spend SET due_at = 0 WHERE method = 'proxy' AND state = 'unknown'"
                     " AND attempts > 1 AND due_at = ?1",
                     "i", due_at)) &&
         lk_ledger_recover (db, LK_METHOD_ONLINE, 0 /* settled by looking, not by asking again */,
                            NULL, error);
}

gboolean
lk_store_recover (LkStore *self, gboolean asks_again, gint64 now, guint *n_items, GError **error)
{
  Recovery recovery = { .asks_again = asks_again, .now = now };
  gboolean done = lk_store_write (self, recover, &recovery, error);

  *n_items = recovery.n_items;
  return done;
}

static gboolean
pull_in_items (LkDb *db, gpointer user_data, GError **error)
{
  const gint64 *times = user_data;

  return lk_db_run (db, error, "UPDATE item SET due_at = ?1 WHERE state = 'ready' AND due_at > ?2",
                    "ii", times[0], times[1]);
}

gboolean
lk_store_get_next_due (LkStore *self,
                       gint64 job_id,
                       gint64 now,
                       gint64 longest_back_off,
                       gint64 *due_at,
                       GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gint64 latest = 0;
  gboolean done = db != NULL &&
                  lk_db_get_int (db, due_at, G_MAXINT64, error,
                                 "SELECT min (due_at) FROM item WHERE state = 'ready'"
                                 " AND (?1 = 0 OR job_id = ?1)",
                                 "i", job_id) &&
                  lk_db_get_int (db, &latest, 0, error,
                                 "SELECT max (due_at) FROM item WHERE state = 'ready'", "");

  lk_store_return_reader (self, db);
  if (!done || latest <= now + longest_back_off)
    return done;

  *due_at = MIN (*due_at, now);
  return lk_store_write (self, pull_in_items, (gint64[]){ now, now + longest_back_off }, error);
}

gboolean
lk_store_has_open_items (LkStore *self, gint64 job_id, gboolean *out, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gint64 found = 0;
  gboolean done =
      db != NULL && lk_db_get_int (db, &found, 0, error,
                                   "SELECT EXISTS (SELECT 1 FROM item WHERE (?1 = 0 OR job_id = ?1)"
                                   " AND state IN ('ready', 'running', 'parked', 'paused'))",
                                   "i", job_id);

  lk_store_return_reader (self, db);
  *out = found != 0;
  return done;
}
