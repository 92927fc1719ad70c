/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-intake-private.h"

#include "store/lk-identity.h"
#include "store/lk-pins.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>

static gboolean
is_taken (LkIntake *self, gint64 id)
{
  return g_hash_table_contains (self->taken, &id);
}

/* A row that is known here by its number; merged since, it is the row that was kept. */
static gboolean
find_by_origin (LkIntake *self, const LkIntakeMachine *machine, gint64 *id, GError **error)
{
  if (!self->is_own)
    return lk_db_get_int (self->db, id, 0, error,
                          "SELECT machine_id FROM origin WHERE store_id = ?1 AND row_id = ?2"
                          " AND created_at = ?3",
                          "sii", self->store_id, machine->id, machine->created_at);

  return lk_db_get_int (self->db, id, 0, error,
                        "SELECT id FROM machine WHERE id = ?1 AND created_at = ?2", "ii",
                        machine->id, machine->created_at) &&
         (*id != 0 ||
          lk_db_get_int (self->db, id, 0, error,
                         "SELECT machine_id FROM merged JOIN machine_was ON merged_id = id"
                         " AND is_kept = 0 WHERE former_id = ?1 AND created_at = ?2",
                         "ii", machine->id, machine->created_at));
}

/* Whether a row here is another row of the same store. */
static gboolean
is_anothers (LkIntake *self, gint64 here, gint64 there, gboolean *out, GError **error)
{
  gint64 n = 0;

  if (!lk_db_get_int (self->db, &n, 0, error,
                      "SELECT count (*) FROM origin WHERE machine_id = ?1 AND store_id = ?2"
                      " AND row_id <> ?3",
                      "isi", here, self->store_id, there))
    return FALSE;

  *out = n > 0 || is_taken (self, here);
  return TRUE;
}

static gboolean
find_by_identity (LkIntake *self, const LkIntakeMachine *machine, gint64 *id, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint n = 0;

  if (!lk_identity_list_same (self->db, 0, &machine->identity, ids, error))
    return FALSE;
  for (guint i = 0; i < ids->len; i++)
    {
      gint64 candidate = g_array_index (ids, gint64, i);
      g_autoptr (LkIdentity) here = lk_identity_load (self->db, candidate, error);
      g_autofree char *match =
          here != NULL ? lk_identity_describe_match (here, &machine->identity) : NULL;
      gboolean is_other = FALSE;

      if (here == NULL || !is_anothers (self, candidate, machine->id, &is_other, error))
        return FALSE;
      if (match == NULL || is_other)
        continue;
      n++;
      if (*id == 0)
        *id = candidate;
    }

  if (n > 1)
    lk_intake_note_conflict (
        self, g_strdup_printf (_ ("%s: %u machines here are the same as this one; it was taken into"
                                  " #%d, which answered last"),
                               machine->identity.name, n, (int) *id));
  return TRUE;
}

/* Of the same name, and one side has read nothing yet. */
static gboolean
find_by_name (LkIntake *self,
              const LkIntakeMachine *machine,
              const char *name,
              gint64 *id,
              GError **error)
{
  const LkSighting sighting = { .name = (char *) name,
                                .address = (char *) machine->address,
                                .domain = machine->identity.domain,
                                .serial = 1 };
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkIdentity) here = NULL;
  g_autofree char *difference = NULL;
  gboolean is_other = FALSE;

  if (!lk_fleet_find (self->db, &sighting, id, error))
    return FALSE;
  if (*id == 0)
    return TRUE;
  if (!is_anothers (self, *id, machine->id, &is_other, error))
    return FALSE;

  here = machine->read_at > 0 ? lk_identity_load (self->db, *id, &local_error) : NULL;
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!is_other && here == NULL)
    return TRUE;

  if (here != NULL && !is_other && !g_hostname_is_ip_address (name))
    {
      lk_identity_matches (here, &machine->identity, &difference);
      lk_intake_note_conflict (
          self, g_strdup_printf (_ ("%s: the machine #%d here has that name, too, but is not known"
                                    " to be the same (%s); it was added as another one"),
                                 name, (int) *id,
                                 difference != NULL ? difference : _ ("too little agrees")));
    }
  *id = 0;
  return TRUE;
}

