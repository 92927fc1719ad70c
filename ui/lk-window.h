/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_WINDOW (lk_window_get_type ())
G_DECLARE_FINAL_TYPE (LkWindow, lk_window, LK, WINDOW, AdwApplicationWindow)

/**
 * LkWindow:
 *
 * One store. Actions for the pages: “win.show-page” (a page's name), “win.show-rows” (a selection,
 * shown on the products page), “win.preferences”, “win.add-machines”, “win.open-file”.
 *
 * Signal "settled": what the window shows first is known now.
 */
LkWindow *lk_window_new (GtkApplication *application, const char *path, gboolean is_practice);

LkDesk *lk_window_get_desk (LkWindow *self);
gboolean lk_window_is_settled (LkWindow *self);
/* Whether its store is known to have no machines. */
gboolean lk_window_is_empty (LkWindow *self);

/* Opens the dialog that fits the file. */
void lk_window_open_file (LkWindow *self, GFile *file);

/* A word to the person, at the bottom of the window that @widget is in, for a few seconds. */
void lk_window_say (GtkWidget *widget, const char *text);
/* The same with a button that does an action; @target as for gtk_actionable_set_action_target(). */
void lk_window_say_with (GtkWidget *widget,
                         const char *text,
                         const char *label,
                         const char *action,
                         GVariant *target);
