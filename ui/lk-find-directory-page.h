/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/* A way to add machines: the computers of Active Directory, or of another directory. */
#define LK_TYPE_FIND_DIRECTORY_PAGE (lk_find_directory_page_get_type ())
G_DECLARE_FINAL_TYPE (LkFindDirectoryPage, lk_find_directory_page, LK, FIND_DIRECTORY_PAGE, GtkBox)

void lk_find_directory_page_set_desk (LkFindDirectoryPage *self, LkDesk *desk);
/* What was found (LkFound). */
GListModel *lk_find_directory_page_get_list (LkFindDirectoryPage *self);
