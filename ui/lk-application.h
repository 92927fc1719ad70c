/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#define LK_APPLICATION_ID "org.latchkey.Latchkey"

#define LK_TYPE_APPLICATION (lk_application_get_type ())
G_DECLARE_FINAL_TYPE (LkApplication, lk_application, LK, APPLICATION, AdwApplication)

/**
 * LkApplication:
 *
 * One process for each session, with one window for each store; a second start raises it.
 */
LkApplication *lk_application_new (void);
