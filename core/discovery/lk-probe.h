/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-http.h"
#include "net/lk-resolve.h"

/* What became of one address and port. */
typedef enum
{
  LK_PROBE_OPEN,     /* it takes connections; nothing was asked */
  LK_PROBE_ANSWERED, /* it answered in HTTP */
  LK_PROBE_OTHER,    /* it answered something else, or hung up */
  LK_PROBE_SILENT,   /* it takes connections and says nothing */
  LK_PROBE_CLOSED,   /* somebody is there and refuses */
  LK_PROBE_FILTERED, /* nothing came back: a firewall, or beyond a router nobody */
  LK_PROBE_ABSENT,   /* no such neighbour, or no way there */
  LK_PROBE_N_OUTCOMES,
} LkProbeOutcome;

/**
 * LkProbe:
 *
 * One address and port, and what to ask there.
 */
typedef struct
{
  LkAddress address;
  gboolean tls;     /* nobody's certificate is checked: nothing secret is said */
  GBytes *question; /* an HTTP request, or NULL: only whether it takes connections */
  gpointer data;    /* the caller's */
} LkProbe;

/* @answer: of LK_PROBE_ANSWERED, else NULL. @probe and @answer last until it returns; it may start
 * other probes. */
typedef void (*LkProbeFunc) (const LkProbe *probe,
                             LkProbeOutcome outcome,
                             const LkHttpMessage *answer,
                             gpointer user_data);

/**
 * LkProber:
 *
 * Many probes at a time on one thread, with a bounded number of sockets.
 */
typedef struct _LkProber LkProber;

/* @connect_ms: how long a connection may take; @answer_ms: how long an answer, with TLS and all. */
LkProber *lk_prober_new (guint max_open,
                         guint connect_ms,
                         guint answer_ms,
                         LkProbeFunc func,
                         gpointer user_data);
/* Probes that have not ended are dropped without a word. */
void lk_prober_free (LkProber *self);

/* FALSE when there is no room now. Takes a reference on the question. */
gboolean lk_prober_start (LkProber *self, const LkProbe *probe);
guint lk_prober_get_open (const LkProber *self);
/* Becomes readable when lk_prober_run() has something to do, time-outs apart. */
int lk_prober_get_fd (const LkProber *self);
/* Goes on with what is ready and ends what has waited too long; never blocks. */
void lk_prober_run (LkProber *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkProber, lk_prober_free)
