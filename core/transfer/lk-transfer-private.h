/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "transfer/lk-transfer-file.h"

/* What writer and reader of transfer files share. */

#define LK_TRANSFER_ROOT    "transfer"
#define LK_TRANSFER_TRAILER "trailer"

/* What a file may cost; the writer keeps to it as well. */
#define LK_TRANSFER_MAX_BYTES     (1024 * 1024 * 1024)
#define LK_TRANSFER_MAX_ELEMENTS  5000000
#define LK_TRANSFER_MAX_ATTRIBUTE (64 * 1024)
#define LK_TRANSFER_MAX_TAG       (256 * 1024)

typedef struct
{
  char *name;
  char *value;
} LkField;

struct _LkRecord
{
  char *name;
  GArray *fields; /* LkField */
};

/* @value as it is, which must be what XML can carry. */
void lk_record_append (LkRecord *self, const char *field, const char *value);
/* Adds the record to a digest, as data/man/latchkey-transfer.5 says. */
void lk_record_digest (const LkRecord *self, GChecksum *digest);

/* The root's attributes. Errors are words that do not name the file. */
LkRecord *lk_transfer_head_to_record (const LkTransferHead *self, GError **error);
LkTransferHead *lk_transfer_head_from_record (const LkRecord *record, GError **error);
