/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-store.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

struct _LkStore
{
  char *path;
  LkWriter *writer;
  GMutex lock;        /* for what follows */
  GPtrArray *readers; /* idle LkDb */
  LkDb *watcher;      /* for data_version, which counts the writes of others */
  int lock_fd;        /* -1 while the runner's lock is not ours */
  char *key_id;       /* under which ciphertexts are made; NULL: not checked */
};

char *
lk_store_get_default_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "latchkey", "fleet.db", NULL);
}

static gboolean
migrate (LkDb *db, GError **error)
{
  const char *const migrations[] = {
    lk_db_get_sql ("ledger/schema/0001-ledger.sql"),
    lk_db_get_sql ("store/schema/0001-fleet.sql"),
    lk_db_get_sql ("store/schema/0002-trust.sql"),
    lk_db_get_sql ("store/schema/0003-lists.sql"),
    lk_db_get_sql ("store/schema/0004-speed.sql"),
    lk_db_get_sql ("store/schema/0005-sightings.sql"),
    lk_db_get_sql ("store/schema/0006-identity.sql"),
    lk_db_get_sql ("ledger/schema/0002-salvaged.sql"),
    lk_db_get_sql ("store/schema/0007-transfer.sql"),
    lk_db_get_sql ("store/schema/0009-tags.sql"),
    lk_db_get_sql ("store/schema/0010-inventory.sql"),
  };

  return lk_db_migrate (db, migrations, G_N_ELEMENTS (migrations), error);
}

static gboolean
make_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot make the folder “%s”: %s"), folder,
               g_strerror (errno));
  return FALSE;
}

LkStore *
lk_store_open (const char *path, GError **error)
{
  g_autoptr (LkDb) db = NULL;
  LkStore *self;

  if (!make_folder (path, error))
    return NULL;
  db = lk_db_open (path, LK_DB_READ_WRITE, error);
  if (db == NULL || !migrate (db, error))
    return NULL;

  self = g_new0 (LkStore, 1);
  self->path = g_strdup (path);
  self->writer = lk_writer_new (g_steal_pointer (&db));
  self->readers = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_db_free);
  self->lock_fd = -1;
  g_mutex_init (&self->lock);
  return self;
}

void
lk_store_free (LkStore *self)
{
  if (self == NULL)
    return;
  lk_store_unlock (self);
  g_clear_pointer (&self->watcher, lk_db_free);
  g_ptr_array_unref (self->readers);
  lk_writer_free (self->writer);
  g_mutex_clear (&self->lock);
  g_free (self->key_id);
  g_free (self->path);
  g_free (self);
}

const char *
lk_store_get_path (LkStore *self)
{
  return self->path;
}

static int
open_lock (LkStore *self, GError **error)
{
  g_autofree char *path = g_strconcat (self->path, ".lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot open “%s”: %s"), path,
                 g_strerror (errno));
  return fd;
}

gboolean
lk_store_try_lock (LkStore *self, GError **error)
{
  int fd;

  if (self->lock_fd >= 0)
    return TRUE;

  fd = open_lock (self, error);
  if (fd < 0)
    return FALSE;
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      close (fd);
      return FALSE;
    }

  self->lock_fd = fd;
  return TRUE;
}

void
lk_store_unlock (LkStore *self)
{
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
}

gboolean
lk_store_has_lock (LkStore *self)
{
  return self->lock_fd >= 0;
}

gboolean
lk_store_is_locked (LkStore *self)
{
  int fd = self->lock_fd < 0 ? open_lock (self, NULL) : -1;
  gboolean locked = self->lock_fd >= 0;

  if (fd >= 0)
    {
      locked = flock (fd, LOCK_SH | LOCK_NB) != 0;
      close (fd);
    }
  return locked;
}

LkDb *
lk_store_borrow_reader (LkStore *self, GError **error)
{
  LkDb *reader = NULL;

  g_mutex_lock (&self->lock);
  if (self->readers->len > 0)
    reader = g_ptr_array_steal_index_fast (self->readers, self->readers->len - 1);
  g_mutex_unlock (&self->lock);

  return reader != NULL ? reader : lk_db_open (self->path, LK_DB_READ_ONLY, error);
}

void
lk_store_return_reader (LkStore *self, LkDb *reader)
{
  if (reader == NULL)
    return;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->readers, reader);
  g_mutex_unlock (&self->lock);
}

gboolean
lk_store_write (LkStore *self, LkWriteFunc func, gpointer user_data, GError **error)
{
  return lk_writer_write (self->writer, func, user_data, error);
}

