/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_PHONE_DIALOG (lk_phone_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkPhoneDialog, lk_phone_dialog, LK, PHONE_DIALOG, AdwWindow)

/* Installation IDs to read out by telephone, one after another, and the confirmation IDs that are
 * given for them: kept as soon as they are entered, then deposited by a job. @from: a widget of the
 * window; @keys: rows of the main list (gint64). Opens when it has something to show. */
void lk_phone_ask (GtkWidget *from, LkDesk *desk, GArray *keys);
