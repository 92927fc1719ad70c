/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

/* What the window asks of the console's thread about rows that are one machine, or are not. A row
 * goes by "#ID". All are an LkDeskFunc. */

/* NULL → LkDuplicate's array. */
gpointer lk_identity_call_list (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);
/* NULL-terminated names, the first of which is kept → something. */
gpointer lk_identity_call_merge (LkConsole *console,
                                 gpointer names,
                                 GCancellable *cancellable,
                                 GError **error);
/* NULL-terminated names → something. */
gpointer lk_identity_call_keep_apart (LkConsole *console,
                                      gpointer names,
                                      GCancellable *cancellable,
                                      GError **error);
/* LkMerged → something. */
gpointer lk_identity_call_split (LkConsole *console,
                                 gpointer merged,
                                 GCancellable *cancellable,
                                 GError **error);

/* Two rows' names for the above; g_strfreev(). */
char **lk_identity_name_two (gint64 first_id, gint64 second_id);
