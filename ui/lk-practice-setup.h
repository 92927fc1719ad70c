/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

/* What the practice lab needs in its folder and in its store, for lk-practice.c. */

#define LK_PRACTICE_MACHINES 60
#define LK_PRACTICE_POOL     500 /* activations of the practice key */

#define LK_PRACTICE_PASSWORD   "machine-password"
#define LK_PRACTICE_DIGEST_KEY "digest-key"
#define LK_PRACTICE_TOKEN      "token"
#define LK_PRACTICE_MAK        "practice-mak"
#define LK_PRACTICE_HOSTS      "hosts.csv"
#define LK_PRACTICE_PORT       "port"
#define LK_PRACTICE_CONTROL    "control-port" /* the lab's, see core/lab/README.md */

/* Makes the folder, and secrets of its own where there are none yet. */
gboolean lk_practice_prepare_folder (const char *folder, GError **error);

/**
 * LkPracticeQuestion:
 */
typedef struct
{
  char *folder;
  guint16 gateway_port;
} LkPracticeQuestion;

void lk_practice_question_free (LkPracticeQuestion *self);

/* For lk_desk_call(): sets the store up and adds the machines. The answer is a guint *, how many
 * there are. */
gpointer lk_practice_set_up (LkConsole *console,
                             gpointer question,
                             GCancellable *cancellable,
                             GError **error);
/* For lk_desk_call(): files a job that reads what was not read yet. The answer is a guint *, how
 * many rows it has. */
gpointer lk_practice_read_machines (LkConsole *console,
                                    gpointer question,
                                    GCancellable *cancellable,
                                    GError **error);
