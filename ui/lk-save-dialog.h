/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-transfer-call.h"

#include <adwaita.h>

/* Writes a file that crosses the air gap: a request, an answer or an inventory. Says before what
 * goes into it and what does not, asks where, and for a passphrase that seals it. */

#define LK_TYPE_SAVE_DIALOG (lk_save_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkSaveDialog, lk_save_dialog, LK, SAVE_DIALOG, AdwWindow)

/* Opens it over the window that @from is in; what came of it is said there. @keys: rows of a
 * request (gint64); NULL: all. */
void lk_save_request_ask (GtkWidget *from, LkDesk *desk, GArray *keys);
/* @path: of the request @transfer. */
void lk_save_answer_ask (GtkWidget *from, LkDesk *desk, gint64 transfer, const char *path);
void lk_save_inventory_ask (GtkWidget *from, LkDesk *desk);
