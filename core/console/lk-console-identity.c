/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-identity.h"

#include "console/lk-console-machines.h"
#include "console/lk-console-private.h"

GPtrArray *
lk_console_list_duplicates (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_duplicates (store, error) : NULL;
}

static void
add_once (GPtrArray *machines, GHashTable *ids, LkRow *row)
{
  if (g_hash_table_add (ids, &row->machine_id))
    g_ptr_array_add (machines, row);
}

GPtrArray *
lk_console_list_machines (GPtrArray *rows, const char *const *names)
{
  GPtrArray *machines = g_ptr_array_new ();
  g_autoptr (GHashTable) ids = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    for (guint j = 0; j < rows->len; j++)
      if (lk_row_is_named (g_ptr_array_index (rows, j), names[i]))
        add_once (machines, ids, g_ptr_array_index (rows, j));
  for (guint j = 0; j < rows->len; j++)
    add_once (machines, ids, g_ptr_array_index (rows, j));
  return machines;
}

gboolean
lk_console_merge (LkConsole *self, GPtrArray *machines, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (store == NULL)
    return FALSE;

  for (guint i = 1; i < machines->len; i++)
    g_array_append_val (others, ((LkRow *) g_ptr_array_index (machines, i))->machine_id);
  return lk_store_merge (store, ((LkRow *) g_ptr_array_index (machines, 0))->machine_id, others,
                         lk_console_now (self), error);
}

gboolean
lk_console_keep_apart (LkConsole *self, GPtrArray *machines, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (store == NULL)
    return FALSE;

  for (guint i = 0; i < machines->len; i++)
    g_array_append_val (ids, ((LkRow *) g_ptr_array_index (machines, i))->machine_id);
  return lk_store_keep_apart (store, ids, lk_console_now (self), error);
}

GPtrArray *
lk_console_list_merged (LkConsole *self, gint64 machine_id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_merged (store, machine_id, error) : NULL;
}

gboolean
lk_console_split (LkConsole *self,
                  gint64 machine_id,
                  GPtrArray *merged,
                  GArray *ids,
                  GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GArray) merges = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (store == NULL)
    return FALSE;

  for (guint i = 0; i < merged->len; i++)
    g_array_append_val (merges, ((LkMerged *) g_ptr_array_index (merged, i))->id);
  return lk_store_split (store, machine_id, merges, lk_console_now (self), ids, error);
}
