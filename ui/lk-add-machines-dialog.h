/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Adds machines by their addresses or from a file, and offers to read them. */

#define LK_TYPE_ADD_MACHINES_DIALOG (lk_add_machines_dialog_get_type ())
G_DECLARE_FINAL_TYPE (LkAddMachinesDialog,
                      lk_add_machines_dialog,
                      LK,
                      ADD_MACHINES_DIALOG,
                      AdwWindow)

/* @file: is opened at once, or NULL. @parent: the window whose store it is. */
GtkWidget *lk_add_machines_dialog_new (GtkWindow *parent, LkDesk *desk, GFile *file);
