/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-machine.h"
#include "store/lk-fleet.h"
#include "store/lk-keys.h"

/* All of another store, or an older or newer state of this one, on its way in: what is newer wins,
 * group of fields by group of fields, and what loses is kept in the timeline or told. Inside one
 * write, each row after those that it names. */

#define LK_INTAKE_MAX_REMARKS 100

/**
 * LkIntakeTally:
 *
 * What came of it. All zeros at first, but for the array.
 * @n_changed: rows that brought something new
 * @n_conflicts: rows that say something else than this store; both sides are in @remarks
 * @n_bad: rows that name a machine that is not there
 * @n_reserved: reservations, which stay with the store that made them
 * @remarks: words for a person, at most LK_INTAKE_MAX_REMARKS
 */
typedef struct
{
  guint n_changed;
  guint n_machines_new;
  guint n_machines_merged;
  guint n_cids_new;
  guint n_cids_known;
  guint n_cids_differ;
  guint n_keys_new;
  guint n_keys_known;
  guint n_conflicts;
  guint n_bad;
  guint n_reserved;
  GPtrArray *remarks;
} LkIntakeTally;

void lk_intake_tally_clear (LkIntakeTally *self);

typedef struct _LkIntake LkIntake;

/* @store_id: of the store that wrote the rows; @is_own: it is this one. */
LkIntake *lk_intake_new (LkDb *db, const char *store_id, gboolean is_own, LkIntakeTally *tally);
void lk_intake_free (LkIntake *self);

/**
 * LkIntakeMachine:
 *
 * @id: its row in the other store
 * @certificate: DER, or NULL
 */
typedef struct
{
  gint64 id;
  LkIdentity identity; /* borrowed */
  const char *listed_as;
  const char *address;
  guint16 port;
  gboolean tls;
  const char *pin;
  GBytes *certificate;
  gint64 pinned_at;
  const char *os_version;
  const char *stack;
  int rearm_left;
  gboolean is_subscription;
  gboolean has_oem_key;
  gint64 created_at;
  gint64 read_at;
  gint64 tried_at;
  const char *last_result;
  guint32 last_code;
  gboolean last_ok;
} LkIntakeMachine;

/* It is the machine here that an earlier inventory of the same store brought, else the one that two
 * of SMBIOS UUID, client machine ID and full name agree with, else one of that name of which either
 * side has read nothing; else it is new. */
gboolean lk_intake_add_machine (LkIntake *self, const LkIntakeMachine *machine, GError **error);
gboolean lk_intake_add_alias (LkIntake *self, gint64 machine, const char *alias, GError **error);
/* Beside the tags that the machine has; one that has as many as it can have gets no more. */
gboolean lk_intake_add_tag (LkIntake *self, gint64 machine, const char *tag, GError **error);
/* @product: of the other store's machine. What was read later stays. */
gboolean lk_intake_add_product (LkIntake *self,
                                const LkProduct *product,
                                gint64 read_at,
                                gboolean is_hidden,
                                GError **error);
/* Two machines that a person split there. */
gboolean lk_intake_keep_apart (LkIntake *self, gint64 first, gint64 second, GError **error);

/* See core/ledger/lk-adopt.h. */
gboolean lk_intake_add_pool (LkIntake *self,
                             const char *key_identity,
                             gint64 remaining,
                             gint64 checked_at,
                             guint32 blocked_code,
                             gint64 now,
                             GError **error);
gboolean lk_intake_add_spend (LkIntake *self,
                              const LkSpend *spend,
                              gint64 created_at,
                              gint64 settled_at,
                              gint64 now,
                              GError **error);
gboolean lk_intake_add_confirmation (LkIntake *self,
                                     const char *key_identity,
                                     const char *iid,
                                     const char *cid,
                                     LkMethod method,
                                     gboolean is_salvaged,
                                     gint64 created_at,
                                     gint64 now,
                                     GError **error);
/* A key that is owned here keeps its row; what is not known of it is filled in. @row is sealed for
 * this store. */
gboolean lk_intake_add_key (LkIntake *self, const LkKeyRow *row, GError **error);
/* Its @machine_id is one of the other store, or 0. One that is here already is not noted again. */
gboolean lk_intake_add_event (LkIntake *self, const LkEvent *event, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkIntakeTally, lk_intake_tally_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkIntake, lk_intake_free)
