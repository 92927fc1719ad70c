/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-error.h"
#include "net/lk-auth.h"
#include "net/lk-channel.h"
#include "net/lk-link.h"

/* Between lk-link.c, lk-link-connect.c and lk-link-exchange.c. */

struct _LkLink
{
  char *host;
  char *name; /* the machine's full name, or NULL */
  guint16 port;
  gboolean tls;
  char *path;
  LkPin *pin;
  LkTrust *trust;
  LkAuth *auth;
  guint connect_ms;
  guint first_byte_ms;
  guint call_ms;
  guint fresh_ms;

  char *peer;      /* "pc-7:5985" */
  char *described; /* "pc-7 (10.0.0.7:5985)" once an address is known */
  LkChannel *channel;
  gboolean is_last;   /* the peer takes no further request on this channel */
  gint64 last_answer; /* monotonic */
  guint serial;
  guint required_serial; /* 0: any */
  LkLinkStage stage;
  LkLinkProblem problem;
  guint status;
  gboolean sent;
  gboolean was_sealing;
  gint64 took[LK_LINK_DONE]; /* microseconds */
  gboolean has_clock;
  gint64 clock_lead; /* seconds */
};

/* One call's waiting: the deadline of everything, and the descriptor to cancel it. */
typedef struct
{
  LkPatience patience;
  GCancellable *cancellable;
  guint call_ms;
  guint first_byte_ms;
} LkCall;

void lk_link_drop (LkLink *self);

/* Every failure of a link comes through here: it names the machine, ends the connection, and tells
 * whether the request may have arrived. Gives FALSE. */
gboolean lk_link_fail (LkLink *self,
                       LkLinkProblem problem,
                       LkError code,
                       GError **error,
                       const char *format,
                       ...) G_GNUC_PRINTF (5, 6);
/* @doing: "while connecting". @allowed_ms: what the step had, if the whole call had more left. */
gboolean lk_link_fail_io (LkLink *self,
                          LkCall *call,
                          LkIo io,
                          guint allowed_ms,
                          const char *doing,
                          GError **error);
/* @is_believed: what the status says of the request having been read or not. */
gboolean lk_link_fail_status (LkLink *self, guint status, gboolean is_believed, GError **error);

/* Connects, secures and signs in, which may take more than one connection. */
gboolean lk_link_open (LkLink *self, LkCall *call, GError **error);

/* Sends @request; LK_IO_OK, too, when the peer closed in the middle, since its answer may be there.
 * @left counts what went out. */
LkIo lk_link_send (LkLink *self, LkCall *call, const GByteArray *request, gsize *left);
LkHttpMessage *lk_link_receive (LkLink *self, LkCall *call, GError **error);
