/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

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
/* An LkFindFunc. */
gboolean lk_find_network_run (LkConsole *console,
                              gpointer order,
                              LkFind *find,
                              GCancellable *cancellable,
                              GError **error);
