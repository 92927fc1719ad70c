/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "db/lk-db.h"
#include "domain/lk-job.h"

/* When rows are one machine: two of SMBIOS UUID, client machine ID and full name agree, where a
 * UUID that boards share is none, and both never answered in one job. Inside the caller's write. */

/* A job came to know what @machine_id is (@has_answered), or failed to reach it: rows that are the
 * same machine become one, the one that answered last. Left for the next reading while a step runs
 * on the other row, or while the same job has yet to ask it. */
gboolean lk_identity_recognise (LkDb *db,
                                gint64 machine_id,
                                gint64 job_id,
                                gboolean has_answered,
                                gint64 now,
                                GError **error);

/* Who is at the address of @item, where it was not found: the row with the identity @seen, 0 for
 * none or several. That row has the address now, and the item's machine what was its address. */
gboolean lk_identity_relocate (LkDb *db,
                               const LkItem *item,
                               const LkIdentity *seen,
                               gint64 now,
                               gint64 *machine_id,
                               GError **error);

/* The same by a certificate that is shown there (@pin, SHA-256 in hex, for @names): the one row for
 * which a person accepted it, if it is made out to that machine and not to this one. Only that
 * machine has its key, unless they share it, and what was accepted goes with the machine, not with
 * the address. */
gboolean lk_identity_relocate_by_pin (LkDb *db,
                                      const LkItem *item,
                                      const char *pin,
                                      const char *const *names,
                                      gint64 now,
                                      gint64 *machine_id,
                                      GError **error);

/* The machines of @ids (gint64) are different ones and never merged by themselves again; those that
 * are gone are no matter. */
gboolean lk_identity_keep_apart (LkDb *db, GArray *ids, GError **error);

/* Who a machine that was read said it is, without its domain; NULL, also with no error, for one
 * that was not. To be freed. */
LkIdentity *lk_identity_load (LkDb *db, gint64 machine_id, GError **error);
/* Rows that were read and have the same @identity, but for @machine_id; the one that answered last
 * first. Appends to @ids (gint64). */
gboolean lk_identity_list_same (LkDb *db,
                                gint64 machine_id,
                                const LkIdentity *identity,
                                GArray *ids,
                                GError **error);

/* In which job both answered, 0 for none. */
gboolean lk_identity_get_common_job (LkDb *db, gint64 a, gint64 b, gint64 *job_id, GError **error);

/* What two machines have in common, for people: "same SMBIOS UUID and full name"; NULL when that is
 * less than two. To be freed. */
char *lk_identity_describe_match (const LkIdentity *a, const LkIdentity *b);
