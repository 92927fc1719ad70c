/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-secret.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SECRET_BYTES (64 * 1024)

struct _LkSecret
{
  gsize length;
  gint ref_count; /* it never changes, so copies share it */
  char text[];
};

static void
ensure_sodium (void)
{
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      if (sodium_init () < 0)
        g_error ("The cryptographic library cannot start");
      g_once_init_leave (&ready, 1);
    }
}

LkSecret *
lk_secret_new (const char *text, gssize length)
{
  gsize n = length < 0 ? strlen (text) : (gsize) length;
  LkSecret *self;

  ensure_sodium ();
  /* sodium_malloc() puts the block at the end of a page, so the size must keep it aligned. */
  self = sodium_malloc ((sizeof *self + n + 1 + 15) & ~(gsize) 15);
  if (self == NULL)
    g_error ("Out of guarded memory for secrets");

  self->length = n;
  self->ref_count = 1;
  memcpy (self->text, text, n);
  self->text[n] = '\0';
  return self;
}

LkSecret *
lk_secret_copy (const LkSecret *self)
{
  LkSecret *shared = (LkSecret *) self;

  if (shared != NULL)
    g_atomic_int_inc (&shared->ref_count);
  return shared;
}

void
lk_secret_free (LkSecret *self)
{
  if (self != NULL && g_atomic_int_dec_and_test (&self->ref_count))
    sodium_free (self);
}

const char *
lk_secret_peek (const LkSecret *self)
{
  return self->text;
}

gsize
lk_secret_get_length (const LkSecret *self)
{
  return self->length;
}

static gsize
strip_line_end (const char *text, gsize length)
{
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    length--;

  return length;
}

LkSecret *
lk_secret_read_fd (int fd, GError **error)
{
  g_autofree char *buffer = g_malloc (MAX_SECRET_BYTES);
  LkSecret *secret = NULL;
  gsize length = 0;
  gssize n;

  do
    {
      n = read (fd, buffer + length, MAX_SECRET_BYTES - length);
      if (n > 0)
        length += (gsize) n;
    }
  while ((n > 0 && length < MAX_SECRET_BYTES) || (n < 0 && errno == EINTR));

  if (n < 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot read the secret: %s"),
                 g_strerror (errno));
  else if (length == MAX_SECRET_BYTES)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The secret is longer than %d bytes"),
                 MAX_SECRET_BYTES);
  else if (strip_line_end (buffer, length) == 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The secret is empty"));
  else
    secret = lk_secret_new (buffer, (gssize) strip_line_end (buffer, length));

  explicit_bzero (buffer, MAX_SECRET_BYTES);
  return secret;
}

LkSecret *
lk_secret_read_file (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat info;
  LkSecret *secret = NULL;

  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode) || (info.st_mode & 077) != 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("“%s” holds a secret but others may read it; run: chmod 600 “%s”"), path, path);
  else
    secret = lk_secret_read_fd (fd, error);

  close (fd);
  return secret;
}
