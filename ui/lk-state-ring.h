/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"

#include <gtk/gtk.h>

/* The colour of a licence state, readable on light and on dark, stronger in high contrast. */
void lk_state_get_color (LkLicenseStatus status, GdkRGBA *color);

#define LK_TYPE_STATE_SWATCH (lk_state_swatch_get_type ())
G_DECLARE_FINAL_TYPE (LkStateSwatch, lk_state_swatch, LK, STATE_SWATCH, GtkWidget)

/* A dot in the colour of a state, for a legend. */
GtkWidget *lk_state_swatch_new (LkLicenseStatus status);

#define LK_TYPE_STATE_RING (lk_state_ring_get_type ())
G_DECLARE_FINAL_TYPE (LkStateRing, lk_state_ring, LK, STATE_RING, GtkWidget)

/* How many products are in which state, as a ring with their sum inside. @by_state is as in
 * LkSummary. */
void lk_state_ring_set_counts (LkStateRing *self, const guint *by_state);
