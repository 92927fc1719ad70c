/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-transfers.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>

#define SETTING_STORE_ID "store.id"

static const char *const line_words[] = {
  [LK_LINE_OPEN] = "open",
  [LK_LINE_CONFIRMED] = "confirmed",
  [LK_LINE_REFUSED] = "refused",
  [LK_LINE_BAD] = "bad",
};

const char *
lk_line_state_to_word (LkLineState state)
{
  return line_words[state];
}

gboolean
lk_line_state_from_word (const char *word, LkLineState *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (line_words); i++)
    if (g_strcmp0 (word, line_words[i]) == 0)
      {
        *out = (LkLineState) i;
        return TRUE;
      }

  return FALSE;
}

void
lk_transfer_entry_free (LkTransferEntry *self)
{
  if (self == NULL)
    return;
  g_free (self->kind);
  g_free (self->file_id);
  g_free (self->path);
  g_free (self->store_id);
  g_free (self->request_id);
  g_free (self->note);
  g_free (self);
}

void
lk_transfer_line_free (LkTransferLine *self)
{
  if (self == NULL)
    return;
  g_free (self->iid);
  g_free (self->epid);
  g_free (self->key_identity);
  g_free (self->cid);
  g_free (self->message);
  g_free (self->machine);
  g_free (self);
}

static gboolean
settle (GError **error, GError **local_error)
{
  if (*local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (local_error));
  return FALSE;
}

/* Two processes may need it at the same moment: the first one wins. */
static gboolean
write_store_id (LkDb *db, gpointer user_data, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO setting (name, value) VALUES ('" SETTING_STORE_ID "', ?1)"
                    " ON CONFLICT (name) DO NOTHING",
                    "s", user_data);
}

char *
lk_store_get_id (LkStore *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *id = lk_store_get_setting (self, SETTING_STORE_ID, &local_error);
  g_autofree char *made = NULL;

  if (!settle (error, &local_error))
    return NULL;
  if (id != NULL)
    return g_steal_pointer (&id);

  made = g_uuid_string_random ();
  if (!lk_store_write (self, write_store_id, made, error))
    return NULL;
  return lk_store_get_setting (self, SETTING_STORE_ID, error);
}

/* What became of a row, from what is on record now: of a request that was written here, what the
 * newest answer said unless the CID came in any way; of one that was taken in, what the ledger
 * says. A CID that was salvaged here is none that could be passed on. */
#define LINE_STATE                                                                                 \
  "CASE WHEN t.is_written = 1 THEN"                                                                \
  "  CASE WHEN c.cid IS NOT NULL THEN 'confirmed' ELSE r.state END"                                \
  " WHEN r.key_identity IS NULL THEN 'bad'"                                                        \
  " WHEN c.cid IS NOT NULL AND c.is_salvaged = 0 THEN 'confirmed'"                                 \
  " WHEN s.state IN ('sent', 'unknown') THEN 'open'"                                               \
  " WHEN c.cid IS NOT NULL OR s.state IN ('refused', 'confirmed') THEN 'refused'"                  \
  " WHEN s.id IS NULL AND p.blocked_code <> 0 THEN 'refused'"                                      \
  " ELSE 'open' END"

/* The answer is on its way, though nobody lifts a finger. */
#define LINE_IS_WAITING                                                                            \
  "r.is_wanted = 1 AND s.method = 'proxy' AND s.due_at <> 0"                                       \
  " AND s.state IN ('reserved', 'sent', 'unknown')"

#define LINE_TABLES                                                                                \
  " FROM transfer_row AS r JOIN transfer AS t ON t.id = r.transfer_id"                             \
  " LEFT JOIN confirmation AS c ON c.key_identity = r.key_identity AND c.iid = r.iid"              \
  " LEFT JOIN spend AS s ON s.key_identity = r.key_identity AND s.iid = r.iid"                     \
  " LEFT JOIN pool AS p ON p.key_identity = r.key_identity"

static gboolean
count_lines (LkDb *db, LkTransferEntry *entry, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (db, error,
                                           "SELECT " LINE_STATE " AS outcome, count (*)" LINE_TABLES
                                           " WHERE r.transfer_id = ?1 GROUP BY outcome",
                                           "i", entry->id);

  if (query == NULL)
    return FALSE;

  entry->n_done = entry->n_failed = entry->n_open = 0;
  while (lk_query_next (query, &local_error))
    {
      LkLineState state = LK_LINE_OPEN;
      guint n = (guint) lk_query_int (query, 1);

      lk_line_state_from_word (lk_query_text (query, 0), &state);
      if (state == LK_LINE_CONFIRMED)
        entry->n_done += n;
      else if (state == LK_LINE_OPEN)
        entry->n_open += n;
      else
        entry->n_failed += n;
    }
  return settle (error, &local_error);
}

