/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* All of a store on its way into a file. What comes the other way is in lk-intake.h. */

/* One row of the kind that is called @kind: @n values, NULL for what is not known, under the names
 * that they have in a file. */
typedef gboolean (*LkInventoryFunc) (const char *kind,
                                     guint n,
                                     const char *const *fields,
                                     const char *const *values,
                                     gpointer user_data,
                                     GError **error);

/* Machines with what they go by, products, which machines were split, pools, spends, confirmation
 * IDs, product keys if @with_keys (their ciphertexts in hexadecimal digits), and the timeline; as
 * they are at one moment, each after what it names. Jobs, credentials, settings, kept searches,
 * files that crossed the air gap, and events of machines that were forgotten are left out. */
gboolean lk_store_read_inventory (LkStore *self,
                                  gboolean with_keys,
                                  LkInventoryFunc func,
                                  gpointer user_data,
                                  GError **error);
