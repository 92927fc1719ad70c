/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The drop-downs above the main list: each stands for one condition of the selection's text. */

typedef void (*LkFilterFunc) (const char *field, const char *value, gpointer user_data);

/* Fills @box; @chosen is called when a person chooses, @value NULL for any. */
void lk_filter_row_fill (GtkBox *box, LkFilterFunc chosen, gpointer user_data);
/* Makes them say what @text does; calls nobody. */
void lk_filter_row_show (GtkBox *box, const char *text);
