/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "store/lk-sources.h"

/* Searches that are kept under a name, and reading what a search found. */

GPtrArray *lk_console_list_sources (LkConsole *self, GError **error);
LkSource *lk_console_get_source (LkConsole *self, const char *name, GError **error);
/* LK_ERROR_INVALID when the name is taken, or is none. */
gboolean lk_console_save_source (LkConsole *self, const LkSource *source, GError **error);
/* The same beforehand, without keeping anything. */
gboolean lk_console_check_source_name (LkConsole *self, const char *name, GError **error);
gboolean lk_console_remove_source (LkConsole *self, const char *name, GError **error);

/* What the source finds otherwise than the last time (LkSourceNews); see lk_store_note_run(). */
GPtrArray *lk_console_note_run (LkConsole *self,
                                const LkSource *source,
                                GPtrArray *sightings,
                                gboolean is_complete,
                                GError **error);

/* The rows (their keys, one for each machine) of the machines that @sightings are of. */
GArray *lk_console_list_found (LkConsole *self, GPtrArray *sightings, GError **error);
