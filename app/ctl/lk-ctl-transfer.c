/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ctl/lk-ctl-transfer.h"

#include "base/lk-error.h"
#include "console/lk-transfer-figures.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>

/* The lab's two hops, and what was written and read. Answering is in lk-ctl-answer.c. */

gboolean
lk_ctl_get_passphrase (LkCtl *ctl,
                       const char *path,
                       gboolean seals,
                       LkSecret **passphrase,
                       LkExit *status)
{
  g_autoptr (GError) error = NULL;
  gboolean is_sealed = FALSE;

  *passphrase = NULL;
  if (path != NULL)
    lk_transfer_file_is_one (path, &is_sealed);
  if (!is_sealed && !seals)
    return TRUE;

  *passphrase = lk_ctl_get_secret (ctl, _ ("Passphrase of the file"), !is_sealed, &error);
  if (*passphrase == NULL)
    *status = lk_ctl_fail (ctl, g_steal_pointer (&error));
  return *passphrase != NULL;
}

void
lk_ctl_say_next_hop (LkCtl *ctl)
{
  static const char *const verbs[] = {
    [LK_HOP_REQUEST] = "latchkeyctl export FILE --all",
    [LK_HOP_ANSWER] = "latchkeyctl answer FILE",
    [LK_HOP_IMPORT] = "latchkeyctl import FILE",
    [LK_HOP_DEPOSIT] = "latchkeyctl deposit --all",
    [LK_HOP_NONE] = NULL,
  };
  LkTransferState state;
  g_autofree char *text = NULL;

  if (!lk_console_get_transfer_state (ctl->console, &state, NULL))
    return;

  text = lk_transfer_state_to_text (&state);
  if (verbs[state.next] != NULL)
    lk_ctl_say (ctl, _ ("Next: %s (%s)"), text, verbs[state.next]);
  else
    lk_ctl_say (ctl, "%s", text);
}

LkExit
lk_ctl_fail_for_file (LkCtl *ctl, GError *error)
{
  return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_BAD_FILE, error);
}

void
lk_ctl_build_transfer (LkCtl *ctl, const LkTransferRow *row)
{
  lk_ctl_set_count (ctl, "transfer", row->id);
  lk_ctl_set_text (ctl, "file", row->path);
  lk_ctl_set_count (ctl, "rows", row->n_rows);
  lk_ctl_set_count (ctl, "done", row->n_done);
  lk_ctl_set_count (ctl, "failed", row->n_failed);
  lk_ctl_set_count (ctl, "open", row->n_open);
}

/* Why rows were left out of a request. */
static void
say_left_out (LkCtl *ctl, const LkExportResult *result)
{
  if (result->n_no_iid > 0)
    lk_ctl_say (ctl,
                ngettext ("%u left out: not read yet, or no key that asks for an installation ID",
                          "%u left out: not read yet, or no key that asks for an installation ID",
                          result->n_no_iid),
                result->n_no_iid);
  if (result->n_licensed > 0)
    lk_ctl_say (ctl,
                ngettext ("%u left out: licensed already", "%u left out: licensed already",
                          result->n_licensed),
                result->n_licensed);
  if (result->n_on_record > 0)
    lk_ctl_say (ctl,
                ngettext ("%u left out: the confirmation ID is on record; deposit it",
                          "%u left out: the confirmation IDs are on record; deposit them",
                          result->n_on_record),
                result->n_on_record);
  if (result->n_in_flight > 0)
    lk_ctl_say (ctl,
                ngettext ("%u left out: asked for another way, and the answer has not come",
                          "%u left out: asked for another way, and the answer has not come",
                          result->n_in_flight),
                result->n_in_flight);
  if (result->n_outstanding > 0)
    lk_ctl_say (ctl,
                ngettext ("%u left out: asked for in a request that is not answered yet; --again"
                          " asks once more",
                          "%u left out: asked for in requests that are not answered yet; --again"
                          " asks once more",
                          result->n_outstanding),
                result->n_outstanding);
}

