/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-reader.h"

/**
 * LkWatch:
 *
 * A question that is asked of a reader again whenever the store has changed: one at a time, and
 * none while nobody looks. What is asked about is the present moment (gint64, ms since 1970).
 */
typedef struct _LkWatch LkWatch;

/* Does not ask yet. @tell may get NULL and an error; @user_data must outlive the watch. */
LkWatch *lk_watch_new (LkReader *reader,
                       LkReadFunc read,
                       GDestroyNotify free_answer,
                       LkAnswerFunc tell,
                       gpointer user_data);
/* No answer comes any more. */
void lk_watch_free (LkWatch *self);
/* Somebody looks, or nobody does; at first nobody. Asks if something has changed meanwhile. */
void lk_watch_set_active (LkWatch *self, gboolean is_active);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWatch, lk_watch_free)
