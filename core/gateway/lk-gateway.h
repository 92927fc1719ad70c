/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "gateway/lk-gateway-upstream.h"
#include "net/lk-certificate-facts.h"

typedef struct
{
  const char *state_path;
  const LkClock *clock; /* NULL: the system's */
  LkSecret *digest_key;
  gboolean is_practice; /* else @upstream */
  gint64 practice_pool; /* 0: 10,000 */
  LkGatewayUpstreamOptions upstream;
  guint answer_within_ms;      /* how long a client waits for upstream, 0: 20 s */
  const char *address;         /* numeric; NULL: 127.0.0.1 */
  guint16 port;                /* 0: any */
  const char *tls_certificate; /* PEM files; clear text is for loopback only */
  const char *tls_key;
  const char *client_ca; /* PEM file of the authority for clients' certificates, or NULL */
} LkGatewayOptions;

/**
 * LkGateway:
 *
 * A MAK proxy backend: answers batches of installation IDs from its records, or by asking upstream.
 */
typedef struct _LkGateway LkGateway;

/* Opens and locks the state file (LK_ERROR_BUSY when another serves from it) and checks @options;
 * nothing is heard before lk_gateway_start(). */
LkGateway *lk_gateway_new (const LkGatewayOptions *options, GError **error);
void lk_gateway_free (LkGateway *self);
LkGatewayState *lk_gateway_get_state (LkGateway *self);
/* Reads the TLS certificate and its key again: connections that come from now on see them. On an
 * error the old ones stay. May be called while it serves, by one thread at a time. */
gboolean lk_gateway_reload (LkGateway *self, GError **error);
/* The TLS certificate in use; NULL without TLS. Valid until the next lk_gateway_reload(). */
const LkCertificateFacts *lk_gateway_get_certificate (LkGateway *self);
/* Gives the port, or 0. */
guint16 lk_gateway_start (LkGateway *self, GError **error);

/* A digest key in hex or base64, from a file that nobody else may read. */
LkSecret *lk_gateway_read_digest_key (const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkGateway, lk_gateway_free)
