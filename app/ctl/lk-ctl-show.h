/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/lk-ctl-list.h"

/* How the core's values look in tables and in JSON. */

/* Of LkRow: the main list. */
LkCtlList *lk_ctl_list_rows (GPtrArray *rows);
/* Machines with all their products and their timelines. */
LkExit lk_ctl_show_rows (LkCtl *ctl, GPtrArray *rows);

/* Of LkItemRow: what became of the rows of a job. */
LkCtlList *lk_ctl_list_items (GPtrArray *items);
/* What happened, what the code means and what to do, several lines for one failed row. */
void lk_ctl_print_failure (LkCtl *ctl, const LkItemRow *item);

/* On standard output, for people: nothing with --json. */
void lk_ctl_print (LkCtl *ctl, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Members of the JSON object. */
void lk_ctl_set_count (LkCtl *ctl, const char *name, gint64 value);
void lk_ctl_set_text (LkCtl *ctl, const char *name, const char *value);
