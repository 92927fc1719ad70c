/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"

/* What a transfer file would do, or did, in figures for people. Texts are translated. */

/**
 * LkFigure: one line.
 * @is_warning: a person should look at it
 */
typedef struct
{
  guint n;
  gboolean is_warning;
  const char *title;
  const char *text; /* or NULL */
} LkFigure;

/* Those that are not 0 (GArray of LkFigure). */
GArray *lk_answer_plan_list_figures (const LkAnswerPlan *plan);
GArray *lk_import_result_list_figures (const LkImportResult *result);

/* What the file is, "An Answer for 12 Rows"; to be freed. */
char *lk_import_result_describe (const LkImportResult *result);

/* Rows that get a confirmation ID, if all goes well. */
guint lk_answer_plan_count (const LkAnswerPlan *plan);
/* Rows that can be used. */
guint lk_import_result_count (const LkImportResult *result);
