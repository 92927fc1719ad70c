/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/* Asks @dialog's person where a sheet with the installation IDs of these rows (gint64) is to be
 * kept, writes it there and opens it, to be printed. What came of it is said in the window behind
 * the dialog. */
void lk_print_sheet (GtkWindow *dialog, LkDesk *desk, GArray *keys);
