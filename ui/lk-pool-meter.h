/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/lk-summary.h"

#include <gtk/gtk.h>

#define LK_TYPE_POOL_METER (lk_pool_meter_get_type ())
G_DECLARE_FINAL_TYPE (LkPoolMeter, lk_pool_meter, LK, POOL_METER, GtkWidget)

GtkWidget *lk_pool_meter_new (void);
/* What a key's pool has: used, reserved, left. @name: what the key is called. */
void lk_pool_meter_set_pool (LkPoolMeter *self, const char *name, const LkPool *pool);
/* "40 used, 3 reserved, 267 left"; to be freed. */
char *lk_pool_describe (const LkPool *pool);
