/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-merge.h"

#include "base/lk-error.h"
#include "ledger/lk-ledger.h"
#include "store/lk-fleet.h"
#include "store/lk-identity.h"
#include "store/lk-jobs.h"
#include "store/lk-tags.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#define OPEN "('ready', 'running', 'parked', 'paused')"

/* What a row is, but for its id: the columns that machine and machine_was share. */
#define COLUMNS                                                                                    \
  "name, listed_as, address, port, tls, pin, certificate, pinned_at, domain, fqdn, is_member,"     \
  " uuid, cmid, os_version, stack, rearm_left, is_subscription, has_oem_key, created_at, read_at," \
  " tried_at, last_result, last_code, last_ok"
/* How to get to it, and what it is known by there. */
#define WAY "address, port, tls"
#define PIN "pin, certificate, pinned_at"
/* What it said of itself. */
#define READ                                                                                       \
  "name, domain, fqdn, is_member, uuid, cmid, os_version, stack, rearm_left, is_subscription,"     \
  " has_oem_key, read_at"
#define TRIED "tried_at, last_result, last_code, last_ok"

void
lk_merged_free (LkMerged *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->address);
  g_free (self->reason);
  g_free (self);
}

static gboolean
keep_snapshot (LkDb *db, gint64 merged_id, gint64 machine_id, gboolean is_kept, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO machine_was (merged_id, is_kept, " COLUMNS ")"
                    " SELECT ?1, ?2, " COLUMNS " FROM machine WHERE id = ?3",
                    "iii", merged_id, (gint64) is_kept, machine_id);
}

static gboolean
note_merge (LkDb *db,
            gint64 kept,
            gint64 other,
            const char *reason,
            gint64 now,
            gint64 *merged_id,
            GError **error)
{
  if (!lk_db_run (db, error,
                  "INSERT INTO merged (machine_id, former_id, at, reason) VALUES (?1, ?2, ?3, ?4)",
                  "iiis", kept, other, now, reason))
    return FALSE;

  *merged_id = lk_db_get_last_id (db);
  return keep_snapshot (db, *merged_id, kept, TRUE, error) &&
         keep_snapshot (db, *merged_id, other, FALSE, error) &&
         /* What was merged into the other one can be split off this one. */
         lk_db_run (db, error,
                    "UPDATE merged SET machine_id = ?1, carried_by = coalesce (carried_by, ?3)"
                    " WHERE machine_id = ?2",
                    "iii", kept, other, *merged_id);
}

/* Whatever it was called stays a way to find it. */
static gboolean
move_aliases (LkDb *db, gint64 kept, gint64 other, gint64 merged_id, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT OR IGNORE INTO machine_alias (alias, machine_id, merged_id)"
                    " SELECT alias, ?1, coalesce (merged_id, ?3) FROM machine_alias"
                    " WHERE machine_id = ?2"
                    " UNION SELECT name, ?1, ?3 FROM machine WHERE id = ?2"
                    " UNION SELECT listed_as, ?1, ?3 FROM machine WHERE id = ?2"
                    " UNION SELECT fqdn, ?1, ?3 FROM machine WHERE id = ?2 AND fqdn IS NOT NULL"
                    " UNION SELECT address, ?1, ?3 FROM machine"
                    "  WHERE id = ?2 AND address IS NOT NULL",
                    "iii", kept, other, merged_id);
}

/* Of a product that both have, the one that was read last stays; of the rest, those of the older
 * reading are history. */
static gboolean
move_products (LkDb *db, gint64 kept, gint64 other, gint64 merged_id, GError **error)
{
  gint64 is_newer = 0;
  gint64 stale, fresh;

  if (!lk_db_get_int (db, &is_newer, 0, error,
                      "SELECT o.read_at > k.read_at FROM machine AS o, machine AS k"
                      " WHERE o.id = ?1 AND k.id = ?2",
                      "ii", other, kept))
    return FALSE;

  stale = is_newer != 0 ? kept : other;
  fresh = is_newer != 0 ? other : kept;
  return lk_db_run (db, error,
                    "DELETE FROM product WHERE machine_id = ?1 AND EXISTS (SELECT 1"
                    " FROM product AS f WHERE f.machine_id = ?2"
                    " AND f.application_id = product.application_id"
                    " AND f.activation_id = product.activation_id)",
                    "ii", stale, fresh) &&
         lk_db_run (db, error,
                    "UPDATE product SET hidden = 1, partial_key = NULL WHERE machine_id = ?1"
                    " AND EXISTS (SELECT 1 FROM machine WHERE id = ?2 AND read_at > 0)",
                    "ii", stale, fresh) &&
         lk_db_run (db, error,
                    "UPDATE product SET machine_id = ?1, merged_id = coalesce (merged_id, ?3)"
                    " WHERE machine_id = ?2",
                    "iii", kept, other, merged_id);
}

