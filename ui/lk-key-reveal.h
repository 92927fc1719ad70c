/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

#include <adwaita.h>

/* Shows a whole product key for half a minute. What is copied leaves the clipboard after half a
 * minute, too. Takes @key. */
void lk_key_reveal (GtkWidget *from, LkSecret *key);
