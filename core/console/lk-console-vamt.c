/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-keys.h"
#include "console/lk-console-private.h"
#include "console/lk-transfer-private.h"
#include "transfer/lk-vamt-file.h"

#include <glib/gi18n-lib.h>

/* What VAMT's files bring: computers as from a list, product keys as if they were typed. */

#define BATCH 500

typedef struct
{
  LkConsole *console;
  LkImportResult *result;
  LkVamtReport *report; /* takes the faults */
  gboolean dry_run;
  GPtrArray *sightings; /* not added yet */
  GHashTable *owned;    /* on a dry run: fingerprints of the keys that are owned */
} Taking;

static void
taking_clear (Taking *self)
{
  g_clear_pointer (&self->sightings, g_ptr_array_unref);
  g_clear_pointer (&self->owned, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Taking, taking_clear)

static gboolean
look_up (Taking *self, GError **error)
{
  g_autofree gboolean *known = g_new0 (gboolean, self->sightings->len);

  if (!lk_store_find_known (lk_console_get_store (self->console, NULL), self->sightings, known,
                            error))
    return FALSE;
  for (guint i = 0; i < self->sightings->len; i++)
    {
      self->result->n_machines_new += known[i] ? 0 : 1;
      self->result->n_machines_merged += known[i] ? 1 : 0;
    }
  return TRUE;
}

static gboolean
add (Taking *self, GError **error)
{
  guint n_added = 0;
  guint n_known = 0;

  if (!lk_store_add_machines (lk_console_get_store (self->console, NULL), self->sightings,
                              lk_console_now (self->console), &n_added, &n_known, error))
    return FALSE;

  self->result->n_machines_new += n_added;
  self->result->n_machines_merged += n_known;
  return TRUE;
}

static gboolean
flush (Taking *self, GError **error)
{
  gboolean done = self->sightings->len == 0 || (self->dry_run ? look_up : add) (self, error);

  g_ptr_array_set_size (self->sightings, 0);
  return done;
}

static gboolean
take_computer (const LkSighting *sighting, gpointer user_data, GError **error)
{
  Taking *self = user_data;

  g_ptr_array_add (self->sightings, lk_sighting_copy (sighting));
  return self->sightings->len < BATCH || flush (self, error);
}

static GHashTable *
list_owned (LkConsole *console, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_keys (console, error);
  GHashTable *owned;

  if (rows == NULL)
    return NULL;
  owned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_add (owned,
                      g_strdup (((const LkKeyRow *) g_ptr_array_index (rows, i))->fingerprint));
  return owned;
}

static gboolean
judge_key (Taking *self, const LkSecret *key, gboolean *is_new, GError **error)
{
  LkVault *vault = lk_console_get_vault (self->console, error);
  g_autoptr (LkKeyRow) draft =
      vault != NULL ? lk_console_draft_key (vault, lk_secret_peek (key), error) : NULL;

  if (draft == NULL)
    return FALSE;
  if (self->owned == NULL)
    self->owned = list_owned (self->console, error);
  if (self->owned == NULL)
    return FALSE;

  *is_new = g_hash_table_add (self->owned, g_strdup (draft->fingerprint));
  return TRUE;
}

static gboolean
take_key (const LkSecret *key, const char *remarks, guint line, gpointer user_data, GError **error)
{
  Taking *self = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkKeyRow) row = NULL;
  gboolean is_new = FALSE;
  gboolean done;

  if (!lk_console_check_remarks (remarks, NULL))
    {
      lk_vamt_report_add_fault (self->report, line,
                                _ ("the remarks of a product key are too long; it was taken"
                                   " without"));
      self->report->n_faults--; /* the row itself is good */
      remarks = NULL;
    }
  done = self->dry_run
             ? judge_key (self, key, &is_new, &local_error)
             : lk_console_add_key (self->console, key, remarks, &row, &is_new, &local_error);
  if (done)
    {
      self->result->n_keys_new += is_new ? 1 : 0;
      self->result->n_keys_known += is_new ? 0 : 1;
      return TRUE;
    }
  if (g_error_matches (local_error, LK_ERROR, LK_ERROR_INVALID))
    {
      lk_vamt_report_add_fault (self->report, line, local_error->message);
      return TRUE;
    }

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static void
take_report (LkImportResult *result, LkVamtReport *report)
{
  g_autoptr (GPtrArray) parts = lk_vamt_report_list_parts (report);

  result->is_vamt = TRUE;
  result->n_rows = report->n_computers + report->n_keys;
  result->n_bad = report->n_faults;
  for (guint i = 0; i < parts->len; i++)
    g_ptr_array_add (report->faults, g_strdup_printf (_ ("Not taken from VAMT's file: %s"),
                                                      (char *) g_ptr_array_index (parts, i)));
  g_ptr_array_unref (result->remarks);
  result->remarks = g_steal_pointer (&report->faults);
}

LkImportResult *
lk_console_import_vamt (LkConsole *self, const char *path, gboolean dry_run, GError **error)
{
  static const LkVamtFuncs nobody = { NULL, NULL, NULL };
  g_auto (LkVamtReport) whole = { .n_faults = 0 };
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_autoptr (LkImportResult) result = lk_import_result_new (LK_TRANSFER_INVENTORY);
  g_auto (Taking)
      taking = { .console = self, .result = result, .report = &report, .dry_run = dry_run };
  const LkVamtFuncs funcs = { take_computer, take_key, &taking };

  /* Read to its end once, so that nothing is taken from a file that breaks off. */
  if (lk_console_get_store (self, error) == NULL ||
      !lk_vamt_read_file (path, &nobody, &whole, error))
    return NULL;

  taking.sightings = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  if (!lk_vamt_read_file (path, &funcs, &report, error) || !flush (&taking, error))
    return NULL;

  take_report (result, &report);
  return g_steal_pointer (&result);
}
