/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-secret.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  fixture->directory = g_dir_make_tmp ("latchkey-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "secret", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  g_unlink (fixture->path);
  g_rmdir (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static void
write_file (Fixture *fixture, const char *text, gssize length, int mode)
{
  g_assert_true (g_file_set_contents (fixture->path, text, length, NULL));
  g_assert_cmpint (g_chmod (fixture->path, mode), ==, 0);
}

static void
test_read (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) secret = NULL;
  g_autoptr (LkSecret) copy = NULL;

  write_file (fixture, "pa ss\r\n", -1, 0600);
  secret = lk_secret_read_file (fixture->path, &error);
  copy = lk_secret_copy (secret);
  g_assert_no_error (error);
  g_assert_cmpstr (lk_secret_peek (secret), ==, "pa ss");
  g_assert_cmpuint (lk_secret_get_length (copy), ==, 5);
  g_assert_cmpstr (lk_secret_peek (copy), ==, "pa ss");
  g_assert_null (lk_secret_copy (NULL));
}

static void
test_permissions (Fixture *fixture, gconstpointer unused)
{
  static const int modes[] = { 0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;

      write_file (fixture, "hush-hush", -1, modes[i]);
      g_assert_null (lk_secret_read_file (fixture->path, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, "chmod 600"));
      g_assert_nonnull (strstr (error->message, fixture->path));
      g_assert_null (strstr (error->message, "hush"));
    }
}

static void
test_not_a_file (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *link = g_build_filename (fixture->directory, "link", NULL);
  g_autoptr (GError) symlink_error = NULL;
  g_autoptr (GError) directory_error = NULL;
  g_autoptr (GError) missing_error = NULL;

  write_file (fixture, "secret", -1, 0600);
  g_assert_cmpint (symlink (fixture->path, link), ==, 0);
  g_assert_null (lk_secret_read_file (link, &symlink_error));
  g_assert_error (symlink_error, LK_ERROR, LK_ERROR_INVALID);
  g_unlink (link);

  g_assert_null (lk_secret_read_file (link, &missing_error));
  g_assert_error (missing_error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_null (lk_secret_read_file (fixture->directory, &directory_error));
  g_assert_error (directory_error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_sizes (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *large = g_strnfill (64 * 1024, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) empty_error = NULL;
  g_autoptr (LkSecret) secret = NULL;

  write_file (fixture, large, 64 * 1024, 0600);
  g_assert_null (lk_secret_read_file (fixture->path, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  write_file (fixture, large, 64 * 1024 - 1, 0600);
  secret = lk_secret_read_file (fixture->path, NULL);
  g_assert_cmpuint (lk_secret_get_length (secret), ==, 64 * 1024 - 1);

  write_file (fixture, "\n", -1, 0600);
  g_assert_null (lk_secret_read_file (fixture->path, &empty_error));
  g_assert_error (empty_error, LK_ERROR, LK_ERROR_INVALID);
}

/* A password may come through a pipe, in pieces. */
static void
test_pipe (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) secret = NULL;
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (ends[1], "one ", 4), ==, 4);
  g_assert_cmpint (write (ends[1], "two\n", 4), ==, 4);
  close (ends[1]);
  secret = lk_secret_read_fd (ends[0], &error);
  close (ends[0]);

  g_assert_no_error (error);
  g_assert_cmpstr (lk_secret_peek (secret), ==, "one two");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/secret/read", Fixture, NULL, set_up, test_read, tear_down);
  g_test_add ("/secret/permissions", Fixture, NULL, set_up, test_permissions, tear_down);
  g_test_add ("/secret/not-a-file", Fixture, NULL, set_up, test_not_a_file, tear_down);
  g_test_add ("/secret/sizes", Fixture, NULL, set_up, test_sizes, tear_down);
  g_test_add ("/secret/pipe", Fixture, NULL, set_up, test_pipe, tear_down);
  return g_test_run ();
}
