/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-page.h"

#include <adwaita.h>

/* The air gap: what comes next, how many rows each hop concerns, and every file that was written or
 * read here. Writes the answer to a request that was opened here as soon as all of its rows have
 * theirs. */

#define LK_TYPE_TRANSFER_PAGE (lk_transfer_page_get_type ())
G_DECLARE_FINAL_TYPE (LkTransferPage, lk_transfer_page, LK, TRANSFER_PAGE, AdwBin)
