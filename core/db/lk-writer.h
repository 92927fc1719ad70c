/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "db/lk-db.h"

/**
 * LkWriter:
 *
 * The one connection that writes, shared by many threads. Writes that arrive while another commit
 * is on its way are committed together, each in a savepoint of its own: one that fails undoes only
 * itself. lk_writer_write() returns when the commit has returned: what it reported as done is on
 * the disk.
 */
typedef struct _LkWriter LkWriter;

/* One write: runs inside a transaction, may be called on any thread, must not wait for anything. */
typedef gboolean (*LkWriteFunc) (LkDb *db, gpointer user_data, GError **error);

LkWriter *lk_writer_new (LkDb *db); /* takes @db */
void lk_writer_free (LkWriter *self);
gboolean lk_writer_write (LkWriter *self, LkWriteFunc func, gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWriter, lk_writer_free)
