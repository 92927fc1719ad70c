/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Lines of text in a list that makes only those that are seen. @lines: of GtkStringObject. */
void lk_line_list_set (GtkListView *view, GListModel *lines);
