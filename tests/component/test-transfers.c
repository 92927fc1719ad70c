/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "console/lk-console-transfer.h"
#include "console/lk-transfer-figures.h"
#include "domain/lk-practice.h"
#include "lk-test-fleet.h"
#include "store/lk-spends.h"
#include "transfer/lk-transfer-lines.h"

#include <glib/gstdio.h>
#include <string.h>

/* The three hops between two stores, with the backend's words put into their mouths. */

#define KEY  "90001-009000002"
#define EPID "12345-90001-009-000002-03-1033-19045.0000-1942026"

typedef struct
{
  LkTestFleet *fleet; /* of the lab */
  LkConsole *lab;
  LkConsole *core;
  LkClock clock;
  gint64 now;
  char *request;
  char *answer;
} Fixture;

static gint64
tell_time (gpointer user_data)
{
  return ((Fixture *) user_data)->now++;
}

static char *
make_iid (guint number)
{
  return g_strdup_printf ("%054u", 100000 + number);
}

static void
add_product (Fixture *f, guint number)
{
  g_autofree char *name = g_strdup_printf ("pc-%u", number);
  gint64 id = lk_test_fleet_add (f->fleet, name, NULL);
  LkReading *reading = lk_test_reading_new (id, name);
  LkProduct *product = lk_test_reading_add (reading, FALSE, LK_LICENSE_NOTIFICATION, 0);

  g_free (product->iid);
  g_free (product->epid);
  product->iid = make_iid (number);
  product->epid = g_strdup (EPID);
  product->key_kind = LK_KEY_MAK;
  lk_test_fleet_read (f->fleet, id, f->now, reading);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *core = NULL;

  f->now = LK_TEST_NOW;
  f->clock = (LkClock){ tell_time, f };
  f->fleet = lk_test_fleet_new ();
  core = g_build_filename (f->fleet->folder, "core.db", NULL);
  f->request = g_build_filename (f->fleet->folder, "request.xml", NULL);
  f->answer = g_build_filename (f->fleet->folder, "request-answer.xml", NULL);
  f->lab = lk_console_new (f->fleet->path, &f->clock);
  f->core = lk_console_new (core, &f->clock);
  for (guint i = 1; i <= 4; i++)
    add_product (f, i);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lk_console_free (f->lab);
  lk_console_free (f->core);
  g_free (f->request);
  g_free (f->answer);
  lk_test_fleet_free (f->fleet);
}

static LkExportResult
export_as (Fixture *f, gboolean again, const LkSecret *passphrase)
{
  const LkChoice all = { 0 };
  g_autoptr (GPtrArray) rows = lk_console_list_rows (f->lab, &all, NULL, NULL);
  const LkExportOrder order = {
    .path = f->request,
    .rows = rows,
    .again = again,
    .passphrase = passphrase,
  };
  LkExportResult result;
  g_autoptr (GError) error = NULL;

  lk_console_export_request (f->lab, &order, &result, &error);
  g_assert_no_error (error);
  return result;
}

static LkExportResult
export_all (Fixture *f, gboolean again)
{
  return export_as (f, again, NULL);
}

static LkTransferSource *
open_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  LkTransferSource *source = lk_transfer_source_open (path, NULL, FALSE, &error);

  g_assert_no_error (error);
  return source;
}

/* What answering would do. */
static LkAnswerPlan *
preview (Fixture *f)
{
  g_autoptr (LkTransferSource) request = open_file (f->request);

  return lk_console_preview_answer (f->core, request, FALSE, NULL);
}

static gint64
take (Fixture *f, gboolean again)
{
  gint64 transfer = 0;
  g_autoptr (LkTransferSource) request = open_file (f->request);
  g_autoptr (GError) error = NULL;

  lk_console_take_request (f->core, request, TRUE, again, &transfer, &error);
  g_assert_no_error (error);
  return transfer;
}

static LkStore *
core_store (Fixture *f)
{
  return lk_console_get_store (f->core, NULL);
}

