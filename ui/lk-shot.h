/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-window.h"

/* Pictures of our own windows for tests, behind options that --help does not show:
 *
 *   --shot FILE         a PNG; the program ends when it is written
 *   --shot-of WHAT      window, preferences, shortcuts, help, about, or a page's name
 *   --shot-page N       of the preferences or of a dialog, from 1
 *   --shot-do ACTIONS   activated before, one after the other, with " + " between: page.details
 *   --shot-size WxH     of the window that is taken
 *   --shot-after MS     so long after the window knows what it shows first
 */

void lk_shot_add_options (GApplication *application);
/* Takes a picture of @window when the options say so. */
void lk_shot_arrange (LkWindow *window, GVariantDict *options);
