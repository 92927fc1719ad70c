/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-seals.h"

#include "base/lk-error.h"

#include <string.h>

#define SETTING_PROVIDER "vault.provider"
#define SETTING_SPARE    "vault.spare" /* provider and id */

/* Stores of the first days have the id alone, and a file. */
#define FIRST_PROVIDER "file"

static const struct
{
  const char *count;
  const char *read; /* id, name, title, ciphertext */
  const char *write;
} kinds[] = {
  [LK_SEALED_KEY] = { "SELECT count (*) FROM product_key",
                      "SELECT id, fingerprint, last_five, ciphertext FROM product_key",
                      "UPDATE product_key SET fingerprint = ?2, ciphertext = ?3 WHERE id = ?1" },
  [LK_SEALED_CREDENTIAL] = { "SELECT count (*) FROM credential WHERE ciphertext IS NOT NULL",
                             "SELECT id, name, name, ciphertext FROM credential"
                             " WHERE ciphertext IS NOT NULL",
                             "UPDATE credential SET ciphertext = ?3 WHERE id = ?1 AND name = ?2" },
  [LK_SEALED_SETTING] = { "SELECT count (*) FROM sealed",
                          "SELECT 0, name, name, ciphertext FROM sealed",
                          "UPDATE sealed SET ciphertext = ?3 WHERE ?1 = 0 AND name = ?2" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == LK_SEALED_N_KINDS);

void
lk_key_use_free (LkKeyUse *self)
{
  if (self == NULL)
    return;
  g_free (self->provider);
  g_free (self->id);
  g_free (self->spare_provider);
  g_free (self->spare_id);
  g_free (self);
}

static void
take_setting (LkKeyUse *use, const char *name, const char *value)
{
  const char *space = strchr (value, ' ');

  if (g_str_equal (name, SETTING_PROVIDER))
    use->provider = g_strdup (value);
  else if (g_str_equal (name, LK_SETTING_KEY_ID))
    use->id = g_strdup (value);
  else if (space != NULL)
    {
      use->spare_provider = g_strndup (value, (gsize) (space - value));
      use->spare_id = g_strdup (space + 1);
    }
}

LkKeyUse *
lk_store_get_key_use (LkStore *self, GError **error)
{
  g_autoptr (LkKeyUse) use = g_new0 (LkKeyUse, 1);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, &local_error, "SELECT name, value FROM setting WHERE name IN (?1, ?2, ?3)",
                     "sss", SETTING_PROVIDER, LK_SETTING_KEY_ID, SETTING_SPARE);

    while (query != NULL && lk_query_next (query, &local_error))
      take_setting (use, lk_query_text (query, 0), lk_query_text (query, 1));
  }

  lk_store_return_reader (self, db);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (use->id != NULL && use->provider == NULL)
    use->provider = g_strdup (FIRST_PROVIDER);
  return g_steal_pointer (&use);
}

static gboolean
set (LkDb *db, const char *name, const char *value, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO setting (name, value) VALUES (?1, ?2)"
                    " ON CONFLICT (name) DO UPDATE SET value = ?2",
                    "ss", name, value);
}

typedef struct
{
  const char *provider;
  const char *id;
  gboolean is_first;
} Adoption;

static gboolean
adopt (LkDb *db, gpointer user_data, GError **error)
{
  Adoption *adoption = user_data;

  if (!lk_db_run (db, error,
                  "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING", "ss",
                  LK_SETTING_KEY_ID, adoption->id))
    return FALSE;

  adoption->is_first = lk_db_get_changes (db) == 1;
  return !adoption->is_first || set (db, SETTING_PROVIDER, adoption->provider, error);
}

gboolean
lk_store_adopt_key (LkStore *self,
                    const char *provider,
                    const char *id,
                    gboolean *is_first,
                    GError **error)
{
  Adoption adoption = { .provider = provider, .id = id };

  if (!lk_store_write (self, adopt, &adoption, error))
    return FALSE;

  *is_first = adoption.is_first;
  return TRUE;
}

gboolean
lk_store_set_spare_key (LkStore *self, const char *provider, const char *id, GError **error)
{
  g_autofree char *value = id != NULL ? g_strconcat (provider, " ", id, NULL) : NULL;

  return lk_store_set_setting (self, SETTING_SPARE, value, error);
}

static void
sealed_row_free (LkSealedRow *self)
{
  g_free (self->name);
  g_free (self->title);
  g_bytes_unref (self->ciphertext);
  g_free (self);
}

/* All of one kind at once, because a table must not change under the query that reads it. */
static gboolean
read_kind (LkDb *db, LkSealedKind kind, GPtrArray *rows, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (db, &local_error, kinds[kind].read, "");

  while (query != NULL && lk_query_next (query, &local_error))
    {
      LkSealedRow *row = g_new0 (LkSealedRow, 1);

      row->kind = kind;
      row->id = lk_query_int (query, 0);
      row->name = lk_query_dup (query, 1);
      row->title = lk_query_dup (query, 2);
      row->ciphertext = lk_query_bytes (query, 3);
      g_ptr_array_add (rows, row);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

typedef struct
{
  const char *old_id;
  const LkKeyUse *use;
  LkSealFunc func;
  gpointer user_data;
} Sealing;

static gboolean
seal_anew (LkDb *db, gpointer user_data, GError **error)
{
  const Sealing *sealing = user_data;
  const LkKeyUse *use = sealing->use;
  g_autofree char *spare = g_strconcat (use->spare_provider, " ", use->spare_id, NULL);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) sealed_row_free);

  if (!lk_store_check_key (db, sealing->old_id, error))
    return FALSE;
  for (LkSealedKind kind = 0; kind < LK_SEALED_N_KINDS; kind++)
    if (!read_kind (db, kind, rows, error))
      return FALSE;

  for (guint i = 0; i < rows->len; i++)
    {
      LkSealedRow *row = g_ptr_array_index (rows, i);

      if (!sealing->func (row, sealing->user_data, error) ||
          !lk_db_run (db, error, kinds[row->kind].write, "isb", row->id, row->name,
                      row->ciphertext))
        return FALSE;
    }

  return set (db, SETTING_PROVIDER, use->provider, error) &&
         set (db, LK_SETTING_KEY_ID, use->id, error) && set (db, SETTING_SPARE, spare, error);
}

gboolean
lk_store_seal_anew (LkStore *self,
                    const char *old_id,
                    const LkKeyUse *use,
                    LkSealFunc func,
                    gpointer user_data,
                    GError **error)
{
  Sealing sealing = { old_id, use, func, user_data };

  return lk_store_write (self, seal_anew, &sealing, error);
}

gboolean
lk_store_count_sealed (LkStore *self, guint counts[LK_SEALED_N_KINDS], GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL;

  for (LkSealedKind kind = 0; done && kind < LK_SEALED_N_KINDS; kind++)
    {
      gint64 n = 0;

      done = lk_db_get_int (db, &n, 0, error, kinds[kind].count, "");
      counts[kind] = (guint) n;
    }

  lk_store_return_reader (self, db);
  return done;
}
