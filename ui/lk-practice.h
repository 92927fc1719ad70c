/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#define LK_TYPE_PRACTICE (lk_practice_get_type ())
G_DECLARE_FINAL_TYPE (LkPractice, lk_practice, LK, PRACTICE, GObject)

typedef enum
{
  LK_PRACTICE_STARTING,
  LK_PRACTICE_READY,
  LK_PRACTICE_FAILED,
} LkPracticeState;

/**
 * LkPractice:
 *
 * The practice lab: simulated machines and a gateway in practice mode, as children that end with
 * us, set up in a store of its own. Signal "changed": its state is another one now.
 */
LkPractice *lk_practice_new (LkDesk *desk);
/* Ends the children. */
void lk_practice_stop (LkPractice *self);

/* Where its store is, in a folder of its own; to be freed. */
char *lk_practice_get_store_path (void);

LkPracticeState lk_practice_get_state (LkPractice *self);
/* Why it failed, or what is ready, in words; NULL while it starts. */
const char *lk_practice_get_message (LkPractice *self);