static gboolean
find_here (LkIntake *self, const LkIntakeMachine *machine, gint64 *id, GError **error)
{
  const char *name = machine->identity.name;

  *id = 0;
  if (!find_by_origin (self, machine, id, error))
    return FALSE;
  if (*id == 0 && machine->read_at > 0 && !find_by_identity (self, machine, id, error))
    return FALSE;
  if (*id == 0 && !find_by_name (self, machine, name, id, error))
    return FALSE;

  return *id != 0 || g_ascii_strcasecmp (machine->listed_as, name) == 0 ||
         find_by_name (self, machine, machine->listed_as, id, error);
}

static gboolean
insert (LkIntake *self, const LkIntakeMachine *machine, gint64 *id, GError **error)
{
  const LkIdentity *identity = &machine->identity;

  if (!lk_db_run (self->db, error,
                  "INSERT INTO machine (name, listed_as, address, port, tls, pin, certificate,"
                  "  pinned_at, domain, fqdn, is_member, uuid, cmid, os_version, stack, rearm_left,"
                  "  is_subscription, has_oem_key, created_at, read_at, tried_at, last_result,"
                  "  last_code, last_ok)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
                  "  ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
                  "sssiisbississssiiiiiisii", identity->name, machine->listed_as, machine->address,
                  (gint64) machine->port, (gint64) machine->tls, machine->pin, machine->certificate,
                  machine->pinned_at, identity->domain, identity->fqdn,
                  (gint64) identity->is_member, identity->uuid, identity->cmid, machine->os_version,
                  machine->stack, (gint64) machine->rearm_left, (gint64) machine->is_subscription,
                  (gint64) machine->has_oem_key, machine->created_at, machine->read_at,
                  machine->tried_at, machine->last_result, (gint64) machine->last_code,
                  (gint64) machine->last_ok))
    return FALSE;

  *id = lk_db_get_last_id (self->db);
  return TRUE;
}

/* Whatever either side calls it stays a way to find it. */
static gboolean
keep_names (LkIntake *self, gint64 id, const LkIntakeMachine *machine, GError **error)
{
  const char *const names[] = { machine->identity.name, machine->listed_as, machine->identity.fqdn,
                                machine->address };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i] != NULL &&
        !lk_db_run (self->db, error,
                    "INSERT OR IGNORE INTO machine_alias (alias, machine_id)"
                    " SELECT ?2, ?1 FROM machine WHERE id = ?1 AND name <> ?2 AND listed_as <> ?2"
                    " AND fqdn IS NOT ?2 AND coalesce (address, '') <> ?2 COLLATE NOCASE",
                    "is", id, names[i]))
      return FALSE;

  return TRUE;
}

/* Before a newer reading takes their place. */
static gboolean
keep_own_names (LkIntake *self, gint64 id, gint64 read_at, GError **error)
{
  return lk_db_run (self->db, error,
                    "INSERT OR IGNORE INTO machine_alias (alias, machine_id)"
                    " SELECT value, ?1 FROM (SELECT name AS value FROM machine WHERE id = ?1"
                    "   AND read_at < ?2"
                    "  UNION SELECT fqdn FROM machine WHERE id = ?1 AND read_at < ?2"
                    "  UNION SELECT address FROM machine WHERE id = ?1 AND read_at < ?2)"
                    " WHERE value IS NOT NULL",
                    "ii", id, read_at);
}

