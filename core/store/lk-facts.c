/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-facts.h"

#include "domain/lk-identifiers.h"

static gboolean
agree (const char *known, const char *seen)
{
  return known != NULL && seen != NULL && g_ascii_strcasecmp (known, seen) == 0;
}

static LkIdentity *
load_identity (LkDb *db, gint64 machine_id, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT name, uuid, cmid FROM machine WHERE id = ?1 AND read_at > 0",
                   "i", machine_id);
  LkIdentity *identity;

  if (query == NULL || !lk_query_next (query, error))
    return NULL;

  identity = g_new0 (LkIdentity, 1);
  identity->name = lk_query_dup (query, 0);
  identity->uuid = lk_query_dup (query, 1);
  identity->cmid = lk_query_dup (query, 2);
  return identity;
}

/* A renamed, a re-armed and a moved machine each keep two of the three. */
static gboolean
is_same_machine (const LkIdentity *known, const LkIdentity *seen, char **difference)
{
  guint n = agree (known->name, seen->name) +
            agree (lk_uuid_get_usable (known->uuid), lk_uuid_get_usable (seen->uuid)) +
            agree (lk_uuid_get_usable (known->cmid), lk_uuid_get_usable (seen->cmid));

  return n >= 2 || lk_identity_matches (known, seen, difference);
}

gboolean
lk_facts_apply_reading (LkDb *db,
                        gint64 machine_id,
                        const LkReading *reading,
                        gint64 now,
                        char **stranger,
                        GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkIdentity) known = load_identity (db, machine_id, &local_error);
  const LkIdentity *seen = reading->identity;

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (known != NULL && !is_same_machine (known, seen, stranger))
    return TRUE;
  g_clear_pointer (stranger, g_free);

  return lk_db_run (db, error,
                    "UPDATE machine SET name = coalesce (?2, name), fqdn = ?3,"
                    " domain = coalesce (?4, domain), is_member = ?5, uuid = ?6, cmid = ?7,"
                    " os_version = coalesce (?8, os_version), stack = coalesce (?9, stack),"
                    " rearm_left = ?10, is_subscription = ?11, has_oem_key = ?12, read_at = ?13"
                    " WHERE id = ?1",
                    "isssissssiiii", machine_id, seen->name, seen->fqdn, seen->domain,
                    (gint64) seen->is_member, seen->uuid, seen->cmid, reading->os_version,
                    reading->stack, (gint64) reading->rearm_left, (gint64) reading->is_subscription,
                    (gint64) reading->has_oem_key, now) &&
         lk_facts_apply_products (db, machine_id, NULL, reading->products, now, error);
}

static gboolean
apply_product (LkDb *db, gint64 machine_id, const LkProduct *product, gint64 now, GError **error)
{
  g_autofree char *key_identity = lk_key_identity_from_epid (product->epid);

  return lk_db_run (
      db, error,
      "INSERT INTO product (machine_id, application_id, activation_id, name, description, edition,"
      "  key_kind, partial_key, epid, key_identity, iid, status, status_reason, grace_minutes,"
      "  is_addon, kms_machine, kms_port, read_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
      " ON CONFLICT (machine_id, application_id, activation_id) DO UPDATE SET"
      "  name = ?4, description = ?5, edition = ?6, key_kind = ?7, partial_key = ?8, epid = ?9,"
      "  key_identity = ?10, iid = ?11, status = ?12, status_reason = ?13, grace_minutes = ?14,"
      "  is_addon = ?15, kms_machine = ?16, kms_port = ?17, read_at = ?18, hidden = 0",
      "issssssssssiiiisii", machine_id, product->application_id, product->activation_id,
      product->name, product->description, product->edition,
      lk_key_kind_to_word (product->key_kind), product->partial_key, product->epid, key_identity,
      product->iid, (gint64) product->status, (gint64) product->status_reason,
      (gint64) product->grace_minutes, (gint64) product->is_addon, product->kms_machine,
      (gint64) product->kms_port, now);
}

gboolean
lk_facts_apply_products (LkDb *db,
                         gint64 machine_id,
                         const char *application_id,
                         GPtrArray *products,
                         gint64 now,
                         GError **error)
{
  /* Rows that are not named again below have lost their key. */
  if (!lk_db_run (db, error,
                  "UPDATE product SET hidden = 1, partial_key = NULL"
                  " WHERE machine_id = ?1 AND (?2 IS NULL OR application_id = ?2) AND hidden = 0",
                  "is", machine_id, application_id))
    return FALSE;

  for (guint i = 0; i < products->len; i++)
    if (!apply_product (db, machine_id, g_ptr_array_index (products, i), now, error))
      return FALSE;

  return TRUE;
}