/* What the courier would send for a request (0: for anybody), at most @max; the backend says yes
 * (@code 0) or no. */
static guint
settle (Fixture *f, gint64 transfer, guint max, guint32 code, gboolean stops_key)
{
  LkStore *store = core_store (f);
  g_autoptr (GPtrArray) due =
      transfer != 0 ? lk_store_list_due_spends_of_request (store, transfer, f->now, max, NULL)
                    : lk_store_list_due_spends (store, 0, f->now, max, NULL);
  g_autoptr (GPtrArray) answers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_spend_answer_free);
  g_autoptr (GError) error = NULL;

  lk_store_mark_spends_sent (store, due, f->now, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < due->len; i++)
    {
      LkSpendAnswer *answer = g_new0 (LkSpendAnswer, 1);

      answer->spend = g_ptr_array_index (due, i);
      answer->kind = code == 0 ? LK_SPEND_ANSWER_CONFIRMED : LK_SPEND_ANSWER_REFUSED;
      answer->cid = code == 0 ? lk_practice_cid (answer->spend->iid, KEY) : NULL;
      answer->remaining = -1;
      answer->code = code;
      answer->message = code != 0 ? g_strdup ("refused in a test") : NULL;
      answer->stops_key = stops_key;
      g_ptr_array_add (answers, answer);
    }
  lk_store_settle_answers (store, answers, f->now, &error);
  g_assert_no_error (error);
  return due->len;
}

static void
write_answer (Fixture *f, gint64 transfer)
{
  g_autoptr (GError) error = NULL;

  lk_console_write_answer (f->core, transfer, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static LkImportResult *
import (Fixture *f, const char *path, gboolean salvage)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferSource) source = lk_transfer_source_open (path, NULL, salvage, &error);
  LkImportResult *result =
      source != NULL ? lk_console_import (f->lab, source, FALSE, &error) : NULL;

  g_assert_no_error (error);
  return result;
}

static gint64
get_int (LkConsole *console, const char *sql)
{
  LkStore *store = lk_console_get_store (console, NULL);
  LkDb *db = lk_store_borrow_reader (store, NULL);
  gint64 number = 0;

  g_assert_true (lk_db_get_int (db, &number, 0, NULL, sql, ""));
  lk_store_return_reader (store, db);
  return number;
}

static void
test_circle (Fixture *f, gconstpointer data)
{
  LkTransferState state;
  LkExportResult result = export_all (f, FALSE);
  g_autoptr (LkAnswerPlan) plan = NULL;
  g_autoptr (LkImportResult) first = NULL;
  g_autoptr (LkImportResult) second = NULL;
  gint64 transfer;

  g_assert_cmpuint (result.n_written, ==, 4);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM spend"), ==, 0);
  result = export_all (f, FALSE);
  g_assert_cmpuint (result.n_outstanding, ==, 4);
  g_assert_true (lk_console_get_transfer_state (f->lab, &state, NULL));
  g_assert_cmpint (state.next, ==, LK_HOP_IMPORT);
  g_assert_cmpuint (state.n_outstanding, ==, 4);

  /* A look reserves nothing; taking it twice reserves once. */
  plan = preview (f);
  g_assert_cmpuint (plan->n_to_spend, ==, 4);
  g_assert_cmpuint (plan->n_unknown_pool, ==, 4);
  g_assert_cmpint (get_int (f->core, "SELECT count (*) FROM spend"), ==, 0);
  transfer = take (f, FALSE);
  g_assert_cmpint (take (f, FALSE), ==, transfer);
  g_assert_cmpint (get_int (f->core, "SELECT count (*) FROM spend WHERE state = 'reserved'"), ==,
                   4);
  g_assert_true (lk_console_get_transfer_state (f->core, &state, NULL));
  g_assert_cmpint (state.next, ==, LK_HOP_ANSWER);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 4);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 0);
  write_answer (f, transfer);
  g_assert_true (lk_console_get_transfer_state (f->core, &state, NULL));
  g_assert_cmpint (state.next, ==, LK_HOP_NONE);

  first = import (f, f->answer, FALSE);
  g_assert_cmpuint (first->n_new, ==, 4);
  g_assert_cmpuint (first->keys->len, ==, 4);
  second = import (f, f->answer, FALSE);
  g_assert_cmpuint (second->n_new, ==, 0);
  g_assert_cmpuint (second->n_known, ==, 4);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM spend WHERE state = 'confirmed'"), ==,
                   4);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM event WHERE step = 'import'"), ==, 4);
  g_assert_true (lk_console_get_transfer_state (f->lab, &state, NULL));
  g_assert_cmpint (state.next, ==, LK_HOP_DEPOSIT);
  g_assert_cmpuint (state.n_to_deposit, ==, 4);
}

