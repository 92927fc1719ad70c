/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* WS-Discovery (the 2005/04 version, which Windows speaks) over UDP, and the Get of a device's
 * metadata over HTTP, in which Windows' "Computer" says its name and its workgroup. */

#define LK_WSD_PORT     3702
#define LK_WSD_GROUP    "239.255.255.250"
#define LK_WSD_GROUP_V6 "ff02::c"

/* Soap over UDP carries at most so much. */
#define LK_WSD_MAX_MESSAGE 65536

/**
 * LkWsdMatch:
 *
 * A device that answered a Probe or a Resolve.
 */
typedef struct
{
  char *endpoint; /* its address, for ever the same: "urn:uuid:…" */
  char **urls;    /* where its metadata is, maybe none */
} LkWsdMatch;

/* Each with an id of its own. Free with g_bytes_unref(). */
GBytes *lk_wsd_write_probe (void);
GBytes *lk_wsd_write_resolve (const char *endpoint);
GBytes *lk_wsd_write_get (const char *endpoint);

/* The matches (LkWsdMatch) in an answer to Probe or Resolve, at most 64; NULL when it is none. */
GPtrArray *lk_wsd_read_matches (const char *data, gsize length);

/**
 * LkWsdComputer:
 *
 * What the metadata says of a computer.
 */
typedef struct
{
  char *name;
  char *group; /* workgroup or domain; NULL: it says none */
  gboolean is_member;
} LkWsdComputer;

/* NULL when it is no computer's metadata. */
LkWsdComputer *lk_wsd_read_computer (const char *data, gsize length);
void lk_wsd_computer_free (LkWsdComputer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWsdComputer, lk_wsd_computer_free)
