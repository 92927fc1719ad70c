/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* Two rows that are one machine become one, and one row that is two becomes two again. Spends and
 * confirmation IDs go by key and installation ID, so nothing of the ledger is touched by either. */

/* Merges @others (gint64) into @kept: products, timeline, items, names and addresses move, what was
 * read last counts, open work that both had is done once. In one transaction. Refused
 * (LK_ERROR_BUSY), and nothing done, while a step runs on one of them. */
gboolean lk_store_merge (LkStore *self, gint64 kept, GArray *others, gint64 now, GError **error);

/**
 * LkMerged:
 *
 * A row that was merged into another one.
 */
typedef struct
{
  gint64 id; /* of the merge */
  gint64 machine_id;
  gint64 former_id;
  char *name;
  char *address;
  char *reason;
  gint64 at;
} LkMerged;

void lk_merged_free (LkMerged *self);
/* Those that went into the machine, the latest first. */
GPtrArray *lk_store_list_merged (LkStore *self, gint64 machine_id, GError **error);

/* Undoes merges (@merged_ids, gint64) of the machine: each row is there again as it was before,
 * with what came with it (the ids go to @machine_ids), and is never merged with the others by
 * itself again. When nothing merged later remains, the machine is as it was before, too. In one
 * transaction; refused (LK_ERROR_BUSY) while a step runs on the machine. */
gboolean lk_store_split (LkStore *self,
                         gint64 machine_id,
                         GArray *merged_ids,
                         gint64 now,
                         GArray *machine_ids,
                         GError **error);

/* Inside a write: merges @other into @kept; no step may run on @other. @job_id: the job in which it
 * came out, or 0. */
gboolean lk_merge_one (LkDb *db,
                       gint64 kept,
                       gint64 other,
                       gint64 job_id,
                       const char *reason,
                       gint64 now,
                       GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkMerged, lk_merged_free)
