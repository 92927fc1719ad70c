/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/lk-ctl.h"

/* What a command would do, in words, as a table, as JSON. */

/* For --dry-run: every row with its fate, and the cost. */
void lk_ctl_print_preview (LkCtl *ctl, const LkPreview *preview);
/* The same in JSON only. */
void lk_ctl_build_preview (LkCtl *ctl, const LkPreview *preview);

/* How many rows are left out, by reason. */
void lk_ctl_say_left_out (LkCtl *ctl, const LkPreview *preview);
/* What is spent, key by key. */
void lk_ctl_say_costs (LkCtl *ctl, const LkPreview *preview);
