/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Preferences: where the store is, and how the machines are talked to. */

#define LK_TYPE_GENERAL_PAGE (lk_general_page_get_type ())
G_DECLARE_FINAL_TYPE (LkGeneralPage, lk_general_page, LK, GENERAL_PAGE, AdwPreferencesPage)

void lk_general_page_set_desk (LkGeneralPage *self, LkDesk *desk);
