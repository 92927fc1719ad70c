/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Preferences: the accounts that machines are talked to with. */

#define LK_TYPE_CREDENTIALS_PAGE (lk_credentials_page_get_type ())
G_DECLARE_FINAL_TYPE (LkCredentialsPage,
                      lk_credentials_page,
                      LK,
                      CREDENTIALS_PAGE,
                      AdwPreferencesPage)

void lk_credentials_page_set_desk (LkCredentialsPage *self, LkDesk *desk);