/* A name that leads to it outlives an address of today, see lk_merge_one(). */
static gboolean
take_way (LkIntake *self, gint64 id, const LkIntakeMachine *machine, GError **error)
{
  g_autofree char *own = NULL;
  gboolean is_ip;
  g_autoptr (LkQuery) query =
      lk_db_query (self->db, error, "SELECT address FROM machine WHERE id = ?1", "i", id);

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;
  own = lk_query_dup (query, 0);
  g_clear_pointer (&query, lk_query_free);

  is_ip = machine->address != NULL && g_hostname_is_ip_address (machine->address);
  if (machine->address == NULL || (own != NULL && !g_hostname_is_ip_address (own) && is_ip))
    return TRUE;
  return lk_db_run (self->db, error,
                    "UPDATE machine SET address = ?2, port = ?3, tls = ?4 WHERE id = ?1"
                    " AND read_at < ?5",
                    "isiii", id, machine->address, (gint64) machine->port, (gint64) machine->tls,
                    machine->read_at);
}

static gboolean
take_reading (LkIntake *self, gint64 id, const LkIntakeMachine *machine, GError **error)
{
  const LkIdentity *identity = &machine->identity;

  return keep_own_names (self, id, machine->read_at, error) &&
         take_way (self, id, machine, error) &&
         lk_db_run (self->db, error,
                    "UPDATE product SET hidden = 1, partial_key = NULL WHERE machine_id = ?1"
                    " AND hidden = 0 AND read_at < ?2"
                    " AND EXISTS (SELECT 1 FROM machine WHERE id = ?1 AND read_at < ?2)",
                    "ii", id, machine->read_at) &&
         lk_db_run (self->db, error,
                    "UPDATE machine SET name = ?2, fqdn = ?3, domain = coalesce (?4, domain),"
                    " is_member = ?5, uuid = ?6, cmid = ?7, os_version = coalesce (?8, os_version),"
                    " stack = coalesce (?9, stack), rearm_left = ?10, is_subscription = ?11,"
                    " has_oem_key = ?12, read_at = ?13 WHERE id = ?1 AND read_at < ?13",
                    "isssissssiiii", id, identity->name, identity->fqdn, identity->domain,
                    (gint64) identity->is_member, identity->uuid, identity->cmid,
                    machine->os_version, machine->stack, (gint64) machine->rearm_left,
                    (gint64) machine->is_subscription, (gint64) machine->has_oem_key,
                    machine->read_at);
}

static gboolean
fill_gaps (LkIntake *self, gint64 id, const LkIntakeMachine *machine, GError **error)
{
  return lk_db_run (self->db, error,
                    "UPDATE machine SET domain = coalesce (domain, ?2),"
                    " os_version = coalesce (os_version, ?3) WHERE id = ?1"
                    " AND ((domain IS NULL AND ?2 IS NOT NULL)"
                    "  OR (os_version IS NULL AND ?3 IS NOT NULL))",
                    "iss", id, machine->identity.domain, machine->os_version) &&
         lk_db_run (self->db, error,
                    "UPDATE machine SET address = ?2, port = ?3, tls = ?4 WHERE id = ?1"
                    " AND address IS NULL AND read_at = 0 AND ?2 IS NOT NULL",
                    "isii", id, machine->address, (gint64) machine->port, (gint64) machine->tls) &&
         lk_db_run (self->db, error,
                    "UPDATE machine SET tried_at = ?2, last_result = ?3, last_code = ?4,"
                    " last_ok = ?5 WHERE id = ?1 AND tried_at < ?2",
                    "iisii", id, machine->tried_at, machine->last_result,
                    (gint64) machine->last_code, (gint64) machine->last_ok);
}

/* What a person trusts here, and until when a person trusted nothing. */
static gboolean
load_pin (LkIntake *self, gint64 id, char **pin, gint64 *at, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (self->db, error,
                   "SELECT pin, CASE WHEN pin IS NOT NULL THEN pinned_at ELSE"
                   "  (SELECT coalesce (max (at), -1) FROM event WHERE machine_id = ?1"
                   "   AND step = '" LK_STEP_FORGET_CERTIFICATE "') END FROM machine WHERE id = ?1",
                   "i", id);

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;
  *pin = lk_query_dup (query, 0);
  *at = lk_query_int (query, 1);
  return TRUE;
}

