/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-jobs.h"
#include "console/lk-console-machines.h"
#include "store/lk-transfers.h"
#include "transfer/lk-transfer-file.h"

/* The air gap: a request leaves the lab, the core network answers it, the answer comes back. */

/**
 * LkTransferRow:
 *
 * A file that was written or read here, as the store remembers it.
 * @is_written: else it was read
 * @n_rows: records in it
 * @n_done: of a request that was written or answered here, the rows with a confirmation ID by now;
 *   of what was imported, the rows that brought something new
 * @n_failed: rows that were answered with an error
 * @n_open: rows still without an answer
 * @note: what a person should know of it (it was salvaged, and why), or NULL
 * @is_dropped: a request that nobody waits for any more
 */
typedef struct
{
  gint64 id;
  LkTransferKind kind;
  gboolean is_written;
  char *file_id;
  char *path;
  char *store_id; /* that wrote it */
  gint64 at;      /* ms since 1970 */
  guint n_rows;
  guint n_done;
  guint n_failed;
  guint n_open;
  gboolean is_sealed;
  char *note;
  gboolean is_dropped;
} LkTransferRow;

void lk_transfer_row_free (LkTransferRow *self);

/* What it is, in words, translated: "Request, written", … */
const char *lk_transfer_row_get_title (const LkTransferRow *self);

/* Newest first. */
GPtrArray *lk_console_list_transfers (LkConsole *self, GError **error);
/* LK_ERROR_INVALID when there is none of that number. */
LkTransferRow *lk_console_get_transfer (LkConsole *self, gint64 id, GError **error);
/* The rows of a request as they stand now (LkTransferLine); none for other files. */
GPtrArray *lk_console_list_transfer_lines (LkConsole *self, gint64 id, GError **error);
/* What became of a row, in words, translated. */
const char *lk_line_state_to_title (LkLineState state);
/* Nobody waits for a request any more: one that was written here is no longer outstanding, for one
 * that was taken in nothing more is asked for, and its reservations are given back. What was sent
 * stays; taking the request in again undoes it. */
gboolean lk_console_drop_request (LkConsole *self, gint64 id, GError **error);
/* This store's own id, as it stands in files; to be freed. */
char *lk_console_get_store_id (LkConsole *self, GError **error);

typedef enum
{
  LK_HOP_REQUEST, /* products wait for a confirmation ID: save a request */
  LK_HOP_ANSWER,  /* a request that was opened here is not answered yet */
  LK_HOP_IMPORT,  /* a request went out: its answer is awaited */
  LK_HOP_DEPOSIT, /* confirmation IDs came back and are not on their machines yet */
  LK_HOP_NONE,    /* nothing is to be done */
} LkHop;

/**
 * LkTransferState: where this store stands, and how many rows each hop concerns.
 */
typedef struct
{
  LkHop next;
  guint n_to_request;  /* have an IID and no CID, and no request asked for them yet */
  guint n_outstanding; /* were asked for, and no answer came */
  guint n_to_answer;   /* rows of requests opened here that have no answer yet */
  guint n_to_deposit;
} LkTransferState;

gboolean lk_console_get_transfer_state (LkConsole *self, LkTransferState *out, GError **error);
/* Which step comes next, in one sentence, translated; to be freed. */
char *lk_transfer_state_to_text (const LkTransferState *self);

/**
 * LkExportOrder:
 *
 * @rows: LkRow, what was chosen
 * @again: also rows that a request which is still open asked for, and those whose CID on record is
 *   out of a file that could not be trusted whole
 * @passphrase: seals, or NULL
 */
typedef struct
{
  const char *path;
  GPtrArray *rows;
  gboolean again;
  const LkSecret *passphrase;
} LkExportOrder;

/**
 * LkExportResult: of the chosen rows, how many were written, and why the others were not.
 */
typedef struct
{
  guint n_written;
  guint n_no_iid;      /* not read yet, or no key that asks for an IID */
  guint n_licensed;    /* are licensed already */
  guint n_on_record;   /* their CID is here: deposit it */
  guint n_in_flight;   /* asked for another way */
  guint n_outstanding; /* an open request asks for them */
} LkExportResult;

/* What exporting would do; writes nothing. */
gboolean lk_console_preview_export (LkConsole *self,
                                    const LkExportOrder *order,
                                    LkExportResult *out,
                                    GError **error);
/* Saves a request, in the place of what stands at @path. When no row is left to write, nothing is
 * written: TRUE, and @out says why. */
gboolean lk_console_export_request (LkConsole *self,
                                    const LkExportOrder *order,
                                    LkExportResult *out,
                                    GError **error);

/**
 * LkTransferSource:
 *
 * A file that somebody looks at and then takes. It is opened once: what was shown is what is taken,
 * and a sealed file's passphrase is worked on once, since that takes a second and 256 MiB. Its key
 * stays in guarded memory, and the file open, until the last reference goes. Any thread may use it,
 * one at a time.
 */
typedef struct _LkTransferSource LkTransferSource;

/* Opens a transfer file as lk_transfer_reader_open() does, or one of VAMT's files. */
LkTransferSource *lk_transfer_source_open (const char *path,
                                           const LkSecret *passphrase,
                                           gboolean salvage,
                                           GError **error);
LkTransferSource *lk_transfer_source_ref (LkTransferSource *self);
void lk_transfer_source_unref (LkTransferSource *self);
/* VAMT's files count as inventories. */
LkTransferKind lk_transfer_source_get_kind (const LkTransferSource *self);