typedef struct
{
  LkWriteFunc func;
  gpointer user_data;
  gboolean is_done;
} Rehearsal;

/* A write that fails is taken back whole. */
static gboolean
rehearse (LkDb *db, gpointer user_data, GError **error)
{
  Rehearsal *rehearsal = user_data;

  rehearsal->is_done = rehearsal->func (db, rehearsal->user_data, error);
  if (rehearsal->is_done)
    g_set_error_literal (error, LK_ERROR, LK_ERROR_STORE, "rehearsed");
  return FALSE;
}

gboolean
lk_store_rehearse (LkStore *self, LkWriteFunc func, gpointer user_data, GError **error)
{
  Rehearsal rehearsal = { .func = func, .user_data = user_data };
  g_autoptr (GError) local_error = NULL;

  lk_store_write (self, rehearse, &rehearsal, &local_error);
  if (!rehearsal.is_done)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return rehearsal.is_done;
}

void
lk_store_set_key_id (LkStore *self, const char *id)
{
  g_mutex_lock (&self->lock);
  g_free (self->key_id);
  self->key_id = g_strdup (id);
  g_mutex_unlock (&self->lock);
}

gboolean
lk_store_check_key (LkDb *db, const char *id, GError **error)
{
  gint64 n_others = 0;

  if (!lk_db_get_int (db, &n_others, 0, error,
                      "SELECT count (*) FROM setting WHERE name = ?1 AND value <> ?2", "ss",
                      LK_SETTING_KEY_ID, id))
    return FALSE;
  if (n_others == 0)
    return TRUE;

  g_set_error (
      error, LK_ERROR, LK_ERROR_BUSY,
      _ ("The secrets of “%s” were sealed under another key meanwhile; nothing was written,"
         " try again"),
      lk_db_get_path (db));
  return FALSE;
}

typedef struct
{
  char *key_id;
  LkWriteFunc func;
  gpointer user_data;
} SealedWrite;

static gboolean
write_under_key (LkDb *db, gpointer user_data, GError **error)
{
  SealedWrite *write = user_data;

  return (write->key_id == NULL || lk_store_check_key (db, write->key_id, error)) &&
         write->func (db, write->user_data, error);
}

gboolean
lk_store_write_sealed (LkStore *self, LkWriteFunc func, gpointer user_data, GError **error)
{
  SealedWrite write = { NULL, func, user_data };
  gboolean done;

  g_mutex_lock (&self->lock);
  write.key_id = g_strdup (self->key_id);
  g_mutex_unlock (&self->lock);

  done = lk_store_write (self, write_under_key, &write, error);
  g_free (write.key_id);
  return done;
}

gint64
lk_store_get_version (LkStore *self)
{
  gint64 version = 0;

  g_mutex_lock (&self->lock);
  if (self->watcher == NULL)
    self->watcher = lk_db_open (self->path, LK_DB_READ_ONLY, NULL);
  if (self->watcher != NULL)
    lk_db_get_int (self->watcher, &version, 0, NULL, "PRAGMA data_version", "");
  g_mutex_unlock (&self->lock);

  return version;
}

char *
lk_store_get_setting (LkStore *self, const char *name, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  char *value = NULL;

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error, "SELECT value FROM setting WHERE name = ?1", "s", name);

      if (query != NULL && lk_query_next (query, error))
        value = lk_query_dup (query, 0);
    }

  lk_store_return_reader (self, db);
  return value;
}

GPtrArray *
lk_store_list_settings (LkStore *self, GError **error)
{
  GPtrArray *settings = g_ptr_array_new_with_free_func (g_free);
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error, "SELECT name, value FROM setting ORDER BY name", "");

      while (query != NULL && lk_query_next (query, error))
        {
          g_ptr_array_add (settings, lk_query_dup (query, 0));
          g_ptr_array_add (settings, lk_query_dup (query, 1));
        }
    }

  lk_store_return_reader (self, db);
  return settings;
}

typedef struct
{
  const char *name;
  const char *value;
  GBytes *ciphertext;
} NamedValue;

static gboolean
write_setting (LkDb *db, gpointer user_data, GError **error)
{
  NamedValue *setting = user_data;

  if (setting->value == NULL)
    return lk_db_run (db, error, "DELETE FROM setting WHERE name = ?1", "s", setting->name);

  return lk_db_run (db, error,
                    "INSERT INTO setting (name, value) VALUES (?1, ?2)"
                    " ON CONFLICT (name) DO UPDATE SET value = ?2",
                    "ss", setting->name, setting->value);
}

