/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"

/* The air gap in words for people. Texts are translated, and to be freed unless const. */

/* What comes next, in two or three words. */
const char *lk_transfer_text_hop (LkHop hop);

/* "Request, written · Today 14:05 · sealed" */
char *lk_transfer_text_file (const LkTransferRow *file);
/* "240 rows: 200 done, 3 failed, 37 open" */
char *lk_transfer_text_file_counts (const LkTransferRow *file);

/* Why rows are not written, a line for each reason; NULL: all are. */
char *lk_transfer_text_left_out (const LkExportResult *result);

/**
 * LkFigure: one line of what a file would do.
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
GArray *lk_transfer_text_plan (const LkAnswerPlan *plan);
GArray *lk_transfer_text_import (const LkImportResult *result);

/* Rows that get a confirmation ID, if all goes well. */
guint lk_answer_plan_count (const LkAnswerPlan *plan);
