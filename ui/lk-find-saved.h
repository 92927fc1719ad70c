/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-find.h"

/* An LkFindFunc: searches the saved source with the name @order (char *) again, and notes what is
 * new, changed and gone since the last time. */
gboolean lk_find_saved_run (LkConsole *console,
                            gpointer order,
                            LkFind *find,
                            GCancellable *cancellable,
                            GError **error);
