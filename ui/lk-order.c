/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-order.h"

#include "ui/lk-window.h"

#include <glib/gi18n.h>

void
lk_order_ask (GtkWidget *from, LkDesk *desk, const char *plan, const char *const *machines)
{
  lk_window_say (from, _ ("This is not possible yet"));
}
