/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Talks to one machine stage by stage and shows how each went, and what to do where it failed. */

#define LK_TYPE_CHECK_WINDOW (lk_check_window_get_type ())
G_DECLARE_FINAL_TYPE (LkCheckWindow, lk_check_window, LK, CHECK_WINDOW, AdwWindow)

LkCheckWindow *
lk_check_window_new (GtkWindow *parent, LkDesk *desk, const char *name, gint64 machine_id);
