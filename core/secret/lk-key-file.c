/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "secret/lk-key-provider.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  LkKeyProvider parent;
  char *path;
  char *next; /* of a new key until the old one is no longer needed */
} FileProvider;

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

/* NULL without an error when there is no such file. */
static LkSecret *
load_from (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  LkSecret *key;

  if (fd < 0)
    {
      if (errno != ENOENT)
        set_errno (error, _ ("Cannot open the key file"), path);
      return NULL;
    }

  key = read_key (fd, path, error);
  close (fd);
  return key;
}

/* Whether the key called @id is in this file; @found gets whatever key is in it. */
static gboolean
has_key (const char *path, const char *id, LkSecret **found, GError **error)
{
  g_autoptr (LkSecret) key = load_from (path, error);
  g_autofree char *its_id = key != NULL ? lk_key_get_id (key) : NULL;
  gboolean is_it = g_strcmp0 (its_id, id) == 0;

  *found = g_steal_pointer (&key);
  return *found != NULL && is_it;
}

static LkSecret *
file_load (LkKeyProvider *provider, const char *id, GError **error)
{
  FileProvider *self = (FileProvider *) provider;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkSecret) next = NULL;
  g_autoptr (GError) next_error = NULL;

  if (id == NULL)
    return load_from (self->path, error);
  if (has_key (self->path, id, &key, error))
    return g_steal_pointer (&key);
  /* The store was sealed anew, and its new key has not got its final name yet. */
  if (has_key (self->next, id, &next, &next_error))
    {
      g_clear_error (error);
      return g_steal_pointer (&next);
    }

  if (key != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                 _ ("The key file “%s” is not the one under which the secrets of this store were"
                    " sealed; put the right one back"),
                 self->path);
  return NULL;
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
static gboolean
write_key (const LkSecret *key, const char *path, gboolean *is_taken, GError **error)
{
  g_autofree char *draft = g_strdup_printf ("%s.%d", path, (int) getpid ());
  int fd = open (draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done;

  *is_taken = FALSE;
  if (fd < 0)
    return set_errno (error, _ ("Cannot make the key file"), draft);

  done = TEMP_FAILURE_RETRY (write (fd, lk_secret_peek (key), LK_VAULT_KEY_BYTES)) ==
             LK_VAULT_KEY_BYTES &&
         fsync (fd) == 0;
  close (fd);
  if (done && link (draft, path) != 0)
    {
      *is_taken = errno == EEXIST;
      set_errno (error, _ ("Cannot make the key file"), path);
      unlink (draft);
      return FALSE;
    }
  done = done && sync_folder (path);
  if (!done)
    set_errno (error, _ ("Cannot write the key file"), path);

  unlink (draft);
  return done;
}

static LkSecret *
file_create (LkKeyProvider *provider, GError **error)
{
  FileProvider *self = (FileProvider *) provider;
  g_autoptr (LkSecret) key = lk_key_make ();
  g_autoptr (GError) local_error = NULL;
  gboolean is_taken;

  if (write_key (key, self->path, &is_taken, &local_error))
    return g_steal_pointer (&key);
  if (is_taken)
    return load_from (self->path, error);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static gboolean
file_keep (LkKeyProvider *provider, const LkSecret *key, const char *beside, GError **error)
{
  FileProvider *self = (FileProvider *) provider;
  g_autoptr (LkSecret) other = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean is_expected = has_key (self->path, beside, &other, &local_error);
  gboolean is_taken;

  if (other == NULL && local_error == NULL)
    return write_key (key, self->path, &is_taken, error);
  if (is_expected)
    return write_key (key, self->next, &is_taken, error);

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("“%s” is there already and is not the key of this store; move it away first"),
               self->path);
  return FALSE;
}

static gboolean
file_settle (LkKeyProvider *provider, const char *id, GError **error)
{
  FileProvider *self = (FileProvider *) provider;
  g_autoptr (LkSecret) other = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!has_key (self->next, id, &other, &local_error))
    {
      if (local_error != NULL)
        g_propagate_error (error, g_steal_pointer (&local_error));
      return local_error == NULL;
    }

  return (rename (self->next, self->path) == 0 && sync_folder (self->path)) ||
         set_errno (error, _ ("Cannot put the new key file in its place"), self->path);
}

static gboolean
remove_from (const char *path, const char *id, GError **error)
{
  g_autoptr (LkSecret) other = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!has_key (path, id, &other, &local_error))
    {
      if (local_error != NULL)
        g_propagate_error (error, g_steal_pointer (&local_error));
      return local_error == NULL;
    }

  return (unlink (path) == 0 && sync_folder (path)) ||
         set_errno (error, _ ("Cannot delete the key file"), path);
}

/* Of write_key(), when it was interrupted. */
static void
remove_drafts (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  const char *entry;

  while (entries != NULL && (entry = g_dir_read_name (entries)) != NULL)
    {
      const char *rest = g_str_has_prefix (entry, name) ? entry + strlen (name) : "";

      if (rest[0] == '.' && rest[1] != '\0' && strspn (rest + 1, "0123456789") == strlen (rest + 1))
        {
          g_autofree char *draft = g_build_filename (folder, entry, NULL);

          unlink (draft);
        }
    }
}

static gboolean
file_remove (LkKeyProvider *provider, const char *id, GError **error)
{
  FileProvider *self = (FileProvider *) provider;

  remove_drafts (self->path);
  remove_drafts (self->next);
  return remove_from (self->path, id, error) && remove_from (self->next, id, error);
}

static void
file_free (LkKeyProvider *provider)
{
  FileProvider *self = (FileProvider *) provider;

  g_free (self->path);
  g_free (self->next);
  g_free (self->parent.place);
  g_free (self);
}

LkKeyProvider *
lk_key_provider_new_file (const char *path)
{
  FileProvider *self = g_new0 (FileProvider, 1);

  self->parent.name = LK_KEY_FILE;
  self->parent.place = g_strdup_printf (_ ("the file “%s”"), path);
  self->parent.load = file_load;
  self->parent.create = file_create;
  self->parent.keep = file_keep;
  self->parent.settle = file_settle;
  self->parent.remove = file_remove;
  self->parent.free = file_free;
  self->path = g_strdup (path);
  self->next = g_strconcat (path, ".new", NULL);
  return &self->parent;
}
