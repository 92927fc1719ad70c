/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-http.h"
#include "net/lk-login.h"
#include "net/lk-trust.h"

#include <gio/gio.h>

/**
 * LkLinkOptions:
 *
 * Where a link leads and what it may use; copied by lk_link_new().
 */
typedef struct
{
  const char *host; /* name or address, IPv6 without brackets */
  const char *name; /* the machine's full name, for its certificate and its Kerberos service, when
                       @host is an address or an alias; or NULL */
  guint16 port;
  gboolean tls;
  const char *path;    /* "/wsman" */
  LkLogin *login;      /* NULL: nobody */
  LkTrust *trust;      /* needed for TLS */
  const char *pin;     /* SHA-256 of the certificate (DER) in hex: then this one and no other */
  GBytes *pinned;      /* that certificate (DER), to say what changed; NULL: unknown */
  gint64 pinned_at;    /* when it was accepted, ms; 0: unknown */
  guint connect_ms;    /* connect and TLS handshake each; 0: 5 s */
  guint first_byte_ms; /* from the last byte sent; 0: 70 s */
  guint call_ms;       /* everything together; 0: 180 s */
  guint fresh_ms; /* how old an answer vouches for a connection that shall carry a change; 0: 5 s */
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

/* What kind of failure it was, for advice: several stages can fail in the same way. */
typedef enum
{
  LK_LINK_PROBLEM_NONE,
  LK_LINK_PROBLEM_NO_SUCH_NAME,
  LK_LINK_PROBLEM_REFUSED,
  LK_LINK_PROBLEM_NO_ROUTE,
  LK_LINK_PROBLEM_TIMED_OUT,
  LK_LINK_PROBLEM_CLOSED,    /* the peer hung up */
  LK_LINK_PROBLEM_UNTRUSTED, /* its certificate */
  LK_LINK_PROBLEM_UNSAFE,    /* a password would have gone out in the clear */
  LK_LINK_PROBLEM_NOT_HTTP,
  LK_LINK_PROBLEM_CLOCK,        /* Kerberos: the clocks differ */
  LK_LINK_PROBLEM_NO_SERVICE,   /* Kerberos: the domain does not know the machine */
  LK_LINK_PROBLEM_NO_AUTHORITY, /* Kerberos: no domain controller answers */
  LK_LINK_PROBLEM_NO_WAY,       /* of signing in that both sides take */
  LK_LINK_PROBLEM_STATUS,       /* see lk_link_get_status() */
  LK_LINK_PROBLEM_CANCELLED,
  LK_LINK_PROBLEM_OTHER,
} LkLinkProblem;

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
/* The same with the address that was used last: "pc-001.lab.test (10.0.0.7:5985)". */
const char *lk_link_get_described (LkLink *self);

/* Connects (name, TCP, TLS) and signs in if not connected. */
gboolean lk_link_connect (LkLink *self, GCancellable *cancellable, GError **error);

/* Posts @body and waits for the answer. @changing: the request has an effect, so it is sent only on
 * a connection that is new or answered within fresh_ms. @timeout_ms replaces first_byte_ms
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
LkLinkProblem lk_link_get_problem (LkLink *self);
/* How long a stage took when the link connected last, in microseconds; 0: it was not done. */
gint64 lk_link_get_duration (LkLink *self, LkLinkStage stage);
/* How far the peer's clock is ahead of ours, by the Date of its last answer (RFC 9110, 6.6.1), in
 * seconds; FALSE when it did not tell. */
gboolean lk_link_get_clock_lead (LkLink *self, gint64 *seconds);
/* HTTP status of the last answer, 0 when there was none. */
guint lk_link_get_status (LkLink *self);
/* Whether something of the last request left. The error says so too, except when it was cancelled:
 * that keeps its own domain. */
gboolean lk_link_was_sent (LkLink *self);
/* Counts connections made; a step that verified something on a connection can tell whether it is
 * still the same one. */
guint lk_link_get_serial (LkLink *self);
/* Whether a changing request would go out on the connection that is open now. */
gboolean lk_link_is_fresh (LkLink *self);
/* From now on a changing request is sent on the connection with this serial or not at all
 * (UNREACHABLE, nothing sent); 0 lifts that. For whoever verified on it who the machine is. */
void lk_link_require_serial (LkLink *self, guint serial);
/* SHA-256 of the certificate that the peer showed last, hex, or NULL. */
const char *lk_link_get_peer_pin (LkLink *self);
/* That certificate (DER), also when it was refused; NULL: none was shown. It stays the link's. */
GBytes *lk_link_get_peer_certificate (LkLink *self);

/* Which ways of signing in were tried and what came of them, one line each; "" for none. */
const char *lk_link_get_trail (LkLink *self);
/* Whether the last request went out sealed. */
gboolean lk_link_was_sealing (LkLink *self);
/* Whether sealed messages are framed for a foreign server; kept for later connections. */
void lk_link_set_foreign (LkLink *self, gboolean is_foreign);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLink, lk_link_free)
