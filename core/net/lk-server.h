/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-certificate-facts.h"
#include "net/lk-http.h"

#include <sys/socket.h>

/**
 * LkServer:
 *
 * A small HTTP/1.1 server for the lab and the gateway: a few loop threads with epoll, each
 * connection belonging to one of them. A connection is in one state at a time and has one deadline
 * in each, so that a peer can hold nothing for long.
 */
typedef struct _LkServer LkServer;

/**
 * LkExchange:
 *
 * One request that waits for its answer. Whoever has it ends it, exactly once and from any thread,
 * by one of the functions below; it is gone then. If the peer or the server left meanwhile, the
 * answer goes nowhere.
 */
typedef struct _LkExchange LkExchange;

/* Called in a loop thread, so it must not wait; it owns @exchange. */
typedef void (*LkServerHandler) (LkExchange *exchange, gpointer user_data);
/* Asked when a connection was accepted; FALSE resets it. */
typedef gboolean (*LkServerAdmit) (const struct sockaddr *local,
                                   const struct sockaddr *peer,
                                   gpointer user_data);

typedef struct
{
  guint n_threads;       /* 0: 2 */
  guint max_connections; /* 0: 4096; what comes above is reset */
  gsize max_body;        /* 0: 4 MiB */
  guint idle_ms;         /* between requests; 0: 120 s */
  guint request_ms;      /* handshake, head and body, each step of a write; 0: 30 s */
  LkServerAdmit admit;   /* or NULL */
  LkServerHandler handler;
  gpointer user_data;
} LkServerOptions;

typedef enum
{
  LK_LISTEN_DEFAULT = 0,
  LK_LISTEN_TLS = 1 << 0,
  /* Others may listen on a more exact address with the same port. */
  LK_LISTEN_SHARED = 1 << 1,
  /* Takes only what comes through the loopback device, if the kernel lets us ask for that. */
  LK_LISTEN_LOOPBACK = 1 << 2,
} LkListenFlags;

LkServer *lk_server_new (const LkServerOptions *options);
/* Stops first. */
void lk_server_free (LkServer *self);

/* For LK_LISTEN_TLS; both in PEM. Before the start, and again at any time: connections that exist
 * go on with the old one. On an error (LK_ERROR_INVALID) the old one stays. */
gboolean lk_server_set_certificate (LkServer *self,
                                    const char *certificate,
                                    gsize certificate_length,
                                    const char *key,
                                    gsize key_length,
                                    GError **error);

/* Before the start. From then on TLS connections are asked for a client's certificate. One that is
 * shown must come from an authority in @pem, be valid now and be meant for clients, or the
 * handshake fails; with @required, so it does without one. LK_ERROR_INVALID when there is no
 * certificate in
 * @pem. */
gboolean lk_server_set_client_authority (LkServer *self,
                                         const char *pem,
                                         gsize length,
                                         gboolean required,
                                         GError **error);

/* Before the start. @address is numeric; @port 0 takes any. Gives the port, or 0. */
guint16 lk_server_listen (LkServer *self,
                          const char *address,
                          guint16 port,
                          LkListenFlags flags,
                          GError **error);

gboolean lk_server_start (LkServer *self, GError **error);
/* Closes everything and waits for the loops to end. */
void lk_server_stop (LkServer *self);
guint lk_server_get_n_connections (LkServer *self);

const LkHttpMessage *lk_exchange_get_request (const LkExchange *self);
const struct sockaddr *lk_exchange_get_local (const LkExchange *self);
const struct sockaddr *lk_exchange_get_peer (const LkExchange *self);
gboolean lk_exchange_is_tls (const LkExchange *self);
/* "tls-server-end-point:" and the hash of our certificate (RFC 5929 4), for GSSAPI; NULL in the
 * clear. In the handler only. */
GBytes *lk_exchange_dup_binding (const LkExchange *self);
/* The peer's numeric address, without the port; to be freed. */
char *lk_exchange_dup_peer_name (const LkExchange *self);
/* The certificate that the client proved to have, which an authority of
 * lk_server_set_client_authority() vouches for; NULL when it showed none. To be unreferenced. */
LkCertificateFacts *lk_exchange_dup_client_certificate (const LkExchange *self);
/* Something kept with the connection, for the handler alone. */
gpointer lk_exchange_get_data (const LkExchange *self);
void lk_exchange_set_data (LkExchange *self, gpointer data, GDestroyNotify destroy);

/* Whatever ends the exchange shall happen that much later. */
void lk_exchange_set_delay (LkExchange *self, guint ms);
/* The answer reports something that was done: crash hooks "before-send" and "after-send". */
void lk_exchange_mark_effect (LkExchange *self);

/* @headers: name, value, …, NULL, or NULL; Content-Length is added. @body may be NULL. */
void lk_exchange_reply (LkExchange *self, guint status, const char *const *headers, GBytes *body);
/* Resets the connection. */
void lk_exchange_drop (LkExchange *self);
/* Never answers; the connection lives until the peer leaves it, at most ten minutes. */
void lk_exchange_hold (LkExchange *self);
/* Sends just these bytes and closes; @times repeats them (an endless body ends somewhere, too). */
void lk_exchange_write_raw (LkExchange *self, GBytes *bytes, guint times);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkServer, lk_server_free)
