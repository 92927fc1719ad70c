/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "discovery/lk-file-source.h"

/* Machines: adding, looking, forgetting. */

/* Adds what a list held. */
gboolean lk_console_add_machines (LkConsole *self,
                                  LkFileList *list,
                                  guint *n_added,
                                  guint *n_known,
                                  GError **error);

/* Which of @sightings (LkSighting) are of machines that are known already; @known has room for one
 * answer each. */
gboolean
lk_console_find_known (LkConsole *self, GPtrArray *sightings, gboolean *known, GError **error);

/* How a person chose rows: these very rows, or by names, or by a selection, or all. */
typedef struct
{
  const gint64 *keys; /* of rows, see lk_row_get_key(); NULL: not one by one */
  guint n_keys;
  const char *const *names; /* host names, addresses or "#ID"; NULL: not by name */
  const char *select;       /* NULL: everything */
  const char *product;      /* a pattern that the product's name must match, or NULL */
} LkChoice;

/* As a person would write it, for the record; to be freed. */
char *lk_choice_to_text (const LkChoice *choice);

/* Rows that match (LkRow), those of one machine beside each other. Every name must be known, else
 * LK_ERROR_INVALID names the first that is not, and @is_unknown_name, if given, is TRUE. A row that
 * was chosen itself and is gone is left out. */
GPtrArray *lk_console_list_rows (LkConsole *self,
                                 const LkChoice *choice,
                                 gboolean *is_unknown_name,
                                 GError **error);

/* Whether a person means the row's machine by @name: a host name, an address or "#ID". */
gboolean lk_row_is_named (const LkRow *row, const char *name);

/* The timeline of one machine, newest first (LkEvent). */
GPtrArray *lk_console_list_events (LkConsole *self, gint64 machine_id, guint max, GError **error);

/* What else a machine goes by, since scans saw it: names and addresses; g_strfreev(). */
char **lk_console_list_aliases (LkConsole *self, gint64 machine_id, GError **error);

/* Takes tags from the machines of @rows and gives them others: words separated by commas, each may
 * be NULL. How many machines they were goes to @n. */
gboolean lk_console_change_tags (LkConsole *self,
                                 GPtrArray *rows,
                                 const char *add,
                                 const char *remove,
                                 guint *n,
                                 GError **error);

/* Forgets the machines of @rows; how many they were goes to @n. */
gboolean lk_console_forget (LkConsole *self, GPtrArray *rows, guint *n, GError **error);
