/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/lk-runner.h"

/* How long to wait, ms, before attempt @attempt + 1: doubles from the first back-off to the
 * longest, with a quarter of jitter either way, so that a fleet that fell together does not come
 * back together. */
gint64 lk_back_off (const LkRunnerOptions *options, guint attempt);

gint64 lk_back_off_get_first (const LkRunnerOptions *options);
gint64 lk_back_off_get_longest (const LkRunnerOptions *options);
