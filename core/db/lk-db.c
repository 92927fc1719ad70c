/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "db/lk-db.h"

#include "base/lk-crash.h"
#include "base/lk-error.h"
#include "lk-core-resources.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 30000

struct _LkDb
{
  sqlite3 *handle;
  char *path;
  GHashTable *statements; /* SQL text, the statement's own → prepared statement, idle */
};

struct _LkQuery
{
  LkDb *db;
  sqlite3_stmt *statement;
};

static gboolean
set_store_error (LkDb *self, GError **error)
{
  g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("The database “%s” failed: %s"), self->path,
               sqlite3_errmsg (self->handle));
  return FALSE;
}

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

/* SQLite would create the file readable for others. One that is there is not opened: closing it
 * would drop the POSIX locks that this process holds on it through SQLite, and then whoever else
 * closes the database takes its journal away from under us. */
static gboolean
make_private_file (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0 && errno == EEXIST)
    return TRUE;
  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot open the database “%s”: %s"), path,
                   g_strerror (errno));
      return FALSE;
    }

  close (fd);
  return TRUE;
}

/* Most texts do not have the word's first letter where it would fit, so that is compared inline. */
static gboolean
contains (sqlite3_value *value, const char *word, int length)
{
  const char *text = sqlite3_value_blob (value);
  int last = sqlite3_value_bytes (value) - length;
  char lower = g_ascii_tolower (*word);
  char upper = g_ascii_toupper (*word);

  for (int i = 0; i <= last; i++)
    if ((text[i] == lower || text[i] == upper) &&
        g_ascii_strncasecmp (text + i, word, (gsize) length) == 0)
      return TRUE;
  return FALSE;
}

/* has_word (WORD, TEXT, TEXT…): whether any of the texts contains it. */
static void
has_word (sqlite3_context *context, int n, sqlite3_value **values)
{
  const char *word = sqlite3_value_blob (values[0]);
  int length = sqlite3_value_bytes (values[0]);
  gboolean has = length == 0;

  for (int i = 1; !has && i < n; i++)
    has = contains (values[i], word, length);
  sqlite3_result_int (context, has);
}

void
lk_db_add_functions (sqlite3 *handle)
{
  sqlite3_create_function (handle, "has_word", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                           has_word, NULL, NULL);
}

/* Of the end, where statements differ most; they are long, and looked up for each row. */
static guint
hash_sql (gconstpointer sql)
{
  gsize length = strlen (sql);

  return g_str_hash ((const char *) sql + (length > 24 ? length - 24 : 0)) ^ (guint) length;
}

