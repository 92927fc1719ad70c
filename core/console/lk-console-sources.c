/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-sources.h"

#include "console/lk-console-machines.h"
#include "console/lk-console-private.h"

GPtrArray *
lk_console_list_sources (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_sources (store, error) : NULL;
}

LkSource *
lk_console_get_source (LkConsole *self, const char *name, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_get_source (store, name, error) : NULL;
}

gboolean
lk_console_save_source (LkConsole *self, const LkSource *source, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_save_source (store, source, FALSE, lk_console_now (self), error);
}

gboolean
lk_console_check_source_name (LkConsole *self, const char *name, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_check_source_name (store, name, error);
}

gboolean
lk_console_remove_source (LkConsole *self, const char *name, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_remove_source (store, name, error);
}

GPtrArray *
lk_console_note_run (LkConsole *self,
                     const LkSource *source,
                     GPtrArray *sightings,
                     gboolean is_complete,
                     GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_note_run (store, source, sightings, is_complete,
                                            lk_console_now (self), error)
                       : NULL;
}

GArray *
lk_console_list_found (LkConsole *self, GPtrArray *sightings, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GHashTable) left = g_hash_table_new (g_int64_hash, g_int64_equal);
  const LkChoice all = { 0 };
  GArray *keys;

  ids = store != NULL ? lk_store_find_machines (store, sightings, error) : NULL;
  rows = ids != NULL ? lk_console_list_rows (self, &all, NULL, error) : NULL;
  if (rows == NULL)
    return NULL;

  for (guint i = 0; i < ids->len; i++)
    g_hash_table_add (left, &g_array_index (ids, gint64, i));
  keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);
      gint64 key = lk_row_get_key (row);

      if (g_hash_table_remove (left, &row->machine_id))
        g_array_append_val (keys, key);
    }

  return keys;
}
