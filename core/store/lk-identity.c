/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-identity.h"

#include "store/lk-fleet.h"
#include "store/lk-merge.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

/* Each branch starts from one index; the "+" keeps it off the others. */
#define TWO_AGREE                                                                                  \
  "((uuid = ?2 AND +cmid = ?3) OR (uuid = ?2 AND +fqdn = ?4) OR (fqdn = ?4 AND +cmid = ?3))"

static gboolean
agree (const char *a, const char *b)
{
  return a != NULL && b != NULL && g_ascii_strcasecmp (a, b) == 0;
}

char *
lk_identity_describe_match (const LkIdentity *a, const LkIdentity *b)
{
  gboolean is_uuid = agree (lk_uuid_get_usable (a->uuid), lk_uuid_get_usable (b->uuid));
  gboolean is_cmid = agree (lk_uuid_get_usable (a->cmid), lk_uuid_get_usable (b->cmid));
  gboolean is_name = agree (a->fqdn, b->fqdn);

  if (is_uuid + is_cmid + is_name < 2)
    return NULL;
  if (is_uuid && is_cmid && is_name)
    return g_strdup (_ ("same SMBIOS UUID, client machine ID and full name"));
  if (is_uuid && is_cmid)
    return g_strdup (_ ("same SMBIOS UUID and client machine ID"));
  return g_strdup (is_uuid ? _ ("same SMBIOS UUID and full name")
                           : _ ("same client machine ID and full name"));
}

LkIdentity *
lk_identity_load (LkDb *db, gint64 machine_id, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT name, fqdn, uuid, cmid FROM machine WHERE id = ?1 AND read_at > 0", "i",
                   machine_id);
  LkIdentity *identity;

  if (query == NULL || !lk_query_next (query, error))
    return NULL;

  identity = g_new0 (LkIdentity, 1);
  identity->name = lk_query_dup (query, 0);
  identity->fqdn = lk_query_dup (query, 1);
  identity->uuid = lk_query_dup (query, 2);
  identity->cmid = lk_query_dup (query, 3);
  return identity;
}

