/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-page.h"

#include <adwaita.h>

/* The keys that the organisation owns. */

#define LK_TYPE_KEYS_PAGE (lk_keys_page_get_type ())
G_DECLARE_FINAL_TYPE (LkKeysPage, lk_keys_page, LK, KEYS_PAGE, AdwBin)
