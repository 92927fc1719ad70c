/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* What a window remembers of its last time: size, page. All take a NULL GSettings, which is what
 * there is when the schema is not installed. */

GSettings *lk_window_state_open (void);
void lk_window_state_restore (GSettings *state, GtkWindow *window);
/* @page: the name, or NULL. */
void lk_window_state_save (GSettings *state, GtkWindow *window, const char *page);
/* To be freed; "" when there is none. */
char *lk_window_state_get_page (GSettings *state);
