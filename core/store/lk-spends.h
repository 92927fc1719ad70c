/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ledger/lk-ledger.h"
#include "store/lk-store.h"

/* The store's side of the courier: which spends to send, and what their answers wake. */

/* Proxy spends that are due: reserved ones that an item of an open job or a request of another
 * store waits for, and unknown ones.
 * @job_id 0: of any job. */
GPtrArray *
lk_store_list_due_spends (LkStore *self, gint64 job_id, gint64 now, guint max, GError **error);
/* When the next one comes due, G_MAXINT64 for never. */
gboolean lk_store_get_next_spend_due (LkStore *self, gint64 job_id, gint64 *due_at, GError **error);

/* The same for the rows of one request that was taken in to be answered, lk_store_take_request().
 */
GPtrArray *lk_store_list_due_spends_of_request (LkStore *self,
                                                gint64 transfer_id,
                                                gint64 now,
                                                guint max,
                                                GError **error);
gboolean lk_store_get_next_spend_due_of_request (LkStore *self,
                                                 gint64 transfer_id,
                                                 gint64 *due_at,
                                                 GError **error);

/* Marks them sent. When this returns TRUE, that is on the disk, and not before may a byte leave. */
gboolean lk_store_mark_spends_sent (LkStore *self, GPtrArray *spends, gint64 now, GError **error);

/* What became of one spend that was sent. */
typedef enum
{
  LK_SPEND_ANSWER_CONFIRMED,
  LK_SPEND_ANSWER_REFUSED,
  LK_SPEND_ANSWER_LATER, /* the gateway says: ask again; nothing was spent yet, or it does not know
                          */
  LK_SPEND_ANSWER_UNKNOWN, /* no answer */
  LK_SPEND_ANSWER_UNSENT,  /* proven: nothing left */
} LkSpendAnswerKind;

typedef struct
{
  const LkSpend *spend;
  LkSpendAnswerKind kind;
  char *cid;
  gint64 remaining; /* −1: not told */
  guint32 code;
  char *message;
  gboolean stops_key; /* the key is blocked or used up */
  gint64 due_at;
} LkSpendAnswer;

void lk_spend_answer_free (LkSpendAnswer *self);

/* Writes the answers of one batch, in one transaction: CIDs with their spends, figures, refusals,
 * and the items that each of them wakes or fails. */
gboolean lk_store_settle_answers (LkStore *self, GPtrArray *answers, gint64 now, GError **error);

/* Inside a write: who waits for that CID goes on. */
gboolean lk_spends_wake_items (LkDb *db,
                               const char *key_identity,
                               const char *iid,
                               gint64 now,
                               GError **error);
/* Inside a write: the service said no to that IID; who waits for its CID fails, and says why. */
gboolean lk_spends_fail_items (LkDb *db,
                               const char *key_identity,
                               const char *iid,
                               guint32 code,
                               const char *message,
                               gint64 now,
                               GError **error);
/* Inside a write: items that wait for room under a key (NULL: any) look again, if there is room. */
gboolean lk_spends_wake_waiting (LkDb *db, const char *key_identity, gint64 now, GError **error);

/* The event of a CID that a person typed. */
#define LK_STEP_TAKE_CID "take-cid"

/**
 * LkDelivery:
 *
 * A CID that a person or a file brought, for an IID under a key.
 * @epid: the extended PID, or NULL
 * @machine_id: in whose timeline it is noted, with @message; 0: in none
 */
typedef struct
{
  const char *key_identity;
  const char *iid;
  const char *epid;
  const char *cid;
  LkMethod method;
  gint64 machine_id;
  const char *message;
} LkDelivery;

/* Keeps it and wakes who waits for it, in one transaction. */
gboolean
lk_store_deliver_cid (LkStore *self, const LkDelivery *delivery, gint64 now, GError **error);

/* What is on record for an IID under a key: the CID and how it came, and the spend; NULL each where
 * there is none. To be freed. */
gboolean lk_store_find_spend (LkStore *self,
                              const char *key_identity,
                              const char *iid,
                              char **cid,
                              LkMethod *method,
                              LkSpend **spend,
                              GError **error);

/**
 * LkSpendCount:
 *
 * Spends of one key by state, for reports.
 */
typedef struct
{
  char *key_identity;
  guint n[5]; /* by LkSpendState */
} LkSpendCount;

void lk_spend_count_free (LkSpendCount *self);
GPtrArray *lk_store_count_spends (LkStore *self, GError **error);
