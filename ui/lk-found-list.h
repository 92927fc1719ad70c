/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/**
 * LkFoundList:
 *
 * What was found (LkFound), each with a check mark: chosen machines are those to add. Signal
 * "changed": something was found, chosen or not chosen any more.
 */
#define LK_TYPE_FOUND_LIST (lk_found_list_get_type ())
G_DECLARE_FINAL_TYPE (LkFoundList, lk_found_list, LK, FOUND_LIST, GtkBox)

void lk_found_list_set_model (LkFoundList *self, GListModel *model);
/* Machines in the model were marked. */
void lk_found_list_count (LkFoundList *self);
guint lk_found_list_count_chosen (LkFoundList *self);
/* Copies (LkSighting), and frees with their array. */
GPtrArray *lk_found_list_copy_chosen (LkFoundList *self);
