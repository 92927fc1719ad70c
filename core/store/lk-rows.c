/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-rows.h"

void
lk_row_free (LkRow *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->address);
  g_free (self->pin);
  g_free (self->stack);
  g_clear_pointer (&self->identity, lk_identity_free);
  g_free (self->os_version);
  g_free (self->last_result);
  g_clear_pointer (&self->product, lk_product_free);
  g_free (self->cid);
  g_free (self->tags);
  g_free (self);
}

#define ROW_COLUMNS                                                                                \
  "m.id, m.name, m.address, m.port, m.tls, m.pin, m.stack, m.fqdn, m.domain, m.is_member, m.uuid," \
  " m.cmid, m.os_version, m.read_at, m.last_result, m.last_code, m.last_ok, m.is_subscription,"    \
  " m.has_oem_key, m.rearm_left, p.id, p.application_id, p.activation_id, p.name, p.description,"  \
  " p.edition, p.key_kind, p.partial_key, p.epid, p.iid, p.status, p.status_reason,"               \
  " p.grace_minutes, p.is_addon, p.kms_machine, p.kms_port,"                                       \
  " (SELECT c.cid FROM confirmation AS c WHERE c.key_identity = p.key_identity AND c.iid = "       \
  "p.iid),"                                                                                        \
  " (SELECT c.is_salvaged FROM confirmation AS c WHERE c.key_identity = p.key_identity"            \
  "   AND c.iid = p.iid),"                                                                         \
  " (SELECT group_concat (tag, ', ') FROM machine_tag WHERE machine_id = m.id)"

static LkProduct *
product_from_row (LkQuery *query, int column)
{
  LkProduct *product = g_new0 (LkProduct, 1);

  product->machine_id = lk_query_int (query, 0);
  product->status = LK_LICENSE_UNREAD;
  if (lk_query_is_null (query, column))
    return product;

  product->id = lk_query_int (query, column++);
  product->application_id = lk_query_dup (query, column++);
  product->activation_id = lk_query_dup (query, column++);
  product->name = lk_query_dup (query, column++);
  product->description = lk_query_dup (query, column++);
  product->edition = lk_query_dup (query, column++);
  product->key_kind = lk_key_kind_from_word (lk_query_text (query, column++));
  product->partial_key = lk_query_dup (query, column++);
  product->epid = lk_query_dup (query, column++);
  product->iid = lk_query_dup (query, column++);
  product->status = (LkLicenseStatus) lk_query_int (query, column++);
  product->status_reason = (guint32) lk_query_int (query, column++);
  product->grace_minutes = (guint32) lk_query_int (query, column++);
  product->is_addon = lk_query_int (query, column++) != 0;
  product->kms_machine = lk_query_dup (query, column++);
  product->kms_port = (guint) lk_query_int (query, column++);
  return product;
}

static LkRow *
row_from_query (LkQuery *query)
{
  LkRow *row = g_new0 (LkRow, 1);

  row->machine_id = lk_query_int (query, 0);
  row->name = lk_query_dup (query, 1);
  row->address = lk_query_dup (query, 2);
  row->port = (guint16) lk_query_int (query, 3);
  row->tls = lk_query_int (query, 4) != 0;
  row->pin = lk_query_dup (query, 5);
  row->stack = lk_query_dup (query, 6);
  row->identity = g_new0 (LkIdentity, 1);
  row->identity->name = lk_query_dup (query, 1);
  row->identity->fqdn = lk_query_dup (query, 7);
  row->identity->domain = lk_query_dup (query, 8);
  row->identity->is_member = lk_query_int (query, 9) != 0;
  row->identity->uuid = lk_query_dup (query, 10);
  row->identity->cmid = lk_query_dup (query, 11);
  row->os_version = lk_query_dup (query, 12);
  row->read_at = lk_query_int (query, 13);
  row->last_result = lk_query_dup (query, 14);
  row->last_code = (guint32) lk_query_int (query, 15);
  row->last_ok = lk_query_int (query, 16) != 0;
  row->is_subscription = lk_query_int (query, 17) != 0;
  row->has_oem_key = lk_query_int (query, 18) != 0;
  row->rearm_left = (int) lk_query_int (query, 19);
  row->product = product_from_row (query, 20);
  row->cid = lk_query_dup (query, 36);
  row->is_salvaged = lk_query_int (query, 37) != 0;
  row->tags = lk_query_dup (query, 38);
  return row;
}

GPtrArray *
lk_store_list_rows (LkStore *self, const LkSelection *selection, GError **error)
{
  g_autofree char *sql =
      g_strdup_printf ("SELECT " ROW_COLUMNS " FROM machine AS m"
                       " LEFT JOIN product AS p ON p.machine_id = m.id AND p.hidden = 0"
                       " WHERE %s ORDER BY m.name, m.id, p.is_addon, p.application_id, p.name",
                       selection != NULL ? selection->where : "1");
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_row_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query_texts (db, &local_error, sql, selection != NULL ? selection->values : NULL);

    while (query != NULL && lk_query_next (query, &local_error))
      g_ptr_array_add (rows, row_from_query (query));
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&rows);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gint64
lk_row_get_key (const LkRow *self)
{
  return self->product->id != 0 ? self->product->id : -self->machine_id;
}

