/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/* A way to add machines: who answers on the networks of this computer. */
#define LK_TYPE_FIND_NETWORK_PAGE (lk_find_network_page_get_type ())
G_DECLARE_FINAL_TYPE (LkFindNetworkPage, lk_find_network_page, LK, FIND_NETWORK_PAGE, GtkBox)

void lk_find_network_page_set_desk (LkFindNetworkPage *self, LkDesk *desk);
/* What was found (LkFound). */
GListModel *lk_find_network_page_get_list (LkFindNetworkPage *self);
