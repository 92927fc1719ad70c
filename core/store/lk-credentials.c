/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-credentials.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>

void
lk_credential_row_free (LkCredentialRow *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->user);
  g_free (self->scope);
  g_free (self->file);
  g_free (self->certificate);
  g_clear_pointer (&self->ciphertext, g_bytes_unref);
  g_free (self->stopped_why);
  g_free (self);
}

typedef struct
{
  const LkCredentialRow *row;
  gint64 now;
} CredentialWrite;

static gboolean
put_credential (LkDb *db, gpointer user_data, GError **error)
{
  CredentialWrite *write = user_data;
  const LkCredentialRow *row = write->row;

  return lk_db_run (
      db, error,
      "INSERT INTO credential (name, kind, scheme, user, scope, file, certificate, ciphertext,"
      " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (name) DO UPDATE"
      " SET kind = ?2, scheme = ?3, user = ?4, scope = ?5, file = ?6, certificate = ?7,"
      " ciphertext = ?8, created_at = ?9, stopped_at = 0, stopped_why = NULL",
      "sssssssbi", row->name, lk_credential_kind_to_word (row->kind),
      lk_scheme_to_word (row->scheme), row->user, row->scope, row->file, row->certificate,
      row->ciphertext, write->now);
}

gboolean
lk_store_put_credential (LkStore *self, const LkCredentialRow *row, gint64 now, GError **error)
{
  CredentialWrite write = { row, now };

  return lk_store_write_sealed (self, put_credential, &write, error);
}

static LkCredentialRow *
credential_from_query (LkQuery *query)
{
  LkCredentialRow *row = g_new0 (LkCredentialRow, 1);

  row->id = lk_query_int (query, 0);
  row->name = lk_query_dup (query, 1);
  lk_credential_kind_parse (lk_query_text (query, 2), &row->kind);
  lk_scheme_parse (lk_query_text (query, 3), &row->scheme);
  row->user = lk_query_dup (query, 4);
  row->scope = lk_query_dup (query, 5);
  row->file = lk_query_dup (query, 6);
  row->certificate = lk_query_dup (query, 7);
  row->ciphertext = lk_query_bytes (query, 8);
  row->created_at = lk_query_int (query, 9);
  row->stopped_at = lk_query_int (query, 10);
  row->stopped_why = lk_query_dup (query, 11);
  return row;
}

GPtrArray *
lk_store_list_credentials (LkStore *self, GError **error)
{
  g_autoptr (GPtrArray) rows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_credential_row_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, &local_error,
                     "SELECT id, name, kind, scheme, user, scope, file, certificate, ciphertext,"
                     " created_at, stopped_at, stopped_why FROM credential ORDER BY name",
                     "");

    while (query != NULL && lk_query_next (query, &local_error))
      g_ptr_array_add (rows, credential_from_query (query));
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&rows);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static gboolean
expect_one (LkDb *db, const char *name, GError **error)
{
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("No credential is known as “%s”"), name);
  return FALSE;
}

static gboolean
remove_credential (LkDb *db, gpointer user_data, GError **error)
{
  const char *name = user_data;

  return lk_db_run (db, error, "DELETE FROM credential WHERE name = ?1", "s", name) &&
         expect_one (db, name, error);
}

gboolean
lk_store_remove_credential (LkStore *self, const char *name, GError **error)
{
  return lk_store_write (self, remove_credential, (gpointer) name, error);
}

typedef struct
{
  const char *name;
  gint64 version;
  const char *why;
  gint64 now;
} Stop;

static gboolean
stop_credential (LkDb *db, gpointer user_data, GError **error)
{
  Stop *stop = user_data;

  return lk_db_run (db, error,
                    "UPDATE credential SET stopped_at = CASE WHEN ?3 IS NULL THEN 0 ELSE ?2 END,"
                    " created_at = CASE WHEN ?3 IS NULL THEN ?2 ELSE created_at END,"
                    " stopped_why = ?3 WHERE name = ?1 AND (?4 = 0 OR created_at = ?4)",
                    "sisi", stop->name, stop->now, stop->why, stop->version) &&
         (stop->version != 0 || expect_one (db, stop->name, error));
}

gboolean
lk_store_stop_credential (LkStore *self,
                          const char *name,
                          gint64 version,
                          const char *why,
                          gint64 now,
                          GError **error)
{
  Stop stop = { name, version, why, now };

  return lk_store_write (self, stop_credential, &stop, error);
}
