/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"

#include <adwaita.h>

#define LK_TYPE_SIDEBAR (lk_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (LkSidebar, lk_sidebar, LK, SIDEBAR, AdwBin)

/**
 * LkSidebar:
 *
 * The pages, and their saved views with counts.
 *
 * Signal "chosen": a page's name, the selection of its view or NULL, and whether the row was
 * activated, not only passed over.
 */
void lk_sidebar_set_summary (LkSidebar *self, const LkSummary *summary);
/* Marks a page or view as the one that is shown; no signal. */
void lk_sidebar_select (LkSidebar *self, const char *page, const char *selection);