static gboolean
product_equal (const LkProduct *a, const LkProduct *b)
{
  return a->id == b->id && a->status == b->status && a->status_reason == b->status_reason &&
         a->grace_minutes == b->grace_minutes && a->is_addon == b->is_addon &&
         a->key_kind == b->key_kind && a->kms_port == b->kms_port &&
         g_strcmp0 (a->application_id, b->application_id) == 0 &&
         g_strcmp0 (a->activation_id, b->activation_id) == 0 && g_strcmp0 (a->name, b->name) == 0 &&
         g_strcmp0 (a->description, b->description) == 0 &&
         g_strcmp0 (a->edition, b->edition) == 0 &&
         g_strcmp0 (a->partial_key, b->partial_key) == 0 && g_strcmp0 (a->epid, b->epid) == 0 &&
         g_strcmp0 (a->iid, b->iid) == 0 && g_strcmp0 (a->kms_machine, b->kms_machine) == 0;
}

static gboolean
identity_equal (const LkIdentity *a, const LkIdentity *b)
{
  return a->is_member == b->is_member && g_strcmp0 (a->name, b->name) == 0 &&
         g_strcmp0 (a->fqdn, b->fqdn) == 0 && g_strcmp0 (a->domain, b->domain) == 0 &&
         g_strcmp0 (a->uuid, b->uuid) == 0 && g_strcmp0 (a->cmid, b->cmid) == 0;
}

gboolean
lk_row_equal (const LkRow *a, const LkRow *b)
{
  return a->machine_id == b->machine_id && a->port == b->port && a->tls == b->tls &&
         a->read_at == b->read_at && a->last_code == b->last_code && a->last_ok == b->last_ok &&
         a->is_subscription == b->is_subscription && a->has_oem_key == b->has_oem_key &&
         a->rearm_left == b->rearm_left && a->is_salvaged == b->is_salvaged &&
         g_strcmp0 (a->address, b->address) == 0 && g_strcmp0 (a->pin, b->pin) == 0 &&
         g_strcmp0 (a->stack, b->stack) == 0 && g_strcmp0 (a->os_version, b->os_version) == 0 &&
         g_strcmp0 (a->last_result, b->last_result) == 0 && g_strcmp0 (a->cid, b->cid) == 0 &&
         g_strcmp0 (a->tags, b->tags) == 0 && identity_equal (a->identity, b->identity) &&
         product_equal (a->product, b->product);
}

/* Of a machine without a product only if it has none by now. */
static const char row_of_product[] = "SELECT " ROW_COLUMNS " FROM product AS p"
                                     " JOIN machine AS m ON m.id = p.machine_id"
                                     " WHERE p.id = ?1 AND p.hidden = 0";
static const char row_of_machine[] = "SELECT " ROW_COLUMNS " FROM machine AS m"
                                     " LEFT JOIN product AS p ON p.machine_id = m.id"
                                     " AND p.hidden = 0 WHERE m.id = ?1 AND p.id IS NULL";

static gboolean
load_row (LkDb *db, gint64 key, LkRow **row, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, key > 0 ? row_of_product : row_of_machine, "i", ABS (key));

  if (query == NULL)
    return FALSE;

  *row = lk_query_next (query, &local_error) ? row_from_query (query) : NULL;
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static void
free_row (gpointer row)
{
  lk_row_free (row);
}

GPtrArray *
lk_store_load_rows (LkStore *self, const gint64 *keys, guint n, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_full (n, free_row);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL;

  for (guint i = 0; done && i < n; i++)
    {
      LkRow *row = NULL;

      done = load_row (db, keys[i], &row, error);
      g_ptr_array_add (rows, row);
    }

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&rows) : NULL;
}

static void
append_count (GString *sql, GPtrArray *values, const LkSelection *selection)
{
  g_string_append_printf (sql, "%s count (*) FILTER (WHERE %s)", sql->len > 0 ? "," : "",
                          selection != NULL ? selection->where : "1");
  for (guint i = 0; selection != NULL && i < selection->values->len; i++)
    g_ptr_array_add (values, g_ptr_array_index (selection->values, i));
}

gboolean
lk_store_count_selections (LkStore *self,
                           const LkSelection *const *selections,
                           guint n,
                           guint *counts,
                           GError **error)
{
  g_autoptr (GString) columns = g_string_new (NULL);
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  g_autofree char *sql = NULL;
  gboolean done = FALSE;
  LkDb *db;

  if (n == 0)
    return TRUE;
  for (guint i = 0; i < n; i++)
    append_count (columns, values, selections[i]);
  sql = g_strdup_printf ("SELECT %s FROM machine AS m LEFT JOIN product AS p"
                         " ON p.machine_id = m.id AND p.hidden = 0",
                         columns->str);

  db = lk_store_borrow_reader (self, error);
  if (db != NULL)
    {
      g_autoptr (LkQuery) query = lk_db_query_texts (db, error, sql, values);

      done = query != NULL && lk_query_next (query, error);
      for (guint i = 0; done && i < n; i++)
        counts[i] = (guint) lk_query_int (query, (int) i);
    }

  lk_store_return_reader (self, db);
  return done;
}
