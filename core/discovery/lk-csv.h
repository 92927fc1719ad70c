/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkCsv:
 *
 * Reads comma-separated values as RFC 4180 has them, from memory: quotes, doubled quotes, line ends
 * within quotes, any of LF, CRLF and CR. A record that breaks the rules or a limit is told by its
 * line and left out; the next one is found again at the next line end.
 */
typedef struct _LkCsv LkCsv;

/* @data is not copied and must outlive @self. @separator: ',', ';' or tab. */
LkCsv *lk_csv_new (const char *data, gsize length, char separator);
void lk_csv_free (LkCsv *self);

/* Gives the next record's fields, to be freed with g_strfreev(), and the line on which it began.
 * NULL at the end, or with LK_ERROR_INVALID for a bad record, after which one may go on. Blank
 * lines are passed over. */
char **lk_csv_next (LkCsv *self, guint *line, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkCsv, lk_csv_free)
