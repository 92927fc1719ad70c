/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Preferences: the certificates of machines that were accepted. */

#define LK_TYPE_TRUST_PAGE (lk_trust_page_get_type ())
G_DECLARE_FINAL_TYPE (LkTrustPage, lk_trust_page, LK, TRUST_PAGE, AdwPreferencesPage)

void lk_trust_page_set_desk (LkTrustPage *self, LkDesk *desk);
