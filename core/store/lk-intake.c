/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-intake-private.h"

#include "domain/lk-identifiers.h"
#include "domain/lk-tag.h"
#include "ledger/lk-adopt.h"
#include "store/lk-spends.h"
#include "store/lk-transfers.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

/* KiB of pages kept while a file is taken in, and what SQLite keeps otherwise. With less, each
 * index goes through the journal many times in one transaction. */
#define PAGES_OF_INTAKE "PRAGMA cache_size = -32768"
#define PAGES_OTHERWISE "PRAGMA cache_size = -2000"

void
lk_intake_tally_clear (LkIntakeTally *self)
{
  g_clear_pointer (&self->remarks, g_ptr_array_unref);
}

static gboolean
is_awaited (LkDb *db)
{
  gint64 n = 1;

  lk_db_get_int (db, &n, 0, NULL, "SELECT EXISTS (SELECT 1 FROM item WHERE state = 'parked')", "");
  return n != 0;
}

LkIntake *
lk_intake_new (LkDb *db, const char *store_id, gboolean is_own, LkIntakeTally *tally)
{
  LkIntake *self = g_new0 (LkIntake, 1);

  lk_db_exec (db, PAGES_OF_INTAKE, NULL);
  self->db = db;
  self->store_id = g_strdup (store_id);
  self->is_own = is_own;
  self->tally = tally;
  self->is_awaited = is_awaited (db);
  self->here = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  self->taken = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

void
lk_intake_free (LkIntake *self)
{
  if (self == NULL)
    return;
  lk_db_exec (self->db, PAGES_OTHERWISE, NULL);
  g_free (self->store_id);
  g_hash_table_unref (self->here);
  g_hash_table_unref (self->taken);
  g_free (self);
}

void
lk_intake_remark (LkIntake *self, char *text)
{
  if (self->tally->remarks->len < LK_INTAKE_MAX_REMARKS)
    g_ptr_array_add (self->tally->remarks, text);
  else
    g_free (text);
}

void
lk_intake_note_conflict (LkIntake *self, char *text)
{
  self->tally->n_conflicts++;
  lk_intake_remark (self, text);
}

gint64
lk_intake_get_machine (LkIntake *self, gint64 there)
{
  const gint64 *here = g_hash_table_lookup (self->here, &there);

  return here != NULL ? *here : 0;
}

gint64
lk_intake_need_machine (LkIntake *self, gint64 there, const char *what)
{
  gint64 here = lk_intake_get_machine (self, there);

  if (here != 0)
    return here;

  self->tally->n_bad++;
  lk_intake_remark (self, g_strdup_printf (_ ("A %s belongs to machine %" PRId64
                                              ", which was not taken; left out"),
                                           what, there));
  return 0;
}

int
lk_intake_begin_row (LkIntake *self)
{
  return sqlite3_total_changes (lk_db_get_handle (self->db));
}

void
lk_intake_end_row (LkIntake *self, int begun)
{
  self->tally->n_changed += sqlite3_total_changes (lk_db_get_handle (self->db)) != begun ? 1 : 0;
}

gboolean
lk_intake_note_once (LkIntake *self, gint64 machine_id, const LkEvent *event, GError **error)
{
  return lk_db_run (self->db, error,
                    "INSERT INTO event (at, machine_id, job_id, step, outcome, message, code)"
                    " SELECT ?1, ?2, 0, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM event"
                    "  WHERE machine_id = ?2 AND at = ?1 AND step = ?3 AND outcome = ?4"
                    "  AND message IS ?5 AND code = ?6)",
                    "iisssi", event->at, machine_id, event->step, event->outcome, event->message,
                    (gint64) event->code);
}

gboolean
lk_intake_add_event (LkIntake *self, const LkEvent *event, GError **error)
{
  int begun = lk_intake_begin_row (self);
  gint64 here = 0;

  if (event->machine_id != 0)
    {
      here = lk_intake_need_machine (self, event->machine_id, _ ("line of the timeline"));
      if (here == 0)
        return TRUE;
    }
  if (!lk_intake_note_once (self, here, event, error))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}

gboolean
lk_intake_add_alias (LkIntake *self, gint64 machine, const char *alias, GError **error)
{
  int begun = lk_intake_begin_row (self);
  gint64 here = lk_intake_need_machine (self, machine, _ ("name"));

  if (here == 0)
    return TRUE;
  if (!lk_db_run (self->db, error,
                  "INSERT OR IGNORE INTO machine_alias (alias, machine_id) VALUES (?1, ?2)", "si",
                  alias, here))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}

gboolean
lk_intake_add_tag (LkIntake *self, gint64 machine, const char *tag, GError **error)
{
  int begun = lk_intake_begin_row (self);
  gint64 here = lk_intake_need_machine (self, machine, _ ("tag"));

  if (here == 0)
    return TRUE;
  if (!lk_db_run (self->db, error,
                  "INSERT OR IGNORE INTO machine_tag (machine_id, tag) SELECT ?1, ?2"
                  " WHERE (SELECT count (*) FROM machine_tag WHERE machine_id = ?1) < ?3",
                  "isi", here, tag, (gint64) LK_TAGS_MAX))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}

gboolean
lk_intake_keep_apart (LkIntake *self, gint64 first, gint64 second, GError **error)
{
  int begun = lk_intake_begin_row (self);
  gint64 a = lk_intake_need_machine (self, first, _ ("split"));
  gint64 b = a != 0 ? lk_intake_need_machine (self, second, _ ("split")) : 0;

  if (b == 0 || a == b)
    return TRUE;
  if (!lk_db_run (self->db, error,
                  "INSERT OR IGNORE INTO machine_apart (first_id, second_id)"
                  " VALUES (min (?1, ?2), max (?1, ?2))",
                  "ii", a, b))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}

static gboolean
insert_product (LkIntake *self,
                gint64 here,
                const LkProduct *product,
                gint64 read_at,
                gboolean is_hidden,
                GError **error)
{
  g_autofree char *key_identity = lk_key_identity_from_epid (product->epid);

  /* What a later reading of the machine did not find has lost its key. */
  return lk_db_run (
      self->db, error,
      "INSERT INTO product (machine_id, application_id, activation_id, name, description, edition,"
      "  key_kind, partial_key, epid, key_identity, iid, status, status_reason, grace_minutes,"
      "  is_addon, kms_machine, kms_port, read_at, hidden)"
      " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, CASE WHEN h THEN NULL ELSE ?8 END, ?9, ?10, ?11, ?12,"
      "  ?13, ?14, ?15, ?16, ?17, ?18, h FROM (SELECT ?19 OR ?18 < read_at AS h FROM machine"
      "   WHERE id = ?1) WHERE 1"
      " ON CONFLICT (machine_id, application_id, activation_id) DO UPDATE SET"
      "  name = excluded.name, description = excluded.description, edition = excluded.edition,"
      "  key_kind = excluded.key_kind, partial_key = excluded.partial_key, epid = excluded.epid,"
      "  key_identity = excluded.key_identity, iid = excluded.iid, status = excluded.status,"
      "  status_reason = excluded.status_reason, grace_minutes = excluded.grace_minutes,"
      "  is_addon = excluded.is_addon, kms_machine = excluded.kms_machine,"
      "  kms_port = excluded.kms_port, read_at = excluded.read_at, hidden = excluded.hidden"
      " WHERE excluded.read_at > product.read_at",
      "issssssssssiiiisiii", here, product->application_id, product->activation_id, product->name,
      product->description, product->edition, lk_key_kind_to_word (product->key_kind),
      product->partial_key, product->epid, key_identity, product->iid, (gint64) product->status,
      (gint64) product->status_reason, (gint64) product->grace_minutes, (gint64) product->is_addon,
      product->kms_machine, (gint64) product->kms_port, read_at, (gint64) is_hidden);
}

gboolean
lk_intake_add_product (LkIntake *self,
                       const LkProduct *product,
                       gint64 read_at,
                       gboolean is_hidden,
                       GError **error)
{
  int begun = lk_intake_begin_row (self);
  gint64 here = lk_intake_need_machine (self, product->machine_id, _ ("product"));

  if (here == 0)
    return TRUE;
  if (!insert_product (self, here, product, read_at, is_hidden, error))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}

gboolean
lk_intake_add_pool (LkIntake *self,
                    const char *key_identity,
                    gint64 remaining,
                    gint64 checked_at,
                    guint32 blocked_code,
                    gint64 now,
                    GError **error)
{
  LkAdoption adoption;

  if (!lk_ledger_adopt_pool (self->db, key_identity, remaining, checked_at, blocked_code, &adoption,
                             error))
    return FALSE;
  if (adoption != LK_ADOPT_TAKEN)
    return TRUE;

  self->tally->n_changed++;
  return lk_spends_wake_waiting (self->db, key_identity, now, error);
}

gboolean
lk_intake_add_spend (LkIntake *self,
                     const LkSpend *spend,
                     gint64 created_at,
                     gint64 settled_at,
                     gint64 now,
                     GError **error)
{
  LkAdoption adoption;

  if (!lk_ledger_adopt_spend (self->db, spend, created_at, settled_at, self->is_own, &adoption,
                              error))
    return FALSE;

  self->tally->n_reserved += adoption == LK_ADOPT_LEFT ? 1 : 0;
  if (adoption != LK_ADOPT_TAKEN)
    return TRUE;

  self->tally->n_changed++;
  return spend->state != LK_SPEND_CONFIRMED || !self->is_awaited ||
         lk_spends_wake_items (self->db, spend->key_identity, spend->iid, now, error);
}

/* The one that lost stays readable in the timeline of the machine that it is for. */
static gboolean
note_other_cid (LkIntake *self,
                const char *key_identity,
                const char *iid,
                const char *cid,
                const char *here,
                gint64 created_at,
                GError **error)
{
  g_autofree char *message = g_strdup_printf (
      _ ("An inventory has another confirmation ID for installation ID %s: %s; %s stays"), iid, cid,
      here);
  const LkEvent event = { .at = created_at,
                          .step = (char *) LK_STEP_IMPORT,
                          .outcome = (char *) "differs",
                          .message = message };
  gint64 machine = 0;

  lk_intake_note_conflict (
      self, g_strdup_printf (_ ("Key %s, installation ID %s: the file has another confirmation ID;"
                                " the one on record stays"),
                             key_identity, iid));
  return lk_db_get_int (self->db, &machine, 0, error,
                        "SELECT machine_id FROM product WHERE key_identity = ?1 AND iid = ?2", "ss",
                        key_identity, iid) &&
         lk_intake_note_once (self, machine, &event, error);
}

gboolean
lk_intake_add_confirmation (LkIntake *self,
                            const char *key_identity,
                            const char *iid,
                            const char *cid,
                            LkMethod method,
                            gboolean is_salvaged,
                            gint64 created_at,
                            gint64 now,
                            GError **error)
{
  g_autofree char *here = NULL;
  LkAdoption adoption;
  int begun = lk_intake_begin_row (self);

  if (!lk_ledger_adopt_confirmation (self->db, key_identity, iid, cid, method, is_salvaged,
                                     created_at, &adoption, &here, error))
    return FALSE;

  self->tally->n_cids_new += adoption == LK_ADOPT_TAKEN ? 1 : 0;
  self->tally->n_cids_known += adoption == LK_ADOPT_KNOWN ? 1 : 0;
  self->tally->n_cids_differ += adoption == LK_ADOPT_DIFFERS ? 1 : 0;
  if (adoption == LK_ADOPT_DIFFERS &&
      !note_other_cid (self, key_identity, iid, cid, here, created_at, error))
    return FALSE;
  if (adoption == LK_ADOPT_TAKEN && !lk_spends_wake_items (self->db, key_identity, iid, now, error))
    return FALSE;

  lk_intake_end_row (self, begun);
  return TRUE;
}

static gboolean
fill_key (LkIntake *self, const LkKeyRow *row, gint64 id, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (self->db, error, "SELECT remarks FROM product_key WHERE id = ?1", "i", id);

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;
  if (lk_query_text (query, 0) != NULL && row->remarks != NULL &&
      !g_str_equal (lk_query_text (query, 0), row->remarks))
    lk_intake_note_conflict (
        self, g_strdup_printf (_ ("The product key that ends in %s has other remarks in the file"
                                  " (“%s”); those on record stay"),
                               row->last_five, row->remarks));
  g_clear_pointer (&query, lk_query_free);

  return lk_db_run (self->db, error,
                    "UPDATE product_key SET key_identity = coalesce (key_identity, ?2),"
                    " epid = coalesce (epid, ?3), remarks = coalesce (remarks, ?4) WHERE id = ?1"
                    " AND ((key_identity IS NULL AND ?2 IS NOT NULL)"
                    "  OR (epid IS NULL AND ?3 IS NOT NULL)"
                    "  OR (remarks IS NULL AND ?4 IS NOT NULL))",
                    "isss", id, row->key_identity, row->epid, row->remarks);
}

gboolean
lk_intake_add_key (LkIntake *self, const LkKeyRow *row, GError **error)
{
  int begun = lk_intake_begin_row (self);
  gboolean is_new;
  gint64 id;

  if (!lk_keys_add (self->db, row, row->created_at, &id, &is_new, error) ||
      (!is_new && !fill_key (self, row, id, error)))
    return FALSE;

  self->tally->n_keys_new += is_new ? 1 : 0;
  self->tally->n_keys_known += is_new ? 0 : 1;
  lk_intake_end_row (self, begun);
  return TRUE;
}
