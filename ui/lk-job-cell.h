/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"
#include "model/lk-table-list.h"

#include <adwaita.h>

#define LK_TYPE_JOB_CELL (lk_job_cell_get_type ())
G_DECLARE_FINAL_TYPE (LkJobCell, lk_job_cell, LK, JOB_CELL, AdwBin)

/* One job in a list: what, how far, when, by whom. */
GtkWidget *lk_job_cell_new (void);
/* Follows that item (of lk_table_jobs), or nothing. */
void lk_job_cell_set_item (LkJobCell *self, LkTableItem *item);
/* Shows this once. */
void lk_job_cell_set_job (LkJobCell *self, const LkJobRow *job);
