/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-transfer-text.h"

#include "ui/lk-job-words.h"

#include <glib/gi18n.h>

const char *
lk_transfer_text_hop (LkHop hop)
{
  switch (hop)
    {
    case LK_HOP_REQUEST:
      return _ ("Next: Save a Request");
    case LK_HOP_ANSWER:
      return _ ("Next: Answer the Request");
    case LK_HOP_IMPORT:
      return _ ("Next: Open the Answer");
    case LK_HOP_DEPOSIT:
      return _ ("Next: Deposit");
    case LK_HOP_NONE:
    default:
      return _ ("Nothing Waits");
    }
}

char *
lk_transfer_text_file (const LkTransferRow *file)
{
  g_autofree char *time = lk_job_describe_time (file->at);

  return g_strconcat (lk_transfer_row_get_title (file), " · ", time,
                      file->is_sealed ? _ (" · sealed") : "",
                      file->is_dropped ? _ (" · dropped") : "", NULL);
}

char *
lk_transfer_text_file_counts (const LkTransferRow *file)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, ngettext ("%'u row", "%'u rows", file->n_rows), file->n_rows);
  if (file->n_done > 0)
    g_string_append_printf (text, ngettext (" · %'u done", " · %'u done", file->n_done),
                            file->n_done);
  if (file->n_failed > 0)
    g_string_append_printf (text, ngettext (" · %'u failed", " · %'u failed", file->n_failed),
                            file->n_failed);
  if (file->n_open > 0)
    g_string_append_printf (text, ngettext (" · %'u open", " · %'u open", file->n_open),
                            file->n_open);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
append_line (GString *text, guint n, const char *reason)
{
  if (n > 0)
    g_string_append_printf (text, "%s%'u: %s", text->len > 0 ? "\n" : "", n, reason);
}

char *
lk_transfer_text_left_out (const LkExportResult *result)
{
  GString *text = g_string_new (NULL);

  append_line (text, result->n_licensed, _ ("licensed already"));
  append_line (text, result->n_no_iid,
               _ ("no installation ID; read the machine, and install a MAK"));
  append_line (text, result->n_on_record, _ ("the confirmation ID is on record; deposit it"));
  append_line (text, result->n_in_flight, _ ("asked for already, in another way"));
  append_line (text, result->n_outstanding, _ ("a request that is still open asks for it"));
  return g_string_free (text, text->len == 0);
}

static void
add_figure (GArray *figures, guint n, gboolean is_warning, const char *title, const char *text)
{
  const LkFigure figure = { n, is_warning, title, text };

  if (n > 0)
    g_array_append_val (figures, figure);
}

GArray *
lk_transfer_text_plan (const LkAnswerPlan *plan)
{
  GArray *figures = g_array_new (FALSE, FALSE, sizeof (LkFigure));

  add_figure (figures, plan->n_to_spend, FALSE, _ ("Activations that this uses"), NULL);
  add_figure (figures, plan->n_unknown_pool, TRUE, _ ("Of these, not known to be left"),
              _ ("It is not known how many activations their product keys have left"));
  add_figure (figures, plan->n_changed, TRUE, _ ("Of these, asked for before with another ID"),
              _ ("Their installation IDs changed: each is one more activation"));
  add_figure (figures, plan->n_on_record, FALSE, _ ("Answered from the records"),
              _ ("They cost nothing"));
  add_figure (figures, plan->n_in_flight, FALSE, _ ("Asked for already"),
              _ ("Their answers are awaited; they are not asked for twice"));
  add_figure (figures, plan->n_refused, TRUE, _ ("Refused before"),
              _ ("The service said no; the answer will say so"));
  add_figure (figures, plan->n_no_room, TRUE, _ ("More than is left"),
              _ ("Their product keys have not so many activations left"));
  add_figure (figures, plan->n_bad, TRUE, _ ("Not usable"),
              _ ("Their installation ID or extended PID makes no sense"));
  return figures;
}

guint
lk_answer_plan_count (const LkAnswerPlan *plan)
{
  return plan->n_to_spend + plan->n_on_record + plan->n_in_flight;
}

static void
add_answer (GArray *figures, const LkImportResult *result)
{
  add_figure (figures, result->n_new, FALSE, _ ("Confirmation IDs that are new here"), NULL);
  add_figure (figures, result->n_gone, FALSE, _ ("Of these, of rows that are gone"),
              _ ("They are kept: they are paid for"));
  add_figure (figures, result->n_known, FALSE, _ ("Here already"), NULL);
  add_figure (figures, result->n_open, FALSE, _ ("Not answered yet"),
              _ ("A later answer brings them"));
  add_figure (figures, result->n_errors, TRUE, _ ("Refused on the other side"), NULL);
  add_figure (figures, result->n_differs, TRUE, _ ("Another confirmation ID is on record"),
              _ ("What is on record stays"));
}

GArray *
lk_transfer_text_import (const LkImportResult *result)
{
  GArray *figures = g_array_new (FALSE, FALSE, sizeof (LkFigure));

  if (result->kind == LK_TRANSFER_INVENTORY)
    {
      add_figure (figures, result->n_machines_new, FALSE, _ ("New machines"), NULL);
      add_figure (figures, result->n_machines_merged, FALSE, _ ("Machines that are known here"),
                  _ ("What is newer in the file is taken over"));
      add_figure (figures, result->n_new, FALSE, _ ("Confirmation IDs that are new here"), NULL);
      add_figure (figures, result->n_conflicts, TRUE, _ ("Conflicts"),
                  _ ("Listed below; nothing is dropped silently"));
    }
  else
    add_answer (figures, result);
  add_figure (figures, result->n_foreign, TRUE, _ ("Of another store"), _ ("They are left out"));
  add_figure (figures, result->n_bad, TRUE, _ ("Not usable"),
              _ ("They make no sense, and are left out"));
  return figures;
}