gboolean
lk_store_set_setting (LkStore *self, const char *name, const char *value, GError **error)
{
  NamedValue setting = { .name = name, .value = value };

  return lk_store_write (self, write_setting, &setting, error);
}

GBytes *
lk_store_get_sealed (LkStore *self, const char *name, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  GBytes *ciphertext = NULL;

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error, "SELECT ciphertext FROM sealed WHERE name = ?1", "s", name);

      if (query != NULL && lk_query_next (query, error))
        ciphertext = lk_query_bytes (query, 0);
    }

  lk_store_return_reader (self, db);
  return ciphertext;
}

static gboolean
write_sealed (LkDb *db, gpointer user_data, GError **error)
{
  NamedValue *sealed = user_data;

  if (sealed->ciphertext == NULL)
    return lk_db_run (db, error, "DELETE FROM sealed WHERE name = ?1", "s", sealed->name);

  return lk_db_run (db, error,
                    "INSERT INTO sealed (name, ciphertext) VALUES (?1, ?2)"
                    " ON CONFLICT (name) DO UPDATE SET ciphertext = ?2",
                    "sb", sealed->name, sealed->ciphertext);
}

gboolean
lk_store_set_sealed (LkStore *self, const char *name, GBytes *ciphertext, GError **error)
{
  NamedValue sealed = { .name = name, .ciphertext = ciphertext };

  return lk_store_write_sealed (self, write_sealed, &sealed, error);
}

gboolean
lk_store_backup (LkStore *self, const char *path, GError **error)
{
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && lk_db_backup (db, path, error);

  lk_store_return_reader (self, db);
  return done;
}

/* Opens a copy of the backup as a store would: whole, of a known version, or an error. */
static gboolean
check_backup (const char *copy, const char *backup, GError **error)
{
  g_autoptr (LkDb) db = lk_db_open (copy, LK_DB_READ_WRITE, error);
  gint64 n_tables = 0;
  g_autoptr (LkQuery) query = NULL;

  if (db == NULL)
    return FALSE;

  query = lk_db_query (db, error, "PRAGMA integrity_check", "");
  if (query == NULL || !lk_query_next (query, error) ||
      g_strcmp0 (lk_query_text (query, 0), "ok") != 0 ||
      !lk_db_get_int (db, &n_tables, 0, NULL,
                      "SELECT count (*) FROM sqlite_schema WHERE name IN ('machine', 'spend')",
                      "") ||
      n_tables != 2)
    {
      g_clear_error (error);
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("“%s” is damaged or is not a Latchkey store; nothing was changed"), backup);
      return FALSE;
    }

  g_clear_pointer (&query, lk_query_free);
  return migrate (db, error);
}

static gboolean
rename_file (const char *from, const char *to, GError **error)
{
  if (g_rename (from, to) == 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot rename “%s” to “%s”: %s"), from, to,
               g_strerror (errno));
  return FALSE;
}

static char *
find_free_name (const char *path)
{
  for (guint i = 1;; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s.replaced-%u", path, i);

      if (!g_file_test (name, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&name);
    }
}

gboolean
lk_store_restore (const char *path, const char *backup, GError **error)
{
  g_autofree char *copy = g_strconcat (path, ".restoring", NULL);
  g_autofree char *kept = find_free_name (path);
  g_autoptr (LkDb) source = NULL;

  if (!g_file_test (backup, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no file “%s”"), backup);
      return FALSE;
    }

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autoptr (LkDb) current = NULL;
      LkStore probe = { .path = (char *) path, .lock_fd = -1 };

      if (lk_store_is_locked (&probe))
        {
          g_set_error (error, LK_ERROR, LK_ERROR_BUSY,
                       _ ("Another process runs the jobs of “%s”; end it first"), path);
          return FALSE;
        }
      /* Everything that is in its write-ahead log goes into the file that is kept. */
      current = lk_db_open (path, LK_DB_READ_WRITE, NULL);
      if (current != NULL)
        lk_db_exec (current, "PRAGMA wal_checkpoint (TRUNCATE)", NULL);
    }

  g_unlink (copy);
  source = lk_db_open (backup, LK_DB_READ_ONLY, error);
  if (source == NULL || !lk_db_backup (source, copy, error) || !check_backup (copy, backup, error))
    {
      g_unlink (copy);
      return FALSE;
    }

  if (g_file_test (path, G_FILE_TEST_EXISTS) && !rename_file (path, kept, error))
    return FALSE;

  return rename_file (copy, path, error);
}
