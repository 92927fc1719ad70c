/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-http.h"

#include <gnutls/gnutls.h>

/**
 * LkPeer:
 *
 * A server on 127.0.0.1 that does what a test tells it: a function that is called, in the peer's
 * thread, for each connection in turn. What the test's data say is the test's to protect.
 */
typedef struct _LkPeer LkPeer;

typedef struct
{
  LkPeer *peer;
  guint number; /* of the connection, from 0 */
  int fd;
  gnutls_session_t tls;
  LkHttpParser *parser;
} LkPeerConnection;

typedef void (*LkPeerFunc) (LkPeerConnection *connection, gpointer user_data);

/* @credentials: of a TLS server, or NULL. */
LkPeer *
lk_peer_new (gnutls_certificate_credentials_t credentials, LkPeerFunc serve, gpointer user_data);
/* Ends open connections and waits for the thread. */
void lk_peer_free (LkPeer *self);
guint16 lk_peer_get_port (LkPeer *self);
/* Connections accepted so far. */
guint lk_peer_get_n_connections (LkPeer *self);

/* The next request, or NULL when the client closed. */
LkHttpMessage *lk_peer_read (LkPeerConnection *connection);
/* FALSE when the client is gone. */
gboolean lk_peer_write (LkPeerConnection *connection, const void *data, gsize length);
gboolean lk_peer_write_text (LkPeerConnection *connection, const char *text);
gboolean lk_peer_answer (LkPeerConnection *connection, guint status, const char *body);
/* Reads and forgets until the client closes. */
void lk_peer_drain (LkPeerConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPeer, lk_peer_free)
