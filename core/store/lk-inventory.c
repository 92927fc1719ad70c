/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-inventory.h"

#define MAX_FIELDS 32

/* What is 0 or not known is not written. */
static const struct
{
  const char *kind;
  gboolean is_secret;
  const char *sql;
} kinds[] = {
  { "machine", FALSE,
    "SELECT id, name, listed_as AS \"listed-as\", address, port, nullif (tls, 0) AS tls, pin,"
    " nullif (hex (certificate), '') AS certificate, nullif (pinned_at, 0) AS \"pinned-at\", "
    "domain, fqdn,"
    " nullif (is_member, 0) AS member, uuid, cmid, os_version AS os, stack,"
    " nullif (rearm_left, -1) AS \"rearm-left\", nullif (is_subscription, 0) AS subscription,"
    " nullif (has_oem_key, 0) AS \"oem-key\", created_at AS \"created-at\","
    " nullif (read_at, 0) AS \"read-at\", nullif (tried_at, 0) AS \"tried-at\","
    " last_result AS result, nullif (last_code, 0) AS code,"
    " CASE last_ok WHEN 0 THEN 1 END AS failed"
    " FROM machine ORDER BY id" },
  { "alias", FALSE, "SELECT machine_id AS machine, alias AS name FROM machine_alias" },
  { "tag", FALSE, "SELECT machine_id AS machine, tag AS name FROM machine_tag" },
  { "product", FALSE,
    "SELECT machine_id AS machine, application_id AS application, activation_id AS activation,"
    " name, description, edition, key_kind AS kind, partial_key AS \"last-five\", epid, iid, "
    "status,"
    " nullif (status_reason, 0) AS reason, nullif (grace_minutes, 0) AS grace,"
    " nullif (is_addon, 0) AS addon, kms_machine AS \"kms-machine\","
    " nullif (kms_port, 0) AS \"kms-port\", read_at AS \"read-at\", nullif (hidden, 0) AS hidden"
    " FROM product ORDER BY id" },
  { "apart", FALSE, "SELECT first_id AS first, second_id AS second FROM machine_apart" },
  { "pool", FALSE,
    "SELECT key_identity AS key, remaining, checked_at AS \"checked-at\","
    " nullif (blocked_code, 0) AS blocked FROM pool WHERE checked_at > 0 OR blocked_code <> 0" },
  { "spend", FALSE,
    "SELECT key_identity AS key, iid, nullif (epid, '') AS epid, method, state,"
    " nullif (code, 0) AS code, message, nullif (attempts, 0) AS attempts,"
    " created_at AS \"created-at\", nullif (sent_at, 0) AS \"sent-at\","
    " nullif (settled_at, 0) AS \"settled-at\" FROM spend ORDER BY id" },
  { "confirmation", FALSE,
    "SELECT key_identity AS key, iid, cid, method, nullif (is_salvaged, 0) AS salvaged,"
    " created_at AS \"created-at\" FROM confirmation" },
  { "key", TRUE,
    "SELECT hex (ciphertext) AS ciphertext, fingerprint, kind, key_identity AS key, epid, remarks,"
    " created_at AS \"created-at\" FROM product_key ORDER BY id" },
  { "event", FALSE,
    "SELECT nullif (machine_id, 0) AS machine, at, step, outcome, message,"
    " nullif (code, 0) AS code FROM event"
    " WHERE coalesce (machine_id, 0) = 0 OR machine_id IN (SELECT id FROM machine) ORDER BY id" },
};

static gboolean
read_kind (LkDb *db,
           const char *kind,
           const char *sql,
           LkInventoryFunc func,
           gpointer user_data,
           GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (db, error, sql, "");
  const char *fields[MAX_FIELDS];
  guint n;

  if (query == NULL)
    return FALSE;

  n = lk_query_get_names (query, MAX_FIELDS, fields);
  while (local_error == NULL && lk_query_next (query, &local_error))
    {
      const char *values[MAX_FIELDS];

      for (guint i = 0; i < n; i++)
        values[i] = lk_query_text (query, (int) i);
      func (kind, n, fields, values, user_data, &local_error);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
lk_store_read_inventory (LkStore *self,
                         gboolean with_keys,
                         LkInventoryFunc func,
                         gpointer user_data,
                         GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && lk_db_run (db, error, "BEGIN", "");

  if (done)
    {
      for (guint i = 0; done && i < G_N_ELEMENTS (kinds); i++)
        if (with_keys || !kinds[i].is_secret)
          done = read_kind (db, kinds[i].kind, kinds[i].sql, func, user_data, error);
      lk_db_run (db, NULL, "COMMIT", "");
    }

  lk_store_return_reader (self, db);
  return done;
}
