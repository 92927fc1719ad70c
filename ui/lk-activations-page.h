/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-page.h"

#include <adwaita.h>

/* The proxy pipeline. */

#define LK_TYPE_ACTIVATIONS_PAGE (lk_activations_page_get_type ())
G_DECLARE_FINAL_TYPE (LkActivationsPage, lk_activations_page, LK, ACTIVATIONS_PAGE, AdwBin)
