/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-table-list.h"

#include <adwaita.h>

/* A line of the page of keys. Its menu does “page.check-key”, “page.set-remaining”,
 * “page.reveal-key” and “page.remove-key” with the key's id; the row is asked of the desk. */
GtkWidget *lk_key_row_widget_new (LkTableItem *item);
