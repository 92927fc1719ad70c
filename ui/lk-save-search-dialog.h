/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-source-search.h"
#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_SAVE_SEARCH_DIALOG (lk_save_search_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkSaveSearchDialog, lk_save_search_dialog, LK, SAVE_SEARCH_DIALOG, AdwWindow)

/* Asks for a name and keeps @source, which is taken, under it. */
void lk_save_search_ask (GtkWidget *from, LkDesk *desk, LkSource *source);
