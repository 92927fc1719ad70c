/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "db/lk-writer.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("latchkey-db-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "test.db", NULL);
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

static LkDb *
open_db (const char *path)
{
  g_autoptr (GError) error = NULL;
  LkDb *db = lk_db_open (path, LK_DB_READ_WRITE, &error);

  g_assert_no_error (error);
  return db;
}

static gint64
get_int (LkDb *db, const char *sql)
{
  g_autoptr (GError) error = NULL;
  gint64 value = -1;

  lk_db_get_int (db, &value, -1, &error, sql, "");
  g_assert_no_error (error);
  return value;
}

static const char *const two_migrations[] = {
  "CREATE TABLE fruit (name TEXT) STRICT",
  "ALTER TABLE fruit ADD COLUMN weight INTEGER; INSERT INTO fruit VALUES ('plum', 3)",
};

static void
test_file_is_private (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) db = open_db (f->path);
  struct stat info;

  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

static void
test_every_commit_is_synced (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) db = open_db (f->path);

  g_assert_cmpint (get_int (db, "PRAGMA synchronous"), ==, 2);
}

static void
test_migrations_climb (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) db = open_db (f->path);
  g_autofree char *copy = g_strconcat (f->path, ".before-2", NULL);
  g_autoptr (GError) error = NULL;

  lk_db_migrate (db, two_migrations, 1, &error);
  g_assert_no_error (error);
  g_assert_false (g_file_test (copy, G_FILE_TEST_EXISTS)); /* there was nothing to copy */

  lk_db_migrate (db, two_migrations, 2, &error);
  g_assert_no_error (error);
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 2);
  g_assert_cmpint (get_int (db, "SELECT weight FROM fruit"), ==, 3);
  g_assert_true (g_file_test (copy, G_FILE_TEST_EXISTS));
}

static void
test_broken_migration_changes_nothing (Fixture *f, gconstpointer data)
{
  const char *const migrations[] = { two_migrations[0],
                                     "INSERT INTO fruit VALUES ('fig'); NONSENSE" };
  g_autoptr (LkDb) db = open_db (f->path);
  g_autoptr (GError) error = NULL;

  g_assert_false (lk_db_migrate (db, migrations, 2, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
  g_assert_cmpint (get_int (db, "PRAGMA user_version"), ==, 1);
  g_assert_cmpint (get_int (db, "SELECT count (*) FROM fruit"), ==, 0);
}

static void
test_newer_version_is_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) db = open_db (f->path);
  g_autoptr (GError) error = NULL;

  lk_db_exec (db, "PRAGMA user_version = 3", NULL);
  g_assert_false (lk_db_migrate (db, two_migrations, 2, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, "newer version"));
  g_assert_cmpint (get_int (db, "SELECT count (*) FROM sqlite_schema"), ==, 0);
}

static void
test_transaction_rolls_back (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) db = open_db (f->path);

  lk_db_migrate (db, two_migrations, 1, NULL);
  {
    G_GNUC_UNUSED g_autoptr (LkTransaction) transaction = lk_transaction_begin (db, NULL);

    lk_db_run (db, NULL, "INSERT INTO fruit VALUES (?1)", "s", "fig");
  }
  g_assert_cmpint (get_int (db, "SELECT count (*) FROM fruit"), ==, 0);
}

static void
test_backup_is_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) db = open_db (f->path);
  g_autofree char *copy_path = g_strconcat (f->path, ".copy", NULL);
  g_autoptr (LkDb) copy = NULL;
  g_autoptr (GError) error = NULL;

  lk_db_migrate (db, two_migrations, 2, NULL);
  lk_db_backup (db, copy_path, &error);
  g_assert_no_error (error);

  copy = open_db (copy_path);
  g_assert_cmpint (get_int (copy, "SELECT weight FROM fruit"), ==, 3);
}

typedef struct
{
  LkWriter *writer;
  int first;
  guint n_failed;
} Writing;

static gboolean
insert_unless_odd (LkDb *db, gpointer user_data, GError **error)
{
  int number = GPOINTER_TO_INT (user_data);

  if (!lk_db_run (db, error, "INSERT INTO fruit VALUES (?1)", "s", "one of many"))
    return FALSE;
  if (number % 2 == 0)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "%d is odd", number);
  return FALSE;
}

