/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-whole-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OLD "what stood there before"
#define NEW "what stands there now"

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("latchkey-whole-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "file.xml", NULL);
  g_assert_true (g_file_set_contents (fixture->path, OLD, -1, NULL));
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static void
assert_holds (const char *path, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static gboolean
write_text (const char *path, const char *text, GError **error)
{
  g_autoptr (LkWholeFile) file = lk_whole_file_new (path, error);

  return file != NULL && lk_whole_file_write (file, text, strlen (text), error) &&
         lk_whole_file_finish (file, error);
}

static void
test_replaces (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GStatBuf info;

  g_assert_true (write_text (fixture->path, NEW, &error));
  g_assert_no_error (error);
  assert_holds (fixture->path, NEW);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
}

static void
test_leaves_nothing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  LkWholeFile *file = lk_whole_file_new (fixture->path, &error);

  g_assert_no_error (error);
  g_assert_true (lk_whole_file_write (file, NEW, strlen (NEW), &error));
  assert_holds (fixture->path, OLD);
  lk_whole_file_free (file);
  assert_holds (fixture->path, OLD);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
}

/* A second writer is turned away while the first one lives; what a dead one left is taken away. */
static void
test_one_at_a_time (Fixture *fixture, gconstpointer data)
{
  g_autofree char *partial = g_strconcat (fixture->path, ".partial", NULL);
  g_autoptr (GError) error = NULL;
  LkWholeFile *first = lk_whole_file_new (fixture->path, &error);

  g_assert_no_error (error);
  g_assert_false (write_text (fixture->path, NEW, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "another program is writing it"));
  g_clear_error (&error);
  g_assert_true (lk_whole_file_finish (first, &error));
  lk_whole_file_free (first);
  assert_holds (fixture->path, "");

  g_assert_true (g_file_set_contents (partial, "left over, and longer than what comes", -1, NULL));
  g_assert_true (write_text (fixture->path, NEW, &error));
  assert_holds (fixture->path, NEW);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
}

static void
test_places (Fixture *fixture, gconstpointer data)
{
  static const char *const bad[] = { "/dev/null", "/", "/nowhere/at/all" };
  g_autofree char *link = g_build_filename (fixture->folder, "link", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink ("file.xml", link), ==, 0);
  g_assert_true (write_text (link, NEW, &error));
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  assert_holds (fixture->path, NEW);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (write_text (bad[i], NEW, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, bad[i]));
      g_clear_error (&error);
    }
}

/* The kernel cuts the file off as a full disk does. */
static void
test_limit (Fixture *fixture, gconstpointer data)
{
  g_autofree char *much = g_strnfill (20000, 'x');
  g_autoptr (GError) error = NULL;
  struct rlimit before;
  struct rlimit small;

  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 10000;
  setrlimit (RLIMIT_FSIZE, &small);
  g_assert_false (write_text (fixture->path, much, &error));
  setrlimit (RLIMIT_FSIZE, &before);

  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "Cannot write to"));
  g_assert_nonnull (strstr (error->message, fixture->path));
  assert_holds (fixture->path, OLD);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
}

/* --- A medium of its own, in a child with a mount namespace --- */

enum
{
  CHILD_FINE,
  CHILD_NOT_ALLOWED = 77,
};

static gboolean
mount_medium (const char *folder)
{
  uid_t uid = getuid ();
  int flags = CLONE_NEWNS | (uid != 0 ? CLONE_NEWUSER : 0);

  return unshare (flags) == 0 && mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("medium", folder, "tmpfs", 0, "size=64k") == 0;
}

static void
assert_fails (const char *path, const char *text, const char *step, const char *reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (write_text (path, text, &error));
  g_assert_nonnull (strstr (error->message, step));
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, reason));
}

static void
fill_medium (const Fixture *fixture)
{
  g_autofree char *much = g_strnfill (100000, 'x');

  assert_fails (fixture->path, much, "Cannot write to", g_strerror (ENOSPC));
  assert_holds (fixture->path, OLD);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
}

static void
pull_medium (const Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWholeFile) file = lk_whole_file_new (fixture->path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (umount2 (fixture->folder, MNT_DETACH), ==, 0);
  g_assert_true (lk_whole_file_write (file, NEW, strlen (NEW), &error));
  g_assert_false (lk_whole_file_finish (file, &error));
  g_assert_nonnull (strstr (error->message, "Cannot put the file “"));
}

/* Never returns. */
static void
run_child (const Fixture *fixture)
{
  g_assert_cmpint (chdir ("/"), ==, 0);
  if (!mount_medium (fixture->folder))
    _exit (CHILD_NOT_ALLOWED);

  g_assert_true (g_file_set_contents (fixture->path, OLD, -1, NULL));
  fill_medium (fixture);

  g_assert_cmpint (mount ("medium", fixture->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  assert_fails (fixture->path, NEW, "Cannot make the file “", g_strerror (EROFS));
  assert_holds (fixture->path, OLD);
  g_assert_cmpint (mount ("medium", fixture->folder, NULL, MS_REMOUNT, NULL), ==, 0);

  pull_medium (fixture);
  _exit (CHILD_FINE);
}

static void
test_medium (Fixture *fixture, gconstpointer data)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    run_child (fixture);

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == CHILD_NOT_ALLOWED)
    {
      g_test_skip ("this user may not mount a medium of its own");
      return;
    }

  g_assert_cmpint (WEXITSTATUS (status), ==, CHILD_FINE);
  /* What lay under the medium all the time. */
  assert_holds (fixture->path, OLD);
  g_assert_cmpuint (count_files (fixture->folder), ==, 1);
}

#if LK_CRASH_HOOKS
/* Ends by SIGKILL at every point of its way: the old or the new file is there, never a part, and
 * the next writer finds its way. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *point;
    const char *expected;
  } cases[] = {
    { "file-made:1", OLD },   { "file-written:1", OLD }, { "file-written:2", OLD },
    { "file-synced:1", OLD }, { "file-renamed:1", NEW }, { "file-settled:1", NEW },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      pid_t child;
      int status;

      g_assert_true (write_text (fixture->path, OLD, NULL));
      child = fork ();
      if (child == 0)
        {
          g_autoptr (LkWholeFile) file = NULL;

          g_setenv ("LATCHKEY_CRASH", cases[i].point, TRUE);
          file = lk_whole_file_new (fixture->path, NULL);
          lk_whole_file_write (file, NEW, 4, NULL);
          lk_whole_file_write (file, NEW + 4, strlen (NEW) - 4, NULL);
          lk_whole_file_finish (file, NULL);
          _exit (CHILD_FINE);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
      assert_holds (fixture->path, cases[i].expected);
    }
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/whole-file/replaces", Fixture, NULL, set_up, test_replaces, tear_down);
  g_test_add ("/whole-file/leaves-nothing", Fixture, NULL, set_up, test_leaves_nothing, tear_down);
  g_test_add ("/whole-file/one-at-a-time", Fixture, NULL, set_up, test_one_at_a_time, tear_down);
  g_test_add ("/whole-file/places", Fixture, NULL, set_up, test_places, tear_down);
  g_test_add ("/whole-file/limit", Fixture, NULL, set_up, test_limit, tear_down);
  g_test_add ("/whole-file/medium", Fixture, NULL, set_up, test_medium, tear_down);
#if LK_CRASH_HOOKS
  g_test_add ("/whole-file/kill", Fixture, NULL, set_up, test_kill, tear_down);
#endif

  return g_test_run ();
}
