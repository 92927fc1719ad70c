/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-window.h"

/* What the window's benchmark asks of it: a hidden option "--pace FILE" goes through the list of
 * products by itself and writes down when it was painted. */

void lk_pace_add_options (GApplication *application);
/* Begins what the options ask for, if anything. */
void lk_pace_arrange (LkWindow *window, GVariantDict *options);