/* The courier of whoever runs all jobs sends it, too; a job that is cancelled does not take it
 * away, dropping the request does. */
static void
test_reservations (Fixture *f, gconstpointer data)
{
  gint64 transfer;

  export_all (f, FALSE);
  transfer = take (f, FALSE);
  g_assert_cmpuint (settle (f, 0, 1, 0, FALSE), ==, 1);
  g_assert_true (lk_console_drop_request (f->core, transfer, NULL));
  g_assert_cmpint (get_int (f->core, "SELECT count (*) FROM spend"), ==, 1); /* that was sent */
  g_assert_cmpint (get_int (f->core, "SELECT sum (n_open) FROM pool"), ==, 0);
  g_assert_cmpint (take (f, FALSE), ==, transfer);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 3);
}

static gboolean
set_room (LkDb *db, gpointer user_data, GError **error)
{
  return lk_ledger_set_remaining (db, KEY, *(gint64 *) user_data, LK_TEST_NOW, error);
}

static void
assert_progress (Fixture *f, gint64 transfer, guint n_done, guint n_open, gboolean is_settled)
{
  g_autoptr (LkTransferRow) row = NULL;
  gboolean was_settled = !is_settled;

  g_assert_true (lk_console_get_request_progress (f->core, transfer, &row, &was_settled, NULL));
  g_assert_cmpuint (row->n_done, ==, n_done);
  g_assert_cmpuint (row->n_open, ==, n_open);
  g_assert_cmpint (was_settled, ==, is_settled);
}

/* What finds no room is not waited for, and is tried again when the request is taken again. */
static void
test_no_room (Fixture *f, gconstpointer data)
{
  g_autoptr (LkTransferSource) request = NULL;
  g_autoptr (LkAnswerPlan) plan = NULL;
  gint64 room = 3;
  gint64 transfer = 0;

  export_all (f, FALSE);
  request = open_file (f->request);
  g_assert_true (lk_console_take_request (f->core, request, FALSE, FALSE, &transfer, NULL));
  assert_progress (f, transfer, 0, 4, TRUE); /* nobody agreed to spend of an unknown pool */

  g_assert_true (lk_store_write (core_store (f), set_room, &room, NULL));
  plan = preview (f);
  g_assert_cmpuint (plan->n_to_spend, ==, 3);
  g_assert_cmpuint (plan->n_no_room, ==, 1);
  g_assert_cmpuint (plan->n_unknown_pool, ==, 0);
  take (f, FALSE);
  assert_progress (f, transfer, 0, 4, FALSE);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 3);
  assert_progress (f, transfer, 3, 1, TRUE);

  room = 100;
  g_assert_true (lk_store_write (core_store (f), set_room, &room, NULL));
  take (f, FALSE);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 1);
  assert_progress (f, transfer, 4, 0, TRUE);
}

