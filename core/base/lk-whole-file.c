/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-whole-file.h"

#include "base/lk-crash.h"
#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ATTEMPTS 10

struct _LkWholeFile
{
  char *path;
  char *partial;
  int fd; /* locked; -1 once it is finished */
};

/* @text: with the path and the reason. FALSE. */
#define set_file_error(error, text, path)                                                          \
  (g_set_error ((error), LK_ERROR, LK_ERROR_INVALID, (text), (path), g_strerror (errno)), FALSE)

static gboolean
is_at (int fd, const char *path)
{
  struct stat mine;
  struct stat there;

  return fstat (fd, &mine) == 0 && lstat (path, &there) == 0 && mine.st_dev == there.st_dev &&
         mine.st_ino == there.st_ino;
}

/* A file system without locks cannot tell, and takes anybody. */
static gboolean
lock (int fd)
{
  return flock (fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* Nobody but the holder of its lock may take a partial file away, so that of a living program
 * stays. FALSE: there is one. */
static gboolean
remove_leftover (const char *partial)
{
  int fd = open (partial, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  gboolean is_free = TRUE;

  if (fd < 0)
    return errno == ENOENT;

  is_free = lock (fd);
  if (is_free && is_at (fd, partial))
    unlink (partial);
  close (fd);
  return is_free;
}

static int
open_partial (const char *partial)
{
  for (guint i = 0; i < MAX_ATTEMPTS; i++)
    {
      int fd = open (partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

      if (fd >= 0 && lock (fd) && is_at (fd, partial))
        return fd;
      if (fd >= 0)
        close (fd);
      else if (errno != EEXIST)
        return -1;
      if (!remove_leftover (partial))
        {
          errno = EBUSY;
          return -1;
        }
    }

  errno = EEXIST;
  return -1;
}

LkWholeFile *
lk_whole_file_new (const char *path, GError **error)
{
  g_autoptr (LkWholeFile) self = g_new0 (LkWholeFile, 1);
  struct stat info;
  char *real;

  self->fd = -1;
  if (stat (path, &info) == 0 && !S_ISREG (info.st_mode))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Cannot write “%s”: it is there already and is not an ordinary file"), path);
      return NULL;
    }

  real = realpath (path, NULL);
  self->path = g_strdup (real != NULL ? real : path);
  free (real);
  self->partial = g_strconcat (self->path, ".partial", NULL);
  self->fd = open_partial (self->partial);
  if (self->fd < 0)
    {
      if (errno == EBUSY)
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                     _ ("Cannot write “%s”: another program is writing it"), self->path);
      else
        (void) set_file_error (error, _ ("Cannot make the file “%s”: %s"), self->partial);
      return NULL;
    }

  lk_crash_point ("file-made");
  return g_steal_pointer (&self);
}

gboolean
lk_whole_file_write (LkWholeFile *self, const void *data, gsize length, GError **error)
{
  const char *p = data;

  for (gsize done = 0; done < length;)
    {
      gssize n = write (self->fd, p + done, length - done);

      if (n < 0 && errno != EINTR)
        return set_file_error (error, _ ("Cannot write to “%s”: %s"), self->path);
      done += n > 0 ? (gsize) n : 0;
    }

  lk_crash_point ("file-written");
  return TRUE;
}

/* A name is on the disk only when its folder is. A file system that cannot do this says EINVAL. */
static gboolean
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 && (fsync (fd) == 0 || errno == EINVAL);

  if (fd >= 0)
    close (fd);
  return done;
}

gboolean
lk_whole_file_finish (LkWholeFile *self, GError **error)
{
  if (fsync (self->fd) != 0)
    return set_file_error (error, _ ("Cannot bring the file “%s” to the disk: %s"), self->path);
  lk_crash_point ("file-synced");

  if (rename (self->partial, self->path) != 0)
    return set_file_error (error, _ ("Cannot put the file “%s” in its place: %s"), self->path);
  lk_crash_point ("file-renamed");

  close (self->fd);
  self->fd = -1;
  if (!sync_folder (self->path))
    return set_file_error (error, _ ("Cannot bring the folder of “%s” to the disk: %s"),
                           self->path);

  lk_crash_point ("file-settled");
  return TRUE;
}

void
lk_whole_file_free (LkWholeFile *self)
{
  if (self == NULL)
    return;

  if (self->fd >= 0)
    {
      unlink (self->partial);
      close (self->fd);
    }
  g_free (self->path);
  g_free (self->partial);
  g_free (self);
}
