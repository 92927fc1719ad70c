/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "transfer/lk-transfer-file.h"

/* Which fields the records of an inventory have, and of which form each is. The same is said to
 * others by data/transfer-inventory.rng. */

/* Whether the record is of a kind that inventories have, with all that it needs, each field in its
 * form. Else @why (to be freed) says which is not. @latest: no time in it is later. */
gboolean lk_inventory_check_record (const LkRecord *record, gint64 latest, char **why);

/* @value in the form that the field must have: free text without control characters, and no longer
 * than is taken back. To be freed; NULL when nothing has to be changed. */
char *lk_inventory_tidy_value (const char *kind, const char *field, const char *value);
