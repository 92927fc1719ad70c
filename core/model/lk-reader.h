/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

#include <gio/gio.h>

#define LK_TYPE_READER (lk_reader_get_type ())
G_DECLARE_FINAL_TYPE (LkReader, lk_reader, LK, READER, GObject)

/**
 * LkReader:
 *
 * A thread that reads the store for the main thread. Signal "changed": something was written, by
 * any process; on the main context, at most ten times a second. The main context is the one that is
 * the thread's default when the reader is made.
 */

/* Opens the store at @path in its thread; what is wrong with it comes with the first answer, and
 * each question tries again. */
LkReader *lk_reader_new (const char *path);
/* Ends the thread; answers that are still due do not come. Waits for the query that runs. */
void lk_reader_stop (LkReader *self);
/* Something is about to be written: while nothing changes, the reader looks twice a second only,
 * and this makes it look closely for some seconds. Asking does the same. */
void lk_reader_expect_change (LkReader *self);

/* Runs in the reader's thread; the result is given to the caller of lk_reader_ask(). */
typedef gpointer (*LkReadFunc) (LkStore *store, gpointer question, GError **error);
/* On the main context. @answer is NULL on an error; it belongs to the callee. */
typedef void (*LkAnswerFunc) (gpointer answer, const GError *error, gpointer user_data);

/* Asks; the answer comes later, in the order of the questions, never from within this call.
 * @question is freed by @free_question in the end, in either thread. A cancelled question gets no
 * answer; @free_answer frees what was read for it. @user_data must live until then, or @cancellable
 * be cancelled before it goes. */
void lk_reader_ask (LkReader *self,
                    LkReadFunc read,
                    gpointer question,
                    GDestroyNotify free_question,
                    GDestroyNotify free_answer,
                    GCancellable *cancellable,
                    LkAnswerFunc answer,
                    gpointer user_data);
