/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"
#include "job/lk-plan.h"

/* What a command would do, row by row, before it does anything. */

typedef enum
{
  LK_FATE_SPENDS,    /* takes one activation of its key */
  LK_FATE_ON_RECORD, /* its confirmation ID is on record, so it costs nothing */
  LK_FATE_FREE,      /* the plan spends nothing */
  LK_FATE_LEFT_OUT,
} LkFate;

typedef struct
{
  const LkRow *row; /* of the preview's rows */
  LkFate fate;
  const char *reason; /* a word for programs, "unread", "licensed", …; NULL when included */
  char *explanation;  /* the same for people */
} LkPreviewLine;

/**
 * LkCost:
 *
 * What a run takes from the pool of one key.
 * @left: last official figure − confirmed since − reserved, sent and unknown − planned by other
 *   jobs; meaningless unless @is_known
 */
typedef struct
{
  char *last_five;
  gboolean is_known;
  gint64 left;
  gint64 checked_at;
  guint n_planned;
  guint n_spends;
  guint n_on_record;
  guint n_licensed;     /* under this key; left out */
  guint n_relicensed;   /* of those that spend: under another key, so think twice */
  guint32 blocked_code; /* the service stopped the key, 0: not */
} LkCost;

/* "uses 240 of 310 activations; 12 rows already hold a confirmation ID and cost nothing"; to be
 * freed. */
char *lk_cost_to_text (const LkCost *self);

typedef enum
{
  LK_OBSTACLE_NONE,
  LK_OBSTACLE_UNKNOWN_POOL, /* a person may say: go on anyway */
  LK_OBSTACLE_POOL,         /* more would be spent than is left */
  LK_OBSTACLE_BLOCKED,      /* the service stopped the key */
} LkObstacle;

/**
 * LkPreview:
 */
typedef struct
{
  char *plan;
  char *choice; /* as the person wrote it */
  LkKeyRow *key;
  GPtrArray *rows;  /* of LkRow */
  GPtrArray *lines; /* of LkPreviewLine */
  GPtrArray *costs; /* of LkCost, one for each key; none when the plan spends nothing */
  guint n_included;
  guint n_left_out;
  guint n_spends;
  LkObstacle obstacle;
  char *obstacle_text; /* in words, with the remedy */
} LkPreview;

void lk_preview_free (LkPreview *self);

/**
 * LkOrder:
 *
 * @key_ref: of the product key to install, or NULL: none, or the one that is installed
 * @choice: rows that are chosen themselves mean exactly these products, add-ons and Office, too
 * @is_swept: the names or rows were swept up together, not named one by one, so machines that have
 * another entitlement are left out all the same
 */
typedef struct
{
  const char *plan;
  const char *key_ref;
  LkChoice choice;
  gboolean is_swept;
} LkOrder;

/* @is_unknown_name as in lk_console_list_rows(). */
LkPreview *lk_console_preview (LkConsole *self,
                               const LkOrder *order,
                               gboolean *is_unknown_name,
                               GError **error);

/**
 * LkFiling:
 *
 * @is_person_waiting: a few attempts soon, instead of many over days
 * @give_up_after: ms; 0: 10 minutes when a person waits, else 7 days
 * @spends_unknown: a person agreed to spend although the pool is not known
 */
typedef struct
{
  gboolean is_person_waiting;
  gint64 give_up_after;
  gboolean spends_unknown;
} LkFiling;

/* Files the job for the preview's included rows. LK_ERROR_BUSY, with the number, when open jobs do
 * all of it already; how many rows they do goes to @n_open. Refused for an obstacle. */
gboolean lk_console_file (LkConsole *self,
                          const LkPreview *preview,
                          const LkFiling *filing,
                          gint64 *job_id,
                          guint *n_open,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPreview, lk_preview_free)
