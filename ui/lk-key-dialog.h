/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Adds a product key; what is wrong is marked while it is typed. Signal "added": what came of it,
 * in words. */

#define LK_TYPE_KEY_DIALOG (lk_key_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkKeyDialog, lk_key_dialog, LK, KEY_DIALOG, AdwWindow)

GtkWidget *lk_key_dialog_new (GtkWindow *parent, LkDesk *desk);
