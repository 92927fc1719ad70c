/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-fleet.h"

#include "store/lk-tags.h"

#include <gio/gio.h>
#include <string.h>

typedef struct
{
  GPtrArray *sightings;
  gint64 now;
  guint n_added;
  guint n_known;
} Addition;

/* A machine's own name takes the place of the one it was found by when it is first read, so a name
 * that says where it is (a full one, an address) is kept as the way to it. */
static const char *
get_address (const LkSighting *sighting)
{
  if (sighting->address != NULL)
    return sighting->address;
  return strpbrk (sighting->name, ".:") != NULL ? sighting->name : NULL;
}

/* What a scan found has a serial; a list is taken at its word, a scan for what it saw. */
static gboolean
is_scanned (const LkSighting *sighting)
{
  return sighting->serial != 0;
}

#define GOES_BY                                                                                    \
  "(name = ?1 OR listed_as = ?1 OR fqdn = ?1"                                                      \
  " OR id IN (SELECT machine_id FROM machine_alias WHERE alias = ?1))"

static gboolean
find_listed (LkDb *db, const LkSighting *sighting, gint64 *id, GError **error)
{
  return lk_db_get_int (db, id, 0, error,
                        "SELECT id FROM machine WHERE " GOES_BY
                        " AND (?2 IS NULL OR address IS NULL OR address = ?2 OR address = ?1)"
                        " AND (?3 IS NULL OR domain IS NULL OR domain = ?3) LIMIT 1",
                        "sss", sighting->name, sighting->address, sighting->domain);
}

/* By a name: where the domain is known on both sides, the address may have changed. NetBIOS calls a
 * domain by the first part of its name in DNS. */
static gboolean
find_by_name (LkDb *db, const LkSighting *sighting, const char *name, gint64 *id, GError **error)
{
  return lk_db_get_int (db, id, 0, error,
                        "SELECT id FROM machine WHERE " GOES_BY
                        " AND (?2 IS NULL OR address IS NULL OR address IN (?1, ?2)"
                        " OR (domain IS NOT NULL AND ?3 IS NOT NULL)"
                        " OR id IN (SELECT machine_id FROM machine_alias WHERE alias = ?2))"
                        " AND (?3 IS NULL OR domain IS NULL OR domain = ?3"
                        " OR substr (domain, 1, length (?3) + 1) = ?3 || '.' COLLATE NOCASE)"
                        " LIMIT 1",
                        "sss", name, sighting->address, sighting->domain);
}

/* By an address: only when one side has no better name. */
static gboolean
find_by_address (LkDb *db, const char *address, gboolean is_all, gint64 *id, GError **error)
{
  if (!is_all)
    return lk_db_get_int (db, id, 0, error, "SELECT id FROM machine WHERE name = ?1 LIMIT 1", "s",
                          address);

  return lk_db_get_int (db, id, 0, error,
                        "SELECT id FROM machine WHERE name = ?1 OR address = ?1"
                        " OR id IN (SELECT machine_id FROM machine_alias WHERE alias = ?1)"
                        " LIMIT 1",
                        "s", address);
}

static gboolean
find_scanned (LkDb *db, const LkSighting *sighting, gint64 *id, GError **error)
{
  gboolean is_unnamed = g_hostname_is_ip_address (sighting->name);
  const char *address = is_unnamed ? sighting->name : sighting->address;

  if (!is_unnamed && !find_by_name (db, sighting, sighting->name, id, error))
    return FALSE;
  for (guint i = 0; *id == 0 && sighting->also != NULL && sighting->also[i] != NULL; i++)
    if (!g_hostname_is_ip_address (sighting->also[i]) &&
        !find_by_name (db, sighting, sighting->also[i], id, error))
      return FALSE;

  return *id != 0 || address == NULL || find_by_address (db, address, is_unnamed, id, error);
}

/* A list that says nothing of a port, as a directory never does, leaves the way that is set. */
static gboolean
update_listed (LkDb *db, const LkSighting *sighting, gint64 id, GError **error)
{
  gint64 port = sighting->port != 0 ? sighting->port : (sighting->tls ? 5986 : 0);

  return lk_db_run (db, error,
                    "UPDATE machine SET address = coalesce (?2, address),"
                    " port = CASE ?3 WHEN 0 THEN port ELSE ?3 END,"
                    " tls = CASE ?3 WHEN 0 THEN tls ELSE ?4 END, domain = coalesce (domain, ?5), "
                    "os_version = coalesce (os_version, ?6)"
                    " WHERE id = ?1",
                    "isiiss", id, sighting->address, port, (gint64) sighting->tls, sighting->domain,
                    sighting->os_version);
}

/* A full name that leads to a machine is better than an address of today, and a port that was set
 * is not changed for one that nobody saw. */
static gboolean
update_scanned (LkDb *db, const LkSighting *sighting, gint64 id, GError **error)
{
  g_autofree char *address = NULL;
  g_autofree char *name = NULL;
  gboolean was_read = FALSE;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT address, name, read_at FROM machine WHERE id = ?1", "i", id);

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;
  address = lk_query_dup (query, 0);
  name = lk_query_dup (query, 1);
  was_read = lk_query_int (query, 2) != 0;
  g_clear_pointer (&query, lk_query_free);

  if (sighting->address != NULL && (address == NULL || g_hostname_is_ip_address (address)) &&
      !lk_db_run (db, error, "UPDATE machine SET address = ?2 WHERE id = ?1", "is", id,
                  sighting->address))
    return FALSE;
  if (!was_read && g_hostname_is_ip_address (name) && !g_hostname_is_ip_address (sighting->name) &&
      !lk_db_run (db, error, "UPDATE machine SET name = ?2 WHERE id = ?1", "is", id,
                  sighting->name))
    return FALSE;
  if (sighting->port != 0 &&
      !lk_db_run (db, error, "UPDATE machine SET port = ?2, tls = ?3 WHERE id = ?1", "iii", id,
                  (gint64) sighting->port, (gint64) sighting->tls))
    return FALSE;
  return lk_db_run (db, error, "UPDATE machine SET domain = coalesce (domain, ?2) WHERE id = ?1",
                    "is", id, sighting->domain);
}

