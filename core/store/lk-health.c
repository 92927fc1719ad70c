/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-health.h"

#include <glib/gi18n-lib.h>

static gboolean
ask_sqlite (LkDb *db, GPtrArray *faults, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) pages = lk_db_query (db, &local_error, "PRAGMA integrity_check (100)", "");
  g_autoptr (LkQuery) keys = NULL;

  while (pages != NULL && lk_query_next (pages, &local_error))
    if (g_strcmp0 (lk_query_text (pages, 0), "ok") != 0)
      g_ptr_array_add (faults, lk_query_dup (pages, 0));

  keys =
      local_error == NULL ? lk_db_query (db, &local_error, "PRAGMA foreign_key_check", "") : NULL;
  while (keys != NULL && lk_query_next (keys, &local_error))
    g_ptr_array_add (faults, g_strdup_printf (_ ("a row of %s points to a row of %s that is gone"),
                                              lk_query_text (keys, 0), lk_query_text (keys, 2)));

  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* What the ledger promises, asked of the rows themselves. */
static gboolean
ask_ledger (LkDb *db, GPtrArray *faults, GError **error)
{
  gint64 n = 0;

  if (!lk_db_get_int (db, &n, 0, error,
                      "SELECT count (*) FROM confirmation AS c WHERE c.cid IS NOT NULL AND EXISTS"
                      " (SELECT 1 FROM spend AS s WHERE s.key_identity = c.key_identity"
                      "  AND s.iid = c.iid AND s.state <> 'confirmed')",
                      ""))
    return FALSE;
  if (n > 0)
    g_ptr_array_add (
        faults,
        g_strdup_printf (
            g_dngettext (
                GETTEXT_PACKAGE,
                "%u confirmation ID is on record whose activation does not count as confirmed",
                "%u confirmation IDs are on record whose"
                " activation does not count as confirmed",
                (gulong) n),
            (guint) n));

  return TRUE;
}

GPtrArray *
lk_store_check (LkStore *self, GError **error)
{
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && ask_sqlite (db, faults, error) && ask_ledger (db, faults, error);

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&faults) : NULL;
}
