/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-journal.h"

#include "base/lk-error.h"
#include "db/lk-writer.h"

#define PRODUCT_COLUMNS                                                                            \
  "machine_id, place, kind, key_group, key_serial, last_five, status, reason, grace_until,"        \
  " valid_until, installed_at, key_kind, activated_by, genuine, pending, rearm_left, cmid_serial," \
  " reduced, watermark, checks_genuine, pending_validation, tampered, key_blocked"

struct _LkLabJournal
{
  LkWriter *writer;
  LkDb *reader;
  gint64 now;
};

void
lk_lab_journal_free (LkLabJournal *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->writer, lk_writer_free);
  g_clear_pointer (&self->reader, lk_db_free);
  g_free (self);
}

/* Writes who this lab is into a new file, or finds out whether an old one is the same. */
static gboolean
match_birth (LkDb *db, const char *birth, gint64 *born, gint64 *now, GError **error)
{
  g_autoptr (LkQuery) query = NULL;

  if (!lk_db_run (db, error, "INSERT OR IGNORE INTO lab VALUES (1, ?1, ?2, ?2)", "si", birth,
                  *born))
    return FALSE;
  query = lk_db_query (db, error, "SELECT birth, born, now FROM lab", "");
  if (query == NULL || !lk_query_next (query, error))
    return FALSE;
  if (!g_str_equal (lk_query_text (query, 0), birth))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "“%s” belongs to another lab (%s), not to this one (%s)", lk_db_get_path (db),
                   lk_query_text (query, 0), birth);
      return FALSE;
    }

  *born = lk_query_int (query, 1);
  *now = lk_query_int (query, 2);
  return TRUE;
}

LkLabJournal *
lk_lab_journal_open (const char *path, const char *birth, gint64 *now, GError **error)
{
  g_autoptr (LkLabJournal) self = g_new0 (LkLabJournal, 1);
  g_autoptr (LkDb) db = lk_db_open (path, LK_DB_READ_WRITE, error);
  const char *migrations[] = { lk_db_get_sql ("lab/schema/0001-lab.sql") };

  if (db == NULL || !lk_db_migrate (db, migrations, G_N_ELEMENTS (migrations), error) ||
      !match_birth (db, birth, now, &self->now, error))
    return NULL;

  self->reader = lk_db_open (path, LK_DB_READ_ONLY, error);
  if (self->reader == NULL)
    return NULL;
  self->writer = lk_writer_new (g_steal_pointer (&db));
  return g_steal_pointer (&self);
}

gint64
lk_lab_journal_get_now (LkLabJournal *self)
{
  return self->now;
}

static void
read_product (LkQuery *query, LkLabProduct *product)
{
  LkLabLicense *license = &product->license;

  product->kind = (LkLabProductKind) lk_query_int (query, 2);
  product->key_group = (guint) lk_query_int (query, 3);
  product->key_serial = (guint32) lk_query_int (query, 4);
  g_strlcpy (product->last_five, lk_query_text (query, 5), sizeof product->last_five);
  license->status = (LkLicenseStatus) lk_query_int (query, 6);
  license->reason = (guint32) lk_query_int (query, 7);
  license->grace_until = lk_query_int (query, 8);
  license->valid_until = lk_query_int (query, 9);
  license->installed_at = lk_query_int (query, 10);
  license->key_kind = (LkKeyKind) lk_query_int (query, 11);
  license->activated_by = (LkLabActivatedBy) lk_query_int (query, 12);
  license->genuine = (LkLabGenuine) lk_query_int (query, 13);
  license->pending = (guint32) lk_query_int (query, 14);
  license->rearm_left = (guint32) lk_query_int (query, 15);
  license->cmid_serial = (guint32) lk_query_int (query, 16);
  license->reduced = (gboolean) lk_query_int (query, 17);
  license->watermark = (gboolean) lk_query_int (query, 18);
  license->checks_genuine = (gboolean) lk_query_int (query, 19);
  license->pending_validation = (gboolean) lk_query_int (query, 20);
  license->tampered = (gboolean) lk_query_int (query, 21);
  license->key_blocked = (gboolean) lk_query_int (query, 22);
}

static gboolean
read_products (LkLabJournal *self, guint machine, LkLabState *state, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (self->reader, &failure,
                   "SELECT " PRODUCT_COLUMNS " FROM product WHERE machine_id = ?1 ORDER BY place",
                   "i", (gint64) machine);

  while (query != NULL && state->n_products < LK_LAB_MAX_PRODUCTS &&
         lk_query_next (query, &failure))
    read_product (query, &state->products[state->n_products++]);

  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return query != NULL && (error == NULL || *error == NULL);
}

