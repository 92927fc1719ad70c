/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Preferences: where confirmation IDs come from. */

#define LK_TYPE_BACKEND_PAGE (lk_backend_page_get_type ())
G_DECLARE_FINAL_TYPE (LkBackendPage, lk_backend_page, LK, BACKEND_PAGE, AdwPreferencesPage)

void lk_backend_page_set_desk (LkBackendPage *self, LkDesk *desk);
