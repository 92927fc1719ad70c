/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

/* Rows of the preferences that show one setting of the store and keep it, checked where it is
 * typed. A secret is never shown, only whether it is set. */

void lk_setting_row_bind_entry (AdwEntryRow *row, LkDesk *desk, const char *name);
/* The words of the choice stand in the same order in the row's model. */
void lk_setting_row_bind_choice (AdwComboRow *row, LkDesk *desk, const char *name);
void
lk_setting_row_bind_number (GtkSpinButton *spin, GtkWidget *row, LkDesk *desk, const char *name);
