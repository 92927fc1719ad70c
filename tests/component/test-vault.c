/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "secret/lk-vault.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  fixture->directory = g_dir_make_tmp ("latchkey-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "fleet.db.key", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0); /* no draft of a key file stays behind */
  g_free (fixture->path);
  g_free (fixture->directory);
}

static LkVault *
open_vault (Fixture *fixture, const char *id, GError **error)
{
  return lk_vault_open (lk_key_provider_new_file (fixture->path), id, error);
}

static void
test_seal (void)
{
  g_autoptr (LkVault) vault = lk_vault_open (lk_key_provider_new_memory (), NULL, NULL);
  g_autoptr (LkVault) other = lk_vault_open (lk_key_provider_new_memory (), NULL, NULL);
  g_autoptr (LkSecret) secret = lk_secret_new ("correct horse", -1);
  g_autoptr (GBytes) sealed = lk_vault_seal (vault, "credential:lab", secret);
  g_autoptr (GBytes) again = lk_vault_seal (vault, "credential:lab", secret);
  g_autoptr (LkSecret) opened = lk_vault_unseal (vault, "credential:lab", sealed, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (lk_secret_peek (opened), ==, "correct horse");
  g_assert_null (memmem (g_bytes_get_data (sealed, NULL), g_bytes_get_size (sealed), "horse", 5));
  g_assert_false (g_bytes_equal (sealed, again)); /* equal secrets do not show */

  g_assert_null (lk_vault_unseal (vault, "credential:other", sealed, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_null (lk_vault_unseal (other, "credential:lab", sealed, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
}

static void
test_damage (void)
{
  g_autoptr (LkVault) vault = lk_vault_open (lk_key_provider_new_memory (), NULL, NULL);
  g_autoptr (LkSecret) secret = lk_secret_new ("x", -1);
  g_autoptr (GBytes) sealed = lk_vault_seal (vault, "p", secret);
  gsize size;
  const guint8 *data = g_bytes_get_data (sealed, &size);

  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      g_autoptr (GBytes) flipped = NULL;
      g_autoptr (GBytes) cut = g_bytes_new (data, i);

      copy[i] ^= 1;
      flipped = g_bytes_new (copy, size);
      g_assert_null (lk_vault_unseal (vault, "p", flipped, NULL));
      g_assert_null (lk_vault_unseal (vault, "p", cut, NULL));
    }
}

static void
test_fingerprint (void)
{
  g_autoptr (LkVault) vault = lk_vault_open (lk_key_provider_new_memory (), NULL, NULL);
  g_autoptr (LkVault) other = lk_vault_open (lk_key_provider_new_memory (), NULL, NULL);
  g_autoptr (LkSecret) one = lk_secret_new ("one", -1);
  g_autoptr (LkSecret) two = lk_secret_new ("two", -1);
  g_autofree char *first = lk_vault_fingerprint (vault, one);
  g_autofree char *same = lk_vault_fingerprint (vault, one);
  g_autofree char *different = lk_vault_fingerprint (vault, two);
  g_autofree char *elsewhere = lk_vault_fingerprint (other, one);
  g_autofree char *id = lk_vault_get_id (vault);
  g_autofree char *other_id = lk_vault_get_id (other);

  g_assert_cmpstr (first, ==, same);
  g_assert_cmpstr (first, !=, different);
  g_assert_cmpstr (first, !=, elsewhere);
  g_assert_cmpstr (id, !=, other_id);
}

static void
test_file (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkVault) vault = open_vault (fixture, NULL, &error);
  g_autoptr (LkVault) again = NULL;
  g_autoptr (LkSecret) secret = lk_secret_new ("kept", -1);
  g_autoptr (GBytes) sealed = NULL;
  g_autoptr (LkSecret) opened = NULL;
  g_autofree char *id = NULL;
  struct stat info;

  g_assert_no_error (error);
  sealed = lk_vault_seal (vault, "p", secret);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpint (info.st_size, ==, LK_VAULT_KEY_BYTES);

  id = lk_vault_get_id (vault);
  again = open_vault (fixture, id, &error);
  g_assert_no_error (error);
  opened = lk_vault_unseal (again, "p", sealed, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lk_secret_peek (opened), ==, "kept");
}

/* What was sealed is lost with its key, and a new key would hide that. */
static void
test_missing (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_vault (fixture, "any", &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_readable (Fixture *fixture, gconstpointer unused)
{
  static const int modes[] = { 0640, 0604, 0660, 0666 };

  g_assert_true (g_file_set_contents (fixture->path, "0123456789abcdef0123456789abcdef", 32, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (g_chmod (fixture->path, modes[i]), ==, 0);
      g_assert_null (open_vault (fixture, NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
    }
}

static void
test_strange (Fixture *fixture, gconstpointer unused)
{
  static const gsize sizes[] = { 0, 31, 33 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *bytes = g_strnfill (sizes[i], 'x');
      g_autofree char *after = NULL;
      gsize length;

      g_assert_true (g_file_set_contents (fixture->path, bytes, (gssize) sizes[i], NULL));
      g_assert_cmpint (g_chmod (fixture->path, 0600), ==, 0);
      g_assert_null (open_vault (fixture, NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
      g_assert_true (g_file_get_contents (fixture->path, &after, &length, NULL));
      g_assert_cmpuint (length, ==, sizes[i]); /* never replaced */
    }
}

/* A second key stands beside the first one, and takes its place when it is told to. */
static void
test_two_keys (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LkKeyProvider) provider = lk_key_provider_new_file (fixture->path);
  g_autofree char *next = g_strconcat (fixture->path, ".new", NULL);
  g_autoptr (LkVault) first = open_vault (fixture, NULL, NULL);
  g_autoptr (LkVault) second = lk_vault_new ();
  g_autoptr (LkVault) third = lk_vault_new ();
  g_autoptr (LkVault) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *first_id = lk_vault_get_id (first);
  g_autofree char *second_id = lk_vault_get_id (second);
  struct stat info;

  g_assert_false (lk_vault_keep (second, provider, NULL, &error)); /* as if there were none */
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_false (lk_vault_keep (second, provider, second_id, &error)); /* or another one */
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_false (g_file_test (next, G_FILE_TEST_EXISTS));

  g_assert_true (lk_vault_keep (second, provider, first_id, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (next, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_false (lk_vault_keep (third, provider, first_id, &error)); /* replaces nothing */
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);

  found = open_vault (fixture, first_id, NULL);
  g_assert_nonnull (found);
  g_clear_pointer (&found, lk_vault_free);
  found = open_vault (fixture, second_id, NULL);
  g_assert_nonnull (found);
  g_clear_pointer (&found, lk_vault_free);

  g_assert_true (provider->settle (provider, first_id, &error)); /* has its place already */
  g_assert_true (g_file_test (next, G_FILE_TEST_EXISTS));
  for (guint i = 0; i < 2; i++) /* twice is as good as once */
    {
      g_assert_true (provider->settle (provider, second_id, &error));
      g_assert_true (provider->remove (provider, first_id, &error));
      g_assert_false (g_file_test (next, G_FILE_TEST_EXISTS));
    }
  found = open_vault (fixture, second_id, NULL);
  g_assert_nonnull (found);
  g_assert_null (open_vault (fixture, first_id, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_clear_error (&error);

  g_assert_true (provider->remove (provider, second_id, &error));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vault/seal", test_seal);
  g_test_add_func ("/vault/damage", test_damage);
  g_test_add_func ("/vault/fingerprint", test_fingerprint);
  g_test_add ("/vault/file", Fixture, NULL, set_up, test_file, tear_down);
  g_test_add ("/vault/missing", Fixture, NULL, set_up, test_missing, tear_down);
  g_test_add ("/vault/readable", Fixture, NULL, set_up, test_readable, tear_down);
  g_test_add ("/vault/two-keys", Fixture, NULL, set_up, test_two_keys, tear_down);
  g_test_add ("/vault/strange", Fixture, NULL, set_up, test_strange, tear_down);
  return g_test_run ();
}
