/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkSighting:
 *
 * A machine as a source found it, before anything was asked of it.
 */
typedef struct
{
  char *name;
  char *address; /* NULL: by name */
  guint16 port;  /* 0: 5985, or 5986 with TLS */
  gboolean tls;
  char *domain;     /* or workgroup, or NULL */
  char **also;      /* its other names and addresses, NULL-terminated, or NULL */
  char *means;      /* how it was found, for people: "NetBIOS, WS-Discovery"; or NULL */
  guint serial;     /* one source's sightings with the same number are of one machine; 0: none */
  char *os_version; /* "10.0.22631", or NULL */
  char **tags;      /* that a list gives it, NULL-terminated, or NULL */
} LkSighting;

void lk_sighting_free (LkSighting *self);
LkSighting *lk_sighting_copy (const LkSighting *self);

/* Whether @text can be a host's name or address: letters, digits, dots, dashes, underscores in
 * labels of at most 63 and 253 together, or an IPv4 or IPv6 address. */
gboolean lk_host_is_plausible (const char *text);

/* From "NAME", "NAME:PORT", "ADDRESS", "[IPv6]:PORT" and the same behind "https://". Else
 * LK_ERROR_INVALID, which says why. Port 5986 alone means TLS. */
LkSighting *lk_sighting_parse (const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSighting, lk_sighting_free)
