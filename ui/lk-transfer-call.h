/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"
#include "ui/lk-desk.h"

/* What the page and the dialogs of the air gap ask of the console's thread. */

/**
 * LkTransferView:
 *
 * @files: LkTransferRow, newest first
 * @settled: gint64, requests that were opened here and whose rows all have their answer, or cannot
 *   have one
 */
typedef struct
{
  GPtrArray *files;
  LkTransferState state;
  GArray *settled;
} LkTransferView;

void lk_transfer_view_free (LkTransferView *self);

/* An LkDeskFunc: NULL → LkTransferView. */
gpointer lk_transfer_call_view (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);

typedef enum
{
  LK_SAVE_REQUEST,
  LK_SAVE_ANSWER,
  LK_SAVE_INVENTORY,
} LkSaveKind;

/**
 * LkSaveOrder:
 *
 * What a person chose so far.
 * @keys: of the rows of a request (gint64); NULL: all
 * @transfer: the request that is answered
 * @again: also rows that an open request asks for
 * @replaces: what stands at @path may go
 */
typedef struct
{
  LkSaveKind kind;
  char *path;
  GArray *keys;
  gint64 transfer;
  gboolean again;
  gboolean with_keys;
  gboolean replaces;
  LkSecret *passphrase;
} LkSaveOrder;

LkSaveOrder *lk_save_order_copy (const LkSaveOrder *self);
void lk_save_order_free (LkSaveOrder *self);

/**
 * LkSaved:
 *
 * @stands: something stands at the path, and nothing was written
 * @path: that was written
 * @result: of a request
 * @n_records: of an inventory
 */
typedef struct
{
  gboolean stands;
  char *path;
  LkExportResult result;
  guint n_records;
} LkSaved;

void lk_saved_free (LkSaved *self);

/* LkDeskFuncs: LkSaveOrder → LkExportResult of a request; LkSaveOrder → LkSaved. */
gpointer lk_transfer_call_preview (LkConsole *console,
                                   gpointer question,
                                   GCancellable *cancellable,
                                   GError **error);
gpointer lk_transfer_call_save (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);

/**
 * LkOpenOrder:
 *
 * @source: the file, once it was looked at; else it is opened at @path
 * @anyway: spends although what is left is not known
 * @again: asks again for what was refused
 */
typedef struct
{
  char *path;
  LkSecret *passphrase;
  LkTransferSource *source;
  gboolean salvage;
  gboolean anyway;
  gboolean again;
} LkOpenOrder;

LkOpenOrder *lk_open_order_copy (const LkOpenOrder *self);
void lk_open_order_free (LkOpenOrder *self);

/**
 * LkLook:
 *
 * What a file is, and what opening it would do: one of @plan and @import. @source: the file, for
 * what is done with it next. @trouble: why a request cannot be answered here as things stand, or
 * NULL.
 */
typedef struct
{
  LkTransferSource *source;
  LkAnswerPlan *plan;
  LkImportResult *import;
  char *trouble;
} LkLook;

void lk_look_free (LkLook *self);

/* LkDeskFuncs: LkOpenOrder → LkLook, which changes nothing; then, with its @source in the order, →
 * the request's number (gint64) in the list of files; → LkImportResult. LK_ERROR_DENIED: the file
 * is sealed, and the passphrase is missing or wrong. */
gpointer lk_transfer_call_look (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);
gpointer lk_transfer_call_take (LkConsole *console,
                                gpointer question,
                                GCancellable *cancellable,
                                GError **error);
gpointer lk_transfer_call_import (LkConsole *console,
                                  gpointer question,
                                  GCancellable *cancellable,
                                  GError **error);

/* An LkDeskFunc: a path → something when the file is one of the air gap's or VAMT's, by its first
 * bytes, or "" when it is not, and maybe a list of machines; to be freed. */
gpointer lk_transfer_call_sniff (LkConsole *console,
                                 gpointer question,
                                 GCancellable *cancellable,
                                 GError **error);

/* Passphrases of requests that are being answered, so that their answers can be sealed, too. They
 * go with the desk. NULL: there is none, or it is no longer needed. */
void lk_transfer_keep_passphrase (LkDesk *desk, gint64 transfer, const LkSecret *passphrase);
const LkSecret *lk_transfer_get_passphrase (LkDesk *desk, gint64 transfer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferView, lk_transfer_view_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSaveOrder, lk_save_order_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSaved, lk_saved_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkOpenOrder, lk_open_order_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLook, lk_look_free)
