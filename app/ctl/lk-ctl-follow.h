/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/lk-ctl.h"

#include <gio/gio.h>

/* Follows a job, shows how it goes and what became of it. @patience as lk_console_follow(). */
LkExit lk_ctl_follow (LkCtl *ctl, gint64 job_id, gint64 patience);

/* How a job that has ended makes the command end. */
LkExit lk_ctl_judge_items (GPtrArray *items);

/* Counts of a job in the JSON object, and in one line for people; that to be freed. */
void lk_ctl_build_job (LkCtl *ctl, const LkJobRow *job);
char *lk_ctl_describe_job (const LkJobRow *job);

/* Cancelled by the first SIGINT, SIGTERM or SIGHUP; a second one ends the program at once. Before
 * any other thread is started. */
GCancellable *lk_ctl_watch_signals (void);
