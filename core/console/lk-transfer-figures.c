/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-transfer-figures.h"

#include <glib/gi18n-lib.h>

static void
add_figure (GArray *figures, guint n, gboolean is_warning, const char *title, const char *text)
{
  const LkFigure figure = { n, is_warning, title, text };

  if (n > 0)
    g_array_append_val (figures, figure);
}

GArray *
lk_answer_plan_list_figures (const LkAnswerPlan *plan)
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
add_differing (GArray *figures, const LkImportResult *result)
{
  add_figure (figures, result->n_differs, TRUE, _ ("Another confirmation ID is on record"),
              _ ("What is on record stays"));
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
  add_differing (figures, result);
}

static void
add_inventory (GArray *figures, const LkImportResult *result)
{
  add_figure (figures, result->n_machines_new, FALSE, _ ("New machines"), NULL);
  add_figure (figures, result->n_machines_merged, FALSE, _ ("Machines that are known here"),
              result->is_vamt ? NULL : _ ("What is newer in the file is taken over"));
  add_figure (figures, result->n_keys_new, FALSE, _ ("New product keys"), NULL);
  add_figure (figures, result->n_keys_known, FALSE, _ ("Product keys that are known here"), NULL);
  add_figure (figures, result->n_new, FALSE, _ ("Confirmation IDs that are new here"), NULL);
  add_differing (figures, result);
  add_figure (figures, result->n_conflicts, TRUE, _ ("Conflicts"),
              _ ("Listed below; nothing is dropped silently"));
}

GArray *
lk_import_result_list_figures (const LkImportResult *result)
{
  GArray *figures = g_array_new (FALSE, FALSE, sizeof (LkFigure));

  if (result->kind == LK_TRANSFER_INVENTORY)
    add_inventory (figures, result);
  else
    add_answer (figures, result);
  add_figure (figures, result->n_foreign, TRUE, _ ("Of another store"), _ ("They are left out"));
  add_figure (figures, result->n_bad, TRUE, _ ("Not usable"),
              _ ("They make no sense, and are left out"));
  return figures;
}

char *
lk_import_result_describe (const LkImportResult *result)
{
  guint n = result->n_rows;

  if (result->is_vamt)
    return g_strdup (_ ("A File of VAMT"));
  if (result->kind == LK_TRANSFER_INVENTORY)
    return g_strdup_printf (ngettext ("An Inventory With %'u Record",
                                      "An Inventory With %'u Records", n),
                            n);
  return g_strdup_printf (ngettext ("An Answer for %'u Row", "An Answer for %'u Rows", n), n);
}

guint
lk_import_result_count (const LkImportResult *result)
{
  if (result->is_vamt)
    return result->n_machines_new + result->n_machines_merged + result->n_keys_new +
           result->n_keys_known;
  return result->n_rows - MIN (result->n_rows, result->n_foreign + result->n_bad);
}
