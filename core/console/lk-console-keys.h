/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

/* Product keys that the organisation owns. A reference to one is its id or its last five. */

/* Whether remarks would be taken: text of at most 200 characters; NULL would. */
gboolean lk_console_check_remarks (const char *remarks, GError **error);

/* Parses, seals and adds a key; @typed is as a person typed it. The row that now stands for it goes
 * to @row (to be freed), and @is_new says whether it was not owned before. */
gboolean lk_console_add_key (LkConsole *self,
                             const LkSecret *typed,
                             const char *remarks,
                             LkKeyRow **row,
                             gboolean *is_new,
                             GError **error);

GPtrArray *lk_console_list_keys (LkConsole *self, GError **error);
LkKeyRow *lk_console_find_key (LkConsole *self, const char *ref, GError **error);
gboolean lk_console_remove_key (LkConsole *self, const char *ref, GError **error);

/* A figure as a person types it. LK_ERROR_INVALID when it is none. */
gboolean lk_console_parse_remaining (const char *text, gint64 *remaining, GError **error);
/* The figure by a person's word; gives the new row. */
LkKeyRow *
lk_console_set_remaining (LkConsole *self, const char *ref, gint64 remaining, GError **error);
/* Asks the backend how many activations are left, which spends none; gives the new row. */
LkKeyRow *lk_console_check_key (LkConsole *self, const char *ref, GError **error);

/* The whole key, to be freed. That it was shown, when, and to whom (user name and host) is in the
 * event log before this returns it. */
LkSecret *lk_console_reveal_key (LkConsole *self, const char *ref, GError **error);

/* One time that a key was shown. */
typedef struct
{
  gint64 at;
  char *who; /* user@host */
} LkReveal;

/* Of LkReveal, newest first; for as long as the event log goes back. */
GPtrArray *lk_console_list_reveals (LkConsole *self, const LkKeyRow *row, GError **error);

/* "Windows 11 Pro key …" for lists: edition or remarks, or ""; static or owned by @row. */
const char *lk_key_row_get_title (const LkKeyRow *row);
