/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

/**
 * LkDb:
 *
 * One SQLite connection, used by one thread at a time: WAL, synchronous=FULL, foreign keys on.
 * Result codes become LK_ERROR_STORE here and nowhere else. Statements are prepared once and kept.
 * SQL has one function more: has_word (WORD, TEXT…).
 */
typedef struct _LkDb LkDb;

typedef enum
{
  LK_DB_READ_WRITE, /* made if missing, mode 0600 */
  LK_DB_READ_ONLY,
} LkDbMode;

LkDb *lk_db_open (const char *path, LkDbMode mode, GError **error);
void lk_db_free (LkDb *self);
const char *lk_db_get_path (LkDb *self);
sqlite3 *lk_db_get_handle (LkDb *self);
/* What SQL can do more on each connection: has_word (WORD, TEXT…), whether the word stands anywhere
 * in the text, ASCII letters of either case alike; NULL has no word but the empty one. */
void lk_db_add_functions (sqlite3 *handle);

/* Runs plain SQL, several statements allowed. */
gboolean lk_db_exec (LkDb *self, const char *sql, GError **error);

/* Runs one statement that gives no rows. @types tells what follows, one letter a parameter:
 * 'i' gint64, 's' const char * (NULL: SQL NULL), 'b' GBytes * (NULL: SQL NULL).
 * 'i' takes a gint64: cast what is shorter. */
gboolean lk_db_run (LkDb *self, GError **error, const char *sql, const char *types, ...);

/**
 * LkQuery:
 *
 * A statement that gives rows, being stepped. Free it before the next statement of the same text.
 */
typedef struct _LkQuery LkQuery;

LkQuery *lk_db_query (LkDb *self, GError **error, const char *sql, const char *types, ...);
/* The same with text parameters of any number (const char *), for statements put together by the
 * selection language. */
LkQuery *lk_db_query_texts (LkDb *self, GError **error, const char *sql, GPtrArray *texts);
/* TRUE: a row is there. FALSE: the end, or @error is set. */
gboolean lk_query_next (LkQuery *self, GError **error);
/* The names of the columns, at most @max of them, valid as long as the query; how many. */
guint lk_query_get_names (LkQuery *self, guint max, const char **names);
gint64 lk_query_int (LkQuery *self, int column);
gboolean lk_query_is_null (LkQuery *self, int column);
/* Valid until the next step; NULL for SQL NULL. */
const char *lk_query_text (LkQuery *self, int column);
char *lk_query_dup (LkQuery *self, int column);
GBytes *lk_query_bytes (LkQuery *self, int column);
void lk_query_free (LkQuery *self);

/* First column of the first row; @fallback when there is no row or it is NULL. */
gboolean lk_db_get_int (LkDb *self,
                        gint64 *out,
                        gint64 fallback,
                        GError **error,
                        const char *sql,
                        const char *types,
                        ...);

gint64 lk_db_get_last_id (LkDb *self);
int lk_db_get_changes (LkDb *self);

/* A transaction that rolls back when it leaves its scope unless it was committed. Takes the write
 * lock at once (BEGIN IMMEDIATE). */
typedef LkDb LkTransaction;

LkTransaction *lk_transaction_begin (LkDb *self, GError **error);
gboolean lk_transaction_commit (LkTransaction **transaction, GError **error);
void lk_transaction_rollback (LkTransaction *transaction);

/* Brings the database from its user_version to @n; migration i leads from i to i + 1, in one
 * transaction each; released ones are never edited. A copy is written beside the file
 * (PATH.before-N) before the first of several is applied to a database that already has one. A
 * database from a newer version is refused, untouched. */
gboolean lk_db_migrate (LkDb *self, const char *const *migrations, guint n, GError **error);

/* A consistent copy into a new file, while others go on; the copy is synced before it appears. */
gboolean lk_db_backup (LkDb *self, const char *path, GError **error);

/* The text of core/…/NAME.sql, compiled in; for lists of migrations. */
const char *lk_db_get_sql (const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkDb, lk_db_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkQuery, lk_query_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTransaction, lk_transaction_rollback)
