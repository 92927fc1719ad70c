/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-keys.h"
#include "console/lk-console-private.h"
#include "console/lk-console-secrets.h"
#include "console/lk-console-settings.h"
#include "domain/lk-practice.h"
#include "store/lk-seals.h"

#include <glib/gstdio.h>
#include <string.h>

/* The key of a store is changed: everything opens afterwards, and at every moment in between. */

#define PASSWORD   "correct horse"
#define DIGEST_KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

typedef struct
{
  char *folder;
  char *path;
  char *key_file;
  char *next_file;
  LkConsole *console;
  LkSecret *product_key;
} Fixture;

static LkSecret *
add_product_key (Fixture *f, gboolean *is_new)
{
  g_autoptr (LkKeyRow) row = NULL;
  g_autoptr (GError) error = NULL;
  LkSecret *key = f->product_key != NULL ? f->product_key : lk_practice_key_new (LK_KEY_MAK, 1);

  lk_console_add_key (f->console, key, NULL, &row, is_new, &error);
  g_assert_no_error (error);
  return key;
}

static void
put_password (LkConsole *console, const char *name, const char *password)
{
  g_autoptr (LkSecret) secret = lk_secret_new (password, -1);
  g_autoptr (GError) error = NULL;

  lk_console_put_credential (console,
                             &(LkCredentialDraft){ .name = name,
                                                   .user = "administrator",
                                                   .scope = name,
                                                   .secret = secret },
                             &error);
  g_assert_no_error (error);
}

static gboolean
run_sql (LkDb *db, gpointer user_data, GError **error)
{
  return lk_db_exec (db, user_data, error);
}

static void
run (Fixture *f, const char *sql)
{
  g_autoptr (GError) error = NULL;

  lk_store_write (lk_console_get_store (f->console, NULL), run_sql, (gpointer) sql, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSecret) digest_key = lk_secret_new (DIGEST_KEY, -1);
  g_autoptr (GError) error = NULL;
  gboolean is_new = FALSE;

  f->folder = g_dir_make_tmp ("latchkey-key-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "fleet.db", NULL);
  f->key_file = g_strconcat (f->path, ".key", NULL);
  f->next_file = g_strconcat (f->key_file, ".new", NULL);
  f->console = lk_console_new (f->path, NULL);
  f->product_key = add_product_key (f, &is_new);
  put_password (f->console, "Lab", PASSWORD);
  lk_console_set_secret (f->console, LK_SETTING_BACKEND_DIGEST_KEY, digest_key, &error);
  g_assert_no_error (error);
  run (f, "INSERT INTO credential (name, kind, user, scope, created_at)"
          " VALUES ('asks', 'ask', 'somebody', 'pc-*', 1)");
}

static void
reopen (Fixture *f)
{
  g_clear_pointer (&f->console, lk_console_free);
  f->console = lk_console_new (f->path, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  const char *name;

  g_clear_pointer (&f->console, lk_console_free);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->key_file);
  g_free (f->next_file);
  lk_secret_free (f->product_key);
}

/* All that was sealed opens, and nothing is left of a change. */
static void
check_sound (Fixture *f)
{
  const LkMachineNames names = { .name = "lab" };
  g_autoptr (GError) error = NULL;
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (LkSecret) key = lk_console_reveal_key (f->console, "1", &error);
  g_autoptr (GBytes) sealed = NULL;
  g_autoptr (LkSecret) digest_key = NULL;
  g_autoptr (LkKeyUse) use = NULL;
  g_autofree char *purpose = lk_console_get_sealed_purpose (LK_SETTING_BACKEND_DIGEST_KEY);
  gboolean is_new = TRUE;

  g_assert_no_error (error);
  g_assert_cmpstr (lk_secret_peek (key), ==, lk_secret_peek (f->product_key));
  add_product_key (f, &is_new);
  g_assert_false (is_new); /* its fingerprint is that of the key in use */

  login = lk_console_get_login (f->console, &names, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lk_secret_peek (lk_login_get_password (login)), ==, PASSWORD);

  sealed = lk_store_get_sealed (lk_console_get_store (f->console, NULL),
                                LK_SETTING_BACKEND_DIGEST_KEY, NULL);
  digest_key = lk_console_unseal (f->console, purpose, sealed, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lk_secret_get_length (digest_key), ==, 32);

  g_assert_true (lk_console_try_key (f->console, NULL));
  use = lk_store_get_key_use (lk_console_get_store (f->console, NULL), NULL);
  g_assert_null (use->spare_id);
  g_assert_false (g_file_test (f->next_file, G_FILE_TEST_EXISTS));
}

static char *
read_key_file (Fixture *f)
{
  char *bytes = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (f->key_file, &bytes, &length, NULL));
  g_assert_cmpuint (length, ==, LK_VAULT_KEY_BYTES);
  return bytes;
}

