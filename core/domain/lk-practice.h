/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-product-key.h"

/* The practice world: identifiers that only the lab and a gateway in practice mode know. A practice
 * key begins with PRCTC, which no real scheme produces on purpose, and has no N, so that nothing
 * can be decoded from it. */

/* Writes practice key number @number of @kind (MAK, GVLK or CSVLK); deterministic. */
LkSecret *lk_practice_key_new (LkKeyKind kind, guint number);

/* Kind, group (90000–99999) and serial of a practice key, derived from its letters by a hash.
 * FALSE for any key that is not a practice key. */
gboolean lk_practice_key_decode (const char *key, LkKeyKind *kind, guint *group, guint32 *serial);

/* The practice installation ID of a machine: a function of its hardware and its key, with right
 * check digits, @n_digits 54 or 63; to be freed. */
char *lk_practice_iid (const char *hardware_id, const char *key_identity, guint n_digits);

/* The practice confirmation ID for an installation ID under a key; to be freed. */
char *lk_practice_cid (const char *iid, const char *key_identity);
