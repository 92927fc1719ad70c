/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-page.h"

#include <adwaita.h>

/* Running and past jobs. */

#define LK_TYPE_JOBS_PAGE (lk_jobs_page_get_type ())
G_DECLARE_FINAL_TYPE (LkJobsPage, lk_jobs_page, LK, JOBS_PAGE, AdwBin)
