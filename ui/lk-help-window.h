/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#define LK_TYPE_HELP_WINDOW (lk_help_window_get_type ())
G_DECLARE_FINAL_TYPE (LkHelpWindow, lk_help_window, LK, HELP_WINDOW, AdwWindow)

/* The help text (data/help/window.md) beside @parent. */
void lk_help_window_present (GtkWindow *parent);
