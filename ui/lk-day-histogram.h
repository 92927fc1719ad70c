/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"

#include <gtk/gtk.h>

#define LK_TYPE_DAY_HISTOGRAM (lk_day_histogram_get_type ())
G_DECLARE_FINAL_TYPE (LkDayHistogram, lk_day_histogram, LK, DAY_HISTOGRAM, GtkWidget)

/**
 * LkDayHistogram:
 *
 * Products in grace by the days that they have left. A bar that is clicked, or chosen with the
 * arrow keys and Enter, opens its rows (win.show-rows).
 */
/* @by_day is as in LkSummary. */
void lk_day_histogram_set_counts (LkDayHistogram *self, const guint *by_day);
