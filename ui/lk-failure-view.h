/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"

#include <adwaita.h>

#define LK_TYPE_FAILURE_VIEW (lk_failure_view_get_type ())
G_DECLARE_FINAL_TYPE (LkFailureView, lk_failure_view, LK, FAILURE_VIEW, AdwBin)

/* Why a row of a job failed: the code, what it means, the likely cause, what to do next. NULL or a
 * row that did not fail: hidden. */
void lk_failure_view_set_row (LkFailureView *self, const LkItemRow *row);