static LkTransferEntry *
entry_from_query (LkQuery *query)
{
  LkTransferEntry *entry = g_new0 (LkTransferEntry, 1);

  entry->id = lk_query_int (query, 0);
  entry->kind = lk_query_dup (query, 1);
  entry->is_written = lk_query_int (query, 2) != 0;
  entry->file_id = lk_query_dup (query, 3);
  entry->path = lk_query_dup (query, 4);
  entry->store_id = lk_query_dup (query, 5);
  entry->request_id = lk_query_dup (query, 6);
  entry->at = lk_query_int (query, 7);
  entry->created_at = lk_query_int (query, 8);
  entry->n_rows = (guint) lk_query_int (query, 9);
  entry->n_done = (guint) lk_query_int (query, 10);
  entry->n_failed = (guint) lk_query_int (query, 11);
  entry->n_open = (guint) lk_query_int (query, 12);
  entry->is_sealed = lk_query_int (query, 13) != 0;
  entry->note = lk_query_dup (query, 14);
  entry->is_dropped = lk_query_int (query, 15) != 0;
  return entry;
}

static GPtrArray *
list_entries (LkDb *db, gint64 id, GError **error)
{
  g_autoptr (GPtrArray) entries =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_transfer_entry_free);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   "SELECT id, kind, is_written, file_id, path, store_id, request_id, at,"
                   " created_at, n_rows, n_done, n_failed, n_open, is_sealed, note, is_dropped"
                   " FROM transfer"
                   " WHERE ?1 = 0 OR id = ?1 ORDER BY at DESC, id DESC",
                   "i", id);

  if (query == NULL)
    return NULL;
  while (lk_query_next (query, &local_error))
    g_ptr_array_add (entries, entry_from_query (query));
  g_clear_pointer (&query, lk_query_free);

  for (guint i = 0; local_error == NULL && i < entries->len; i++)
    {
      LkTransferEntry *entry = g_ptr_array_index (entries, i);

      if (g_str_equal (entry->kind, "request"))
        count_lines (db, entry, &local_error);
    }
  return settle (error, &local_error) ? g_steal_pointer (&entries) : NULL;
}

GPtrArray *
lk_store_list_transfers (LkStore *self, gint64 id, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  GPtrArray *entries = db != NULL ? list_entries (db, id, error) : NULL;

  lk_store_return_reader (self, db);
  return entries;
}

LkTransferEntry *
lk_store_get_transfer (LkStore *self, gint64 id, GError **error)
{
  g_autoptr (GPtrArray) entries = lk_store_list_transfers (self, id, error);

  if (entries == NULL)
    return NULL;
  if (id != 0 && entries->len > 0)
    return g_ptr_array_steal_index (entries, 0);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no transfer file %d"), (int) id);
  return NULL;
}

static void
read_line (LkQuery *query, LkTransferLine *line)
{
  line->row_id = lk_query_int (query, 0);
  line->iid = (char *) lk_query_text (query, 1);
  line->epid = (char *) lk_query_text (query, 2);
  line->key_identity = (char *) lk_query_text (query, 3);
  line->state = LK_LINE_OPEN;
  lk_line_state_from_word (lk_query_text (query, 4), &line->state);
  line->cid = line->state == LK_LINE_CONFIRMED ? (char *) lk_query_text (query, 5) : NULL;
  line->code = line->state == LK_LINE_CONFIRMED ? 0 : (guint32) lk_query_int (query, 6);
  line->message = line->state == LK_LINE_CONFIRMED ? NULL : (char *) lk_query_text (query, 7);
  line->machine = (char *) lk_query_text (query, 8);
  line->is_waiting = line->state == LK_LINE_OPEN && lk_query_int (query, 9) != 0;
  if (line->state != LK_LINE_REFUSED || line->message != NULL)
    return;

  /* What has no words of its own: the key was stopped, or no CID can be passed on. */
  if (line->code != 0)
    line->message = _ ("The service has stopped this product key; nothing more is sent for it");
  else if (lk_query_int (query, 10) != 0)
    line->message = _ ("The confirmation ID on record was salvaged from a damaged file; it is not"
                       " passed on");
  else
    line->message = _ ("This installation ID was activated online, so there is no confirmation ID");
}

