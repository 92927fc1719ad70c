/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/* A file that is dropped on a window, given to the program, or chosen: opens the dialog that fits
 * it. One of the air gap's or of VAMT's is told from a list of machines by its first bytes. */
void lk_open_file (GtkWidget *from, LkDesk *desk, GFile *file);
/* Lets a person choose it. @title: of the window in which they do. */
void lk_open_file_choose (GtkWidget *from, LkDesk *desk, const char *title);
