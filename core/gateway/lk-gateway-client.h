/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "gateway/lk-gateway-state.h"
#include "net/lk-certificate-facts.h"

/* The consoles that may ask, and how each proves who it is: by a token, of which only a hash is
 * kept, or by a certificate, of which the SHA-256 is. */

/* One way in which a client signs in. */
typedef struct
{
  char *name;
  char *fingerprint; /* of its certificate, or NULL: it has a token */
  gint64 created_at;
  gint64 ends_at; /* 0: not before it is removed */
} LkGatewayClient;

/* What a client is known by from now on: one of the two. */
typedef struct
{
  const LkSecret *token;
  const LkCertificateFacts *certificate;
} LkGatewayProof;

void lk_gateway_client_free (LkGatewayClient *self);

/* A token that nobody has yet, for a proof. */
LkSecret *lk_gateway_token_new (void);
/* LK_ERROR_INVALID unless @name is one that a client may have. */
gboolean lk_gateway_client_check_name (const char *name, GError **error);

/* LK_ERROR_INVALID when the name is taken or unusable. */
gboolean lk_gateway_client_add (LkGatewayState *state,
                                const char *name,
                                const LkGatewayProof *proof,
                                GError **error);
/* Gives a client a new proof; what it had is good for @overlap_ms more, not at all for 0.
 * LK_ERROR_INVALID when there is none of that name. */
gboolean lk_gateway_client_rotate (LkGatewayState *state,
                                   const char *name,
                                   const LkGatewayProof *proof,
                                   gint64 overlap_ms,
                                   GError **error);
/* FALSE with LK_ERROR_INVALID when there is none of that name. */
gboolean lk_gateway_client_remove (LkGatewayState *state, const char *name, GError **error);
/* LkGatewayClient, by name; a client with two proofs is there twice. */
GPtrArray *lk_gateway_client_list (LkGatewayState *state, GError **error);

/* The name of the client that showed this, to be freed; LK_ERROR_DENIED when it belongs to none,
 * or no longer. A @certificate (or NULL) that was shown decides; @token counts only without one.
 * Takes the same time whichever client it is. */
char *lk_gateway_client_authenticate (LkGatewayState *state,
                                      const char *token,
                                      const LkCertificateFacts *certificate,
                                      GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGatewayClient, lk_gateway_client_free)