static void
write_key_file (const char *path, const char *bytes)
{
  g_assert_true (g_file_set_contents_full (path, bytes, LK_VAULT_KEY_BYTES,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

static void
change_key (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  gboolean is_tidy = FALSE;

  lk_console_change_key (f->console, LK_KEY_FILE, &is_tidy, &error);
  g_assert_no_error (error);
  g_assert_true (is_tidy);
}

static LkKeyUse *
get_use (Fixture *f)
{
  return lk_store_get_key_use (lk_console_get_store (f->console, NULL), NULL);
}

static void
test_change (Fixture *f, gconstpointer data)
{
  g_autofree char *before = read_key_file (f);
  g_autofree char *after = NULL;

  change_key (f);
  after = read_key_file (f);
  g_assert_cmpint (memcmp (before, after, LK_VAULT_KEY_BYTES), !=, 0);
  check_sound (f); /* the same process goes on */
  reopen (f);
  check_sound (f);
  change_key (f); /* and again */
  reopen (f);
  check_sound (f);
}

/* The states that an interruption leaves on the disk, one after another. */
static void
test_interrupted (Fixture *f, gconstpointer data)
{
  g_autofree char *old = read_key_file (f);
  g_autoptr (LkKeyUse) old_use = get_use (f);
  g_autoptr (LkKeyUse) new_use = NULL;
  g_autoptr (LkSecret) other = lk_key_make ();
  g_autofree char *other_id = lk_key_get_id (other);
  g_autofree char *draft = g_strconcat (f->next_file, ".4711", NULL);
  g_autofree char *new = NULL;
  g_autofree char *now = NULL;

  /* Only noted. */
  lk_store_set_spare_key (lk_console_get_store (f->console, NULL), LK_KEY_FILE, other_id, NULL);
  reopen (f);
  check_sound (f);

  /* The new key is half kept, then kept, and nothing is sealed under it. */
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *still = NULL;

      lk_store_set_spare_key (lk_console_get_store (f->console, NULL), LK_KEY_FILE, other_id, NULL);
      write_key_file (i == 0 ? draft : f->next_file, lk_secret_peek (other));
      reopen (f);
      check_sound (f);
      still = read_key_file (f);
      g_assert_cmpmem (still, LK_VAULT_KEY_BYTES, old, LK_VAULT_KEY_BYTES);
      g_assert_false (g_file_test (draft, G_FILE_TEST_EXISTS));
    }

  /* Everything is sealed anew, and the new key has not got its place. */
  change_key (f);
  new = read_key_file (f);
  new_use = get_use (f);
  g_assert_cmpstr (new_use->id, !=, old_use->id);
  lk_store_set_spare_key (lk_console_get_store (f->console, NULL), LK_KEY_FILE, old_use->id, NULL);
  write_key_file (f->key_file, old);
  write_key_file (f->next_file, new);
  reopen (f);
  check_sound (f);
  now = read_key_file (f);
  g_assert_cmpmem (now, LK_VAULT_KEY_BYTES, new, LK_VAULT_KEY_BYTES);

  /* It has, and that is not noted. */
  lk_store_set_spare_key (lk_console_get_store (f->console, NULL), LK_KEY_FILE, old_use->id, NULL);
  reopen (f);
  check_sound (f);
}

/* While somebody else has the lock, what is left behind stays, and the store opens all the same. */
static void
test_left_alone (Fixture *f, gconstpointer data)
{
  g_autoptr (LkKeyUse) old_use = get_use (f);
  g_autofree char *old = read_key_file (f);
  g_autoptr (LkStore) runner = lk_store_open (f->path, NULL);
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *new = NULL;
  gboolean is_tidy;

  change_key (f);
  new = read_key_file (f);
  lk_store_set_spare_key (lk_console_get_store (f->console, NULL), LK_KEY_FILE, old_use->id, NULL);
  write_key_file (f->key_file, old);
  write_key_file (f->next_file, new);

  g_assert_true (lk_store_try_lock (runner, NULL));
  reopen (f);
  key = lk_console_reveal_key (f->console, "1", &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (f->next_file, G_FILE_TEST_EXISTS));
  g_assert_false (lk_console_change_key (f->console, LK_KEY_FILE, &is_tidy, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BUSY);
  lk_store_unlock (runner);
  check_sound (f);
}

/* One that cannot be opened would be lost; so everything stays as it was. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autofree char *before = read_key_file (f);
  g_autofree char *after = NULL;
  g_autoptr (LkKeyUse) use = get_use (f);
  g_autoptr (LkKeyUse) use_after = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_tidy;

  run (f, "INSERT INTO sealed (name, ciphertext) VALUES ('zzz.damaged', x'0102')");
  g_assert_false (lk_console_change_key (f->console, LK_KEY_FILE, &is_tidy, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_nonnull (strstr (error->message, "zzz.damaged"));
  use_after = get_use (f);
  g_assert_cmpstr (use->id, ==, use_after->id);
  after = read_key_file (f);
  g_assert_cmpmem (before, LK_VAULT_KEY_BYTES, after, LK_VAULT_KEY_BYTES);
  check_sound (f);
}

/* A process that opened the store before goes on after. */
static void
test_other_process (Fixture *f, gconstpointer data)
{
  g_autoptr (LkConsole) other = lk_console_new (f->path, NULL);
  g_autoptr (LkSecret) secret = lk_secret_new ("x", -1);
  g_autoptr (GBytes) stale = lk_console_seal (other, "credential:stale", secret, NULL);
  LkCredentialRow row = {
    .name = (char *) "stale", .user = (char *) "u", .scope = (char *) "*", .ciphertext = stale
  };
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;

  change_key (f);
  g_assert_false (lk_store_put_credential (lk_console_get_store (other, NULL), &row, 1, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BUSY);
  rows = lk_store_list_credentials (lk_console_get_store (other, NULL), NULL);
  g_assert_cmpuint (rows->len, ==, 2);

  put_password (other, "fresh", "y"); /* with the key of now */
  change_key (f);
  check_sound (f);
}

static void
test_foreign_key (Fixture *f, gconstpointer data)
{
  g_autofree char *right = read_key_file (f);
  g_autoptr (LkSecret) other = lk_key_make ();
  g_autoptr (GError) error = NULL;
  g_autofree char *stays = NULL;
  gboolean is_tidy;

  write_key_file (f->key_file, lk_secret_peek (other));
  reopen (f);
  g_assert_false (lk_console_try_key (f->console, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_false (lk_console_change_key (f->console, LK_KEY_FILE, &is_tidy, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);
  stays = read_key_file (f);
  g_assert_cmpmem (stays, LK_VAULT_KEY_BYTES, lk_secret_peek (other), LK_VAULT_KEY_BYTES);

  write_key_file (f->key_file, right);
  run (f, "UPDATE setting SET value = 'future' WHERE name = 'vault.provider'");
  reopen (f);
  g_assert_false (lk_console_try_key (f->console, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_nonnull (strstr (error->message, "future"));
  g_clear_error (&error);

  /* Of a store that said only what its key is called. */
  run (f, "DELETE FROM setting WHERE name = 'vault.provider'");
  reopen (f);
  check_sound (f);
}

/* Every table that gets ciphertexts must be sealed anew with the others. */
static void
test_nothing_is_forgotten (Fixture *f, gconstpointer data)
{
  LkStore *store = lk_console_get_store (f->console, NULL);
  LkDb *db = lk_store_borrow_reader (store, NULL);
  guint counts[LK_SEALED_N_KINDS];
  gint64 n_tables = 0;

  lk_db_get_int (db, &n_tables, 0, NULL,
                 "SELECT count (*) FROM sqlite_schema AS s, pragma_table_info (s.name) AS c"
                 " WHERE s.type = 'table' AND c.name LIKE '%ciphertext%'",
                 "");
  lk_store_return_reader (store, db);
  g_assert_cmpint (n_tables, ==, LK_SEALED_N_KINDS);
  g_assert_true (lk_store_count_sealed (store, counts, NULL));
  for (guint i = 0; i < LK_SEALED_N_KINDS; i++)
    g_assert_cmpuint (counts[i], ==, 1); /* a set that asks has nothing sealed */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/key-change/change", test_change);
  ADD ("/key-change/interrupted", test_interrupted);
  ADD ("/key-change/left-alone", test_left_alone);
  ADD ("/key-change/damaged", test_damaged);
  ADD ("/key-change/other-process", test_other_process);
  ADD ("/key-change/foreign-key", test_foreign_key);
  ADD ("/key-change/nothing-is-forgotten", test_nothing_is_forgotten);
#undef ADD
  return g_test_run ();
}
