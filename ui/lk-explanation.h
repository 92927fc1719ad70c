/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A code in words, as `latchkeyctl explain` tells it: a line that opens to meaning, likely cause
 * and what to do next. NULL for 0. */
GtkWidget *lk_explanation_new (guint32 code, gboolean is_open);
