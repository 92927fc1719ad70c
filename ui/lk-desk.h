/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-jobs.h"
#include "model/lk-reader.h"

#define LK_TYPE_DESK (lk_desk_get_type ())
G_DECLARE_FINAL_TYPE (LkDesk, lk_desk, LK, DESK, GObject)

/**
 * LkDesk:
 *
 * One store that is open in the window: its reader, the thread in which the console's verbs are
 * called, and the thread that runs its jobs. Only the main thread uses a desk.
 *
 * Signal "state-changed": lk_desk_get_runner(), lk_desk_get_trouble() or lk_desk_get_wanted() says
 * something else now.
 */
LkDesk *lk_desk_new (const char *path, gboolean is_practice);
/* Interrupts what runs and waits for it, a few seconds at most: the store keeps where it was. */
void lk_desk_close (LkDesk *self);

const char *lk_desk_get_path (LkDesk *self);
gboolean lk_desk_is_practice (LkDesk *self);
LkReader *lk_desk_get_reader (LkDesk *self);

/* Runs in the console's thread, one at a time. */
typedef gpointer (*LkDeskFunc) (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);

/* Calls a verb; the answer comes on the main context, as with lk_reader_ask(). */
void lk_desk_call (LkDesk *self,
                   LkDeskFunc func,
                   gpointer question,
                   GDestroyNotify free_question,
                   GDestroyNotify free_answer,
                   GCancellable *cancellable,
                   LkAnswerFunc answer,
                   gpointer user_data);

/* The same in another thread with a console of its own, for what may take minutes: other verbs are
 * called meanwhile. */
void lk_desk_call_long (LkDesk *self,
                        LkDeskFunc func,
                        gpointer question,
                        GDestroyNotify free_question,
                        GDestroyNotify free_answer,
                        GCancellable *cancellable,
                        LkAnswerFunc answer,
                        gpointer user_data);

typedef enum
{
  LK_DESK_STARTING,
  LK_DESK_RUNNING, /* we run this store's jobs */
  LK_DESK_OTHER,   /* another process does; we take over when it goes away */
  LK_DESK_STUCK,   /* nobody does, see the trouble */
} LkDeskRunner;

/* Settings have changed that whoever runs the jobs took over when it began: it begins anew. */
void lk_desk_restart_runner (LkDesk *self);
/* The password of an “ask” set for this run: for the verbs and for the runner, whose jobs go on
 * when they waited for it. */
void lk_desk_answer_credential (LkDesk *self, const char *name, const LkSecret *password);

LkDeskRunner lk_desk_get_runner (LkDesk *self);
/* Why nothing moves, or NULL. */
const char *lk_desk_get_trouble (LkDesk *self);
/* The “ask” set whose password the jobs wait for, or a verb could not do without, the first of
 * them; or NULL. */
const char *lk_desk_get_wanted (LkDesk *self);