static gpointer
write_in_thread (gpointer user_data)
{
  Writing *writing = user_data;

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!lk_writer_write (writing->writer, insert_unless_odd,
                            GINT_TO_POINTER (writing->first + i), &error))
        {
          g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
          writing->n_failed++;
        }
    }
  return NULL;
}

/* Writes that are committed together stand and fall each on its own. */
static void
test_group_commit_isolates (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) reader = NULL;
  g_autoptr (LkWriter) writer = NULL;
  Writing writings[8];
  GThread *threads[8];
  LkDb *db = open_db (f->path);

  lk_db_migrate (db, two_migrations, 1, NULL);
  writer = lk_writer_new (db);
  for (int i = 0; i < 8; i++)
    {
      writings[i] = (Writing){ writer, 100 * i, 0 };
      threads[i] = g_thread_new ("writer", write_in_thread, &writings[i]);
    }
  for (int i = 0; i < 8; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (writings[i].n_failed, ==, 50);
    }

  reader = open_db (f->path);
  g_assert_cmpint (get_int (reader, "SELECT count (*) FROM fruit"), ==, 400);
}

static gboolean
insert_a_lot (LkDb *db, gpointer user_data, GError **error)
{
  return lk_db_run (
      db, error,
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)"
      " INSERT INTO fruit SELECT hex (randomblob (100)) FROM n",
      "");
}

/* A disk that is full is an error for the write that met it, and the next one works again. */
static void
test_full_disk (Fixture *f, gconstpointer data)
{
  g_autoptr (LkWriter) writer = NULL;
  g_autoptr (LkDb) reader = NULL;
  g_autoptr (GError) error = NULL;
  LkDb *db = open_db (f->path);

  lk_db_migrate (db, two_migrations, 1, NULL);
  lk_db_exec (db, "PRAGMA max_page_count = 20", NULL);
  writer = lk_writer_new (db);

  g_assert_false (lk_writer_write (writer, insert_a_lot, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_STORE);
  g_clear_error (&error);

  g_assert_true (lk_writer_write (writer, insert_unless_odd, GINT_TO_POINTER (2), &error));
  g_assert_no_error (error);
  reader = open_db (f->path);
  g_assert_cmpint (get_int (reader, "SELECT count (*) FROM fruit"), ==, 1);
}

#define OTHER_PROCESS "--other-process"

/* What another process does with the database: writes, and closes it as its last user would. */
static int
be_other_process (const char *path)
{
  g_autoptr (LkDb) db = open_db (path);

  lk_db_run (db, NULL, "INSERT INTO fruit VALUES (?1)", "s", "of another process");
  return (int) get_int (db, "SELECT count (*) FROM fruit");
}

static int
run_other_process (const char *path)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *const arguments[] = { program, OTHER_PROCESS, path, NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* Whoever closes a descriptor of the file drops the POSIX locks that SQLite holds on it in this
 * process: another process then takes itself for the last user and deletes the live journal, and
 * what is written after that is lost. */
static void
test_second_opening_keeps_the_locks (Fixture *f, gconstpointer data)
{
  g_autoptr (LkDb) first = open_db (f->path);
  g_autoptr (LkDb) second = NULL;

  lk_db_migrate (first, two_migrations, 1, NULL);
  lk_db_run (first, NULL, "INSERT INTO fruit VALUES (?1)", "s", "early");
  second = open_db (f->path);

  g_assert_cmpint (run_other_process (f->path), ==, 2);
  lk_db_run (first, NULL, "INSERT INTO fruit VALUES (?1)", "s", "late");
  g_assert_cmpint (run_other_process (f->path), ==, 4);
  g_assert_cmpint (get_int (second, "SELECT count (*) FROM fruit"), ==, 4);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], OTHER_PROCESS))
    return be_other_process (argv[2]);

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(name, func) g_test_add ("/db/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("file-is-private", test_file_is_private);
  ADD ("every-commit-is-synced", test_every_commit_is_synced);
  ADD ("migrations-climb", test_migrations_climb);
  ADD ("broken-migration-changes-nothing", test_broken_migration_changes_nothing);
  ADD ("newer-version-is-refused", test_newer_version_is_refused);
  ADD ("transaction-rolls-back", test_transaction_rolls_back);
  ADD ("backup-is-whole", test_backup_is_whole);
  ADD ("group-commit-isolates", test_group_commit_isolates);
  ADD ("full-disk", test_full_disk);
  ADD ("second-opening-keeps-the-locks", test_second_opening_keeps_the_locks);
#undef ADD

  return g_test_run ();
}