/* A refusal is shown and may be asked for again; an older file undoes nothing newer. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *early = g_build_filename (f->fleet->folder, "early.xml", NULL);
  g_autofree char *refused = g_build_filename (f->fleet->folder, "refused.xml", NULL);
  g_autoptr (LkImportResult) result = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  gint64 transfer;

  export_all (f, FALSE);
  transfer = take (f, FALSE);
  write_answer (f, transfer); /* all open */
  g_assert_cmpint (g_rename (f->answer, early), ==, 0);
  g_assert_cmpuint (settle (f, transfer, 2, 0xC004C017, FALSE), ==, 2);
  g_assert_cmpuint (settle (f, transfer, 2, 0, FALSE), ==, 2);
  write_answer (f, transfer);
  g_assert_cmpint (g_rename (f->answer, refused), ==, 0);

  result = import (f, refused, FALSE);
  g_assert_cmpuint (result->n_errors, ==, 2);
  g_assert_cmpuint (result->n_new, ==, 2);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM machine WHERE last_ok = 0"
                                    " AND last_code = 0xC004C017 AND last_result LIKE"
                                    " '%refused in a test%'"),
                   ==, 2);
  lk_import_result_free (g_steal_pointer (&result));
  result = import (f, early, FALSE);
  g_assert_cmpuint (result->n_open, ==, 2);
  lines = lk_console_list_transfer_lines (f->lab, 1, NULL);
  g_assert_cmpint (((LkTransferLine *) lines->pdata[0])->state, ==, LK_LINE_REFUSED);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM event WHERE step = 'import'"), ==, 4);

  /* Those that were refused are no longer outstanding: a new request asks for them. */
  g_assert_cmpuint (export_all (f, FALSE).n_written, ==, 2);
  transfer = take (f, FALSE);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 0);
  g_assert_cmpint (take (f, TRUE), ==, transfer);
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 2);
  write_answer (f, transfer);
  lk_import_result_free (g_steal_pointer (&result));
  result = import (f, f->answer, FALSE);
  g_assert_cmpuint (result->n_new, ==, 2);
  lk_import_result_free (g_steal_pointer (&result));
  result = import (f, refused, FALSE);
  g_assert_cmpuint (result->n_errors, ==, 0);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM confirmation"), ==, 4);
}

/* A key that the service stopped: its rows are answered with that code, and not waited for. */
static void
test_blocked (Fixture *f, gconstpointer data)
{
  g_autoptr (LkTransferRow) row = NULL;
  g_autoptr (LkImportResult) result = NULL;
  gboolean is_settled = FALSE;
  gint64 transfer;

  export_all (f, FALSE);
  transfer = take (f, FALSE);
  g_assert_cmpuint (settle (f, transfer, 1, 0xC004C003, TRUE), ==, 1);
  g_assert_true (lk_console_get_request_progress (f->core, transfer, &row, &is_settled, NULL));
  g_assert_true (is_settled);
  g_assert_cmpuint (row->n_failed, ==, 4);
  write_answer (f, transfer);
  result = import (f, f->answer, FALSE);
  g_assert_cmpuint (result->n_errors, ==, 4);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM machine WHERE last_code = 0xC004C003"),
                   ==, 4);
}

/* Writes the answer anew, with one row's CID taken from another row, or a row's id moved. */
static void
forge (Fixture *f, const char *path, gboolean swaps_cid)
{
  g_autoptr (LkTransferReader) reader = lk_transfer_reader_open (f->answer, NULL, FALSE, NULL);
  g_autoptr (LkTransferWriter) writer =
      lk_transfer_writer_new (path, lk_transfer_reader_get_head (reader), NULL, NULL);
  g_autofree char *wrong = lk_practice_cid ("1", KEY);
  LkRecord *next;

  for (guint i = 0; (next = lk_transfer_reader_next (reader, NULL)) != NULL; i++)
    {
      g_autoptr (LkRecord) record = next;

      if (i == 0 && swaps_cid)
        lk_record_set (record, "cid", wrong);
      g_assert_true (lk_transfer_writer_add (writer, record, NULL));
    }
  g_assert_true (lk_transfer_writer_finish (writer, NULL));
}

static void
cut (const char *from, const char *to)
{
  g_autofree char *text = NULL;
  char *end;

  g_assert_true (g_file_get_contents (from, &text, NULL, NULL));
  end = strstr (text, "<trailer");
  *end = '\0';
  g_assert_true (g_file_set_contents (to, text, -1, NULL));
}

