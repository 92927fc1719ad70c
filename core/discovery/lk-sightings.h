/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-sighting.h"
#include "net/lk-resolve.h"

/* How a machine was noticed. */
typedef enum
{
  LK_MEANS_NETBIOS = 1 << 0,
  LK_MEANS_WSD = 1 << 1,
  LK_MEANS_MDNS = 1 << 2,
  LK_MEANS_WINRM = 1 << 3, /* WS-Management answered */
  LK_MEANS_PORT = 1 << 4,  /* a port takes connections, nothing was asked */
} LkMeans;

/**
 * LkEvidence:
 *
 * What one answer says of one machine. Everything may be missing; strings are borrowed.
 */
typedef struct
{
  LkMeans means;
  const char *name;         /* NetBIOS name, or what the metadata calls it */
  const char *full_name;    /* with dots */
  const char *group;        /* workgroup or domain */
  const char *endpoint;     /* of WS-Discovery, one for each machine */
  const LkAddress *address; /* NULL for none; its port does not count */
  const char *asked_as;     /* the name under which a person named that address */
  guint16 port;             /* where WS-Management answered or a port is open, else 0 */
  gboolean tls;
} LkEvidence;

/**
 * LkSightings:
 *
 * Puts answers together to machines: those that share an address, an endpoint, or a name within one
 * workgroup, are one. Bounded: at most 65,536 machines, with 16 names and addresses each.
 */
typedef struct _LkSightings LkSightings;

LkSightings *lk_sightings_new (void);
void lk_sightings_free (LkSightings *self);

/* @now: in the time of g_get_monotonic_time(). FALSE when there is no room for another machine. */
gboolean lk_sightings_add (LkSightings *self, const LkEvidence *evidence, gint64 now);

typedef void (*LkSightingFunc) (const LkSighting *sighting, gpointer user_data);

/* Hands out the machines of which there is news since they were handed out last, and of which
 * nothing came since @before: their sightings keep their serial. */
void
lk_sightings_hand_out (LkSightings *self, gint64 before, LkSightingFunc func, gpointer user_data);

/* How many machines there are. */
guint lk_sightings_count (const LkSightings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSightings, lk_sightings_free)
