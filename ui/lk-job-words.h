/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-jobs.h"
#include "domain/lk-codes.h"
#include "model/lk-summary.h"
#include "model/lk-table-list.h"

/* Jobs and their rows, in words and figures for people. Texts are to be freed unless const. */

/* "Activate by proxy", or the plan's name when this version does not know it. */
const char *lk_job_get_title (const LkJobRow *job);
const char *lk_job_get_state_title (const LkJobRow *job);
const char *lk_job_get_state_icon (const LkJobRow *job);
gboolean lk_job_is_over (const LkJobRow *job);
/* "412 of 1,000, 3 failed" */
char *lk_job_describe_counts (const LkJobRow *job);
/* How much of it is over, 0 to 1. */
double lk_job_get_fraction (const LkJobRow *job);
/* "Today 14:05, by anna" */
char *lk_job_describe_origin (const LkJobRow *job);
/* In the local time: "Today 14:05", "3 May 2026, 14:05". */
char *lk_job_describe_time (gint64 ms);

/* The rate of a running job and the time that is left: "34 a second, 2 minutes left"; NULL while
 * it is not known. It is measured from call to call and kept with @item. */
char *lk_job_describe_pace (LkTableItem *item, const LkJobRow *job);

/* What is at work of these LkJobRow, for a window that begins to run them and for one that is about
 * to stop: “Job 3, “Activate by proxy”, goes on: 120 of 200 were done”. NULL when nothing is. */
char *lk_jobs_describe_going_on (const GPtrArray *open);
char *lk_jobs_describe_stopping (const GPtrArray *open);

const char *lk_item_get_state_title (const LkItemRow *item);
const char *lk_item_get_state_icon (const LkItemRow *item);
/* What the code of an item says, or NULL. */
const LkCode *lk_item_find_code (const LkItemRow *item);
/* What to do next when an item failed, or NULL. */
const char *lk_item_advise (const LkItemRow *item);
/* All that is known of a failure, for the clipboard. */
char *lk_item_explain (const LkItemRow *item);