LkDb *
lk_db_open (const char *path, LkDbMode mode, GError **error)
{
  static const char set_up[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               /* else each savepoint of a group goes through a temporary file */
                               "PRAGMA temp_store = MEMORY;";
  g_autoptr (LkDb) self = NULL;
  gboolean in_memory = g_str_equal (path, ":memory:");
  int flags = SQLITE_OPEN_NOMUTEX |
              (mode == LK_DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);

  if (mode == LK_DB_READ_WRITE && !in_memory && !make_private_file (path, error))
    return NULL;

  self = g_new0 (LkDb, 1);
  self->path = g_strdup (path);
  self->statements = g_hash_table_new_full (hash_sql, g_str_equal, NULL, finalize_statement);
  if (sqlite3_open_v2 (path, &self->handle, flags, NULL) != SQLITE_OK)
    {
      set_store_error (self, error);
      return NULL;
    }

  sqlite3_busy_timeout (self->handle, BUSY_TIMEOUT_MS);
  lk_db_add_functions (self->handle);
  if (!lk_db_exec (self, mode == LK_DB_READ_ONLY ? "PRAGMA query_only = ON" : set_up, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
lk_db_free (LkDb *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->statements, g_hash_table_unref);
  sqlite3_close (self->handle);
  g_free (self->path);
  g_free (self);
}

const char *
lk_db_get_path (LkDb *self)
{
  return self->path;
}

sqlite3 *
lk_db_get_handle (LkDb *self)
{
  return self->handle;
}

gboolean
lk_db_exec (LkDb *self, const char *sql, GError **error)
{
  return sqlite3_exec (self->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
         set_store_error (self, error);
}

static sqlite3_stmt *
take_statement (LkDb *self, const char *sql, GError **error)
{
  gpointer statement = NULL;
  sqlite3_stmt *fresh = NULL;

  if (g_hash_table_steal_extended (self->statements, sql, NULL, &statement))
    return statement;

  if (sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &fresh, NULL) !=
      SQLITE_OK)
    set_store_error (self, error);
  return fresh;
}

static void
give_statement_back (LkDb *self, sqlite3_stmt *statement)
{
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  g_hash_table_replace (self->statements, (gpointer) sqlite3_sql (statement), statement);
}

static void
bind_parameters (sqlite3_stmt *statement,
                 const char *types,
                 sqlite3_destructor_type lifetime,
                 va_list args)
{
  for (int i = 0; types[i] != '\0'; i++)
    switch (types[i])
      {
      case 'i':
        sqlite3_bind_int64 (statement, i + 1, va_arg (args, gint64));
        break;
      case 's':
        sqlite3_bind_text (statement, i + 1, va_arg (args, const char *), -1, lifetime);
        break;
      case 'b':
        {
          GBytes *bytes = va_arg (args, GBytes *);
          gsize size = 0;
          const void *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

          sqlite3_bind_blob64 (statement, i + 1, data, size, lifetime);
          break;
        }
      default:
        g_assert_not_reached ();
      }
}

gboolean
lk_db_run (LkDb *self, GError **error, const char *sql, const char *types, ...)
{
  sqlite3_stmt *statement = take_statement (self, sql, error);
  gboolean done;
  va_list args;
  int rc;

  if (statement == NULL)
    return FALSE;

  /* The caller's texts outlive the bindings, which end in here. */
  va_start (args, types);
  bind_parameters (statement, types, SQLITE_STATIC, args);
  va_end (args);
  do
    rc = sqlite3_step (statement);
  while (rc == SQLITE_ROW);

  done = rc == SQLITE_DONE || set_store_error (self, error);
  give_statement_back (self, statement);
  return done;
}

static LkQuery *
query_valist (LkDb *self, GError **error, const char *sql, const char *types, va_list args)
{
  sqlite3_stmt *statement = take_statement (self, sql, error);
  LkQuery *query;

  if (statement == NULL)
    return NULL;

  bind_parameters (statement, types, SQLITE_TRANSIENT, args);
  query = g_new0 (LkQuery, 1);
  query->db = self;
  query->statement = statement;
  return query;
}

LkQuery *
lk_db_query (LkDb *self, GError **error, const char *sql, const char *types, ...)
{
  LkQuery *query;
  va_list args;

  va_start (args, types);
  query = query_valist (self, error, sql, types, args);
  va_end (args);
  return query;
}

LkQuery *
lk_db_query_texts (LkDb *self, GError **error, const char *sql, GPtrArray *texts)
{
  LkQuery *query = lk_db_query (self, error, sql, "");

  for (guint i = 0; query != NULL && texts != NULL && i < texts->len; i++)
    sqlite3_bind_text (query->statement, (int) i + 1, g_ptr_array_index (texts, i), -1,
                       SQLITE_TRANSIENT);

  return query;
}

gboolean
lk_query_next (LkQuery *self, GError **error)
{
  int rc = sqlite3_step (self->statement);

  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    set_store_error (self->db, error);

  return rc == SQLITE_ROW;
}

guint
lk_query_get_names (LkQuery *self, guint max, const char **names)
{
  guint n = MIN (max, (guint) sqlite3_column_count (self->statement));

  for (guint i = 0; i < n; i++)
    names[i] = sqlite3_column_name (self->statement, (int) i);
  return n;
}

gint64
lk_query_int (LkQuery *self, int column)
{
  return sqlite3_column_int64 (self->statement, column);
}

gboolean
lk_query_is_null (LkQuery *self, int column)
{
  return sqlite3_column_type (self->statement, column) == SQLITE_NULL;
}

const char *
lk_query_text (LkQuery *self, int column)
{
  return (const char *) sqlite3_column_text (self->statement, column);
}

char *
lk_query_dup (LkQuery *self, int column)
{
  return g_strdup (lk_query_text (self, column));
}

GBytes *
lk_query_bytes (LkQuery *self, int column)
{
  const void *data = sqlite3_column_blob (self->statement, column);

  return data != NULL ? g_bytes_new (data, (gsize) sqlite3_column_bytes (self->statement, column))
                      : NULL;
}

void
lk_query_free (LkQuery *self)
{
  if (self == NULL)
    return;
  give_statement_back (self->db, self->statement);
  g_free (self);
}

gboolean
lk_db_get_int (LkDb *self,
               gint64 *out,
               gint64 fallback,
               GError **error,
               const char *sql,
               const char *types,
               ...)
{
  g_autoptr (LkQuery) query = NULL;
  g_autoptr (GError) local_error = NULL;
  va_list args;

  va_start (args, types);
  query = query_valist (self, error, sql, types, args);
  va_end (args);
  if (query == NULL)
    return FALSE;

  *out = fallback;
  if (lk_query_next (query, &local_error) && !lk_query_is_null (query, 0))
    *out = lk_query_int (query, 0);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gint64
lk_db_get_last_id (LkDb *self)
{
  return sqlite3_last_insert_rowid (self->handle);
}

int
lk_db_get_changes (LkDb *self)
{
  return sqlite3_changes (self->handle);
}

LkTransaction *
lk_transaction_begin (LkDb *self, GError **error)
{
  return lk_db_run (self, error, "BEGIN IMMEDIATE", "") ? self : NULL;
}

gboolean
lk_transaction_commit (LkTransaction **transaction, GError **error)
{
  lk_crash_point ("commit");
  if (!lk_db_run (*transaction, error, "COMMIT", ""))
    return FALSE;

  *transaction = NULL; /* nothing left to roll back */
  lk_crash_point ("committed");
  return TRUE;
}

void
lk_transaction_rollback (LkTransaction *transaction)
{
  /* A statement that ran out of disk may have rolled back by itself. */
  if (transaction != NULL && !sqlite3_get_autocommit (transaction->handle))
    lk_db_run (transaction, NULL, "ROLLBACK", "");
}

static gboolean
apply_migration (LkDb *self, guint version, const char *sql, GError **error)
{
  g_autofree char *bump = g_strdup_printf ("PRAGMA user_version = %u", version);
  g_autoptr (LkTransaction) transaction = lk_transaction_begin (self, error);
  gint64 found = 0;

  if (transaction == NULL || !lk_db_get_int (self, &found, 0, error, "PRAGMA user_version", ""))
    return FALSE;
  if (found >= (gint64) version)
    return TRUE; /* another process was quicker */

  return lk_db_exec (self, sql, error) && lk_db_exec (self, bump, error) &&
         lk_transaction_commit (&transaction, error);
}

gboolean
lk_db_migrate (LkDb *self, const char *const *migrations, guint n, GError **error)
{
  gint64 version = 0;

  if (!lk_db_get_int (self, &version, 0, error, "PRAGMA user_version", ""))
    return FALSE;

  if (version > (gint64) n)
    {
      g_set_error (
          error, LK_ERROR, LK_ERROR_STORE,
          _ ("“%s” was written by a newer version of Latchkey (schema %d, this one knows %u);"
             " it was not touched. Use that version, or restore a backup"),
          self->path, (int) version, n);
      return FALSE;
    }

  if (version > 0 && version < (gint64) n)
    {
      g_autofree char *copy = g_strdup_printf ("%s.before-%u", self->path, n);

      if (!g_file_test (copy, G_FILE_TEST_EXISTS) && !lk_db_backup (self, copy, error))
        return FALSE;
    }

  for (; version < (gint64) n; version++)
    if (!apply_migration (self, (guint) version + 1, migrations[version], error))
      return FALSE;

  return TRUE;
}

/* The new name is on the disk only when its folder is. */
static gboolean
sync_path (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean synced = fd >= 0 && fsync (fd) == 0;

  if (!synced)
    g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot write “%s” to the disk: %s"), path,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return synced;
}

static gboolean
copy_pages (LkDb *self, const char *path, GError **error)
{
  g_autoptr (LkDb) copy = NULL;
  sqlite3_backup *backup;
  int rc;

  if (!make_private_file (path, error))
    return FALSE;

  copy = g_new0 (LkDb, 1);
  copy->path = g_strdup (path);
  copy->statements = g_hash_table_new (g_str_hash, g_str_equal);
  if (sqlite3_open_v2 (path, &copy->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
    return set_store_error (copy, error);

  backup = sqlite3_backup_init (copy->handle, "main", self->handle, "main");
  if (backup == NULL)
    return set_store_error (copy, error);

  do
    {
      rc = sqlite3_backup_step (backup, -1);
      if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        g_usleep (10 * 1000);
    }
  while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
  rc = sqlite3_backup_finish (backup);

  return rc == SQLITE_OK || set_store_error (copy, error);
}

gboolean
lk_db_backup (LkDb *self, const char *path, GError **error)
{
  g_autofree char *partial = g_strdup_printf ("%s.partial-%d", path, (int) getpid ());
  g_autofree char *folder = g_path_get_dirname (path);
  gboolean done;

  g_unlink (partial);
  done = copy_pages (self, partial, error) && sync_path (partial, error);
  if (done && g_rename (partial, path) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot write “%s”: %s"), path,
                   g_strerror (errno));
      done = FALSE;
    }
  if (!done)
    g_unlink (partial);

  return done && sync_path (folder, error);
}

const char *
lk_db_get_sql (const char *name)
{
  g_autofree char *path = g_strconcat ("/org/latchkey/Latchkey/", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_resource_lookup_data (lk_core_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);

  if (bytes == NULL)
    g_error ("%s", error->message);

  /* The resource is compiled in, uncompressed, and ends with a NUL. */
  return g_bytes_get_data (bytes, NULL);
}