static void
build_export (LkCtl *ctl, const LkExportResult *result)
{
  lk_ctl_set_count (ctl, "written", result->n_written);
  lk_ctl_set_count (ctl, "no_iid", result->n_no_iid);
  lk_ctl_set_count (ctl, "licensed", result->n_licensed);
  lk_ctl_set_count (ctl, "on_record", result->n_on_record);
  lk_ctl_set_count (ctl, "in_flight", result->n_in_flight);
  lk_ctl_set_count (ctl, "outstanding", result->n_outstanding);
}

static gboolean
may_replace (LkCtl *ctl, const char *path, LkExit *status)
{
  g_autofree char *question = g_strdup_printf (_ ("Replace “%s”, which exists already?"), path);

  return !g_file_test (path, G_FILE_TEST_EXISTS) || lk_ctl_confirm (ctl, question, status);
}

static LkExit
save_request (LkCtl *ctl, const char *path, GPtrArray *rows)
{
  g_autoptr (LkSecret) passphrase = NULL;
  g_autoptr (GError) error = NULL;
  LkExportOrder order = { .path = path, .rows = rows, .again = ctl->options.again };
  LkExportResult result;
  LkExit status;

  if (!lk_console_preview_export (ctl->console, &order, &result, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (ctl->options.dry_run || result.n_written == 0)
    {
      build_export (ctl, &result);
      say_left_out (ctl, &result);
      lk_ctl_print (ctl,
                    ngettext ("%u row would be written\n", "%u rows would be written\n",
                              result.n_written),
                    result.n_written);
      return result.n_written > 0 ? LK_EXIT_OK : LK_EXIT_NOTHING;
    }
  if (!may_replace (ctl, path, &status) ||
      !lk_ctl_get_passphrase (ctl, NULL, ctl->options.seal, &passphrase, &status))
    return status;

  order.passphrase = passphrase;
  if (!lk_console_export_request (ctl->console, &order, &result, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  build_export (ctl, &result);
  lk_ctl_set_text (ctl, "file", path);
  say_left_out (ctl, &result);
  lk_ctl_print (ctl,
                ngettext ("“%s” asks for the confirmation ID of %u row\n",
                          "“%s” asks for the confirmation IDs of %u rows\n", result.n_written),
                path, result.n_written);
  lk_ctl_say (
      ctl,
      _ ("Next: carry it to the core network, and there: latchkeyctl answer “%s”. Back here:"
         " latchkeyctl import ANSWER"),
      path);
  return LK_EXIT_OK;
}

static LkExit
save_inventory (LkCtl *ctl, const char *path)
{
  gboolean with_keys = ctl->options.with_keys;
  g_autoptr (LkSecret) passphrase = NULL;
  g_autoptr (GError) error = NULL;
  LkExit status;
  guint n = 0;

  if (ctl->options.dry_run || ctl->options.again || ctl->options.select != NULL ||
      ctl->options.product != NULL || ctl->args[1] != NULL)
    {
      lk_ctl_fail_usage (ctl, _ ("An inventory is of all of the store; nothing is chosen for it"));
      return LK_EXIT_USAGE;
    }
  if (!may_replace (ctl, path, &status) ||
      !lk_ctl_get_passphrase (ctl, NULL, ctl->options.seal || with_keys, &passphrase, &status))
    return status;
  if (!lk_console_export_inventory (ctl->console, path, with_keys, passphrase, &n, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_set_text (ctl, "file", path);
  lk_ctl_set_count (ctl, "records", n);
  lk_ctl_print (ctl,
                ngettext ("“%s” has all of this store: %u record\n",
                          "“%s” has all of this store: %u records\n", n),
                path, n);
  if (!with_keys)
    lk_ctl_say (ctl, _ ("Product keys are not in it; --keys writes them, too"));
  lk_ctl_say (ctl, _ ("Next: where it is to be merged: latchkeyctl import “%s”"), path);
  return LK_EXIT_OK;
}

static LkExit
export_rows (LkCtl *ctl)
{
  const char *path = ctl->args[0];
  g_autoptr (GPtrArray) rows = NULL;
  LkExit status;

  if (ctl->options.inventory)
    return save_inventory (ctl, path);
  if (ctl->options.with_keys)
    {
      lk_ctl_fail_usage (ctl, _ ("Product keys are written with --inventory only"));
      return LK_EXIT_USAGE;
    }

  ctl->args++; /* what follows are names of machines */
  rows = lk_ctl_get_rows (ctl, TRUE, &status);
  if (rows == NULL)
    return status;
  if (rows->len > 0)
    return save_request (ctl, path, rows);

  lk_ctl_say (ctl, _ ("Nothing matched"));
  return LK_EXIT_NOTHING;
}

static void
build_import (LkCtl *ctl, const LkImportResult *result)
{
  lk_ctl_set_text (ctl, "kind", lk_transfer_kind_to_word (result->kind));
  lk_ctl_set_text (ctl, "fault", result->fault);
  lk_ctl_set_count (ctl, "rows", result->n_rows);
  lk_ctl_set_count (ctl, "new", result->n_new);
  lk_ctl_set_count (ctl, "known", result->n_known);
  lk_ctl_set_count (ctl, "differ", result->n_differs);
  lk_ctl_set_count (ctl, "refused", result->n_errors);
  lk_ctl_set_count (ctl, "open", result->n_open);
  lk_ctl_set_count (ctl, "gone", result->n_gone);
  lk_ctl_set_count (ctl, "foreign", result->n_foreign);
  lk_ctl_set_count (ctl, "bad", result->n_bad);
  if (result->kind == LK_TRANSFER_INVENTORY)
    {
      lk_ctl_set_count (ctl, "machines_new", result->n_machines_new);
      lk_ctl_set_count (ctl, "machines_known", result->n_machines_merged);
      lk_ctl_set_count (ctl, "keys_new", result->n_keys_new);
      lk_ctl_set_count (ctl, "keys_known", result->n_keys_known);
      lk_ctl_set_count (ctl, "conflicts", result->n_conflicts);
    }
  json_builder_set_member_name (ctl->json, "remarks");
  json_builder_begin_array (ctl->json);
  for (guint i = 0; i < result->remarks->len; i++)
    json_builder_add_string_value (ctl->json, g_ptr_array_index (result->remarks, i));
  json_builder_end_array (ctl->json);
}

static void
tell_import (LkCtl *ctl, const LkImportResult *result)
{
  g_autoptr (GArray) figures = lk_import_result_list_figures (result);
  g_autofree char *title = lk_import_result_describe (result);

  if (result->fault != NULL)
    lk_ctl_say (ctl,
                _ ("%s\nWhat is known here was salvaged all the same; it is marked as not verified"
                   " until an answer that can be trusted brings it"),
                result->fault);
  for (guint i = 0; i < result->remarks->len; i++)
    lk_ctl_say (ctl, "%s", (const char *) g_ptr_array_index (result->remarks, i));

  lk_ctl_print (ctl, "%s\n", title);
  for (guint i = 0; i < figures->len; i++)
    {
      const LkFigure *figure = &g_array_index (figures, LkFigure, i);

      if (figure->text != NULL)
        lk_ctl_print (ctl, "  %s: %u (%s)\n", figure->title, figure->n, figure->text);
      else
        lk_ctl_print (ctl, "  %s: %u\n", figure->title, figure->n);
    }
}

/* A row that was refused, is not of this store or makes no sense is one that failed. */
static LkExit
judge_import (const LkImportResult *result)
{
  if (result->n_rows == 0)
    return LK_EXIT_NOTHING;
  return result->n_errors + result->n_differs + result->n_foreign + result->n_bad > 0
             ? LK_EXIT_SOME_FAILED
             : LK_EXIT_OK;
}

static LkExit
deposit (LkCtl *ctl, const LkImportResult *result, LkExit status)
{
  LkOrder order = { .plan = LK_PLAN_DEPOSIT };
  LkExit deposited;

  if (result->keys->len == 0)
    {
      lk_ctl_say (ctl, _ ("There is nothing to deposit"));
      return status;
    }

  order.choice.keys = &g_array_index (result->keys, gint64, 0);
  order.choice.n_keys = result->keys->len;
  order.is_swept = TRUE;
  deposited = lk_ctl_run_order (ctl, &order);
  return deposited != LK_EXIT_OK ? deposited : status;
}

static LkExit
import_file (LkCtl *ctl)
{
  const char *path = ctl->args[0];
  g_autoptr (LkSecret) passphrase = NULL;
  g_autoptr (LkTransferSource) source = NULL;
  g_autoptr (LkImportResult) result = NULL;
  g_autoptr (GError) error = NULL;
  LkExit status;

  if (!lk_ctl_get_passphrase (ctl, path, FALSE, &passphrase, &status))
    return status;

  source = lk_transfer_source_open (path, passphrase, ctl->options.salvage, &error);
  if (source != NULL)
    result = lk_console_import (ctl->console, source, ctl->options.dry_run, &error);
  if (result == NULL)
    return lk_ctl_fail_for_file (ctl, g_steal_pointer (&error));

  build_import (ctl, result);
  tell_import (ctl, result);
  status = judge_import (result);
  if (ctl->options.dry_run)
    {
      lk_ctl_say (ctl, _ ("Nothing was changed"));
      return status;
    }
  if (ctl->options.deposit)
    return deposit (ctl, result, status);

  lk_ctl_say_next_hop (ctl);
  return status;
}

static const LkCtlColumn transfer_columns[] = {
  { "id", N_ ("File"), 'i' },       { "kind", NULL, 's' },
  { "written", NULL, 'b' },         { NULL, N_ ("What"), 's' },
  { "at", N_ ("When"), 't' },       { "path", N_ ("Where"), 's' },
  { "rows", N_ ("Rows"), 'i' },     { "done", N_ ("Done"), 'i' },
  { "failed", N_ ("Failed"), 'i' }, { "open", N_ ("Open"), 'i' },
  { "sealed", NULL, 'b' },          { "dropped", NULL, 'b' },
  { "file_id", NULL, 's' },         { "store_id", NULL, 's' },
  { "note", N_ ("Note"), 's' },     { NULL, NULL, 0 },
};

static const char *
get_note (const LkTransferRow *row)
{
  return row->is_dropped ? _ ("dropped: nobody waits for it") : row->note;
}

static LkCtlList *
list_rows (GPtrArray *rows)
{
  LkCtlList *list = lk_ctl_list_new (transfer_columns);

  for (guint i = 0; i < rows->len; i++)
    {
      const LkTransferRow *row = g_ptr_array_index (rows, i);

      lk_ctl_list_add (list, row->id, lk_transfer_kind_to_word (row->kind), row->is_written,
                       lk_transfer_row_get_title (row), row->at, row->path, (gint64) row->n_rows,
                       (gint64) row->n_done, (gint64) row->n_failed, (gint64) row->n_open,
                       row->is_sealed, row->is_dropped, row->file_id, row->store_id,
                       get_note (row));
    }

  return list;
}

static void
build_state (LkCtl *ctl)
{
  static const char *const words[] = {
    [LK_HOP_REQUEST] = "request", [LK_HOP_ANSWER] = "answer", [LK_HOP_IMPORT] = "import",
    [LK_HOP_DEPOSIT] = "deposit", [LK_HOP_NONE] = NULL,
  };
  g_autofree char *store_id = lk_console_get_store_id (ctl->console, NULL);
  LkTransferState state;

  if (!lk_console_get_transfer_state (ctl->console, &state, NULL))
    return;

  lk_ctl_set_text (ctl, "store", store_id);
  lk_ctl_set_text (ctl, "next", words[state.next]);
  lk_ctl_set_count (ctl, "to_request", state.n_to_request);
  lk_ctl_set_count (ctl, "outstanding", state.n_outstanding);
  lk_ctl_set_count (ctl, "to_answer", state.n_to_answer);
  lk_ctl_set_count (ctl, "to_deposit", state.n_to_deposit);
}

static LkExit
list_transfers (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_console_list_transfers (ctl->console, &error);
  g_autoptr (LkCtlList) list = NULL;

  if (rows == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  list = list_rows (rows);
  lk_ctl_list_print (list, ctl, "transfers");
  build_state (ctl);
  lk_ctl_say_next_hop (ctl);
  return LK_EXIT_OK;
}

static gboolean
get_id (LkCtl *ctl, gint64 *id)
{
  if (g_ascii_string_to_signed (ctl->args[0], 10, 1, G_MAXINT32, id, NULL))
    return TRUE;

  lk_ctl_fail_usage (ctl, _ ("“%s” is not the number of a file; see: latchkeyctl transfer list"),
                     ctl->args[0]);
  return FALSE;
}

static const LkCtlColumn line_columns[] = {
  { "row", N_ ("Row"), 'i' },
  { "machine", N_ ("Machine"), 's' },
  { "state", NULL, 's' },
  { NULL, N_ ("State"), 's' },
  { "iid", N_ ("Installation ID"), 's' },
  { "epid", NULL, 's' },
  { "cid", N_ ("Confirmation ID"), 's' },
  { "code", N_ ("Code"), 'x' },
  { "message", N_ ("What"), 's' },
  { "waiting", NULL, 'b' },
  { NULL, NULL, 0 },
};

static LkExit
show_transfer (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferRow) row = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  g_autoptr (LkCtlList) list = lk_ctl_list_new (line_columns);
  gint64 id;

  if (!get_id (ctl, &id))
    return LK_EXIT_USAGE;
  row = lk_console_get_transfer (ctl->console, id, &error);
  lines = row != NULL ? lk_console_list_transfer_lines (ctl->console, id, &error) : NULL;
  if (lines == NULL)
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));

  for (guint i = 0; i < lines->len; i++)
    {
      const LkTransferLine *line = g_ptr_array_index (lines, i);

      lk_ctl_list_add (list, line->row_id, line->machine, lk_line_state_to_word (line->state),
                       lk_line_state_to_title (line->state), line->iid, line->epid, line->cid,
                       line->code, line->message, line->is_waiting);
    }

  lk_ctl_build_transfer (ctl, row);
  lk_ctl_set_text (ctl, "kind", lk_transfer_kind_to_word (row->kind));
  lk_ctl_set_text (ctl, "file_id", row->file_id);
  lk_ctl_set_text (ctl, "store_id", row->store_id);
  lk_ctl_set_text (ctl, "note", get_note (row));
  if (!ctl->options.csv)
    lk_ctl_print (ctl, _ ("%d: %s, “%s”; rows %u, done %u, failed %u, open %u\n"), (int) row->id,
                  lk_transfer_row_get_title (row), row->path, row->n_rows, row->n_done,
                  row->n_failed, row->n_open);
  if (!ctl->options.csv && get_note (row) != NULL)
    lk_ctl_print (ctl, "%s\n", get_note (row));
  lk_ctl_list_print (list, ctl, "lines");
  return LK_EXIT_OK;
}

static LkExit
drop_transfer (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  gint64 id;

  if (!get_id (ctl, &id))
    return LK_EXIT_USAGE;
  if (!lk_console_drop_request (ctl->console, id, &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));

  lk_ctl_print (ctl,
                _ ("Request %d is dropped: nothing more is asked for, and nobody waits for it;"
                   " what was sent stays on record\n"),
                (int) id);
  return LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_transfer_commands[] = {
  { "export", N_ ("FILE [NAME…]"),
    N_ ("Save a request for confirmation IDs, to be answered in the core network, or all of the "
        "store"),
    "export /media/stick/request.latchkey --all\n"
    "export request.latchkey --select 'state=grace' --seal --passphrase-file secret\n"
    "export lab.xml --inventory --keys",
    LK_TAKES_ROWS | LK_TAKES_DRY_RUN | LK_TAKES_YES | LK_TAKES_EXPORT, 1, -1, export_rows },
  { "import", N_ ("FILE"),
    N_ ("Take in what the core network answered, an inventory, or a file of VAMT"),
    "import /media/stick/request-answer.latchkey --dry-run\n"
    "import /media/stick/request-answer.latchkey --deposit --yes",
    LK_TAKES_DRY_RUN | LK_TAKES_YES | LK_TAKES_JOB | LK_TAKES_WORKERS | LK_TAKES_IMPORT, 1, 1,
    import_file },
  { "transfer list", "", N_ ("List transfer files, newest first, and say which step comes next"),
    "transfer list\ntransfer list --json", LK_TAKES_CSV, 0, 0, list_transfers },
  { "transfer show", N_ ("NUMBER"), N_ ("Show the rows of a request and what became of them"),
    "transfer show 3\ntransfer show 3 --csv", LK_TAKES_CSV, 1, 1, show_transfer },
  { "transfer drop", N_ ("NUMBER"),
    N_ ("Wait for a request no longer, and give back what it reserved"), "transfer drop 3", 0, 1, 1,
    drop_transfer },
  { 0 },
};
