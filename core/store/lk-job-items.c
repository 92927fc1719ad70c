/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-jobs.h"

/* The rows of jobs, as people see them. */

#define ITEM_COLUMNS                                                                               \
  "i.id, i.machine_id, m.name, m.address, i.application_id, i.partial_key, i.step, i.state,"       \
  " i.attempt, i.due_at, i.message, i.code, i.error, i.updated_at"                                 \
  " FROM item AS i JOIN machine AS m ON m.id = i.machine_id"

static LkItemRow *
item_from_query (LkQuery *query)
{
  LkItemRow *row = g_new0 (LkItemRow, 1);

  row->id = lk_query_int (query, 0);
  row->machine_id = lk_query_int (query, 1);
  row->machine = lk_query_dup (query, 2);
  row->address = lk_query_dup (query, 3);
  row->application_id = lk_query_dup (query, 4);
  row->partial_key = lk_query_dup (query, 5);
  row->step = lk_query_dup (query, 6);
  row->state = lk_query_dup (query, 7);
  row->attempt = (guint) lk_query_int (query, 8);
  row->due_at = lk_query_int (query, 9);
  row->message = lk_query_dup (query, 10);
  row->code = (guint32) lk_query_int (query, 11);
  row->error = lk_query_dup (query, 12);
  row->updated_at = lk_query_int (query, 13);
  return row;
}

/* NULL with an error when the query failed, at once or on its way. */
static GPtrArray *
read_items (LkQuery *query, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_item_row_free);
  g_autoptr (GError) local_error = NULL;

  if (query == NULL)
    return NULL;
  while (lk_query_next (query, &local_error))
    g_ptr_array_add (items, item_from_query (query));

  if (local_error == NULL)
    return g_steal_pointer (&items);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

GPtrArray *
lk_store_list_items (LkStore *self, gint64 job_id, gint64 since, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  GPtrArray *items = NULL;

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error,
                       "SELECT " ITEM_COLUMNS
                       " WHERE i.job_id = ?1 AND i.updated_at >= ?2 ORDER BY i.id",
                       "ii", job_id, since);

      items = read_items (query, error);
    }

  lk_store_return_reader (self, db);
  return items;
}

/* An item never stays what it is when it is updated; twice in one millisecond, it is in another
 * state. */
static GArray *
read_versions (LkDb *db, gint64 job_id, GError **error)
{
  g_autoptr (GArray) versions = g_array_new (FALSE, FALSE, sizeof (LkItemVersion));
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT id, updated_at, state, step FROM item WHERE job_id = ?1 ORDER BY id",
                   "i", job_id);

  if (query == NULL)
    return NULL;
  while (lk_query_next (query, &local_error))
    {
      guint words =
          31 * g_str_hash (lk_query_text (query, 2)) + g_str_hash (lk_query_text (query, 3));
      const LkItemVersion version = { lk_query_int (query, 0),
                                      lk_query_int (query, 1) ^ ((gint64) words << 31) };

      g_array_append_val (versions, version);
    }

  if (local_error == NULL)
    return g_steal_pointer (&versions);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* NULL with no error when it is gone. */
static LkItemRow *
load_item (LkDb *db, gint64 id, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT " ITEM_COLUMNS " WHERE i.id = ?1", "i", id);

  return query != NULL && lk_query_next (query, error) ? item_from_query (query) : NULL;
}

static void
free_item (gpointer item)
{
  lk_item_row_free (item);
}

static GPtrArray *
load_changed (LkDb *db, GArray *versions, GArray *known, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_full (versions->len, free_item);
  g_autoptr (GError) local_error = NULL;
  guint at = 0;

  for (guint i = 0; i < versions->len && local_error == NULL; i++)
    {
      const LkItemVersion *version = &g_array_index (versions, LkItemVersion, i);
      const LkItemVersion *before;

      while (known != NULL && at < known->len &&
             g_array_index (known, LkItemVersion, at).id < version->id)
        at++;
      before = known != NULL && at < known->len ? &g_array_index (known, LkItemVersion, at) : NULL;
      if (before != NULL && before->id == version->id && before->version == version->version)
        g_ptr_array_add (items, NULL);
      else
        g_ptr_array_add (items, load_item (db, version->id, &local_error));
    }

  if (local_error == NULL)
    return g_steal_pointer (&items);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
lk_store_list_changed_items (LkStore *self,
                             gint64 job_id,
                             GArray *known,
                             GArray **versions,
                             GPtrArray **items,
                             GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);

  *versions = NULL;
  *items = NULL;
  /* One state of the store for both. */
  if (db != NULL && lk_db_exec (db, "BEGIN", error))
    {
      *versions = read_versions (db, job_id, error);
      if (*versions != NULL)
        *items = load_changed (db, *versions, known, error);
      lk_db_exec (db, "ROLLBACK", NULL);
    }

  lk_store_return_reader (self, db);
  if (*items == NULL)
    g_clear_pointer (versions, g_array_unref);
  return *items != NULL;
}

GPtrArray *
lk_store_list_failures (LkStore *self, gint64 since, guint max, guint *n, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  GPtrArray *items = NULL;
  gint64 count = 0;

  if (db != NULL &&
      lk_db_get_int (db, &count, 0, error,
                     "SELECT count (*) FROM item WHERE state = 'failed' AND updated_at >= ?1", "i",
                     since))
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error,
                       "SELECT " ITEM_COLUMNS " WHERE i.state = 'failed' AND i.updated_at >= ?1"
                       " ORDER BY i.updated_at DESC, i.id DESC LIMIT ?2",
                       "ii", since, (gint64) max);

      items = read_items (query, error);
    }

  lk_store_return_reader (self, db);
  *n = (guint) count;
  return items;
}
