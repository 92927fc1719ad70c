/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "db/lk-db.h"

/* Exactly one activation for each machine: one spend for each (key identity, installation ID), and
 * the confirmation ID that it bought, for ever. The same state machine serves the console's store
 * and the gateway. Every function works inside the caller's transaction. */

typedef enum
{
  LK_SPEND_RESERVED,  /* room in the pool is kept; nothing has left */
  LK_SPEND_SENT,      /* committed before the first byte leaves */
  LK_SPEND_CONFIRMED, /* for ever */
  LK_SPEND_REFUSED,   /* by the service, with its code; only a person tries again */
  LK_SPEND_UNKNOWN,   /* every other end; never guessed */
} LkSpendState;

typedef enum
{
  LK_METHOD_PROXY,
  LK_METHOD_ONLINE,
  LK_METHOD_PHONE,
} LkMethod;

const char *lk_spend_state_to_word (LkSpendState state);
const char *lk_method_to_word (LkMethod method);

typedef struct
{
  gint64 id;
  char *key_identity;
  char *iid;
  char *epid; /* the extended PID that is sent for it */
  LkMethod method;
  LkSpendState state;
  guint32 code; /* of the refusal */
  char *message;
  guint attempts;
  gint64 due_at; /* when to ask next, 0: when someone says so */
  gint64 sent_at;
} LkSpend;

void lk_spend_free (LkSpend *self);

/* What became of a wish to spend. */
typedef enum
{
  LK_RESERVE_OK,           /* reserved now, or was already */
  LK_RESERVE_CONFIRMED,    /* nothing to spend: the CID is on record */
  LK_RESERVE_IN_FLIGHT,    /* sent or unknown: an answer is awaited */
  LK_RESERVE_REFUSED,      /* the service said no before; see the spend's code */
  LK_RESERVE_NO_ROOM,      /* pool used up, reservations included */
  LK_RESERVE_UNKNOWN_POOL, /* remaining count unknown and @allow_unknown is FALSE */
} LkReservation;

/* Reserves one activation of a key for an IID. @again: a person said so; a refused spend is
 * reserved anew. */
gboolean lk_ledger_reserve (LkDb *db,
                            const char *key_identity,
                            const char *iid,
                            const char *epid,
                            LkMethod method,
                            gboolean allow_unknown,
                            gboolean again,
                            gint64 now,
                            LkReservation *out,
                            GError **error);
/* Gives a reservation back. Sent and unknown stay. */
gboolean lk_ledger_release (LkDb *db, const char *key_identity, const char *iid, GError **error);

/* To be committed before the first byte leaves; FALSE with LK_ERROR_STORE if the spend is not
 * reserved, unknown or (toward a gateway) sent. */
gboolean lk_ledger_mark_sent (LkDb *db, gint64 id, gint64 now, GError **error);
/* Proven by the HTTP library: nothing left. Back to reserved. */
gboolean lk_ledger_mark_unsent (LkDb *db, gint64 id, gint64 due_at, GError **error);
gboolean
lk_ledger_mark_unknown (LkDb *db, gint64 id, const char *message, gint64 due_at, GError **error);
gboolean lk_ledger_mark_refused (LkDb *db,
                                 gint64 id,
                                 guint32 code,
                                 const char *message,
                                 gint64 now,
                                 GError **error);

/* A CID arrived, from wherever: it is kept, whatever state the spend was in or whether there was
 * one; what was not spent yet or was refused goes to @method. @cid NULL: an online activation,
 * confirmed by the machine's state. @epid may be NULL when a spend exists. A second CID for the
 * same pair never replaces the first, except that what a person typed (LK_METHOD_PHONE) may be
 * corrected by what a person types, and that what was salvaged gives way. */
gboolean lk_ledger_confirm (LkDb *db,
                            const char *key_identity,
                            const char *iid,
                            const char *epid,
                            const char *cid,
                            LkMethod method,
                            gint64 now,
                            GError **error);

/* A CID out of a file that cannot be trusted whole: kept where there is none, and replaced by the
 * first that lk_ledger_confirm() brings. A spend that is in flight stays so: its answer will be
 * that one. */
gboolean lk_ledger_salvage (LkDb *db,
                            const char *key_identity,
                            const char *iid,
                            const char *epid,
                            const char *cid,
                            gint64 now,
                            GError **error);
/* Whether the CID on record came that way. */
gboolean lk_ledger_is_salvaged (LkDb *db,
                                const char *key_identity,
                                const char *iid,
                                gboolean *out,
                                GError **error);

/* The CID on record, to be freed, or NULL (also with no error). @method, if given: how it came. */
char *lk_ledger_get_confirmation (LkDb *db,
                                  const char *key_identity,
                                  const char *iid,
                                  LkMethod *method,
                                  GError **error);
char *lk_ledger_get_cid (LkDb *db, const char *key_identity, const char *iid, GError **error);
LkSpend *lk_ledger_get_spend (LkDb *db, const char *key_identity, const char *iid, GError **error);

/* Spends that are due to be sent by @method, oldest first: reserved and unknown ones whose due_at
 * has come, of keys that are not blocked. @condition, if given, is SQL over spend that must hold
 * too, in which ?4 is @argument. LkSpend in the array. */
GPtrArray *lk_ledger_list_due (LkDb *db,
                               LkMethod method,
                               gint64 now,
                               guint max,
                               const char *condition,
                               gint64 argument,
                               GError **error);

/* At start: every spend that was sent and not answered becomes unknown, due at once. */
gboolean lk_ledger_recover (LkDb *db, LkMethod method, gint64 due_at, guint *n, GError **error);

/**
 * LkPool:
 *
 * What a key has left. @remaining: the last official figure, −1 unknown, as of @checked_at.
 * @left: remaining − confirmed since − open; meaningless while remaining is unknown.
 */
typedef struct
{
  gint64 remaining;
  gint64 checked_at;
  guint confirmed_since;
  guint open; /* reserved, sent and unknown */
  gint64 left;
  guint confirmed;      /* ever */
  guint32 blocked_code; /* the service stopped this key with that code, 0: not */
} LkPool;

gboolean lk_ledger_get_pool (LkDb *db, const char *key_identity, LkPool *out, GError **error);
/* A figure from the service, or typed by a person; also lifts a block. */
gboolean lk_ledger_set_remaining (LkDb *db,
                                  const char *key_identity,
                                  gint64 remaining,
                                  gint64 now,
                                  GError **error);
/* The service says that the key is blocked or used up: nothing more is sent for it. */
gboolean lk_ledger_block (LkDb *db, const char *key_identity, guint32 code, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSpend, lk_spend_free)
