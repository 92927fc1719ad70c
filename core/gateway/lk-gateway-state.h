/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-clock.h"
#include "db/lk-writer.h"

/**
 * LkGatewayState:
 *
 * The gateway's file: the ledger, and who may ask and who asked. Used from any thread: writes go
 * through one writer, reads through one reading connection.
 */
typedef struct _LkGatewayState LkGatewayState;

/* Made, or migrated, if need be. @clock must outlive it; NULL is the system's. */
LkGatewayState *lk_gateway_state_open (const char *path, const LkClock *clock, GError **error);
void lk_gateway_state_free (LkGatewayState *self);

/* Only one process serves from a file: LK_ERROR_BUSY if another does. Held until freed. */
gboolean lk_gateway_state_lock (LkGatewayState *self, GError **error);
gint64 lk_gateway_state_now (LkGatewayState *self);
/* Whether the file's disk has at least @bytes left. */
gboolean lk_gateway_state_has_space (LkGatewayState *self, guint64 bytes);

gboolean
lk_gateway_state_write (LkGatewayState *self, LkWriteFunc func, gpointer user_data, GError **error);
gboolean
lk_gateway_state_read (LkGatewayState *self, LkWriteFunc func, gpointer user_data, GError **error);

/* NULL when it was never set, or with an error. */
char *lk_gateway_state_get_setting (LkGatewayState *self, const char *name, GError **error);
gboolean lk_gateway_state_set_setting (LkGatewayState *self,
                                       const char *name,
                                       const char *value,
                                       GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGatewayState, lk_gateway_state_free)
