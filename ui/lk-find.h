/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"
#include "ui/lk-found.h"

/**
 * LkFind:
 *
 * One search for machines: made in the desk's thread for long calls, looked at from the main
 * thread.
 */
typedef struct _LkFind LkFind;

/* Searches, in that thread; adds nothing to the store. What was found is kept also when it fails.
 */
typedef gboolean (*LkFindFunc) (LkConsole *console,
                                gpointer order,
                                LkFind *find,
                                GCancellable *cancellable,
                                GError **error);

/* On the main thread, when it has ended. @error: NULL; G_IO_ERROR_CANCELLED when it was stopped. */
typedef void (*LkFindEndedFunc) (const GError *error, gpointer user_data);

/* @cancellable: ends it without a word; must be cancelled before @user_data goes. Takes @order. */
LkFind *lk_find_start (LkDesk *desk,
                       LkFindFunc func,
                       gpointer order,
                       GDestroyNotify free_order,
                       GCancellable *cancellable,
                       LkFindEndedFunc ended,
                       gpointer user_data);
void lk_find_unref (LkFind *self);
/* Ends it soon; @ended is called. */
void lk_find_stop (LkFind *self);

/* For the searching thread: a machine, which takes the place of the one with the same serial; how
 * many probes have ended; a word to the person, which is taken. */
void lk_find_add (LkFind *self,
                  LkConsole *console,
                  const LkSighting *sighting,
                  const char *os,
                  LkFoundMarks marks);
void lk_find_set_progress (LkFind *self, guint64 n_ended, guint64 n_all);
void lk_find_note (LkFind *self, char *text);

/* For the main thread: what was found since the last time (LkFound), to be freed; the probes; all
 * that was noted, to be freed. */
GPtrArray *lk_find_take (LkFind *self);
void lk_find_get_progress (LkFind *self, guint64 *n_ended, guint64 *n_all);
char *lk_find_get_notes (LkFind *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkFind, lk_find_unref)
