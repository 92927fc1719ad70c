/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-page.h"

#include <adwaita.h>

/* The fleet at a glance. */

#define LK_TYPE_OVERVIEW_PAGE (lk_overview_page_get_type ())
G_DECLARE_FINAL_TYPE (LkOverviewPage, lk_overview_page, LK, OVERVIEW_PAGE, AdwBin)
