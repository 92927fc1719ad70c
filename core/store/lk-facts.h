/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "db/lk-db.h"
#include "domain/lk-machine.h"

/* What a machine said, on its way into the store. Inside the caller's write. */

/* Applies a whole reading. A row that has an identity keeps it unless two of name, SMBIOS UUID and
 * client machine ID agree with what was seen (lk_uuid_get_usable()); else @stranger (to be freed)
 * says in words why this is another machine, and nothing is written. */
gboolean lk_facts_apply_reading (LkDb *db,
                                 gint64 machine_id,
                                 const LkReading *reading,
                                 gint64 now,
                                 char **stranger,
                                 GError **error);

/* Applies a list of the machine's products with a key, complete for @application_id (NULL: for the
 * machine): the others lose their key and are hidden. */
gboolean lk_facts_apply_products (LkDb *db,
                                  gint64 machine_id,
                                  const char *application_id,
                                  GPtrArray *products,
                                  gint64 now,
                                  GError **error);