/* One of two identical open items goes: the one that has come less far. */
static gboolean
list_twins (LkDb *db, gint64 kept, gint64 other, GArray *out, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT CASE WHEN o.iid IS NOT NULL AND k.iid IS NULL"
                   " AND k.state <> 'running' THEN k.id ELSE o.id END"
                   " FROM item AS o JOIN item AS k ON k.machine_id = ?1 AND k.plan = o.plan"
                   " AND coalesce (k.application_id, '') = coalesce (o.application_id, '')"
                   " AND coalesce (k.partial_key, '') = coalesce (o.partial_key, '')"
                   " WHERE o.machine_id = ?2 AND o.state IN " OPEN " AND k.state IN " OPEN,
                   "ii", kept, other);

  while (query != NULL && lk_query_next (query, &local_error))
    {
      gint64 id = lk_query_int (query, 0);

      g_array_append_val (out, id);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* The machine's reservation that nobody waits for any more. */
static gboolean
release (LkDb *db, gint64 item_id, GError **error)
{
  g_autofree char *key_identity = NULL;
  g_autofree char *iid = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT key_identity, iid FROM item AS i WHERE id = ?1 AND iid IS NOT NULL"
                   " AND key_identity IS NOT NULL AND NOT EXISTS (SELECT 1 FROM item AS o"
                   "  WHERE o.key_identity = i.key_identity AND o.iid = i.iid AND o.id <> i.id"
                   "  AND o.state IN " OPEN ")",
                   "i", item_id);

  if (query == NULL)
    return FALSE;
  if (!lk_query_next (query, error))
    return error == NULL || *error == NULL;
  key_identity = lk_query_dup (query, 0);
  iid = lk_query_dup (query, 1);
  g_clear_pointer (&query, lk_query_free);
  return lk_ledger_release (db, key_identity, iid, error);
}