static gboolean
insert (LkDb *db, const LkSighting *sighting, gint64 now, gint64 *id, GError **error)
{
  guint16 port = sighting->port != 0 ? sighting->port : (sighting->tls ? 5986 : 5985);

  if (!lk_db_run (db, error,
                  "INSERT INTO machine (name, listed_as, address, port, tls, domain,"
                  " created_at, os_version) VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                  "ssiisis", sighting->name, get_address (sighting), (gint64) port,
                  (gint64) sighting->tls, sighting->domain, now, sighting->os_version))
    return FALSE;
  *id = lk_db_get_last_id (db);
  return TRUE;
}

static gboolean
add_alias (LkDb *db, gint64 id, const char *alias, GError **error)
{
  if (alias == NULL)
    return TRUE;
  if (g_hostname_is_ip_address (alias) &&
      !lk_db_run (db, error, "DELETE FROM machine_alias WHERE alias = ?1 AND machine_id != ?2",
                  "si", alias, id))
    return FALSE;

  return lk_db_run (db, error,
                    "INSERT OR IGNORE INTO machine_alias (alias, machine_id) VALUES (?1, ?2)", "si",
                    alias, id);
}

static gboolean
add_aliases (LkDb *db, const LkSighting *sighting, gint64 id, GError **error)
{
  if (!add_alias (db, id, sighting->name, error) || !add_alias (db, id, sighting->address, error))
    return FALSE;
  for (guint i = 0; sighting->also != NULL && sighting->also[i] != NULL; i++)
    if (!add_alias (db, id, sighting->also[i], error))
      return FALSE;

  return TRUE;
}

gboolean
lk_fleet_find (LkDb *db, const LkSighting *sighting, gint64 *id, GError **error)
{
  *id = 0;
  return (is_scanned (sighting) ? find_scanned : find_listed) (db, sighting, id, error);
}

static gboolean
add_one (LkDb *db, const LkSighting *sighting, Addition *addition, GError **error)
{
  gboolean is_scan = is_scanned (sighting);
  gint64 id;
  gboolean done;

  if (!lk_fleet_find (db, sighting, &id, error))
    return FALSE;

  addition->n_known += id != 0 ? 1 : 0;
  addition->n_added += id == 0 ? 1 : 0;
  if (id == 0)
    done = insert (db, sighting, addition->now, &id, error);
  else
    done = (is_scan ? update_scanned : update_listed) (db, sighting, id, error);
  return done && (!is_scan || add_aliases (db, sighting, id, error)) &&
         lk_tags_add (db, id, sighting->tags, error);
}

static gboolean
add_all (LkDb *db, gpointer user_data, GError **error)
{
  Addition *addition = user_data;

  for (guint i = 0; i < addition->sightings->len; i++)
    if (!add_one (db, g_ptr_array_index (addition->sightings, i), addition, error))
      return FALSE;

  return TRUE;
}

gboolean
lk_store_add_machines (LkStore *self,
                       GPtrArray *sightings,
                       gint64 now,
                       guint *n_added,
                       guint *n_known,
                       GError **error)
{
  Addition addition = { .sightings = sightings, .now = now };

  if (!lk_store_write (self, add_all, &addition, error))
    return FALSE;

  *n_added = addition.n_added;
  *n_known = addition.n_known;
  return TRUE;
}

gboolean
lk_store_find_known (LkStore *self, GPtrArray *sightings, gboolean *known, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL;

  for (guint i = 0; done && i < sightings->len; i++)
    {
      gint64 id;

      done = lk_fleet_find (db, g_ptr_array_index (sightings, i), &id, error);
      known[i] = id != 0;
    }

  lk_store_return_reader (self, db);
  return done;
}

static gboolean
find_all (LkDb *db, GPtrArray *sightings, GArray *ids, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < sightings->len; i++)
    {
      gint64 id;

      if (!lk_fleet_find (db, g_ptr_array_index (sightings, i), &id, error))
        return FALSE;
      if (id != 0 && g_hash_table_add (seen, g_memdup2 (&id, sizeof id)))
        g_array_append_val (ids, id);
    }

  return TRUE;
}

GArray *
lk_store_find_machines (LkStore *self, GPtrArray *sightings, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && find_all (db, sightings, ids, error);

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&ids) : NULL;
}

static gboolean
read_aliases (LkDb *db, gint64 machine_id, GPtrArray *aliases, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (
      db, error,
      "SELECT alias FROM machine_alias JOIN machine ON id = machine_id WHERE machine_id = ?1"
      " AND alias != name AND alias IS NOT address AND alias IS NOT fqdn ORDER BY alias",
      "i", machine_id);

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    g_ptr_array_add (aliases, lk_query_dup (query, 0));
  g_ptr_array_add (aliases, NULL);

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

char **
lk_store_list_aliases (LkStore *self, gint64 machine_id, GError **error)
{
  g_autoptr (GPtrArray) aliases = g_ptr_array_new_with_free_func (g_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && read_aliases (db, machine_id, aliases, error);

  lk_store_return_reader (self, db);
  return done ? (char **) g_ptr_array_free (g_steal_pointer (&aliases), FALSE) : NULL;
}
