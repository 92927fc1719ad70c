/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "transfer/lk-transfer-file.h"

/**
 * LkTransferPass:
 *
 * One reading of a transfer file's XML from its beginning to its end, which checks all of it.
 * Errors are words that do not name the file.
 */
typedef struct _LkTransferPass LkTransferPass;

/* @records: takes the records (LkRecord), or NULL when nobody wants them.
 * @salvages: a fault behind the head costs the line that it is in, and the reading goes on with the
 * next one; finish tells the first fault. Our writer gives each record a line. */
LkTransferPass *lk_transfer_pass_new (GQueue *records, gboolean salvages);
void lk_transfer_pass_free (LkTransferPass *self);
gboolean
lk_transfer_pass_feed (LkTransferPass *self, const void *xml, gsize length, GError **error);
gboolean lk_transfer_pass_finish (LkTransferPass *self, GError **error);

/* NULL until it was read. */
const LkTransferHead *lk_transfer_pass_get_head (LkTransferPass *self);
guint64 lk_transfer_pass_get_count (LkTransferPass *self);
/* Of what was read by now, in hexadecimal; nothing can be fed after it was asked for. */
const char *lk_transfer_pass_get_digest (LkTransferPass *self);

/* Whether a file that begins with @data has our root element, of whatever version. */
gboolean lk_transfer_pass_is_one (const void *data, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferPass, lk_transfer_pass_free)
