/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-sighting.h"

#include <glib-object.h>

typedef enum
{
  LK_FOUND_KNOWN = 1 << 0,
  LK_FOUND_STALE = 1 << 1, /* has not signed in to its domain for long */
  LK_FOUND_DISABLED = 1 << 2,
} LkFoundMarks;

/**
 * LkFound:
 *
 * A machine that was found and may be added. Properties: "marks", "is-chosen".
 */
#define LK_TYPE_FOUND (lk_found_get_type ())
G_DECLARE_FINAL_TYPE (LkFound, lk_found, LK, FOUND, GObject)

/* Copies @sighting; @os in words, or NULL. Is chosen unless it is known already. */
LkFound *lk_found_new (const LkSighting *sighting, const char *os, LkFoundMarks marks);

const LkSighting *lk_found_get_sighting (LkFound *self);
gboolean lk_found_is_chosen (LkFound *self);
void lk_found_set_chosen (LkFound *self, gboolean is_chosen);
gboolean lk_found_is_known (LkFound *self);
/* Does not change what is chosen. */
void lk_found_set_known (LkFound *self, gboolean is_known);

/* Where and what it is, and "Known already · Stale", for people; to be freed. */
char *lk_found_describe (LkFound *self);
char *lk_found_describe_marks (LkFound *self);
