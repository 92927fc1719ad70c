/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-page.h"

#include <adwaita.h>

/* The main list: one row a product. */

#define LK_TYPE_PRODUCTS_PAGE (lk_products_page_get_type ())
G_DECLARE_FINAL_TYPE (LkProductsPage, lk_products_page, LK, PRODUCTS_PAGE, AdwBin)
