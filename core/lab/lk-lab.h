/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-door.h"
#include "lab/lk-lab-fleet.h"

/**
 * LkLab:
 *
 * A practice fleet on the loopback device: one socket for all machines, each at an address of its
 * own, 127.1.x.y.
 */
typedef struct _LkLab LkLab;

typedef struct
{
  LkLabFleetOptions fleet;
  guint16 port;            /* 0: any */
  gboolean with_tls;       /* a second port, the same machines */
  guint16 tls_port;        /* 0: any */
  const char *certificate; /* PEM for TLS, or NULL: one is made */
  const char *key;         /* PEM of its private key */
  const char *client_ca;   /* PEM: who vouches for clients' certificates, or NULL */
  LkLabDoorOptions door;
  guint latency_ms; /* of every answer */
  guint context_ms; /* life of an enumeration; 0: 60 s */
  guint n_threads;  /* 0: 2 */
} LkLabOptions;

LkLab *lk_lab_new (const LkLabOptions *options, GError **error);
void lk_lab_free (LkLab *self);

LkLabFleet *lk_lab_get_fleet (LkLab *self);
guint16 lk_lab_get_port (LkLab *self);
guint16 lk_lab_get_tls_port (LkLab *self); /* 0: none */
/* PEM, or NULL without TLS: whom clients have to trust. */
const char *lk_lab_get_certificate (LkLab *self);

/* Sets a fault of a place and does what that needs outside of the fault set. */
gboolean lk_lab_put_fault (LkLab *self,
                           guint place,
                           LkLabFault fault,
                           gboolean on,
                           guint value,
                           GError **error);

/* name,address,port,domain of every machine, as CSV. The file appears whole. */
gboolean lk_lab_write_hosts (LkLab *self, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLab, lk_lab_free)