static gboolean
drop_twins (LkDb *db, gint64 kept, gint64 other, gint64 now, GError **error)
{
  g_autoptr (GArray) twins = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (!list_twins (db, kept, other, twins, error))
    return FALSE;
  for (guint i = 0; i < twins->len; i++)
    {
      gint64 id = g_array_index (twins, gint64, i);
      gint64 job = 0;

      if (!release (db, id, error) ||
          !lk_db_run (db, error,
                      "UPDATE item SET state = 'cancelled', message = ?2, updated_at = ?3"
                      " WHERE id = ?1",
                      "isi", id,
                      _ ("The machine was merged with another row, whose open work is the same"),
                      now) ||
          !lk_db_get_int (db, &job, 0, error, "SELECT job_id FROM item WHERE id = ?1", "i", id) ||
          !lk_job_close_if_done (db, job, now, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
move_work (LkDb *db, gint64 kept, gint64 other, gint64 merged_id, gint64 now, GError **error)
{
  return drop_twins (db, kept, other, now, error) &&
         lk_db_run (db, error,
                    "UPDATE item SET machine_id = ?1, merged_id = coalesce (merged_id, ?3)"
                    " WHERE machine_id = ?2",
                    "iii", kept, other, merged_id) &&
         lk_db_run (db, error,
                    "UPDATE event SET machine_id = ?1, merged_id = coalesce (merged_id, ?3)"
                    " WHERE machine_id = ?2",
                    "iii", kept, other, merged_id) &&
         lk_db_run (db, error,
                    "UPDATE origin SET machine_id = ?1, merged_id = coalesce (merged_id, ?3)"
                    " WHERE machine_id = ?2",
                    "iii", kept, other, merged_id);
}

/* A name that leads to it outlives an address of today. */
static gboolean
is_better_way (LkDb *db, gint64 kept, gint64 other, gboolean *out, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT k.address, o.address, k.last_ok, o.last_ok, o.read_at > k.read_at,"
                   " o.read_at > 0, k.read_at > 0 FROM machine AS k, machine AS o"
                   " WHERE k.id = ?1 AND o.id = ?2",
                   "ii", kept, other);
  const char *own, *its;
  gboolean is_own_ip, is_its_ip;

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;

  own = lk_query_text (query, 0);
  its = lk_query_text (query, 1);
  is_own_ip = own != NULL && g_hostname_is_ip_address (own);
  is_its_ip = its != NULL && g_hostname_is_ip_address (its);
  if (is_own_ip && its != NULL && !is_its_ip)
    *out = lk_query_int (query, 3) != 0 && lk_query_int (query, 5) != 0;
  else if (own != NULL && !is_own_ip && is_its_ip && lk_query_int (query, 2) != 0 &&
           lk_query_int (query, 6) != 0)
    *out = FALSE;
  else
    *out = lk_query_int (query, 4) != 0;
  return TRUE;
}

static gboolean
take_facts (LkDb *db, gint64 kept, gint64 other, gboolean takes_way, GError **error)
{
  return (!takes_way ||
          lk_db_run (db, error,
                     "UPDATE machine SET (" WAY ") = (SELECT " WAY " FROM machine WHERE id = ?2)"
                     " WHERE id = ?1",
                     "ii", kept, other)) &&
         /* The machine's certificate was accepted whichever way it goes; but one that goes by its
          * CAs must not be held against an old one. */
         lk_db_run (db, error,
                    "UPDATE machine SET (" PIN ") = (SELECT " PIN " FROM machine WHERE id = ?2)"
                    " WHERE id = ?1 AND EXISTS (SELECT 1 FROM machine AS o WHERE o.id = ?2"
                    " AND CASE ?3 WHEN 1 THEN o.pin IS NOT NULL OR o.tls"
                    "  ELSE machine.pin IS NULL AND NOT machine.tls END)",
                    "iii", kept, other, (gint64) takes_way) &&
         lk_db_run (db, error,
                    "UPDATE machine SET (" READ ") = (SELECT " READ " FROM machine WHERE id = ?2)"
                    " WHERE id = ?1 AND read_at < (SELECT read_at FROM machine WHERE id = ?2)",
                    "ii", kept, other) &&
         lk_db_run (db, error,
                    "UPDATE machine SET (" TRIED ") = (SELECT " TRIED " FROM machine"
                    " WHERE id = ?2)"
                    " WHERE id = ?1 AND tried_at < (SELECT tried_at FROM machine WHERE id = ?2)",
                    "ii", kept, other) &&
         lk_db_run (db, error,
                    "UPDATE machine SET created_at = min (machine.created_at, o.created_at),"
                    " domain = coalesce (machine.domain, o.domain),"
                    " os_version = coalesce (machine.os_version, o.os_version)"
                    " FROM (SELECT created_at, domain, os_version FROM machine WHERE id = ?2) AS o"
                    " WHERE id = ?1",
                    "ii", kept, other);
}

/* Who was kept apart from the other one is kept apart from this one now. */
static gboolean
move_apart (LkDb *db, gint64 kept, gint64 other, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT OR IGNORE INTO machine_apart (first_id, second_id)"
                    " SELECT min (?1, x), max (?1, x) FROM (SELECT CASE first_id WHEN ?2"
                    "  THEN second_id ELSE first_id END AS x FROM machine_apart"
                    "  WHERE first_id = ?2 OR second_id = ?2) WHERE x <> ?1",
                    "ii", kept, other);
}

gboolean
lk_merge_one (LkDb *db,
              gint64 kept,
              gint64 other,
              gint64 job_id,
              const char *reason,
              gint64 now,
              GError **error)
{
  g_autofree char *name = NULL;
  g_autofree char *message = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT name FROM machine WHERE id = ?1", "i", other);
  gboolean takes_way = FALSE;
  gint64 merged_id = 0;

  if (query == NULL || !lk_query_next (query, error))
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Machine #%d is gone"), (int) other);
      return FALSE;
    }
  name = lk_query_dup (query, 0);
  g_clear_pointer (&query, lk_query_free);

  message = g_strdup_printf (_ ("Merged with %s (#%d): %s"), name, (int) other, reason);
  return is_better_way (db, kept, other, &takes_way, error) &&
         note_merge (db, kept, other, reason, now, &merged_id, error) &&
         move_aliases (db, kept, other, merged_id, error) &&
         move_products (db, kept, other, merged_id, error) &&
         move_work (db, kept, other, merged_id, now, error) &&
         move_apart (db, kept, other, error) && lk_tags_copy (db, other, kept, error) &&
         take_facts (db, kept, other, takes_way, error) &&
         lk_db_run (db, error, "DELETE FROM machine WHERE id = ?1", "i", other) &&
         lk_event_note (db, now, kept, job_id, "merge", "done", message, 0, error);
}

static gboolean
check_idle (LkDb *db, gint64 machine_id, GError **error)
{
  gint64 job = 0;

  if (!lk_db_get_int (db, &job, 0, error,
                      "SELECT job_id FROM item WHERE machine_id = ?1 AND state = 'running'", "i",
                      machine_id))
    return FALSE;
  if (job == 0)
    return TRUE;

  g_set_error (
      error, LK_ERROR, LK_ERROR_BUSY,
      _ ("Machine #%d is being worked on by job %d at this moment; wait until that step has"
         " ended, or pause the job, and try again. Nothing was changed"),
      (int) machine_id, (int) job);
  return FALSE;
}

typedef struct
{
  gint64 machine_id;
  GArray *ids;
  gint64 now;
  GArray *made;
} Change;

static gboolean
merge_all (LkDb *db, gpointer user_data, GError **error)
{
  Change *change = user_data;

  if (!check_idle (db, change->machine_id, error))
    return FALSE;
  for (guint i = 0; i < change->ids->len; i++)
    {
      gint64 other = g_array_index (change->ids, gint64, i);

      if (!check_idle (db, other, error) ||
          !lk_merge_one (db, change->machine_id, other, 0, _ ("by a person's order"), change->now,
                         error))
        return FALSE;
    }

  return TRUE;
}

gboolean
lk_store_merge (LkStore *self, gint64 kept, GArray *others, gint64 now, GError **error)
{
  Change change = { .machine_id = kept, .ids = others, .now = now };

  return lk_store_write (self, merge_all, &change, error);
}

static gboolean
read_merged (LkQuery *query, GPtrArray *list, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  while (lk_query_next (query, &local_error))
    {
      LkMerged *merged = g_new0 (LkMerged, 1);

      merged->id = lk_query_int (query, 0);
      merged->machine_id = lk_query_int (query, 1);
      merged->former_id = lk_query_int (query, 2);
      merged->at = lk_query_int (query, 3);
      merged->reason = lk_query_dup (query, 4);
      merged->name = lk_query_dup (query, 5);
      merged->address = lk_query_dup (query, 6);
      g_ptr_array_add (list, merged);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

GPtrArray *
lk_store_list_merged (LkStore *self, gint64 machine_id, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_merged_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = FALSE;

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error,
                       "SELECT id, machine_id, former_id, at, reason, name, address FROM merged"
                       " JOIN machine_was ON merged_id = id AND is_kept = 0"
                       " WHERE machine_id = ?1 ORDER BY id DESC",
                       "i", machine_id);

      done = query != NULL && read_merged (query, list, error);
    }

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&list) : NULL;
}