static gboolean
restore_machines (LkLabJournal *self, const LkLabRestore *restore, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (self->reader, &failure, "SELECT id, board, parts, image, triggers FROM machine",
                   "");

  while (query != NULL && lk_query_next (query, &failure))
    {
      guint machine = (guint) lk_query_int (query, 0);
      LkLabState state = { 0 };

      state.board = (guint32) lk_query_int (query, 1);
      state.parts = (guint32) lk_query_int (query, 2);
      state.image = (guint32) lk_query_int (query, 3);
      state.triggers = (guint32) lk_query_int (query, 4);
      if (!read_products (self, machine, &state, &failure))
        break;
      restore->machine (machine, &state, restore->user_data);
    }

  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
restore_rest (LkLabJournal *self, const LkLabRestore *restore, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (LkQuery) places =
      lk_db_query (self->reader, &failure, "SELECT machine_id, place FROM place", "");
  g_autoptr (LkQuery) spends = NULL;

  while (places != NULL && lk_query_next (places, &failure))
    restore->place ((guint) lk_query_int (places, 0), (guint) lk_query_int (places, 1),
                    restore->user_data);
  if (failure == NULL)
    spends = lk_db_query (self->reader, &failure, "SELECT key_identity, iid, n FROM spend", "");
  while (spends != NULL && failure == NULL && lk_query_next (spends, &failure))
    restore->spend (lk_query_text (spends, 0), lk_query_text (spends, 1),
                    (guint) lk_query_int (spends, 2), restore->user_data);

  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
lk_lab_journal_restore (LkLabJournal *self, const LkLabRestore *restore, GError **error)
{
  return restore_machines (self, restore, error) && restore_rest (self, restore, error);
}

typedef struct
{
  guint machine;
  const LkLabState *state;
  const LkLabEffect *effect;
  gint64 now;
} Change;

static gboolean
write_product (LkDb *db, guint machine, guint place, const LkLabProduct *product, GError **error)
{
  const LkLabLicense *l = &product->license;

  return lk_db_run (db, error,
                    "INSERT OR REPLACE INTO product (" PRODUCT_COLUMNS ")"
                    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    "iiiiisiiiiiiiiiiiiiiiii", (gint64) machine, (gint64) place,
                    (gint64) product->kind, (gint64) product->key_group,
                    (gint64) product->key_serial, product->last_five, (gint64) l->status,
                    (gint64) l->reason, l->grace_until, l->valid_until, l->installed_at,
                    (gint64) l->key_kind, (gint64) l->activated_by, (gint64) l->genuine,
                    (gint64) l->pending, (gint64) l->rearm_left, (gint64) l->cmid_serial,
                    (gint64) l->reduced, (gint64) l->watermark, (gint64) l->checks_genuine,
                    (gint64) l->pending_validation, (gint64) l->tampered, (gint64) l->key_blocked);
}

static gboolean
write_change (LkDb *db, gpointer user_data, GError **error)
{
  const Change *change = user_data;
  const LkLabState *state = change->state;
  const LkLabEffect *effect = change->effect;

  if (!lk_db_run (db, error, "INSERT OR REPLACE INTO machine VALUES (?, ?, ?, ?, ?)", "iiiii",
                  (gint64) change->machine, (gint64) state->board, (gint64) state->parts,
                  (gint64) state->image, (gint64) state->triggers))
    return FALSE;
  for (guint i = 0; i < state->n_products; i++)
    if (!write_product (db, change->machine, i, &state->products[i], error))
      return FALSE;
  if (effect->spend_key != NULL &&
      !lk_db_run (db, error,
                  "INSERT INTO spend VALUES (?, ?, 1)"
                  " ON CONFLICT (key_identity, iid) DO UPDATE SET n = n + 1",
                  "ss", effect->spend_key, effect->spend_iid))
    return FALSE;

  return lk_db_run (db, error,
                    "INSERT INTO effect (at, machine_id, what, code) VALUES (?, ?, ?, ?)", "iisi",
                    change->now, (gint64) change->machine,
                    effect->what != NULL ? effect->what : "change", (gint64) effect->code);
}

gboolean
lk_lab_journal_write (LkLabJournal *self,
                      guint machine,
                      const LkLabState *state,
                      const LkLabEffect *effect,
                      gint64 now,
                      GError **error)
{
  Change change = { machine, state, effect, now };

  return lk_writer_write (self->writer, write_change, &change, error);
}

static gboolean
write_places (LkDb *db, gpointer user_data, GError **error)
{
  const guint *numbers = user_data;
  static const char sql[] = "INSERT OR REPLACE INTO place VALUES (?, ?)";

  return lk_db_run (db, error, sql, "ii", (gint64) numbers[0], (gint64) numbers[1]) &&
         lk_db_run (db, error, sql, "ii", (gint64) numbers[2], (gint64) numbers[3]);
}

gboolean
lk_lab_journal_write_places (LkLabJournal *self,
                             guint machine,
                             guint place,
                             guint other,
                             guint other_place,
                             GError **error)
{
  guint numbers[] = { machine, place, other, other_place };

  return lk_writer_write (self->writer, write_places, numbers, error);
}

static gboolean
write_now (LkDb *db, gpointer user_data, GError **error)
{
  return lk_db_run (db, error, "UPDATE lab SET now = ?", "i", *(gint64 *) user_data);
}

gboolean
lk_lab_journal_write_now (LkLabJournal *self, gint64 now, GError **error)
{
  return lk_writer_write (self->writer, write_now, &now, error);
}
