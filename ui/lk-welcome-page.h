/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

/* What a store without machines shows. */

#define LK_TYPE_WELCOME_PAGE (lk_welcome_page_get_type ())
G_DECLARE_FINAL_TYPE (LkWelcomePage, lk_welcome_page, LK, WELCOME_PAGE, AdwBin)
