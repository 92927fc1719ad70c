/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

#include <gtk/gtk.h>

/* One line of a machine's timeline. */
GtkWidget *lk_event_row_new (const LkEvent *event);
