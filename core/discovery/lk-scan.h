/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-probe.h"
#include "discovery/lk-range.h"
#include "domain/lk-sighting.h"

#include <gio/gio.h>

#define LK_SCAN_RATE     256 /* probes a second, unless told otherwise */
#define LK_SCAN_MAX_RATE 20000
#define LK_SCAN_MAX_OPEN 900 /* connections at a time, so that 1,024 descriptors suffice */

typedef struct
{
  guint16 port;
  gboolean tls;
} LkScanPort;

/**
 * LkScanOptions:
 *
 * What is asked, and where; borrowed.
 * @ranges: each address of it is probed at each of @ports; or NULL
 * @host_names: address → the name that a person wrote for it; or NULL
 * @identify: whether an open port is asked who it is
 * @interfaces: (LkInterface) where everybody is asked by NetBIOS, WS-Discovery and multicast DNS,
 *   and every address of @ranges for its NetBIOS names; NULL: nobody, only machines that were found
 *   in @ranges are asked for their NetBIOS names
 * @workgroup: only machines of that workgroup or domain; or NULL
 * @pattern: only machines one of whose names matches, with * and ?; or NULL
 * @rate: probes and questions a second
 */
typedef struct
{
  const LkRanges *ranges;
  GHashTable *host_names;
  const LkScanPort *ports;
  guint n_ports;
  gboolean identify;
  GPtrArray *interfaces;
  const char *workgroup;
  const char *pattern;
  guint rate;
} LkScanOptions;

/* How far it is. */
typedef struct
{
  guint64 n_probes; /* that the ranges make */
  guint64 n_ended;
  guint64 outcomes[LK_PROBE_N_OUTCOMES];
  guint64 n_wsman; /* of those that answered, who speak WS-Management */
  guint n_machines;
  guint n_left_out; /* answers for which there was no room */
} LkScanCounts;

/**
 * LkScanFuncs:
 *
 * Called on the thread of lk_scan_run(); each may be NULL.
 * @found: a machine, as soon as nothing new came of it for a moment; again with the same serial
 * when more became known
 * @probed: what became of one address and port of the ranges
 * @progressed: five times a second
 */
typedef struct
{
  void (*found) (const LkSighting *sighting, gpointer user_data);
  void (*probed) (const LkAddress *address,
                  LkProbeOutcome outcome,
                  gboolean is_wsman,
                  gpointer user_data);
  void (*progressed) (const LkScanCounts *counts, gpointer user_data);
  gpointer user_data;
} LkScanFuncs;

/* Looks for machines and comes back when nothing more is to be expected. All of it happens on this
 * thread, with at most LK_SCAN_MAX_OPEN connections at a time; nothing is kept of addresses at
 * which nobody is. Fails with G_IO_ERROR_CANCELLED after what was found until then was handed out,
 * or with LK_ERROR_INVALID. */
gboolean lk_scan_run (const LkScanOptions *options,
                      const LkScanFuncs *funcs,
                      LkScanCounts *counts,
                      GCancellable *cancellable,
                      GError **error);
