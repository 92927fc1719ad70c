/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <adwaita.h>

#define LK_TYPE_PREFERENCES (lk_preferences_get_type ())
G_DECLARE_FINAL_TYPE (LkPreferences, lk_preferences, LK, PREFERENCES, AdwPreferencesWindow)

/* The settings of one store, beside its window. */
GtkWidget *lk_preferences_new (GtkWindow *parent, LkDesk *desk);
