/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_ASK_BAR (lk_ask_bar_get_type ())
G_DECLARE_FINAL_TYPE (LkAskBar, lk_ask_bar, LK, ASK_BAR, AdwBin)

/* A bar that is there while jobs wait for the password of a credential set, and takes it. @desk may
 * be NULL. */
void lk_ask_bar_set_desk (LkAskBar *self, LkDesk *desk);