/**
 * LkAnswerPlan: what answering a request would cost, said before it is done.
 */
typedef struct
{
  char *file_id;
  char *store_id; /* that asks */
  gint64 created_at;
  guint n_rows;
  guint n_on_record;    /* answered from this side's records, for nothing */
  guint n_in_flight;    /* asked for already; the answer is awaited */
  guint n_refused;      /* the service said no before; asked again only on order */
  guint n_bad;          /* IID or extended PID make no sense */
  guint n_to_spend;     /* activations that this will use */
  guint n_no_room;      /* more than the key has left */
  guint n_unknown_pool; /* of @n_to_spend, under keys whose remaining count is unknown */
  guint n_changed;      /* asked for before with another installation ID: a new activation each */
  gboolean is_sealed;
  gboolean is_own; /* this store wrote the request itself */
} LkAnswerPlan;

void lk_answer_plan_free (LkAnswerPlan *self);

/* "uses 3 activations; 12 rows are answered from the records and cost nothing; …"; to be freed. */
char *lk_answer_plan_to_text (const LkAnswerPlan *self);

/* @again as in lk_console_take_request(). */
LkAnswerPlan *lk_console_preview_answer (LkConsole *self,
                                         LkTransferSource *source,
                                         gboolean again,
                                         GError **error);

/* Takes the rows of a request into this store and reserves what they need; committed when it
 * returns. Doing it again changes nothing. @transfer: of the request, see LkTransferRow.
 * @allow_unknown: spend although a pool is unknown. @again: ask again for what was refused. The
 * courier of whoever runs this store's jobs sends it from now on. */
gboolean lk_console_take_request (LkConsole *self,
                                  LkTransferSource *source,
                                  gboolean allow_unknown,
                                  gboolean again,
                                  gint64 *transfer,
                                  GError **error);
/* How far a request is; @is_settled: every row has its answer, or cannot have one. */
gboolean lk_console_get_request_progress (LkConsole *self,
                                          gint64 transfer,
                                          LkTransferRow **out,
                                          gboolean *is_settled,
                                          GError **error);
/**
 * LkRequestWatcher:
 *
 * Who is told while a request is followed; all may be NULL. @trouble: why nothing moves, or NULL.
 */
typedef struct
{
  void (*progressed) (const LkTransferRow *row, const char *trouble, gpointer user_data);
  void (*attended) (gboolean by_us, gpointer user_data);
  gpointer user_data;
} LkRequestWatcher;

/* Follows a request that was taken in until it is settled: asks the backend itself when nobody else
 * runs this store's jobs, and then only for this request. @patience as in lk_console_follow(). */
gboolean lk_console_follow_request (LkConsole *self,
                                    gint64 transfer,
                                    gint64 patience,
                                    const LkRequestWatcher *watcher,
                                    GCancellable *cancellable,
                                    LkFollowEnd *end,
                                    GError **error);
/* Writes what is known by now; rows without an answer are written as such, so that a later answer
 * can bring them. @path NULL: beside the request, as NAME-answer.xml. The path goes to @written,
 * the answer as it is remembered to @row (each may be NULL). */
gboolean lk_console_write_answer (LkConsole *self,
                                  gint64 transfer,
                                  const char *path,
                                  const LkSecret *passphrase,
                                  char **written,
                                  LkTransferRow **row,
                                  GError **error);

/**
 * LkImportResult: what a file brought.
 */
typedef struct
{
  LkTransferKind kind;
  guint n_rows;
  guint n_new;     /* confirmation IDs that were not here */
  guint n_known;   /* were here already, the same */
  guint n_differs; /* another one is on record, which stays */
  guint n_errors;  /* rows that were refused on the other side */
  guint n_open;    /* rows that have no answer yet */
  guint n_gone;    /* of @n_new, for rows that are no longer here; kept nevertheless */
  guint n_foreign; /* not of this store; left out */
  guint n_bad;     /* make no sense; left out */
  char *fault;     /* what is wrong with the file, when it was salvaged; or NULL */
  GArray *keys;    /* gint64, of rows here whose CID it has and that are not licensed yet, see
                    * lk_row_get_key() */
  GPtrArray
      *remarks; /* words for a person, one a row that was left out or conflicts, at most 100 */
  /* Of an inventory. */
  guint n_machines_new;
  guint n_machines_merged;
  guint n_conflicts;
  guint n_keys_new;
  guint n_keys_known;
  gboolean is_vamt; /* one of VAMT's files */
} LkImportResult;

void lk_import_result_free (LkImportResult *self);
/* For the functions that fill one. */
LkImportResult *lk_import_result_new (LkTransferKind kind);

/* Takes an answer, or an inventory, or one of VAMT's files. A second time changes nothing. Of a
 * file that is salvaged, rows whose IID is known here are taken and marked as unverified. @dry_run:
 * says what it would do. All or nothing. */
LkImportResult *
lk_console_import (LkConsole *self, LkTransferSource *source, gboolean dry_run, GError **error);

/* Writes all of this store into a file, to move it or to merge it into another one; what is left
 * out is said at lk_store_read_inventory(). @with_keys: also the product keys, which needs a
 * passphrase. */
gboolean lk_console_export_inventory (LkConsole *self,
                                      const char *path,
                                      gboolean with_keys,
                                      const LkSecret *passphrase,
                                      guint *n_records,
                                      GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferRow, lk_transfer_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferSource, lk_transfer_source_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAnswerPlan, lk_answer_plan_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkImportResult, lk_import_result_free)
