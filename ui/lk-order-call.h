/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-preview.h"
#include "ui/lk-desk.h"

/* What the dialog of an order asks of the console's thread. */

/**
 * LkOrderAsk:
 *
 * What a person chose so far.
 * @plan: NULL: proxy or online, whichever is suggested
 * @key_ref: NULL: the one that is installed
 * @suggests: the dialog is new: a key may be suggested
 * @names: of machines, or NULL
 * @keys: rows of the main list (gint64), or NULL; when neither is given, all machines are meant
 */
typedef struct
{
  char *plan;
  char *key_ref;
  char **names;
  GArray *keys;
  gboolean is_swept;
  gboolean suggests;
} LkOrderAsk;

LkOrderAsk *lk_order_ask_copy (const LkOrderAsk *self);
void lk_order_ask_free (LkOrderAsk *self);
/* Whether it is about several that were chosen together. */
gboolean lk_order_ask_is_of_several (const LkOrderAsk *self);

/**
 * LkOrderSheet:
 *
 * What would be done; does not change once it is made, so both threads may read it.
 */
typedef struct
{
  LkPreview *preview;
  GPtrArray *keys;     /* LkKeyRow */
  GPtrArray *asked;    /* names of sets whose passwords are asked for */
  GPtrArray *warnings; /* about credentials */
  char *backend;       /* its URL, or NULL */
  char *trouble;       /* what must be set right before, or NULL */
  guint n_entitled;    /* left out for another entitlement, unless that is overruled */
} LkOrderSheet;

void lk_order_sheet_unref (LkOrderSheet *self);
LkOrderSheet *lk_order_sheet_ref (LkOrderSheet *self);

/* An LkDeskFunc: LkOrderAsk → LkOrderSheet. */
gpointer lk_order_call_preview (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);

typedef struct
{
  LkOrderSheet *sheet;
  gboolean spends_unknown;
} LkOrderFiling;

void lk_order_filing_free (LkOrderFiling *self);

/**
 * LkOrderFiled:
 *
 * @job_id: 0: open jobs do all of it already
 */
typedef struct
{
  gint64 job_id;
  guint n_rows;
  guint n_open;
} LkOrderFiled;

/* An LkDeskFunc: LkOrderFiling → LkOrderFiled. */
gpointer lk_order_call_file (LkConsole *console,
                             gpointer question,
                             GCancellable *cancellable,
                             GError **error);
