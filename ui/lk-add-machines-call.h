/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"
#include "ui/lk-desk.h"

/* What the dialog that adds machines asks of the console's thread. */

/* A list on its way to the store and back; reference counted by g_atomic_rc_box. */
typedef struct
{
  LkFileList *list;
  guint n_added;
  guint n_known;
  char *problem; /* why it was not added, or NULL */
} LkAdding;

void lk_adding_unref (gpointer self);

/* An LkDeskFunc: LkAdding → a reference to it. */
gpointer lk_add_machines_call_add (LkConsole *console,
                                   gpointer question,
                                   GCancellable *cancellable,
                                   GError **error);

/* An LkDeskFunc: the path of a file → LkFileList. A large file takes a while, so it is not read in
 * the main thread. */
gpointer lk_add_machines_call_read (LkConsole *console,
                                    gpointer question,
                                    GCancellable *cancellable,
                                    GError **error);
