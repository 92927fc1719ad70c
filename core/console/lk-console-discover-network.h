/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "discovery/lk-address-text.h"
#include "discovery/lk-scan.h"

/* Finding machines on the network: in address ranges, and in the workgroup. */

/* The interfaces that a workgroup can be asked on; for each, @networks gets where it leads, for
 * people: "10.0.0.7/24, fd00::7/64". Both NULL-terminated, to be freed with g_strfreev(). NULL on
 * an error. */
char **lk_network_list_interfaces (char ***networks, GError **error);

/**
 * LkNetworkSearch:
 *
 * What a person asks for; borrowed.
 * @ranges: addresses, networks, from–to, or names of hosts, each word with one or several of them
 *   between commas; of a workgroup NULL
 * @interfaces: where to ask a workgroup; NULL: on all but loopback
 * @workgroup: machines of that workgroup or domain only; NULL: of any
 * @pattern: machines one of whose names matches only, with * and ?; NULL: all
 * @ports: "5985,5986/tls"; NULL: these
 * @rate: probes a second; 0: LK_SCAN_RATE
 * @max_addresses: 0: LK_RANGES_MAX_ADDRESSES
 * @dry_run: nothing is added
 */
typedef struct
{
  const char *const *ranges;
  const char *const *interfaces;
  const char *workgroup;
  const char *pattern;
  const char *ports;
  guint rate;
  guint64 max_addresses;
  gboolean identify;
  gboolean dry_run;
} LkNetworkSearch;

/**
 * LkNetworkFinds:
 *
 * What came of it.
 */
typedef struct
{
  LkScanCounts counts;
  GPtrArray *sightings; /* of LkSighting, one for each machine, in the order of their serials */
  GPtrArray *faults;  /* of LkLineFault: parts of the ranges, by their number, that were left out */
  guint n_duplicates; /* of the faults */
  GPtrArray *notes;   /* of char *: what was not looked at, for people */
  guint n_added;
  guint n_known;
} LkNetworkFinds;

/* NULL with LK_ERROR_INVALID when nothing of what was asked can be done. Whatever else goes wrong,
 * or when it is cancelled, it gives what was found until then together with the error; it is added
 * to the store by the dozen while it is being found. @funcs is called on this thread. Blocking. */
LkNetworkFinds *lk_console_discover_range (LkConsole *self,
                                           const LkNetworkSearch *search,
                                           const LkScanFuncs *funcs,
                                           GCancellable *cancellable,
                                           GError **error);
LkNetworkFinds *lk_console_discover_workgroup (LkConsole *self,
                                               const LkNetworkSearch *search,
                                               const LkScanFuncs *funcs,
                                               GCancellable *cancellable,
                                               GError **error);
void lk_network_finds_free (LkNetworkFinds *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkNetworkFinds, lk_network_finds_free)
