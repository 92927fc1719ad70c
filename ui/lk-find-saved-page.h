/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/**
 * LkFindSavedPage:
 *
 * The searches that were kept under a name, to be run again or removed.
 */
#define LK_TYPE_FIND_SAVED_PAGE (lk_find_saved_page_get_type ())
G_DECLARE_FINAL_TYPE (LkFindSavedPage, lk_find_saved_page, LK, FIND_SAVED_PAGE, GtkBox)

void lk_find_saved_page_set_desk (LkFindSavedPage *self, LkDesk *desk);
/* Others may have been saved. */
void lk_find_saved_page_reload (LkFindSavedPage *self);
/* Of LkFound. */
GListModel *lk_find_saved_page_get_list (LkFindSavedPage *self);
