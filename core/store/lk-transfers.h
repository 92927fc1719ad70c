/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* Files that cross the air gap, as the store remembers them: what was asked for in requests that
 * were written here, and what other stores asked for in those that were taken in. */

/* This store's own id, a UUID, made when it is first needed; to be freed. A copy of the file is the
 * same store. */
char *lk_store_get_id (LkStore *self, GError **error);

/**
 * LkTransferEntry:
 *
 * One file that was written or read.
 * @kind: a word, "request", "answer", "inventory"
 * @n_done, @n_failed, @n_open: of a request, counted from its rows as they stand now
 */
typedef struct
{
  gint64 id;
  char *kind;
  gboolean is_written;
  char *file_id;
  char *path;
  char *store_id;   /* that wrote it */
  char *request_id; /* of an answer: the file that it answers */
  gint64 at;
  gint64 created_at;
  guint n_rows;
  guint n_done;
  guint n_failed;
  guint n_open;
  gboolean is_sealed;
  char *note;
  gboolean is_dropped; /* a request that nobody waits for any more */
} LkTransferEntry;

void lk_transfer_entry_free (LkTransferEntry *self);

/* What became of a row. */
typedef enum
{
  LK_LINE_OPEN,
  LK_LINE_CONFIRMED,
  LK_LINE_REFUSED,
  LK_LINE_BAD, /* its IID or extended PID makes no sense */
} LkLineState;

/* "open", "confirmed", "refused", "bad". */
const char *lk_line_state_to_word (LkLineState state);
gboolean lk_line_state_from_word (const char *word, LkLineState *out);

/**
 * LkTransferLine:
 *
 * One row of a request or of an answer.
 * @row_id: the product's id in the store that asks
 * @key_identity: of @epid; NULL when that makes no sense
 * @machine: whose it is here, or NULL
 * @is_waiting: it is asked for, and the answer is on its way
 */
typedef struct
{
  gint64 row_id;
  char *iid;
  char *epid;
  char *key_identity;
  LkLineState state;
  char *cid;
  guint32 code;
  char *message;
  char *machine;
  gboolean is_waiting;
} LkTransferLine;

void lk_transfer_line_free (LkTransferLine *self);

/* Newest first; @id 0: all of them. */
GPtrArray *lk_store_list_transfers (LkStore *self, gint64 id, GError **error);
/* LK_ERROR_INVALID when there is none of that number. */
LkTransferEntry *lk_store_get_transfer (LkStore *self, gint64 id, GError **error);

typedef gboolean (*LkLineFunc) (const LkTransferLine *line, gpointer user_data, GError **error);

/* The rows of a request as they stand now, in the order of the file. */
gboolean lk_store_foreach_line (LkStore *self,
                                gint64 transfer_id,
                                LkLineFunc func,
                                gpointer user_data,
                                GError **error);

/* Remembers a file, and with @lines (LkTransferLine, or NULL) what a request asks for. */
gboolean lk_store_record_transfer (LkStore *self,
                                   const LkTransferEntry *entry,
                                   GPtrArray *lines,
                                   gint64 *id,
                                   GError **error);
/* The same inside a write. A file that is known already keeps its number: what more it brought is
 * added to its counts. */
gboolean lk_transfer_record (LkDb *db, const LkTransferEntry *entry, gint64 *id, GError **error);

/* What stands against asking for an IID. */
typedef enum
{
  LK_PAIR_FREE,
  LK_PAIR_ON_RECORD,
  LK_PAIR_SALVAGED,  /* on record, but out of a file that could not be trusted whole */
  LK_PAIR_IN_FLIGHT, /* sent, or its outcome is unknown */
  LK_PAIR_ASKED,     /* by a request that was written here and is not answered yet */
} LkPairState;

/* Judges @lines by key identity and IID; @states has room for one each. */
gboolean
lk_store_judge_lines (LkStore *self, GPtrArray *lines, LkPairState *states, GError **error);

/* How many rows wait for which hop, see LkTransferState. */
typedef struct
{
  guint n_to_request;
  guint n_outstanding;
  guint n_to_answer;
  guint n_to_deposit;
} LkTransferCounts;

gboolean lk_store_count_transfers (LkStore *self, LkTransferCounts *out, GError **error);

/* The next row of a file, to be freed; NULL at its end, and on an error. */
typedef LkTransferLine *(*LkNextLineFunc) (gpointer user_data, GError **error);

/**
 * LkTaking:
 *
 * A request that is to be taken in.
 * @entry: the file; its numbers are not looked at
 * @next: gives its rows
 * @allow_unknown: reserve although a pool is unknown
 * @again: ask again for what the service refused
 * @is_rehearsal: says what it would do, and takes it all back
 */
typedef struct
{
  const LkTransferEntry *entry;
  LkNextLineFunc next;
  gpointer user_data;
  gboolean allow_unknown;
  gboolean again;
  gboolean is_rehearsal;
} LkTaking;

typedef struct
{
  guint n_rows;
  guint n_on_record;
  guint n_in_flight;
  guint n_refused;
  guint n_bad;
  guint n_reserved;     /* now */
  guint n_unknown_pool; /* of these, under keys whose remaining count is unknown */
  guint n_no_room;
  guint n_changed; /* of all, rows for which another IID was asked for before */
} LkTakingCounts;

/* Takes the rows of a request in and reserves an activation for each that needs one, all or none of
 * them. Doing it again changes nothing but that it tries again where there was no room.
 * LK_ERROR_INVALID when the same file was taken in with other rows. */
gboolean lk_store_take_request (LkStore *self,
                                const LkTaking *taking,
                                gint64 now,
                                gint64 *id,
                                LkTakingCounts *counts,
                                GError **error);

/* Nothing more is asked for on behalf of a request that was taken in, and a request that was
 * written is no longer waited for. What was reserved for nobody else is given back; what was sent
 * stays. */
gboolean lk_store_drop_request (LkStore *self, gint64 transfer_id, GError **error);

/* The event of a CID or a refusal that a file brought. */
#define LK_STEP_IMPORT "import"

/**
 * LkMerging:
 *
 * An answer that is to be merged.
 * @entry: the file
 * @is_trusted: it is whole and for this store; else only rows whose IID is known here are taken,
 * and what they bring is marked as salvaged
 * @is_rehearsal: says what it would do, and takes it all back
 */
typedef struct
{
  const LkTransferEntry *entry;
  LkNextLineFunc next;
  gpointer user_data;
  gboolean is_trusted;
  gboolean is_rehearsal;
} LkMerging;

typedef struct
{
  guint n_rows;
  guint n_new;
  guint n_known;
  guint n_differs;
  guint n_errors;
  guint n_open;
  guint n_gone;
  guint n_foreign;
  guint n_bad;
  GArray *keys; /* gint64, of rows here that have their CID by this file; see lk_row_get_key() */
  GPtrArray *remarks; /* words, for at most 100 rows */
} LkMergingResult;

void lk_merging_result_clear (LkMergingResult *self);

/* Merges it, all or nothing; a second time changes nothing. @out is filled anew. */
gboolean lk_store_merge_answer (LkStore *self,
                                const LkMerging *merging,
                                gint64 now,
                                LkMergingResult *out,
                                GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferEntry, lk_transfer_entry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferLine, lk_transfer_line_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkMergingResult, lk_merging_result_clear)
