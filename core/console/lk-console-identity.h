/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "store/lk-duplicates.h"
#include "store/lk-merge.h"

/* Which rows are one machine: what may be, and what a person decides. */

/* Rows that may be one machine (LkDuplicate). */
GPtrArray *lk_console_list_duplicates (LkConsole *self, GError **error);

/* The machines of @rows (LkRow), one row each: the first are those that @names name, in that order.
 * Holds references into @rows; to be unreffed. */
GPtrArray *lk_console_list_machines (GPtrArray *rows, const char *const *names);

/* Merges @machines (LkRow, one for each) into the first of them. LK_ERROR_BUSY while a step runs on
 * one of them. */
gboolean lk_console_merge (LkConsole *self, GPtrArray *machines, GError **error);

/* @machines (LkRow) are different ones, see lk_store_keep_apart(). */
gboolean lk_console_keep_apart (LkConsole *self, GPtrArray *machines, GError **error);

/* What went into a machine (LkMerged), the latest first. */
GPtrArray *lk_console_list_merged (LkConsole *self, gint64 machine_id, GError **error);

/* Splits @merged (LkMerged) off the machine again; the ids of the rows go to @ids (gint64). */
gboolean lk_console_split (LkConsole *self,
                           gint64 machine_id,
                           GPtrArray *merged,
                           GArray *ids,
                           GError **error);