gboolean
lk_store_foreach_line (LkStore *self,
                       gint64 transfer_id,
                       LkLineFunc func,
                       gpointer user_data,
                       GError **error)
{
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return FALSE;
  {
    g_autoptr (LkQuery) query = lk_db_query (
        db, &local_error,
        "SELECT r.row_id, r.iid, r.epid, r.key_identity, " LINE_STATE ", c.cid,"
        " CASE WHEN s.state = 'refused' THEN s.code WHEN r.code <> 0 THEN r.code"
        "  WHEN s.id IS NULL AND t.is_written = 0 THEN coalesce (p.blocked_code, 0) ELSE 0 END,"
        " CASE WHEN t.is_written = 1 THEN r.message WHEN s.id IS NOT NULL THEN s.message"
        "  WHEN coalesce (p.blocked_code, 0) = 0 THEN r.message END,"
        " CASE WHEN t.is_written = 1 THEN (SELECT m.name FROM product AS o"
        "  JOIN machine AS m ON m.id = o.machine_id WHERE o.id = r.row_id) END,"
        " " LINE_IS_WAITING ", coalesce (c.is_salvaged, 0)" LINE_TABLES
        " WHERE r.transfer_id = ?1 ORDER BY r.place",
        "i", transfer_id);

    while (query != NULL && lk_query_next (query, &local_error))
      {
        LkTransferLine line = { 0 };

        read_line (query, &line);
        if (!func (&line, user_data, &local_error))
          break;
      }
  }

  lk_store_return_reader (self, db);
  return settle (error, &local_error);
}

gboolean
lk_transfer_record (LkDb *db, const LkTransferEntry *entry, gint64 *id, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO transfer (file_id, kind, is_written, path, store_id, request_id,"
                    "  at, created_at, n_rows, n_done, n_failed, n_open, is_sealed, note)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
                    " ON CONFLICT (file_id, is_written) DO UPDATE SET path = ?4, at = ?7,"
                    "  n_done = n_done + ?10, n_failed = ?11, n_open = ?12, note = ?14"
                    "  WHERE ?10 > 0 OR (note IS NOT NULL AND ?14 IS NULL)",
                    "ssisssiiiiiiis", entry->file_id, entry->kind, (gint64) entry->is_written,
                    entry->path, entry->store_id, entry->request_id, entry->at, entry->created_at,
                    (gint64) entry->n_rows, (gint64) entry->n_done, (gint64) entry->n_failed,
                    (gint64) entry->n_open, (gint64) entry->is_sealed, entry->note) &&
         lk_db_get_int (db, id, 0, error,
                        "SELECT id FROM transfer WHERE file_id = ?1 AND is_written = ?2", "si",
                        entry->file_id, (gint64) entry->is_written);
}

typedef struct
{
  const LkTransferEntry *entry;
  GPtrArray *lines;
  gint64 id;
} Record;

static gboolean
record (LkDb *db, gpointer user_data, GError **error)
{
  Record *self = user_data;

  if (!lk_transfer_record (db, self->entry, &self->id, error))
    return FALSE;
  for (guint i = 0; self->lines != NULL && i < self->lines->len; i++)
    {
      const LkTransferLine *line = g_ptr_array_index (self->lines, i);

      if (!lk_db_run (db, error,
                      "INSERT INTO transfer_row (transfer_id, place, row_id, iid, epid,"
                      "  key_identity) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                      "iiisss", self->id, (gint64) i, line->row_id, line->iid, line->epid,
                      line->key_identity))
        return FALSE;
    }

  return TRUE;
}

gboolean
lk_store_record_transfer (LkStore *self,
                          const LkTransferEntry *entry,
                          GPtrArray *lines,
                          gint64 *id,
                          GError **error)
{
  Record question = { entry, lines, 0 };
  gboolean done = lk_store_write (self, record, &question, error);

  if (id != NULL)
    *id = question.id;
  return done;
}

#define IS_ASKED                                                                                   \
  "EXISTS (SELECT 1 FROM transfer_row AS r JOIN transfer AS t ON t.id = r.transfer_id"             \
  " WHERE r.key_identity = %s AND r.iid = %s AND r.state = 'open'"                                 \
  " AND t.is_written = 1 AND t.is_dropped = 0)"

static gboolean
judge_lines (LkDb *db, GPtrArray *lines, LkPairState *states, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT (SELECT 1 + is_salvaged FROM confirmation WHERE key_identity = ?1 AND iid = ?2),"
      " EXISTS (SELECT 1 FROM spend WHERE key_identity = ?1 AND iid = ?2"
      "  AND state IN ('sent', 'unknown')), " IS_ASKED,
      "?1", "?2");

  for (guint i = 0; i < lines->len; i++)
    {
      const LkTransferLine *line = g_ptr_array_index (lines, i);
      g_autoptr (LkQuery) query = lk_db_query (db, error, sql, "ss", line->key_identity, line->iid);

      if (query == NULL || !lk_query_next (query, error))
        return FALSE;
      if (lk_query_int (query, 0) != 0)
        states[i] = lk_query_int (query, 0) == 1 ? LK_PAIR_ON_RECORD : LK_PAIR_SALVAGED;
      else if (lk_query_int (query, 1) != 0)
        states[i] = LK_PAIR_IN_FLIGHT;
      else
        states[i] = lk_query_int (query, 2) != 0 ? LK_PAIR_ASKED : LK_PAIR_FREE;
    }

  return TRUE;
}

