/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Talks to machines stage by stage. Of one it shows how each stage went; several it groups by what
 * failed first; and what to do, with a script for the machine to be copied. */

#define LK_TYPE_CHECK_WINDOW (lk_check_window_get_type ())
G_DECLARE_FINAL_TYPE (LkCheckWindow, lk_check_window, LK, CHECK_WINDOW, AdwWindow)

/* @rows: LkRow, one of each machine, at least one. */
LkCheckWindow *lk_check_window_new (GtkWindow *parent, LkDesk *desk, GPtrArray *rows);
