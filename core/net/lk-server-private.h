/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-server.h"

#include <gnutls/gnutls.h>

/* Between lk-server.c, lk-server-tls.c, lk-server-loop.c, lk-server-connection.c and lk-exchange.c.
 */

#define LK_SERVER_BUFFER_BYTES 65536

typedef enum
{
  LK_WATCH_WAKE,
  LK_WATCH_LISTENER,
  LK_WATCH_CONNECTION,
} LkWatchKind;

/* First member of everything that epoll points to. */
typedef struct
{
  LkWatchKind kind;
  int fd;
} LkWatch;

/* What TLS connections are made with. A newer one may take its place; connections keep theirs. */
typedef struct
{
  gatomicrefcount refs;
  gnutls_certificate_credentials_t credentials;
  gnutls_certificate_request_t request;
} LkServerTls;

typedef struct
{
  LkServerOptions options;
  gnutls_priority_t priority;
  GBytes *client_authority; /* PEM, or NULL */
  gnutls_certificate_request_t client_request;
  gint n_connections; /* atomic */

  GMutex tls_lock; /* for what follows */
  LkServerTls *tls;
} LkServerShared;

/* A reference to the newest, or NULL. */
LkServerTls *lk_server_shared_get_tls (LkServerShared *self);
void lk_server_tls_unref (LkServerTls *self);

struct _LkServer
{
  LkServerShared shared;
  GPtrArray *listeners; /* LkListener */
  GPtrArray *loops;     /* LkLoop */
};

typedef struct
{
  LkWatch watch;
  gboolean tls;
} LkListener;

/* One thread with its epoll set. It outlives its thread for as long as an exchange points to it. */
typedef struct
{
  LkWatch wake; /* eventfd */
  gatomicrefcount refs;
  int epoll_fd;
  GThread *thread; /* to be joined */
  GThread *self;   /* the same, as the thread itself knows it */
  LkServerShared *shared;
  GPtrArray *listeners;   /* LkListener, of the server */
  gint64 listen_again_at; /* accept() ran out of descriptors; monotonic µs, 0: listening */
  GQueue connections;
  GSequence *delayed; /* LkAnswer by due time */
  gint64 next_sweep;
  char *buffer;

  GMutex lock;   /* for what follows */
  GQueue posted; /* LkAnswer */
  gboolean stopping;
} LkLoop;

typedef enum
{
  LK_CONNECTION_HANDSHAKE,
  LK_CONNECTION_READING,
  LK_CONNECTION_HANDLING,
  LK_CONNECTION_HELD,
  LK_CONNECTION_WRITING,
  LK_CONNECTION_DRAINING, /* we are done; what the peer still sends is thrown away for a moment */
  LK_CONNECTION_CLOSED,
} LkConnectionState;

typedef enum
{
  LK_AFTER_KEEP,
  LK_AFTER_CLOSE,
  LK_AFTER_RESET, /* at once: nothing is written */
  LK_AFTER_HOLD,
} LkAfter;

typedef struct
{
  LkWatch watch;
  gatomicrefcount refs;
  LkLoop *loop; /* a reference */
  GList link;
  LkConnectionState state;
  LkServerTls *tls;           /* a reference, or NULL */
  gnutls_session_t session;   /* or NULL */
  LkCertificateFacts *client; /* what the peer proved to have, or NULL */
  LkHttpParser *parser;
  GByteArray *backlog; /* read, but not yet parsed: the next request */
  guint8 *out;
  gsize out_length;
  gsize out_done;
  guint out_times;
  LkAfter after;
  gboolean reports_effect;
  gboolean in_handler;
  guint32 interest;
  gint64 deadline; /* monotonic µs, 0 for none */
  struct sockaddr_storage local;
  struct sockaddr_storage peer;
  gpointer data;
  GDestroyNotify destroy;
} LkConnection;

struct _LkExchange
{
  LkConnection *connection; /* a reference */
  LkHttpMessage *request;
  guint delay_ms;
  gboolean reports_effect;
};

/* What shall happen to a connection. */
typedef struct
{
  LkConnection *connection; /* a reference */
  GByteArray *bytes;        /* or NULL */
  guint times;
  LkAfter after;
  gboolean reports_effect;
  gint64 due; /* monotonic µs */
} LkAnswer;

LkLoop *lk_loop_new (LkServerShared *shared, GPtrArray *listeners, GError **error);
LkLoop *lk_loop_ref (LkLoop *self);
void lk_loop_unref (LkLoop *self);
void lk_loop_stop (LkLoop *self);
/* From any thread; takes @answer. */
void lk_loop_post (LkLoop *self, LkAnswer *answer);

/* In the loop's thread all of them. */
void lk_connection_open (LkLoop *loop,
                         int fd,
                         gboolean tls,
                         const struct sockaddr_storage *local,
                         const struct sockaddr_storage *peer);
void lk_connection_close (LkConnection *self, gboolean reset);
void lk_connection_on_event (LkConnection *self, guint32 events);
void lk_connection_take_answer (LkConnection *self, LkAnswer *answer);
/* From any thread. */
LkConnection *lk_connection_ref (LkConnection *self);
void lk_connection_unref (LkConnection *self);
void lk_answer_free (LkAnswer *self);
