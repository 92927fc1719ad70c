/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-order-call.h"

#include <adwaita.h>

/* Says what an order would do and what it costs, and files it when the person agrees. */

#define LK_TYPE_ORDER_DIALOG (lk_order_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkOrderDialog, lk_order_dialog, LK, ORDER_DIALOG, AdwWindow)

/* Takes @ask. @parent is the window whose store it is; it presents itself when it knows what to
 * say. Signal "filed": the text of the toast, and whether there is a job. */
LkOrderDialog *lk_order_dialog_new (GtkWindow *parent, LkDesk *desk, LkOrderAsk *ask);