/* Its old id, unless somebody else has it now. */
static gboolean
make_former (LkDb *db, gint64 merged_id, gint64 *id, GError **error)
{
  if (!lk_db_run (db, error,
                  "INSERT INTO machine (id, " COLUMNS ")"
                  " SELECT CASE WHEN EXISTS (SELECT 1 FROM machine WHERE id = former_id)"
                  "  THEN NULL ELSE former_id END, " COLUMNS " FROM machine_was"
                  " JOIN merged ON merged.id = merged_id WHERE merged_id = ?1 AND is_kept = 0",
                  "i", merged_id))
    return FALSE;

  *id = lk_db_get_last_id (db);
  return TRUE;
}

/* The merge and those that had gone before into the row that it took. */
#define CAME                                                                                       \
  "WITH RECURSIVE came (id) AS (SELECT ?1 UNION SELECT merged.id FROM merged JOIN came"            \
  " ON carried_by = came.id) "
#define GIVE_BACK(table)                                                                           \
  CAME "UPDATE " table " SET machine_id = ?2, merged_id = nullif (merged_id, ?1)"                  \
       " WHERE machine_id = ?3 AND merged_id IN (SELECT id FROM came)"

static gboolean
give_back (LkDb *db, gint64 merged_id, gint64 id, gint64 from, GError **error)
{
  static const char *const moves[] = {
    GIVE_BACK ("product"),
    GIVE_BACK ("item"),
    GIVE_BACK ("event"),
    GIVE_BACK ("machine_alias"),
    GIVE_BACK ("origin"),
    CAME "UPDATE merged SET machine_id = ?2, carried_by = nullif (carried_by, ?1)"
         " WHERE machine_id = ?3 AND id <> ?1 AND id IN (SELECT id FROM came)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (moves); i++)
    if (!lk_db_run (db, error, moves[i], "iii", merged_id, id, from))
      return FALSE;

  return TRUE;
}

/* Unless something was merged into it later, or into a third row that it went into. */
static gboolean
restore_kept (LkDb *db, gint64 machine_id, gint64 merged_id, GError **error)
{
  return lk_db_run (db, error,
                    "UPDATE machine SET (" COLUMNS ") = (SELECT " COLUMNS " FROM machine_was"
                    " WHERE merged_id = ?2 AND is_kept = 1) WHERE id = ?1"
                    " AND EXISTS (SELECT 1 FROM merged WHERE id = ?2 AND carried_by IS NULL)"
                    " AND NOT EXISTS (SELECT 1 FROM merged WHERE machine_id = ?1 AND id > ?2)",
                    "ii", machine_id, merged_id);
}

static gboolean
split_one (LkDb *db, Change *change, gint64 merged_id, GError **error)
{
  g_autofree char *message = NULL;
  gint64 from = 0;
  gint64 id = 0;

  if (!lk_db_get_int (db, &from, 0, error, "SELECT machine_id FROM merged WHERE id = ?1", "i",
                      merged_id))
    return FALSE;
  if (from == 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("That merge was undone already"));
      return FALSE;
    }

  if (!make_former (db, merged_id, &id, error) || !give_back (db, merged_id, id, from, error) ||
      !restore_kept (db, from, merged_id, error) || !lk_tags_copy (db, from, id, error) ||
      !lk_db_run (db, error, "DELETE FROM merged WHERE id = ?1", "i", merged_id))
    return FALSE;

  message = g_strdup_printf (_ ("Split into #%d and #%d"), (int) from, (int) id);
  g_array_append_val (change->made, id);
  return lk_event_note (db, change->now, from, 0, "split", "done", message, 0, error) &&
         lk_event_note (db, change->now, id, 0, "split", "done", message, 0, error);
}

static gboolean
split_all (LkDb *db, gpointer user_data, GError **error)
{
  Change *change = user_data;
  g_autoptr (GArray) all = NULL;

  g_array_set_size (change->made, 0);
  if (!check_idle (db, change->machine_id, error))
    return FALSE;
  for (guint i = 0; i < change->ids->len; i++)
    if (!split_one (db, change, g_array_index (change->ids, gint64, i), error))
      return FALSE;

  all = g_array_copy (change->made);
  g_array_append_val (all, change->machine_id);
  return lk_identity_keep_apart (db, all, error);
}

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return (x < y) - (x > y);
}

gboolean
lk_store_split (LkStore *self,
                gint64 machine_id,
                GArray *merged_ids,
                gint64 now,
                GArray *machine_ids,
                GError **error)
{
  Change change = { machine_id, merged_ids, now, machine_ids };

  g_array_sort (merged_ids, compare_newest_first);
  return lk_store_write (self, split_all, &change, error);
}
