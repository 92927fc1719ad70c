/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-interface.h"
#include "discovery/lk-sightings.h"

#include <poll.h>

#define LK_NEIGHBOURS_MAX_SOCKETS 64

/**
 * LkNeighbourFuncs:
 *
 * What answers lead to. @address: somebody is there. @metadata: a device of WS-Discovery tells its
 * name and workgroup at that path, by HTTP.
 */
typedef struct
{
  void (*evidence) (const LkEvidence *evidence, gpointer user_data);
  void (*address) (const LkAddress *address, gpointer user_data);
  void (*metadata) (const LkAddress *address,
                    const char *path,
                    const char *endpoint,
                    gpointer user_data);
  gpointer user_data;
} LkNeighbourFuncs;

/**
 * LkNeighbours:
 *
 * Asks who is there by NetBIOS, WS-Discovery and multicast DNS, on chosen interfaces and from ports
 * of its own. Questions wait in a bounded line until somebody sends them, so that a rate can be
 * kept; what an answer makes it ask for goes there, too, each thing once.
 */
typedef struct _LkNeighbours LkNeighbours;

/* @interfaces (LkInterface) must outlive it; NULL: only node status of addresses that are named.
 * LK_ERROR_INVALID when not one socket can be had. */
LkNeighbours *
lk_neighbours_new (GPtrArray *interfaces, const LkNeighbourFuncs *funcs, GError **error);
void lk_neighbours_free (LkNeighbours *self);

/* Puts a question to everybody, by every means, into the line. @workgroup: one that a person named,
 * or NULL. Worth doing twice, because datagrams get lost. */
void lk_neighbours_ask_all (LkNeighbours *self, const char *workgroup);
/* Asks this IPv4 address for its NetBIOS names, at once, unless it was asked already. TRUE when
 * something was sent. */
gboolean lk_neighbours_ask_status (LkNeighbours *self, const LkAddress *address);

/* Sends the next question of the line; FALSE when there is none. */
gboolean lk_neighbours_send_next (LkNeighbours *self);

/* Descriptors to wait for, at most LK_NEIGHBOURS_MAX_SOCKETS. */
guint lk_neighbours_get_fds (LkNeighbours *self, struct pollfd *fds);
/* Takes in what came; never blocks. */
void lk_neighbours_receive (LkNeighbours *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkNeighbours, lk_neighbours_free)
