/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-source-search.h"
#include "ui/lk-find.h"

/* What is looked for in a directory, see LkDirectorySearch. */
typedef struct
{
  char *domain; /* of this and the server one is NULL */
  char *server;
  char *base;
  char *filter;
  char *name;
  char *credential;
  char *ca_file;
  char *fingerprint;
  char *map;
  gboolean is_anonymous;
  gboolean with_disabled;
  gboolean is_test; /* notes what came of it; nothing is found */
} LkFindDirectory;

void lk_find_directory_free (LkFindDirectory *self);
gboolean lk_find_directory_check (const LkFindDirectory *self, GError **error);
/* Without a name. */
LkSource *lk_find_directory_make_source (const LkFindDirectory *self);

/* Inside an LkFindFunc. @seen: gets what was found (LkSighting), or NULL. @is_complete: all of it
 * was searched. */
gboolean lk_find_directory_search (LkConsole *console,
                                   const LkDirectorySearch *search,
                                   LkFind *find,
                                   GPtrArray *seen,
                                   gboolean *is_complete,
                                   GCancellable *cancellable,
                                   GError **error);
/* An LkFindFunc. */
gboolean lk_find_directory_run (LkConsole *console,
                                gpointer order,
                                LkFind *find,
                                GCancellable *cancellable,
                                GError **error);
