/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-file-source.h"

/**
 * LkAddressText:
 *
 * What a person typed, one thing a line: machines by name or address, and ranges of addresses.
 */
typedef struct
{
  LkFileList *list;    /* the machines, and the faults of all lines in their order */
  char **ranges;       /* as lk_ranges_add() takes them, NULL-terminated */
  guint64 n_addresses; /* of the ranges together */
} LkAddressText;

/* Takes every text; what is wrong in it is a fault of its line. */
LkAddressText *lk_address_text_parse (const char *text);
void lk_address_text_free (LkAddressText *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAddressText, lk_address_text_free)
