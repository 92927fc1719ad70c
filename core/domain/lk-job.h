/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-machine.h"

/* Plan names. A row names its plan and step in words, so it outlives changes to the tables. */
#define LK_PLAN_REFRESH         "refresh"
#define LK_PLAN_INSTALL_KEY     "install-key"
#define LK_PLAN_UNINSTALL_KEY   "uninstall-key"
#define LK_PLAN_ACTIVATE_PROXY  "activate-proxy"
#define LK_PLAN_ACTIVATE_ONLINE "activate-online"
#define LK_PLAN_DEPOSIT         "deposit"
#define LK_PLAN_REARM           "rearm"

/**
 * LkItem:
 *
 * One row of a job as a worker sees it: a private copy of everything that its step may need.
 */
typedef struct
{
  gint64 id;
  gint64 job_id;
  gint64 machine_id;
  char *plan;
  char *step;
  guint attempt;  /* of this step, from 1 */
  gboolean again; /* a person ordered another try */
  gint64 failing_since;
  guint max_attempts;
  gint64 give_up_after;

  char *name;      /* of the machine */
  char *full_name; /* see lk_machine_make_full_name() */
  char *domain;    /* AD domain or workgroup, or NULL */
  char *address;
  guint16 port;
  gboolean tls;
  char *pin;        /* of the accepted certificate; NULL: it goes by CAs */
  GBytes *pinned;   /* that certificate (DER), or NULL */
  gint64 pinned_at; /* when it was accepted, or 0 */
  char *stack;
  char *os_version;
  LkIdentity *identity; /* of the row; NULL for a machine that was never read */
  int rearm_left;

  char *application_id;
  char *partial_key;
  gint64 key_id; /* 0: none */
  char *key_identity;
  char *iid;
  char *epid;
  char *cid;      /* on record for (key_identity, iid), or NULL */
  gint64 sent_at; /* of an online spend that was sent, else 0 */
} LkItem;

void lk_item_free (LkItem *self);

/* The error of an item that waits for the password of an “ask” set. */
#define LK_ITEM_WAITS_FOR_PASSWORD "password"

/**
 * LkOutcome:
 * @LK_OUTCOME_DONE: on to the next step
 * @LK_OUTCOME_AWAIT_CID: the store reserves a spend for the IID and parks the item, or goes on
 *   at once if the CID is on record
 * @LK_OUTCOME_RECALL_CID: go on if the CID is on record, else fail: nothing may be spent
 * @LK_OUTCOME_COMMIT_SPEND: the store marks an online spend as sent before the step that sends it
 * @LK_OUTCOME_RETRY: the same step again at due_at
 * @LK_OUTCOME_NOT_YET: the same at due_at, and nothing was begun, so it does not count as an
 * attempt
 */
typedef enum
{
  LK_OUTCOME_DONE,
  LK_OUTCOME_AWAIT_CID,
  LK_OUTCOME_RECALL_CID,
  LK_OUTCOME_COMMIT_SPEND,
  LK_OUTCOME_RETRY,
  LK_OUTCOME_NOT_YET,
  LK_OUTCOME_FAILED,
  LK_OUTCOME_CANCELLED,
} LkOutcome;

/* What a step learnt about the online spend of its item. */
typedef enum
{
  LK_SPEND_NEWS_NONE,
  LK_SPEND_NEWS_CONFIRMED,
  LK_SPEND_NEWS_REFUSED,
  LK_SPEND_NEWS_UNSENT, /* proven: nothing left */
  LK_SPEND_NEWS_UNKNOWN,
} LkSpendNews;

/**
 * LkVerdict:
 *
 * What a step learnt and what becomes of its item; the store applies all of it in one transaction.
 */
typedef struct
{
  const LkItem *item;
  LkOutcome outcome;
  const char *next_step; /* static; NULL: the plan's next, or the end */
  gint64 due_at;
  LkReading *reading;  /* facts about the machine, or NULL */
  GPtrArray *products; /* a fresh list of its products alone, or NULL */
  char *key_identity;  /* learnt by read-iid; replace the item's */
  char *iid;
  char *epid;
  char *partial_key;
  LkSpendNews news;
  char *message;
  guint32 code;
  const char *error; /* static word of the error, or NULL */
  char *shown_pin;   /* of the certificate that was met in the place of the accepted one, or NULL */
  char **shown_names; /* for whom it is, or NULL */
} LkVerdict;

void lk_verdict_clear (LkVerdict *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkItem, lk_item_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkVerdict, lk_verdict_clear)
