/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-transfer-call.h"

#include <adwaita.h>

/* Opens a file that came across the air gap: says what it is and what it would do and cost, and
 * does that when told to. A request is answered, an answer, an inventory or a file of VAMT's is
 * taken in; which it is is seen from the file. */

#define LK_TYPE_TRANSFER_DIALOG (lk_transfer_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkTransferDialog, lk_transfer_dialog, LK, TRANSFER_DIALOG, AdwWindow)

/* @from: where words are said. */
void lk_transfer_dialog_open (GtkWidget *from, LkDesk *desk, const char *path);
