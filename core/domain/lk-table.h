/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Reads a compiled-in table of tab-separated text: an array of rows, each a char ** of exactly
 * @n_columns fields (empty ones too), without the heading. It is ours for ever: what points into
 * it may be given out as static. A table with a row of another width is a mistake of ours and
 * ends the program. */
GPtrArray *lk_table_read (const char *file, guint n_columns);
