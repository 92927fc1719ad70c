/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-keys.h"

#include "base/lk-error.h"
#include "store/lk-spends.h"

#include <glib/gi18n-lib.h>

void
lk_key_row_free (LkKeyRow *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->ciphertext, g_bytes_unref);
  g_free (self->fingerprint);
  g_free (self->last_five);
  g_free (self->key_identity);
  g_free (self->epid);
  g_free (self->edition);
  g_free (self->remarks);
  g_free (self);
}

typedef struct
{
  const LkKeyRow *row;
  gint64 now;
  gint64 id;
  gboolean is_new;
} KeyAddition;

gboolean
lk_keys_add (LkDb *db,
             const LkKeyRow *row,
             gint64 now,
             gint64 *id,
             gboolean *is_new,
             GError **error)
{
  if (!lk_db_get_int (db, id, 0, error, "SELECT id FROM product_key WHERE fingerprint = ?1", "s",
                      row->fingerprint))
    return FALSE;
  *is_new = *id == 0;
  if (!*is_new)
    return TRUE;

  if (!lk_db_run (db, error,
                  "INSERT INTO product_key (ciphertext, fingerprint, last_five, kind, key_identity,"
                  " epid, edition, is_practice, remarks, created_at)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                  "bssssssisi", row->ciphertext, row->fingerprint, row->last_five,
                  lk_key_kind_to_word (row->kind), row->key_identity, row->epid, row->edition,
                  (gint64) row->is_practice, row->remarks, now))
    return FALSE;

  *id = lk_db_get_last_id (db);
  return TRUE;
}

static gboolean
add_key (LkDb *db, gpointer user_data, GError **error)
{
  KeyAddition *addition = user_data;

  return lk_keys_add (db, addition->row, addition->now, &addition->id, &addition->is_new, error);
}

gboolean
lk_store_add_key (LkStore *self,
                  const LkKeyRow *row,
                  gint64 now,
                  gint64 *id,
                  gboolean *is_new,
                  GError **error)
{
  KeyAddition addition = { .row = row, .now = now };

  if (!lk_store_write_sealed (self, add_key, &addition, error))
    return FALSE;

  *id = addition.id;
  *is_new = addition.is_new;
  return TRUE;
}

/* The extended PID of any machine with this key will do to ask for its pool. */
#define KEY_COLUMNS                                                                                \
  "id, ciphertext, fingerprint, last_five, kind, key_identity,"                                    \
  " coalesce (epid, (SELECT p.epid FROM product AS p"                                              \
  "  WHERE p.key_identity = product_key.key_identity AND p.epid IS NOT NULL LIMIT 1)),"            \
  " edition, is_practice, remarks, created_at"

static LkKeyRow *
key_from_query (LkDb *db, LkQuery *query, GError **error)
{
  g_autoptr (LkKeyRow) row = g_new0 (LkKeyRow, 1);

  row->id = lk_query_int (query, 0);
  row->ciphertext = lk_query_bytes (query, 1);
  row->fingerprint = lk_query_dup (query, 2);
  row->last_five = lk_query_dup (query, 3);
  row->kind = lk_key_kind_from_word (lk_query_text (query, 4));
  row->key_identity = lk_query_dup (query, 5);
  row->epid = lk_query_dup (query, 6);
  row->edition = lk_query_dup (query, 7);
  row->is_practice = lk_query_int (query, 8) != 0;
  row->remarks = lk_query_dup (query, 9);
  row->created_at = lk_query_int (query, 10);
  row->pool.remaining = -1;
  if (row->key_identity != NULL && !lk_ledger_get_pool (db, row->key_identity, &row->pool, error))
    return NULL;

  return g_steal_pointer (&row);
}

/* @ref: id or last five, NULL for all. */
static GPtrArray *
query_keys (LkStore *self, const char *ref, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_key_row_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query = lk_db_query (db, &local_error,
                                             "SELECT " KEY_COLUMNS " FROM product_key"
                                             " WHERE ?1 IS NULL OR last_five = ?1"
                                             " OR CAST (id AS TEXT) = ?1 ORDER BY id",
                                             "s", ref);

    while (query != NULL && lk_query_next (query, &local_error))
      {
        LkKeyRow *row = key_from_query (db, query, &local_error);

        if (row == NULL)
          break;
        g_ptr_array_add (keys, row);
      }
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&keys);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

