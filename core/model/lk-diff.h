/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What it takes to make one vector of keys out of another. */

/**
 * LkHunk:
 *
 * At @position of the new vector, @n_removed keys of the old one give way to @n_added of the new
 * one. Applied in their order, everything before a hunk is new already.
 */
typedef struct
{
  guint position;
  guint n_removed;
  guint n_added;
} LkHunk;

/* The hunks (LkHunk) that lead from @old to @new, arrays of gint64; empty when they are equal. NULL
 * when there are too many to be worth it: better replace all. */
GArray *lk_diff_keys (GArray *old, GArray *new);
