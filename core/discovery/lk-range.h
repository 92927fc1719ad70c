/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-resolve.h"

/* How many addresses are probed in one go unless a person says otherwise: a /14. */
#define LK_RANGES_MAX_ADDRESSES 262144

/**
 * LkRanges:
 *
 * A set of IPv4 and IPv6 addresses as people write them. An address that was named twice is in it
 * once, and it never holds more than its maximum.
 */
typedef struct _LkRanges LkRanges;

/* @max_addresses: 0 for LK_RANGES_MAX_ADDRESSES. */
LkRanges *lk_ranges_new (guint64 max_addresses);
void lk_ranges_free (LkRanges *self);

/* Adds "10.0.0.7", "10.0.0.0/24", "10.0.0.5-10.0.0.90", "10.0.0.5-90", "fd00::/120",
 * "fd00::1-fd00::ff", link-local ones with "%eth0" behind the first address. LK_ERROR_INVALID says
 * what is wrong with it: not an address, too many, or, with @is_double if given, all of it named
 * already. */
gboolean lk_ranges_add (LkRanges *self, const char *text, gboolean *is_double, GError **error);
/* Whether @text can only be meant as addresses, right or wrong, and not as a host's name. */
gboolean lk_range_is_meant (const char *text);

guint64 lk_ranges_count (const LkRanges *self);
gboolean lk_ranges_contains (const LkRanges *self, const LkAddress *address);

/* Where a walk through a set stands; all zeros at the start. */
typedef struct
{
  guint range;
  guint64 offset;
} LkRangeWalk;

/* The next address, port 0; FALSE at the end. The set must not change meanwhile. */
gboolean lk_ranges_next (const LkRanges *self, LkRangeWalk *walk, LkAddress *address);

/* Numbers in their binary form: "10.0.0.7", "fd00::7", "fe80::7%eth0", port @port. */
gboolean lk_address_parse (const char *text, guint16 port, LkAddress *address);
/* The same without the port; to be freed. */
char *lk_address_to_host (const LkAddress *address);
guint16 lk_address_get_port (const LkAddress *address);
void lk_address_set_port (LkAddress *address, guint16 port);
/* Whether they are the same, whatever their ports. */
gboolean lk_address_is_same (const LkAddress *a, const LkAddress *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkRanges, lk_ranges_free)