/* What was salvaged is marked, gives way to what can be trusted, and to nothing else. */
static void
test_salvage (Fixture *f, gconstpointer data)
{
  g_autofree char *forged = g_build_filename (f->fleet->folder, "forged.xml", NULL);
  g_autofree char *broken = g_build_filename (f->fleet->folder, "broken.xml", NULL);
  g_autoptr (LkImportResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 transfer;

  export_all (f, FALSE);
  transfer = take (f, FALSE);
  settle (f, transfer, 10, 0, FALSE);
  write_answer (f, transfer);
  forge (f, forged, TRUE);
  cut (forged, broken);

  g_assert_null (lk_transfer_source_open (broken, NULL, FALSE, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM confirmation"), ==, 0);
  result = import (f, broken, TRUE);
  g_assert_cmpuint (result->n_new, ==, 4);
  g_assert_nonnull (result->fault);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM confirmation WHERE is_salvaged = 1"), ==,
                   4);
  g_assert_cmpuint (export_all (f, FALSE).n_on_record, ==, 4);
  g_assert_cmpuint (export_all (f, TRUE).n_written, ==, 4);

  lk_import_result_free (g_steal_pointer (&result));
  result = import (f, f->answer, FALSE);
  g_assert_cmpuint (result->n_new, ==, 1); /* the wrong one, replaced */
  g_assert_cmpuint (result->n_known, ==, 3);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM confirmation WHERE is_salvaged = 1"), ==,
                   0);
  lk_import_result_free (g_steal_pointer (&result));
  result = import (f, broken, TRUE);
  g_assert_cmpuint (result->n_differs, ==, 1);
  lk_import_result_free (g_steal_pointer (&result));
  result = import (f, forged, FALSE);
  g_assert_cmpuint (result->n_differs, ==, 1);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM spend"), ==, 4);
}

/* A machine that is gone, or has another IID by now: its CID is kept for what it is for. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (LkImportResult) result = NULL;
  gint64 first = 1;
  gint64 transfer;

  export_all (f, FALSE);
  transfer = take (f, FALSE);
  settle (f, transfer, 10, 0, FALSE);
  write_answer (f, transfer);
  g_array_append_val (ids, first);
  g_assert_true (lk_store_forget (f->fleet->store, ids, NULL));
  result = import (f, f->answer, FALSE);
  g_assert_cmpuint (result->n_new, ==, 4);
  g_assert_cmpuint (result->n_gone, ==, 1);
  g_assert_cmpuint (result->keys->len, ==, 3);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM confirmation"), ==, 4);
}

/* A sealed file is opened once for all that is done with it: what was looked at is what is taken,
 * whatever stands at its path by then. */
static void
test_opened_once (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSecret) passphrase = lk_secret_new ("over the gap", -1);
  g_autoptr (LkTransferSource) request = NULL;
  g_autoptr (LkTransferSource) answer = NULL;
  g_autoptr (LkAnswerPlan) plan = NULL;
  g_autoptr (LkAnswerPlan) again = NULL;
  g_autoptr (LkImportResult) look = NULL;
  g_autoptr (LkImportResult) done = NULL;
  gint64 transfer = 0;

  export_as (f, FALSE, passphrase);
  request = lk_transfer_source_open (f->request, passphrase, FALSE, NULL);
  g_assert_nonnull (request);
  g_assert_cmpint (g_remove (f->request), ==, 0);
  plan = lk_console_preview_answer (f->core, request, FALSE, NULL);
  again = lk_console_preview_answer (f->core, request, TRUE, NULL);
  g_assert_true (plan->is_sealed);
  g_assert_cmpuint (plan->n_to_spend, ==, 4);
  g_assert_cmpuint (again->n_to_spend, ==, 4);
  g_assert_true (lk_console_take_request (f->core, request, TRUE, FALSE, &transfer, NULL));
  g_assert_cmpuint (settle (f, transfer, 10, 0, FALSE), ==, 4);

  g_assert_true (lk_console_write_answer (f->core, transfer, NULL, passphrase, NULL, NULL, NULL));
  answer = lk_transfer_source_open (f->answer, passphrase, FALSE, NULL);
  g_assert_nonnull (answer);
  g_assert_cmpint (g_remove (f->answer), ==, 0);
  look = lk_console_import (f->lab, answer, TRUE, NULL);
  g_assert_cmpuint (look->n_new, ==, 4);
  done = lk_console_import (f->lab, answer, FALSE, NULL);
  g_assert_cmpuint (done->n_new, ==, 4);
  g_assert_cmpint (get_int (f->lab, "SELECT count (*) FROM confirmation"), ==, 4);
}

