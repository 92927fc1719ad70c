/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/**
 * LkDuplicate:
 *
 * Two rows that may be one machine, or clones of one.
 * @evidence: what they have in common, in words for programs: "uuid cmid fqdn name address iid"
 * @reason: the same for people, and what speaks against it
 * @common_job: a job in which both answered, so that they were not merged by themselves; 0: none
 */
typedef struct
{
  gint64 first_id;
  char *first_name;
  char *first_address;
  gint64 second_id;
  char *second_name;
  char *second_address;
  char *evidence;
  char *reason;
  gint64 common_job;
} LkDuplicate;

void lk_duplicate_free (LkDuplicate *self);

/* All of them, by their ids; of many rows with the same mark each with the first one only that it
 * is not kept apart from. Pairs that a person split or kept apart, and marks that boards share, are
 * left out. */
GPtrArray *lk_store_list_duplicates (LkStore *self, GError **error);

/* The rows (@machine_ids, gint64) are different machines, whatever they have in common: none is
 * listed as a possible duplicate of another one any more, or merged with it by itself. */
gboolean lk_store_keep_apart (LkStore *self, GArray *machine_ids, gint64 now, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkDuplicate, lk_duplicate_free)