gboolean
lk_identity_list_same (LkDb *db,
                       gint64 machine_id,
                       const LkIdentity *identity,
                       GArray *ids,
                       GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT id FROM machine WHERE " TWO_AGREE
                   " AND id <> ?1 AND read_at > 0 ORDER BY read_at DESC, id",
                   "isss", machine_id, lk_uuid_get_usable (identity->uuid),
                   lk_uuid_get_usable (identity->cmid), identity->fqdn);

  while (query != NULL && lk_query_next (query, &local_error))
    {
      gint64 id = lk_query_int (query, 0);

      g_array_append_val (ids, id);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
lk_identity_get_common_job (LkDb *db, gint64 a, gint64 b, gint64 *job_id, GError **error)
{
  return lk_db_get_int (
      db, job_id, 0, error,
      "SELECT job_id FROM event WHERE machine_id = ?1 AND outcome = 'done'"
      " AND job_id > 0 AND job_id IN (SELECT job_id FROM event"
      "  WHERE machine_id = ?2 AND outcome = 'done') ORDER BY job_id DESC LIMIT 1",
      "ii", a, b);
}

static gboolean
may_merge (LkDb *db, gint64 kept, gint64 other, gint64 job_id, gboolean *out, GError **error)
{
  gint64 job = 0;
  gint64 n = 0;

  *out = FALSE;
  if (!lk_identity_get_common_job (db, kept, other, &job, error) ||
      !lk_db_get_int (db, &n, 0, error,
                      "SELECT count (*) FROM item WHERE machine_id = ?1 AND (state = 'running'"
                      " OR (job_id = ?2 AND state IN ('ready', 'parked', 'paused')))",
                      "ii", other, job_id))
    return FALSE;
  if (job != 0 || n > 0)
    return TRUE;
  if (!lk_db_get_int (db, &n, 0, error,
                      "SELECT count (*) FROM machine_apart WHERE first_id = min (?1, ?2)"
                      " AND second_id = max (?1, ?2)",
                      "ii", kept, other))
    return FALSE;

  *out = n == 0;
  return TRUE;
}

static gboolean
merge_if_same (LkDb *db,
               gint64 kept,
               gint64 other,
               gint64 job_id,
               gint64 now,
               gboolean *was_merged,
               GError **error)
{
  g_autoptr (LkIdentity) own = lk_identity_load (db, kept, error);
  g_autoptr (LkIdentity) its = own != NULL ? lk_identity_load (db, other, error) : NULL;
  g_autofree char *reason = NULL;

  *was_merged = FALSE;
  if (its == NULL)
    return error == NULL || *error == NULL;

  reason = lk_identity_describe_match (own, its);
  if (reason == NULL)
    return TRUE;
  if (!may_merge (db, kept, other, job_id, was_merged, error))
    return FALSE;
  return !*was_merged || lk_merge_one (db, kept, other, job_id, reason, now, error);
}

gboolean
lk_identity_recognise (LkDb *db,
                       gint64 machine_id,
                       gint64 job_id,
                       gboolean has_answered,
                       gint64 now,
                       GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkIdentity) identity = lk_identity_load (db, machine_id, &local_error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean was_merged = FALSE;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (identity == NULL)
    return TRUE;
  if (!lk_identity_list_same (db, machine_id, identity, ids, error))
    return FALSE;

  for (guint i = 0; i < ids->len && (has_answered || !was_merged); i++)
    {
      gint64 id = g_array_index (ids, gint64, i);

      if (!merge_if_same (db, has_answered ? machine_id : id, has_answered ? id : machine_id,
                          job_id, now, &was_merged, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
swap_addresses (LkDb *db, const LkItem *item, gint64 found, GError **error)
{
  g_autofree char *former = NULL;
  gint64 former_port = 0;
  gint64 former_tls = 0;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT address, port, tls FROM machine WHERE id = ?1", "i", found);

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;
  former = lk_query_dup (query, 0);
  former_port = lk_query_int (query, 1);
  former_tls = lk_query_int (query, 2);
  g_clear_pointer (&query, lk_query_free);

  /* A name that leads to it goes on leading to it. */
  if (former == NULL || !g_hostname_is_ip_address (former))
    return TRUE;
  if (!lk_db_run (db, error, "UPDATE machine SET address = ?2, port = ?3, tls = ?4 WHERE id = ?1",
                  "isii", found, item->address, (gint64) item->port, (gint64) item->tls) ||
      !lk_db_run (db, error, "UPDATE OR REPLACE machine_alias SET machine_id = ?2 WHERE alias = ?1",
                  "si", item->address, found))
    return FALSE;

  return lk_db_run (db, error,
                    "UPDATE machine SET address = ?2, port = ?3, tls = ?4 WHERE id = ?1"
                    " AND address = ?5 AND port = ?6 AND ?2 <> ?5",
                    "isiisi", item->machine_id, former, former_port, former_tls, item->address,
                    (gint64) item->port);
}

static gboolean
move_here (LkDb *db, const LkItem *item, gint64 found, gint64 now, GError **error)
{
  g_autofree char *message = NULL;

  if (item->address == NULL || !g_hostname_is_ip_address (item->address))
    return TRUE;

  message =
      g_strdup_printf (_ ("Was met at %s, where %s was looked for"), item->address, item->name);
  return swap_addresses (db, item, found, error) &&
         lk_event_note (db, now, found, 0, "move", "done", message, 0, error);
}

gboolean
lk_identity_relocate (LkDb *db,
                      const LkItem *item,
                      const LkIdentity *seen,
                      gint64 now,
                      gint64 *machine_id,
                      GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  *machine_id = 0;
  if (!lk_identity_list_same (db, item->machine_id, seen, ids, error))
    return FALSE;
  if (ids->len != 1)
    return TRUE;

  *machine_id = g_array_index (ids, gint64, 0);
  return move_here (db, item, *machine_id, now, error);
}

/* "pc-1" and "pc-1.lab.test" may be the same; "pc-1.lab.test" and "pc-1.other.test" are not. */
static gboolean
is_same_host (const char *a, const char *b)
{
  gsize n = strcspn (a, ".");

  if (g_ascii_strcasecmp (a, b) == 0)
    return TRUE;
  return n == strcspn (b, ".") && (a[n] == '\0' || b[n] == '\0') &&
         g_ascii_strncasecmp (a, b, n) == 0;
}

static gboolean
is_among (const char *host, const char *const *names)
{
  for (; host != NULL && names != NULL && *names != NULL; names++)
    if (is_same_host (host, *names))
      return TRUE;

  return FALSE;
}

gboolean
lk_identity_relocate_by_pin (LkDb *db,
                             const LkItem *item,
                             const char *pin,
                             const char *const *names,
                             gint64 now,
                             gint64 *machine_id,
                             GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT id, name, listed_as, fqdn FROM machine WHERE pin = ?2 COLLATE NOCASE"
                   " AND id <> ?1 AND (SELECT count (*) FROM machine WHERE pin = ?2 COLLATE NOCASE)"
                   " = 1",
                   "is", item->machine_id, pin);
  g_autoptr (GError) cause = NULL;

  *machine_id = 0;
  if (query == NULL)
    return FALSE;
  if (lk_query_next (query, &cause) &&
      (is_among (lk_query_text (query, 1), names) || is_among (lk_query_text (query, 2), names) ||
       is_among (lk_query_text (query, 3), names)) &&
      !is_among (item->name, names) && !is_among (item->full_name, names))
    *machine_id = lk_query_int (query, 0);
  g_clear_pointer (&query, lk_query_free);
  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }

  return *machine_id == 0 || move_here (db, item, *machine_id, now, error);
}

gboolean
lk_identity_keep_apart (LkDb *db, GArray *ids, GError **error)
{
  for (guint i = 0; i < ids->len; i++)
    for (guint j = 0; j < i; j++)
      if (!lk_db_run (db, error,
                      "INSERT OR IGNORE INTO machine_apart (first_id, second_id)"
                      " SELECT a.id, b.id FROM machine AS a, machine AS b"
                      " WHERE a.id = min (?1, ?2) AND b.id = max (?1, ?2) AND a.id <> b.id",
                      "ii", g_array_index (ids, gint64, i), g_array_index (ids, gint64, j)))
        return FALSE;

  return TRUE;
}
