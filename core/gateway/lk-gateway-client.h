/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "gateway/lk-gateway-state.h"

/* The consoles that may ask. A token is shown once, when it is made; only its hash is kept. */

typedef struct
{
  char *name;
  gint64 created_at;
} LkGatewayClient;

void lk_gateway_client_free (LkGatewayClient *self);

/* Gives the new client's token. LK_ERROR_INVALID when the name is taken or unusable. */
LkSecret *lk_gateway_client_add (LkGatewayState *state, const char *name, GError **error);
/* FALSE with LK_ERROR_INVALID when there is none of that name. */
gboolean lk_gateway_client_remove (LkGatewayState *state, const char *name, GError **error);
/* LkGatewayClient, by name. */
GPtrArray *lk_gateway_client_list (LkGatewayState *state, GError **error);

/* The name of the client that @token belongs to, to be freed; LK_ERROR_DENIED when it belongs to
 * none. Takes the same time whichever it is. */
char *lk_gateway_client_authenticate (LkGatewayState *state, const char *token, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGatewayClient, lk_gateway_client_free)
