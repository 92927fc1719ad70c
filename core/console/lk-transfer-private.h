/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"

/* For the files of this folder that write and read transfer files. */

struct _LkTransferSource
{
  char *path;
  gboolean salvage;
  LkTransferReader *reader; /* NULL: it is one of VAMT's */
};

/* Takes the strings out of @entry. */
LkTransferRow *lk_transfer_row_from_entry (LkTransferEntry *entry);

/* The head of a file that this store is about to write; NULL on an error. */
LkTransferHead *lk_console_make_head (LkConsole *self, LkTransferKind kind, GError **error);
/* What is remembered of a file with that head; its strings are borrowed. */
void lk_transfer_entry_init (LkTransferEntry *out,
                             const LkTransferHead *head,
                             const char *path,
                             gboolean is_written,
                             gboolean is_sealed,
                             gint64 now);
/* @path, absolute, so that it means the same tomorrow; to be freed. */
char *lk_transfer_make_path (const char *path);

/* For lk_console_import(): one kind of file each. */
LkImportResult *lk_console_import_inventory (LkConsole *self,
                                             LkTransferReader *reader,
                                             const char *path,
                                             gboolean dry_run,
                                             GError **error);
LkImportResult *
lk_console_import_vamt (LkConsole *self, const char *path, gboolean dry_run, GError **error);
