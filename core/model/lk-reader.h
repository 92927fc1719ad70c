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
 * any process; on the main context, at most ten times a second.
 */

/* Opens the store at @path in its thread; what is wrong with it comes with the first answer. */
LkReader *lk_reader_new (const char *path);
/* Ends the thread; answers that are still due do not come. */
void lk_reader_stop (LkReader *self);

/* Runs in the reader's thread; the result is given to the caller of lk_reader_ask(). */
typedef gpointer (*LkReadFunc) (LkStore *store, gpointer question, GError **error);
/* On the main context. @answer is NULL on an error; it belongs to the callee. */
typedef void (*LkAnswerFunc) (gpointer answer, const GError *error, gpointer user_data);

/* Asks; the answer comes later, in the order of the questions. @question is freed by
 * @free_question in the end. A cancelled question gets no answer; @free_answer frees what was read
 * for it. @user_data must live until then, or @cancellable be cancelled before it goes. */
void lk_reader_ask (LkReader *self,
                    LkReadFunc read,
                    gpointer question,
                    GDestroyNotify free_question,
                    GDestroyNotify free_answer,
                    GCancellable *cancellable,
                    LkAnswerFunc answer,
                    gpointer user_data);
