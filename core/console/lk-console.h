/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-clock.h"
#include "base/lk-secret.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"
#include "store/lk-keys.h"

/**
 * LkConsole:
 *
 * What a person can do with one store, for the command line and for the window. Opens the store
 * and the vault when something first needs them. The verbs are in the other headers of this folder,
 * one for each group. Blocking; used from one thread at a time, except where said.
 */
typedef struct _LkConsole LkConsole;

/* @path: NULL for $XDG_DATA_HOME/latchkey/fleet.db. @clock: NULL for the system's. */
LkConsole *lk_console_new (const char *path, const LkClock *clock);
void lk_console_free (LkConsole *self);

/* Opens the store now, so that what is wrong with it shows before anything is asked of a person. */
gboolean lk_console_open (LkConsole *self, GError **error);
const char *lk_console_get_path (LkConsole *self);
gint64 lk_console_now (LkConsole *self);

/* Whether some process runs the jobs of this store. */
gboolean lk_console_is_served (LkConsole *self);

/* A consistent copy; @path must not exist. */
gboolean lk_console_backup (LkConsole *self, const char *path, GError **error);
/* Puts a backup in the store's place; LK_ERROR_BUSY while a process runs jobs. */
gboolean lk_console_restore (LkConsole *self, const char *backup, GError **error);
/* Reads the whole store; @faults gets what is wrong, one string each, none when it is sound. */
gboolean lk_console_check_store (LkConsole *self, GPtrArray **faults, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkConsole, lk_console_free)