gboolean
lk_store_judge_lines (LkStore *self, GPtrArray *lines, LkPairState *states, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && judge_lines (db, lines, states, error);

  lk_store_return_reader (self, db);
  return done;
}

/* Products that could be activated by a confirmation ID, one by one: has one, is asked for in a
 * request, or none of it. */
#define WITHOUT_LICENCE                                                                            \
  "FROM product AS p WHERE p.hidden = 0 AND p.iid IS NOT NULL AND p.key_identity IS NOT NULL"      \
  " AND p.partial_key IS NOT NULL AND p.key_kind <> 'gvlk' AND p.status <> 1"

static gboolean
count_products (LkDb *db, LkTransferCounts *out, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT CASE WHEN EXISTS (SELECT 1 FROM confirmation AS c WHERE c.key_identity ="
      "   p.key_identity AND c.iid = p.iid) THEN 0"
      "  WHEN " IS_ASKED " THEN 1"
      "  WHEN EXISTS (SELECT 1 FROM spend AS s WHERE s.key_identity = p.key_identity"
      "   AND s.iid = p.iid AND s.state IN ('sent', 'unknown')) THEN 3"
      "  ELSE 2 END AS hop, count (*) " WITHOUT_LICENCE " GROUP BY hop",
      "p.key_identity", "p.iid");
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (db, error, sql, "");
  guint *const counts[] = { &out->n_to_deposit, &out->n_outstanding, &out->n_to_request };

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    if (lk_query_int (query, 0) < (gint64) G_N_ELEMENTS (counts))
      *counts[lk_query_int (query, 0)] = (guint) lk_query_int (query, 1);
  return settle (error, &local_error);
}

gboolean
lk_store_count_transfers (LkStore *self, LkTransferCounts *out, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gint64 n_to_answer = 0;
  gboolean done;

  *out = (LkTransferCounts){ 0 };
  /* Answered is what an answer that was written says. */
  done = db != NULL && count_products (db, out, error) &&
         lk_db_get_int (db, &n_to_answer, 0, error,
                        "SELECT sum (coalesce ((SELECT a.n_open FROM transfer AS a"
                        "   WHERE a.request_id = t.file_id AND a.is_written = 1"
                        "   ORDER BY a.created_at DESC, a.id DESC LIMIT 1), t.n_rows))"
                        " FROM transfer AS t WHERE t.kind = 'request' AND t.is_written = 0"
                        " AND t.is_dropped = 0",
                        "");
  out->n_to_answer = (guint) n_to_answer;
  lk_store_return_reader (self, db);
  return done;
}

static gboolean
drop_request (LkDb *db, gpointer user_data, GError **error)
{
  gint64 id = *(gint64 *) user_data;

  return lk_db_run (db, error,
                    "DELETE FROM spend WHERE state = 'reserved' AND EXISTS (SELECT 1"
                    "  FROM transfer_row AS r WHERE r.transfer_id = ?1 AND r.is_wanted = 1"
                    "  AND r.iid = spend.iid AND r.key_identity = spend.key_identity)"
                    " AND NOT EXISTS (SELECT 1 FROM transfer_row AS o WHERE o.transfer_id <> ?1"
                    "  AND o.is_wanted = 1 AND o.iid = spend.iid"
                    "  AND o.key_identity = spend.key_identity)"
                    " AND NOT EXISTS (SELECT 1 FROM item AS i"
                    "  WHERE i.key_identity = spend.key_identity AND i.iid = spend.iid"
                    "  AND i.state IN ('ready', 'running', 'parked', 'paused'))",
                    "i", id) &&
         lk_db_run (
             db, error,
             "UPDATE transfer_row SET is_wanted = 0 WHERE transfer_id = ?1 AND is_wanted = 1", "i",
             id) &&
         lk_db_run (db, error, "UPDATE transfer SET is_dropped = 1 WHERE id = ?1", "i", id);
}

gboolean
lk_store_drop_request (LkStore *self, gint64 transfer_id, GError **error)
{
  return lk_store_write (self, drop_request, &transfer_id, error);
}
