/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"

#include <gtk/gtk.h>

/* A row of the list of files that crossed the air gap: what it is, how far it is, and a menu with
 * what can be done with it (“page.write-answer”, “page.drop-request”
 * and “page.show-in-folder” with its number). */
GtkWidget *lk_file_cell_new (gint64 id);
gint64 lk_file_cell_get_id (GtkWidget *cell);
void lk_file_cell_set (GtkWidget *cell, const LkTransferRow *file);
