/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

/* The batch activation wire format, both sides (see README.md beside this file): a SOAP 1.1
 * envelope around a UTF-16LE inner document with an HMAC-SHA256 digest over its bytes. */

typedef enum
{
  LK_BATCH_CONFIRM = 1,   /* a confirmation ID for each (PID, IID) */
  LK_BATCH_REMAINING = 2, /* activations left for each PID */
} LkBatchType;

#define LK_BATCH_MAX_BYTES (4 * 1024 * 1024)
#define LK_BATCH_MAX_ITEMS 1000

#define LK_BATCH_E_BLOCKED     0x67u
#define LK_BATCH_E_INVALID_KEY 0x68u
#define LK_BATCH_E_EXHAUSTED   0x7Fu
#define LK_BATCH_E_KEY_TYPE    0x86u
#define LK_BATCH_E_TOO_MANY    0x8Du /* also: ask again later */
#define LK_BATCH_E_BAD_IID     0x90u
#define LK_BATCH_E_IID_BLOCKED 0xD5u

/* One line of a batch, question and answer. */
typedef struct
{
  char *epid;
  char *iid;         /* NULL when only the remaining count is asked */
  char *cid;         /* answer, or NULL */
  gint64 remaining;  /* answer, −1 when not told */
  guint32 code;      /* error of this line, 0 for none */
  gboolean is_loose; /* an answer that had no Response element of its own */
} LkBatchItem;

LkBatchItem *lk_batch_item_new (const char *epid, const char *iid);
void lk_batch_item_free (LkBatchItem *self);

/* The digest key as an administrator has it, in hex or base64, 16 to 1024 bytes; the error never
 * quotes it. */
LkSecret *lk_batch_parse_digest_key (const LkSecret *text, GError **error);

/* The request for @items (LkBatchItem). */
GBytes *lk_batch_write_request (LkBatchType type, GPtrArray *items, const LkSecret *digest_key);
/* The envelope and digest around any inner document, valid UTF-8; for tests of the server side. */
GBytes *lk_batch_seal_request (const char *inner, const LkSecret *digest_key);
/* Server side: digest checked first (LK_ERROR_DENIED when it is wrong), then parsed. */
GPtrArray *
lk_batch_read_request (GBytes *body, const LkSecret *digest_key, LkBatchType *type, GError **error);
GBytes *lk_batch_write_response (LkBatchType type, GPtrArray *items);
/* Client side: lines as the answer has them, not yet matched. A SOAP fault is LK_ERROR_REJECTED. */
GPtrArray *lk_batch_read_response (GBytes *body, GError **error);

/* Fills the answers into @asked by echoed IID (and PID), never by position; a batch of one takes
 * the only answer, even without an echo, unless it echoes another IID. A CID counts only if it is
 * 48 digits. An answer for something not asked, or a second one that differs, is dropped. Sets a
 * byte per item in @matched (asked->len of them). Returns the number matched. */
guint lk_batch_match (GPtrArray *asked, GPtrArray *answers, guint8 *matched);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkBatchItem, lk_batch_item_free)
