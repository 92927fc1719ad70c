/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

/**
 * LkKeyKind:
 *
 * What a product key is for, as far as it is known.
 */
typedef enum
{
  LK_KEY_UNKNOWN,
  LK_KEY_MAK,
  LK_KEY_GVLK,  /* KMS client setup key */
  LK_KEY_CSVLK, /* KMS host key */
  LK_KEY_RETAIL,
  LK_KEY_OEM,
} LkKeyKind;

const char *lk_key_kind_to_word (LkKeyKind kind); /* "mak", "gvlk", "kms-host", … */
LkKeyKind lk_key_kind_from_word (const char *word);
/* From ProductKeyChannel ("Volume:MAK") or else the tail of Description ("VOLUME_MAK channel");
 * either may be NULL. */
LkKeyKind lk_key_kind_from_channel (const char *channel, const char *description);

/**
 * LkKeyFacts:
 *
 * What can be told of a product key without asking anyone, for identification only.
 * @is_2009: the newer scheme (one N); group, serial and checksum are readable then
 */
typedef struct
{
  char last_five[6];
  gboolean is_2009;
  guint group;
  guint32 serial;
  gboolean checksum_ok;
  gboolean is_practice; /* of the practice lab, worthless elsewhere */
  LkKeyKind kind;
  const char *edition; /* static, for published setup keys, else NULL */
} LkKeyFacts;

/* Takes typed text (any case, with or without dashes), gives the 5x5 form in guarded memory and its
 * facts. Refused (LK_ERROR_INVALID, never quoting the key): wrong length, a character outside the
 * alphabet (named by its place), a wrong PKEY2009 checksum. */
LkSecret *lk_product_key_parse (const char *text, LkKeyFacts *facts, GError **error);

/* The place (from 1, without dashes) of the first character that no product key has, for a key that
 * is still being typed; 0: there is none. */
guint lk_product_key_find_fault (const char *text);

/* "•••••-•••••-•••••-•••••-ABC12"; to be freed. */
char *lk_product_key_mask (const char *last_five);
