/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-transfers.h"
#include "transfer/lk-transfer-file.h"

/* The records of requests and answers: rows of the store as one sees them in a file. */

/* A row of a request, or with what became of it of an answer; to be freed. */
LkRecord *lk_transfer_line_to_record (const LkTransferLine *line, LkTransferKind kind);

/**
 * LkLineSource:
 *
 * Rows out of a file, for LkNextLineFunc.
 * @is_trusted: what the file says has not been changed; else a CID must also have the right check
 *   digits, and records of other kinds are passed over
 */
typedef struct
{
  LkTransferReader *reader;
  gboolean is_trusted;
} LkLineSource;

/* The next row of LkLineSource @source: what makes no sense in a request has the state bad, in an
 * answer no IID or no CID, and words about it. LK_ERROR_INVALID for a record that does not belong
 * in such a file. */
LkTransferLine *lk_line_source_next (gpointer source, GError **error);
