/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "net/lk-http.h"

#include <gio/gio.h>

/**
 * LkTrust:
 *
 * How servers prove who they are: an organisation's CA file (or the system's), or the pin of one
 * certificate. Shared by all links of a process, from any thread; never "accept all".
 */
typedef struct _LkTrust LkTrust;

/* @ca_file: PEM, or NULL for the system's CAs. */
LkTrust *lk_trust_new (const char *ca_file, GError **error);
LkTrust *lk_trust_ref (LkTrust *self);
void lk_trust_unref (LkTrust *self);

/**
 * LkLinkOptions:
 *
 * Where a link leads and what it may use; copied by lk_link_new().
 */
typedef struct
{
  const char *host; /* name or address, IPv6 without brackets */
  guint16 port;
  gboolean tls;
  const char *path; /* "/wsman" */
  const char *user; /* Basic; NULL for none */
  LkSecret *password;
  LkTrust *trust;      /* needed for TLS */
  const char *pin;     /* SHA-256 of the certificate (DER) in hex: then this one and no other */
  guint connect_ms;    /* connect and TLS handshake each; 0: 5 s */
  guint first_byte_ms; /* from the last byte sent; 0: 70 s */
  guint call_ms;       /* everything together; 0: 180 s */
} LkLinkOptions;

/* The stages of a conversation, for `check` and for messages. */
typedef enum
{
  LK_LINK_NAME,
  LK_LINK_TCP,
  LK_LINK_TLS,
  LK_LINK_HTTP,
  LK_LINK_AUTH,
  LK_LINK_DONE,
} LkLinkStage;

/**
 * LkLink:
 *
 * One blocking conversation with one machine, over one connection at a time, used by the thread
 * that made it. A request that was sent is never sent again: if the connection breaks then, the
 * error carries lk_error_was_sent() and the caller decides. Only a request of which nothing left on
 * a kept connection (the peer had closed it meanwhile) is moved to a new connection, once.
 */
typedef struct _LkLink LkLink;

LkLink *lk_link_new (const LkLinkOptions *options);
void lk_link_free (LkLink *self);
/* "pc-001.lab.test:5985", for messages. */
const char *lk_link_get_peer (LkLink *self);

/* Connects (name, TCP, TLS) if not connected. */
gboolean lk_link_connect (LkLink *self, GCancellable *cancellable, GError **error);

/* Posts @body and waits for the answer. @changing: the request has an effect, so it is sent only on
 * a connection that is new or answered within the last 5 s. @timeout_ms replaces first_byte_ms
 * when not 0. HTTP statuses 200 and 500 with a body are answers; the others become errors:
 * 401 DENIED, 404 BAD_REPLY, 413 REJECTED, 503 BUSY. */
LkHttpMessage *lk_link_post (LkLink *self,
                             const char *content_type,
                             const void *body,
                             gsize length,
                             gboolean changing,
                             guint timeout_ms,
                             GCancellable *cancellable,
                             GError **error);

/* How far the last conversation came: the stage that failed, or LK_LINK_DONE. */
LkLinkStage lk_link_get_stage (LkLink *self);
/* Counts connections made; a step that verified something on a connection can tell whether it is
 * still the same one. */
guint lk_link_get_serial (LkLink *self);
/* SHA-256 of the certificate that the peer showed last, hex, or NULL. */
const char *lk_link_get_peer_pin (LkLink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLink, lk_link_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTrust, lk_trust_unref)
