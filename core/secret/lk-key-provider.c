/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "secret/lk-vault.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  LkKeyProvider parent;
  char *path;
} FileProvider;

static LkSecret *
make_random_key (void)
{
  guint8 bytes[LK_VAULT_KEY_BYTES];
  LkSecret *key = NULL;

  /* A secret's making starts the library, which has to happen before its first random byte. */
  lk_secret_free (lk_secret_new ("", 0));
  randombytes_buf (bytes, sizeof bytes);
  key = lk_secret_new ((const char *) bytes, sizeof bytes);
  sodium_memzero (bytes, sizeof bytes);
  return key;
}

static gboolean
set_errno (GError **error, const char *format, const char *path)
{
  g_autofree char *reason = g_strdup (g_strerror (errno));
  g_autofree char *quoted = g_strdup_printf ("“%s”", path);

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED, "%s %s: %s", format, quoted, reason);
  return FALSE;
}

static LkSecret *
read_key (int fd, const char *path, GError **error)
{
  guint8 bytes[LK_VAULT_KEY_BYTES + 1];
  LkSecret *key = NULL;
  struct stat info;
  gssize n;

  if (fstat (fd, &info) != 0)
    {
      set_errno (error, _ ("Cannot read the key file"), path);
      return NULL;
    }
  if (!S_ISREG (info.st_mode) || (info.st_mode & 077) != 0 || info.st_uid != geteuid ())
    {
      g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                   _ ("The key file “%s” is not used, because others than you may read or own it;"
                      " run: chmod 600 “%s”"),
                   path, path);
      return NULL;
    }

  n = TEMP_FAILURE_RETRY (read (fd, bytes, sizeof bytes));
  if (n == LK_VAULT_KEY_BYTES)
    key = lk_secret_new ((const char *) bytes, LK_VAULT_KEY_BYTES);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                 _ ("“%s” is not a key file: it must hold exactly %d bytes"), path,
                 LK_VAULT_KEY_BYTES);
  sodium_memzero (bytes, sizeof bytes);
  return key;
}

static LkSecret *
file_load (LkKeyProvider *provider, GError **error)
{
  FileProvider *self = (FileProvider *) provider;
  int fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  LkSecret *key;

  if (fd < 0)
    {
      if (errno != ENOENT)
        set_errno (error, _ ("Cannot open the key file"), self->path);
      return NULL;
    }

  key = read_key (fd, self->path, error);
  close (fd);
  return key;
}

/* The name has to be on the disk too, or a power cut leaves ciphertexts without their key. */
static gboolean
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

/* Written under a name of its own and linked into place whole, so that another process that starts
 * at the same time finds no key or a whole one, and the first one stays. */
static LkSecret *
file_create (LkKeyProvider *provider, GError **error)
{
  FileProvider *self = (FileProvider *) provider;
  g_autoptr (LkSecret) key = make_random_key ();
  g_autofree char *draft = g_strdup_printf ("%s.%d", self->path, (int) getpid ());
  int fd = open (draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done;

  if (fd < 0)
    {
      set_errno (error, _ ("Cannot make the key file"), draft);
      return NULL;
    }

  done = TEMP_FAILURE_RETRY (write (fd, lk_secret_peek (key), LK_VAULT_KEY_BYTES)) ==
             LK_VAULT_KEY_BYTES &&
         fsync (fd) == 0;
  close (fd);
  if (done && link (draft, self->path) != 0)
    {
      gboolean is_raced = errno == EEXIST;

      unlink (draft);
      if (is_raced)
        return file_load (provider, error);
      set_errno (error, _ ("Cannot make the key file"), self->path);
      return NULL;
    }
  done = done && sync_folder (self->path);
  if (!done)
    set_errno (error, _ ("Cannot write the key file"), self->path);

  unlink (draft);
  return done ? g_steal_pointer (&key) : NULL;
}

static void
file_free (LkKeyProvider *provider)
{
  FileProvider *self = (FileProvider *) provider;

  g_free (self->path);
  g_free (self);
}

LkKeyProvider *
lk_key_provider_new_file (const char *path)
{
  FileProvider *self = g_new0 (FileProvider, 1);

  self->parent.name = "file";
  self->parent.load = file_load;
  self->parent.create = file_create;
  self->parent.free = file_free;
  self->path = g_strdup (path);
  return &self->parent;
}

static LkSecret *
memory_load (LkKeyProvider *provider, GError **error)
{
  return NULL;
}

static LkSecret *
memory_create (LkKeyProvider *provider, GError **error)
{
  return make_random_key ();
}

static void
memory_free (LkKeyProvider *provider)
{
  g_free (provider);
}

LkKeyProvider *
lk_key_provider_new_memory (void)
{
  LkKeyProvider *self = g_new0 (LkKeyProvider, 1);

  self->name = "memory";
  self->load = memory_load;
  self->create = memory_create;
  self->free = memory_free;
  return self;
}

void
lk_key_provider_free (LkKeyProvider *self)
{
  if (self != NULL)
    self->free (self);
}
