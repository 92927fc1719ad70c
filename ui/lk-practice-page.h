/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_PRACTICE_PAGE (lk_practice_page_get_type ())
G_DECLARE_FINAL_TYPE (LkPracticePage, lk_practice_page, LK, PRACTICE_PAGE, AdwBin)

/* Starts the practice lab for this store and shows how far it is; NULL ends it. */
void lk_practice_page_set_desk (LkPracticePage *self, LkDesk *desk);
