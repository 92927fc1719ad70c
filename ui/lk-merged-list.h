/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/**
 * LkMergedList:
 *
 * The rows that were merged into a machine, each with a button that splits it off again. Hidden
 * while there are none.
 */
#define LK_TYPE_MERGED_LIST (lk_merged_list_get_type ())
G_DECLARE_FINAL_TYPE (LkMergedList, lk_merged_list, LK, MERGED_LIST, GtkBox)

/* NULL: of no store. */
void lk_merged_list_set_desk (LkMergedList *self, LkDesk *desk);
/* 0: of no machine. */
void lk_merged_list_set_machine (LkMergedList *self, gint64 machine_id);
