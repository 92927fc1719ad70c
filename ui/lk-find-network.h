/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-source-search.h"
#include "ui/lk-find.h"

/* What is looked for on the network; all of it may be NULL, see LkNetworkSearch. */
typedef struct
{
  char **ranges; /* NULL: the workgroup */
  char **interfaces;
  char *workgroup;
  char *pattern;
  char *ports;
} LkFindNetwork;

void lk_find_network_free (LkFindNetwork *self);
/* Without a name. */
LkSource *lk_find_network_make_source (const LkFindNetwork *self);

/* Inside an LkFindFunc. @seen: gets what was found (LkSighting), or NULL. @is_complete: all of it
 * was searched. */
gboolean lk_find_network_search (LkConsole *console,
                                 const LkNetworkSearch *search,
                                 LkFind *find,
                                 GPtrArray *seen,
                                 gboolean *is_complete,
                                 GCancellable *cancellable,
                                 GError **error);
/* An LkFindFunc. */
gboolean lk_find_network_run (LkConsole *console,
                              gpointer order,
                              LkFind *find,
                              GCancellable *cancellable,
                              GError **error);