GPtrArray *
lk_store_list_keys (LkStore *self, GError **error)
{
  return query_keys (self, NULL, error);
}

LkKeyRow *
lk_store_find_key (LkStore *self, const char *ref, GError **error)
{
  g_autoptr (GPtrArray) keys = query_keys (self, ref, error);

  if (keys == NULL)
    return NULL;
  if (keys->len == 1)
    return g_ptr_array_steal_index (keys, 0);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               keys->len == 0 ? _ ("No product key is known as “%s”; see: latchkeyctl key list")
                              : _ ("Several product keys end in “%s”; name one by its id, see:"
                                   " latchkeyctl key list"),
               ref);
  return NULL;
}

LkKeyRow *
lk_store_get_key (LkStore *self, gint64 id, GError **error)
{
  g_autofree char *ref = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  g_autoptr (GPtrArray) keys = query_keys (self, ref, error);

  for (guint i = 0; keys != NULL && i < keys->len; i++)
    if (((const LkKeyRow *) g_ptr_array_index (keys, i))->id == id)
      return g_ptr_array_steal_index (keys, i);
  if (keys != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no product key %d"), (int) id);
  return NULL;
}

static gboolean
remove_key (LkDb *db, gpointer user_data, GError **error)
{
  gint64 *id = user_data;
  gint64 job = 0;

  if (!lk_db_get_int (db, &job, 0, error,
                      "SELECT id FROM job WHERE key_id = ?1 AND state IN ('open', 'paused')", "i",
                      *id))
    return FALSE;
  if (job != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Job %d still needs this product key; cancel the job first"), (int) job);
      return FALSE;
    }

  return lk_db_run (db, error, "UPDATE job SET key_id = NULL WHERE key_id = ?1", "i", *id) &&
         lk_db_run (db, error, "DELETE FROM product_key WHERE id = ?1", "i", *id);
}

gboolean
lk_store_remove_key (LkStore *self, gint64 id, GError **error)
{
  return lk_store_write (self, remove_key, &id, error);
}

typedef struct
{
  const char *key_identity;
  gint64 remaining;
  gint64 now;
} Remaining;

static gboolean
write_remaining (LkDb *db, gpointer user_data, GError **error)
{
  Remaining *figure = user_data;

  return lk_ledger_set_remaining (db, figure->key_identity, figure->remaining, figure->now,
                                  error) &&
         lk_spends_wake_waiting (db, figure->key_identity, figure->now, error);
}

gboolean
lk_store_set_remaining (LkStore *self,
                        const char *key_identity,
                        gint64 remaining,
                        gint64 now,
                        GError **error)
{
  Remaining figure = { key_identity, remaining, now };

  return lk_store_write (self, write_remaining, &figure, error);
}

gboolean
lk_store_get_pool (LkStore *self, const char *key_identity, LkPool *pool, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && lk_ledger_get_pool (db, key_identity, pool, error);

  lk_store_return_reader (self, db);
  return done;
}

gboolean
lk_store_count_planned (LkStore *self,
                        gint64 key_id,
                        const char *last_five,
                        guint *n,
                        GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gint64 count = 0;
  gboolean done =
      db != NULL &&
      lk_db_get_int (db, &count, 0, error,
                     "SELECT count (*) FROM item AS i JOIN job AS j ON j.id = i.job_id"
                     " WHERE (j.key_id = ?1 OR (j.key_id IS NULL AND i.partial_key = ?2))"
                     " AND j.state IN ('open', 'paused')"
                     " AND i.plan IN ('activate-proxy', 'activate-online')"
                     " AND i.state IN ('ready', 'running', 'parked', 'paused')"
                     " AND NOT EXISTS (SELECT 1 FROM spend AS s"
                     "  WHERE s.key_identity = i.key_identity AND s.iid = i.iid)",
                     "is", key_id, last_five);

  lk_store_return_reader (self, db);
  *n = (guint) count;
  return done;
}
