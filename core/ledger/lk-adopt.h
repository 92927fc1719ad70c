/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ledger/lk-ledger.h"

/* What another store has on record, taken into this one; nothing that was spent is forgotten, and
 * nothing of it makes this side spend. Inside the caller's transaction. */

/**
 * LkAdoption:
 *
 * What became of it.
 */
typedef enum
{
  LK_ADOPT_TAKEN,
  LK_ADOPT_KNOWN,   /* is here, the same or further */
  LK_ADOPT_DIFFERS, /* what is here stays */
  LK_ADOPT_LEFT,    /* a reservation: stays with the store that made it */
} LkAdoption;

/* Takes a spend. What is confirmed is so for ever. What was sent there and has no answer is unknown
 * here and due never: only whoever sent it, or a person, can tell what became of it; it takes the
 * place of a reservation here, and of a refusal that is older. A refusal is taken only where
 * nothing is known. @is_own: the file is of this very store, so what is here is newer, whatever it
 * is. */
gboolean lk_ledger_adopt_spend (LkDb *db,
                                const LkSpend *spend,
                                gint64 created_at,
                                gint64 settled_at,
                                gboolean is_own,
                                LkAdoption *out,
                                GError **error);

/* Takes a confirmation ID where there is none; @here, if it is another one, is that on record (to
 * be freed). @is_salvaged: see lk_ledger_salvage(). */
gboolean lk_ledger_adopt_confirmation (LkDb *db,
                                       const char *key_identity,
                                       const char *iid,
                                       const char *cid,
                                       LkMethod method,
                                       gboolean is_salvaged,
                                       gint64 created_at,
                                       LkAdoption *out,
                                       char **here,
                                       GError **error);

/* Takes the official figure of a key, and that the service stopped it, when they are newer. */
gboolean lk_ledger_adopt_pool (LkDb *db,
                               const char *key_identity,
                               gint64 remaining,
                               gint64 checked_at,
                               guint32 blocked_code,
                               LkAdoption *out,
                               GError **error);
