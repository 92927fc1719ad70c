/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-phone.h"

/* A sheet to print and to take to the telephone: the installation IDs that are to be read out, each
 * with eight boxes for its confirmation ID. Lines (LkPhoneLine) that need no call are left out, and
 * the sheet says how many. @now: ms since 1970. */

/* How many of @lines a sheet would show. */
guint lk_phone_sheet_count (GPtrArray *lines);
/* One HTML document without scripts that needs nothing else; also well-formed XML. To be freed. */
char *lk_phone_sheet_to_html (GPtrArray *lines, gint64 now);
/* For a printer of plain text: 80 columns; a form feed where a product would not fit on the page
 * any more. To be freed. */
char *lk_phone_sheet_to_text (GPtrArray *lines, gint64 now);
/* Writes it into a file, whole or not at all, that only you may read: HTML when its name ends in
 * .html or .htm, else text. LK_ERROR_INVALID when no line needs a call, or it cannot be written. */
gboolean lk_phone_sheet_save (GPtrArray *lines, gint64 now, const char *path, GError **error);