/* A request that is not whole is not answered, even if somebody would salvage it. */
static void
test_broken_request (Fixture *f, gconstpointer data)
{
  g_autofree char *broken = g_build_filename (f->fleet->folder, "broken.xml", NULL);
  g_autoptr (LkTransferSource) source = NULL;
  g_autoptr (GError) error = NULL;
  gint64 transfer = 0;

  export_all (f, FALSE);
  cut (f->request, broken);
  source = lk_transfer_source_open (broken, NULL, TRUE, &error);
  g_assert_no_error (error);
  g_assert_null (lk_console_preview_answer (f->core, source, FALSE, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "Only whole requests are answered"));
  g_assert_false (lk_console_take_request (f->core, source, TRUE, FALSE, &transfer, NULL));
  g_assert_cmpint (get_int (f->core, "SELECT count (*) FROM transfer"), ==, 0);
}

/* How many, as a person is told under @title. */
static guint
get_figure (const LkImportResult *result, const char *title)
{
  g_autoptr (GArray) figures = lk_import_result_list_figures (result);

  for (guint i = 0; i < figures->len; i++)
    if (g_str_equal (g_array_index (figures, LkFigure, i).title, title))
      return g_array_index (figures, LkFigure, i).n;
  return 0;
}

/* VAMT's files are named as such, and it is said what is new and what was here already. */
static void
test_vamt (Fixture *f, gconstpointer data)
{
  g_autofree char *cil = g_test_build_filename (G_TEST_DIST, "data", "vamt", "computers.cil", NULL);
  g_autofree char *cilx = g_test_build_filename (G_TEST_DIST, "data", "vamt", "keys.cilx", NULL);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (LkImportResult) machines = import (f, cil, FALSE);
      g_autoptr (LkImportResult) keys = import (f, cilx, FALSE);
      g_autofree char *what = lk_import_result_describe (keys);

      g_assert_cmpstr (what, ==, "A File of VAMT");
      g_assert_cmpuint (get_figure (machines, "New machines"), ==, i == 0 ? 2 : 0);
      g_assert_cmpuint (get_figure (machines, "Machines that are known here"), ==, i == 0 ? 0 : 2);
      g_assert_cmpuint (lk_import_result_count (machines), ==, 2);
      g_assert_cmpuint (get_figure (keys, "New product keys"), ==, i == 0 ? 2 : 0);
      g_assert_cmpuint (get_figure (keys, "Product keys that are known here"), ==, i == 0 ? 0 : 2);
      g_assert_cmpuint (get_figure (keys, "Not usable"), ==, 2);
      g_assert_cmpuint (lk_import_result_count (keys), ==, 2);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name, func) g_test_add ("/transfers/" name, Fixture, NULL, set_up, func, tear_down)
  TEST ("circle", test_circle);
  TEST ("opened-once", test_opened_once);
  TEST ("broken-request", test_broken_request);
  TEST ("vamt", test_vamt);
  TEST ("reservations", test_reservations);
  TEST ("no-room", test_no_room);
  TEST ("refused", test_refused);
  TEST ("blocked", test_blocked);
  TEST ("salvage", test_salvage);
  TEST ("gone", test_gone);
#undef TEST
  return g_test_run ();
}