static gboolean
note_lost_pin (LkIntake *self,
               gint64 id,
               const LkIntakeMachine *machine,
               const char *own,
               gboolean is_newer,
               gint64 own_at,
               GError **error)
{
  const char *lost = is_newer ? own : machine->pin;
  g_autofree char *message = g_strdup_printf (
      _ ("An inventory was taken; the older certificate with SHA-256 %s is not trusted"), lost);
  const LkEvent event = { .at = is_newer ? own_at : machine->pinned_at,
                          .step = (char *) LK_STEP_ACCEPT_CERTIFICATE,
                          .outcome = (char *) "differs",
                          .message = message };

  lk_intake_note_conflict (
      self, is_newer ? g_strdup_printf (_ ("%s: the file trusts another certificate, accepted later"
                                           " than the one here, and it was taken"),
                                        machine->identity.name)
                     : g_strdup_printf (_ ("%s: the file trusts another certificate, accepted"
                                           " earlier; the one here stays"),
                                        machine->identity.name));
  return lk_intake_note_once (self, id, &event, error);
}

static gboolean
take_pin (LkIntake *self, gint64 id, const LkIntakeMachine *machine, GError **error)
{
  g_autofree char *own = NULL;
  gint64 own_at = 0;
  gboolean is_newer;

  if (machine->pin == NULL)
    return TRUE;
  if (!load_pin (self, id, &own, &own_at, error))
    return FALSE;

  is_newer = machine->pinned_at > own_at;
  if (own != NULL && g_ascii_strcasecmp (own, machine->pin) == 0)
    return lk_db_run (self->db, error,
                      "UPDATE machine SET certificate = ?2 WHERE id = ?1 AND certificate IS NULL"
                      " AND ?2 IS NOT NULL",
                      "ib", id, machine->certificate);
  if (own != NULL && !note_lost_pin (self, id, machine, own, is_newer, own_at, error))
    return FALSE;

  return !is_newer ||
         lk_db_run (self->db, error,
                    "UPDATE machine SET pin = ?2, certificate = ?3, pinned_at = ?4"
                    " WHERE id = ?1",
                    "isbi", id, machine->pin, machine->certificate, machine->pinned_at);
}

static gboolean
merge (LkIntake *self, gint64 id, const LkIntakeMachine *machine, GError **error)
{
  return (machine->read_at == 0 || take_reading (self, id, machine, error)) &&
         fill_gaps (self, id, machine, error) && take_pin (self, id, machine, error) &&
         keep_names (self, id, machine, error);
}

static gboolean
remember (LkIntake *self, const LkIntakeMachine *machine, gint64 id, GError **error)
{
  g_hash_table_replace (self->here, g_memdup2 (&machine->id, sizeof machine->id),
                        g_memdup2 (&id, sizeof id));
  g_hash_table_add (self->taken, g_memdup2 (&id, sizeof id));
  return self->is_own ||
         lk_db_run (self->db, error,
                    "INSERT OR IGNORE INTO origin (store_id, row_id, created_at, machine_id)"
                    " VALUES (?1, ?2, ?3, ?4)",
                    "siii", self->store_id, machine->id, machine->created_at, id);
}

gboolean
lk_intake_add_machine (LkIntake *self, const LkIntakeMachine *machine, GError **error)
{
  int begun = lk_intake_begin_row (self);
  gint64 id;

  if (lk_intake_get_machine (self, machine->id) != 0)
    {
      self->tally->n_bad++;
      lk_intake_remark (self, g_strdup_printf (_ ("%s: the file has another machine with the number"
                                                  " %" PRId64 "; left out"),
                                               machine->identity.name, machine->id));
      return TRUE;
    }
  if (!find_here (self, machine, &id, error))
    return FALSE;

  self->tally->n_machines_new += id == 0 ? 1 : 0;
  self->tally->n_machines_merged += id != 0 ? 1 : 0;
  if (!(id == 0 ? insert (self, machine, &id, error) : merge (self, id, machine, error)) ||
      !remember (self, machine, id, error))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}
