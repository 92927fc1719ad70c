/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"

/* The air gap in words for people. Texts are translated, and to be freed unless const. */

/* What comes next, in two or three words. */
const char *lk_transfer_text_hop (LkHop hop);

/* "Request, written · Today 14:05 · sealed" */
char *lk_transfer_text_file (const LkTransferRow *file);
/* "240 rows: 200 done, 3 failed, 37 open" */
char *lk_transfer_text_file_counts (const LkTransferRow *file);

/* Why rows are not written, a line for each reason; NULL: all are. */
char *lk_transfer_text_left_out (const LkExportResult *result);
