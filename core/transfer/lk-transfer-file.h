/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"

/* Transfer files, written and read as a stream: one record after the other, whatever the size. What
 * each kind of file may hold is said by data/transfer.rng; what it means is known to the other
 * files of this folder. */

#define LK_TRANSFER_NAMESPACE "urn:latchkey:transfer:1"
#define LK_TRANSFER_VERSION   1

typedef enum
{
  LK_TRANSFER_REQUEST,   /* installation IDs that need a confirmation ID */
  LK_TRANSFER_ANSWER,    /* what became of them */
  LK_TRANSFER_INVENTORY, /* all of a store, to move or to merge it */
} LkTransferKind;

/* "request", "answer", "inventory". */
const char *lk_transfer_kind_to_word (LkTransferKind kind);

/**
 * LkTransferHead:
 *
 * What the first line of a file says.
 * @id: of this very file, a UUID
 * @store_id: of the store that wrote it
 * @created_at: ms since 1970
 * @request_id, @request_store_id: of an answer, the request that it answers; else NULL
 * @n_records: as announced, 0 when it was not known beforehand
 */
typedef struct
{
  LkTransferKind kind;
  char *id;
  char *store_id;
  gint64 created_at;
  char *request_id;
  char *request_store_id;
  guint64 n_records;
} LkTransferHead;

LkTransferHead *lk_transfer_head_copy (const LkTransferHead *self);
void lk_transfer_head_free (LkTransferHead *self);

/**
 * LkRecord:
 *
 * One empty element with attributes: a name and fields, each at most once, in the order in which
 * they were set. A field that is NULL is not written.
 */
typedef struct _LkRecord LkRecord;

LkRecord *lk_record_new (const char *name);
void lk_record_free (LkRecord *self);
const char *lk_record_get_name (const LkRecord *self);
void lk_record_set (LkRecord *self, const char *field, const char *value);
void lk_record_set_number (LkRecord *self, const char *field, gint64 value);
/* NULL when it is not there. */
const char *lk_record_get (const LkRecord *self, const char *field);
/* Decimal, maybe negative; @otherwise when it is not there, or is no number. */
gint64 lk_record_get_number (const LkRecord *self, const char *field, gint64 otherwise);

/**
 * LkTransferWriter:
 *
 * Writes beside the place and puts the file there when it is whole: temporary file, fsync, rename,
 * fsync of the folder. Freed before its end it leaves nothing, and what stood there before stays.
 */
typedef struct _LkTransferWriter LkTransferWriter;

/* @passphrase: seals the file, or NULL; an empty one is refused. */
LkTransferWriter *lk_transfer_writer_new (const char *path,
                                          const LkTransferHead *head,
                                          const LkSecret *passphrase,
                                          GError **error);
/* A record that is too large for a reader is refused with LK_ERROR_INVALID, and the file can go on
 * without it. Its name is not “trailer”. */
gboolean lk_transfer_writer_add (LkTransferWriter *self, const LkRecord *record, GError **error);
/* Closes with the trailer and makes it last. Fails when the head announced another number. */
gboolean lk_transfer_writer_finish (LkTransferWriter *self, GError **error);
void lk_transfer_writer_free (LkTransferWriter *self);

/**
 * LkTransferReader:
 *
 * One open file. It is read once to check all of it (the seal, the form, the count, the digest),
 * and only then a second time for its records; should the second reading differ from the first,
 * the last call fails, and the caller drops what it did meanwhile.
 */
typedef struct _LkTransferReader LkTransferReader;

/* Whether it is sealed is seen from its first bytes; LK_ERROR_DENIED when it is and @passphrase is
 * NULL or wrong. Every other fault is LK_ERROR_INVALID and says what is wrong and where; one is
 * that the file is not sealed although a @passphrase was given, or somebody could put another in
 * its place.
 * @salvage: a file that is broken, cut off or changed is opened nevertheless, and gives what can be
 * read in it; a head that cannot be read, a seal that does not open from its start and a DOCTYPE
 * there are refused even so. */
LkTransferReader *lk_transfer_reader_open (const char *path,
                                           const LkSecret *passphrase,
                                           gboolean salvage,
                                           GError **error);
void lk_transfer_reader_free (LkTransferReader *self);
const LkTransferHead *lk_transfer_reader_get_head (LkTransferReader *self);
/* Whether it was opened by a passphrase. */
gboolean lk_transfer_reader_is_sealed (LkTransferReader *self);
/* Records in it. */
guint64 lk_transfer_reader_get_count (LkTransferReader *self);
/* What is wrong with a file that is being salvaged, in words; NULL: it is whole and unchanged. */
const char *lk_transfer_reader_get_fault (LkTransferReader *self);
/* The next record, to be freed, or NULL at the end and on an error. */
LkRecord *lk_transfer_reader_next (LkTransferReader *self, GError **error);

/* Back to the first record, without opening the file or working on its passphrase again. */
void lk_transfer_reader_rewind (LkTransferReader *self);

/* Whether the file at @path begins as a transfer file does, sealed or not. */
gboolean lk_transfer_file_is_one (const char *path, gboolean *is_sealed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferHead, lk_transfer_head_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkRecord, lk_record_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferWriter, lk_transfer_writer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransferReader, lk_transfer_reader_free)
