/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-license.h"
#include "store/lk-store.h"

/* Figures over the whole fleet. */

#define LK_COUNT_N_STATES 8  /* LkLicenseStatus + 1: unread first */
#define LK_COUNT_DAYS     35 /* the last is everything beyond */

/**
 * LkFleetCount:
 *
 * How many there are of what. A machine of which no product is known counts as one unread row.
 */
typedef struct
{
  guint n_machines;
  guint n_products;
  guint by_state[LK_COUNT_N_STATES];
  guint by_day[LK_COUNT_DAYS + 1]; /* products in grace by whole days left */
  guint n_expiring_7;              /* state=grace,days<7 */
  guint n_expiring_30;             /* state=grace,days<30 */
  guint n_attention;               /* state=attention */
} LkFleetCount;

gboolean lk_store_count_fleet (LkStore *self, LkFleetCount *out, GError **error);

/**
 * LkPipelineCount:
 *
 * Where activations by proxy stand.
 */
typedef struct
{
  guint n_needs_key; /* open items before their installation ID is read */
  guint n_has_iid;   /* products with a MAK, not licensed: nothing was asked for their IID */
  guint n_waiting;   /* the same: asked, reserved, sent or unknown */
  guint n_has_cid;   /* the same: their CID is on record */
  guint n_deposited; /* open items that have yet to see the machine licensed */
  guint n_licensed;  /* products with a MAK that are */
} LkPipelineCount;

gboolean lk_store_count_pipeline (LkStore *self, LkPipelineCount *out, GError **error);
