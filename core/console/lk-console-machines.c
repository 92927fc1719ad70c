/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-machines.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "domain/lk-tag.h"
#include "store/lk-tags.h"

#include <glib/gi18n-lib.h>

gboolean
lk_console_add_machines (LkConsole *self,
                         LkFileList *list,
                         guint *n_added,
                         guint *n_known,
                         GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_add_machines (store, list->sightings, lk_console_now (self),
                                                 n_added, n_known, error);
}

gboolean
lk_console_find_known (LkConsole *self, GPtrArray *sightings, gboolean *known, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_find_known (store, sightings, known, error);
}

char *
lk_choice_to_text (const LkChoice *choice)
{
  g_autofree char *rows = NULL;

  if (choice->keys != NULL)
    rows = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u chosen row", "%u chosen rows",
                                         choice->n_keys),
                            choice->n_keys);
  else if (choice->names != NULL)
    rows = g_strjoinv (" ", (char **) choice->names);
  else
    rows = g_strdup (choice->select != NULL ? choice->select : "*");

  return choice->product != NULL ? g_strdup_printf ("%s product=%s", rows, choice->product)
                                 : g_steal_pointer (&rows);
}

gboolean
lk_row_is_named (const LkRow *row, const char *name)
{
  gint64 id;

  if (name[0] == '#')
    return g_ascii_string_to_signed (name + 1, 10, 1, G_MAXINT64, &id, NULL) &&
           id == row->machine_id;

  return g_ascii_strcasecmp (row->name, name) == 0 ||
         (row->identity->fqdn != NULL && g_ascii_strcasecmp (row->identity->fqdn, name) == 0) ||
         (row->address != NULL && g_ascii_strcasecmp (row->address, name) == 0);
}

/* A mistyped name must not quietly shrink what a person meant. */
static gboolean
check_names (const char *const *names, GPtrArray *rows, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < rows->len; i++)
    g_hash_table_add (ids, &((LkRow *) g_ptr_array_index (rows, i))->machine_id);
  for (guint i = 0; names[i] != NULL; i++)
    {
      gint64 id = names[i][0] == '#' ? g_ascii_strtoll (names[i] + 1, NULL, 10) : 0;
      gboolean found = g_hash_table_contains (ids, &id);

      for (guint j = 0; j < rows->len && !found; j++)
        found = lk_row_is_named (g_ptr_array_index (rows, j), names[i]);
      if (!found)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       _ ("No machine is known as “%s”; see: latchkeyctl list"), names[i]);
          return FALSE;
        }
    }

  return TRUE;
}

static void
keep_products (GPtrArray *rows, const char *pattern)
{
  g_autofree char *folded = g_utf8_casefold (pattern, -1);
  g_autoptr (GPatternSpec) spec = g_pattern_spec_new (folded);

  for (guint i = rows->len; i > 0; i--)
    {
      const LkRow *row = g_ptr_array_index (rows, i - 1);
      g_autofree char *name =
          g_utf8_casefold (row->product->name != NULL ? row->product->name : "", -1);

      if (!g_pattern_spec_match_string (spec, name))
        g_ptr_array_remove_index (rows, i - 1);
    }
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const LkRow *const *x = a;
  const LkRow *const *y = b;
  int order = g_ascii_strcasecmp ((*x)->name, (*y)->name);

  return order != 0 ? order
                    : ((*x)->machine_id > (*y)->machine_id) - ((*x)->machine_id < (*y)->machine_id);
}

static GPtrArray *
load_chosen (LkStore *store, const LkChoice *choice, GError **error)
{
  g_autoptr (GPtrArray) loaded = lk_store_load_rows (store, choice->keys, choice->n_keys, error);
  GPtrArray *rows;

  if (loaded == NULL)
    return NULL;

  rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_row_free);
  for (guint i = 0; i < loaded->len; i++)
    if (loaded->pdata[i] != NULL)
      g_ptr_array_add (rows, g_steal_pointer (&loaded->pdata[i]));
  g_ptr_array_sort (rows, compare_rows);
  return rows;
}

GPtrArray *
lk_console_list_rows (LkConsole *self,
                      const LkChoice *choice,
                      gboolean *is_unknown_name,
                      GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (LkSelection) selection = NULL;
  g_autoptr (GPtrArray) rows = NULL;

  if (is_unknown_name != NULL)
    *is_unknown_name = FALSE;
  if (store == NULL)
    return NULL;
  if (choice->keys != NULL)
    return load_chosen (store, choice, error);

  selection = choice->names != NULL ? lk_selection_from_names (choice->names)
                                    : lk_selection_parse (choice->select, error);
  if (selection == NULL)
    return NULL;
  rows = lk_store_list_rows (store, selection, error);
  if (rows == NULL)
    return NULL;

  if (choice->names != NULL && !check_names (choice->names, rows, error))
    {
      if (is_unknown_name != NULL)
        *is_unknown_name = TRUE;
      return NULL;
    }
  if (choice->product != NULL)
    keep_products (rows, choice->product);

  return g_steal_pointer (&rows);
}

GPtrArray *
lk_console_list_events (LkConsole *self, gint64 machine_id, guint max, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_events (store, machine_id, max, error) : NULL;
}

char **
lk_console_list_aliases (LkConsole *self, gint64 machine_id, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_aliases (store, machine_id, error) : NULL;
}

/* Each once. */
static GArray *
list_machines (GPtrArray *rows)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = g_ptr_array_index (rows, i);

      /* The rows of one machine follow each other. */
      if (ids->len == 0 || g_array_index (ids, gint64, ids->len - 1) != row->machine_id)
        g_array_append_val (ids, row->machine_id);
    }

  return ids;
}

gboolean
lk_console_forget (LkConsole *self, GPtrArray *rows, guint *n, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GArray) ids = list_machines (rows);

  *n = ids->len;
  return store != NULL && lk_store_forget (store, ids, error);
}

gboolean
lk_console_change_tags (LkConsole *self,
                        GPtrArray *rows,
                        const char *add,
                        const char *remove,
                        guint *n,
                        GError **error)
{
  LkStore *store = lk_console_get_store (self, error);
  g_autoptr (GArray) ids = list_machines (rows);
  g_auto (GStrv) added = NULL;
  g_auto (GStrv) removed = NULL;

  *n = ids->len;
  if (store == NULL)
    return FALSE;
  added = lk_tags_parse (add != NULL ? add : "", error);
  removed = added != NULL ? lk_tags_parse (remove != NULL ? remove : "", error) : NULL;
  return removed != NULL && lk_store_change_tags (store, ids, added, removed, error);
}
