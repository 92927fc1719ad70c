/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* Words that people give to machines; see domain/lk-tag.h. */

/* Inside a write: gives @tags (NULL: none) to a machine, beside those that it has. LK_ERROR_INVALID
 * when it would have too many. */
gboolean lk_tags_add (LkDb *db, gint64 machine_id, char **tags, GError **error);
/* Inside a write: gives the tags of one machine to another one as well. */
gboolean lk_tags_copy (LkDb *db, gint64 from, gint64 to, GError **error);

/* Takes the tags of @remove from machines and gives them those of @add, all or none. */
gboolean lk_store_change_tags (LkStore *self,
                               GArray *machine_ids,
                               char **add,
                               char **remove,
                               GError **error);
