/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/* The one way from the window to a job: reads the preview, shows which rows, which key, what it
 * costs and what is left out, and files the job when the person confirms (a refresh needs no
 * question). What came of it is told by a toast with a link to the job. */

/* @plan: of domain/lk-job.h; NULL: activate, by proxy or online, whichever fits. @machines: "#ID"
 * of each, NULL-terminated; NULL: all. Of several, those that have another entitlement are left out
 * unless the person says otherwise. */
void lk_order_ask (GtkWidget *from, LkDesk *desk, const char *plan, const char *const *machines);
/* The same for rows of the main list by their keys (gint64): exactly these products are meant. */
void lk_order_ask_rows (GtkWidget *from, LkDesk *desk, const char *plan, GArray *keys);
