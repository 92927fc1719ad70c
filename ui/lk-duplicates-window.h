/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Rows that may be one machine, pair by pair, with why: to be merged, or to be called different. */

#define LK_TYPE_DUPLICATES_WINDOW (lk_duplicates_window_get_type ())
G_DECLARE_FINAL_TYPE (LkDuplicatesWindow, lk_duplicates_window, LK, DUPLICATES_WINDOW, AdwWindow)

LkDuplicatesWindow *lk_duplicates_window_new (GtkWindow *parent, LkDesk *desk);
