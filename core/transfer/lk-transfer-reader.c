/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-private.h"

#include "base/lk-error.h"
#include "transfer/lk-transfer-pass.h"
#include "transfer/lk-transfer-seal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (LK_SEAL_PIECE_BYTES + LK_SEAL_EXTRA_BYTES)

struct _LkTransferReader
{
  int fd;
  char *path;
  off_t offset;
  LkUnsealer *unsealer; /* or NULL */
  gboolean salvages;
  GByteArray *plain;
  guint8 buffer[BUFFER_BYTES];

  LkTransferHead *head;
  guint64 n_records;
  char *digest; /* of the first reading */
  char *fault;

  LkTransferPass *pass; /* the second reading; NULL once it has ended */
  GQueue records;       /* that were read and not fetched yet */
  GError *end_error;
};

/* Anything but an ordinary file is not even opened, since that may block, or do things. */
static int
open_regular (const char *path, gint64 *size, GError **error)
{
  struct stat info;
  int fd = -1;

  if (stat (path, &info) == 0)
    {
      if (S_ISREG (info.st_mode))
        fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
      else
        errno = S_ISDIR (info.st_mode) ? EISDIR : EINVAL;
    }
  if (fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    {
      *size = info.st_size;
      return fd;
    }

  if (errno == EINVAL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is not an ordinary file"), path);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot open “%s”: %s"), path,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Reads up to @length bytes from where it is, fewer only at the end of the file; -1 on an error. */
static gssize
read_bytes (LkTransferReader *self, void *out, gsize length, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pread (self->fd, (char *) out + done, length - done, self->offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("it cannot be read: %s"),
                       g_strerror (errno));
          return -1;
        }
      if (n == 0)
        break;
      done += (gsize) n;
      self->offset += n;
    }

  return (gssize) done;
}

static void
rewind_file (LkTransferReader *self)
{
  self->offset = self->unsealer != NULL ? LK_SEAL_HEADER_BYTES : 0;
  if (self->unsealer != NULL)
    lk_unsealer_rewind (self->unsealer);
}

/* The next piece of XML into @plain. */
static gboolean
read_piece (LkTransferReader *self, gboolean *is_last, GError **error)
{
  gssize n = read_bytes (self, self->buffer,
                         self->unsealer != NULL ? BUFFER_BYTES : LK_SEAL_PIECE_BYTES, error);

  if (n < 0)
    return FALSE;

  g_byte_array_set_size (self->plain, 0);
  if (self->unsealer == NULL)
    {
      g_byte_array_append (self->plain, self->buffer, (guint) n);
      *is_last = n < LK_SEAL_PIECE_BYTES;
      return TRUE;
    }

  if (!lk_unsealer_add (self->unsealer, self->buffer, (gsize) n, self->plain, is_last, error))
    return FALSE;
  if (*is_last && read_bytes (self, self->buffer, 1, NULL) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("something follows its end"));
      return FALSE;
    }

  return TRUE;
}

/* Reads on for one piece. */
static gboolean
advance (LkTransferReader *self, LkTransferPass *pass, gboolean *is_last, GError **error)
{
  *is_last = FALSE;
  if (!read_piece (self, is_last, error))
    return FALSE;

  return lk_transfer_pass_feed (pass, self->plain->data, self->plain->len, error) &&
         (!*is_last || lk_transfer_pass_finish (pass, error));
}

/* The first reading: checks everything and keeps nothing but the head. */
static gboolean
check (LkTransferReader *self, GError **error)
{
  g_autoptr (LkTransferPass) pass = lk_transfer_pass_new (NULL, self->salvages);
  g_autoptr (GError) local_error = NULL;
  gboolean is_last = FALSE;

  rewind_file (self);
  while (!is_last && advance (self, pass, &is_last, &local_error))
    ;

  if (local_error != NULL && (!self->salvages || lk_transfer_pass_get_head (pass) == NULL))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  self->fault = local_error != NULL ? g_strdup (local_error->message) : NULL;
  self->head = lk_transfer_head_copy (lk_transfer_pass_get_head (pass));
  self->n_records = lk_transfer_pass_get_count (pass);
  self->digest = g_strdup (lk_transfer_pass_get_digest (pass));
  return TRUE;
}

static gboolean
open_seal (LkTransferReader *self, const LkSecret *passphrase, GError **error)
{
  gssize n = read_bytes (self, self->buffer, LK_SEAL_HEADER_BYTES, error);
  gboolean is_sealed = n > 0 && lk_seal_is_one (self->buffer, (gsize) n);

  if (n < 0)
    return FALSE;

  if (!is_sealed && passphrase == NULL)
    return TRUE;
  if (!is_sealed)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("it is not sealed, although a passphrase was given for it; if that is right,"
                    " open it without one"));
  else if (passphrase == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED, _ ("it is sealed; its passphrase is needed"));
  else if (n < LK_SEAL_HEADER_BYTES)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("it ends too early"));
  else
    self->unsealer = lk_unsealer_new (self->buffer, passphrase, error);

  return self->unsealer != NULL;
}

static gboolean
check_size (gint64 size, GError **error)
{
  if (size > 0 && size <= LK_TRANSFER_MAX_BYTES)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "%s",
               size == 0 ? _ ("it is empty") : _ ("it is larger than 1 GiB"));
  return FALSE;
}

LkTransferReader *
lk_transfer_reader_open (const char *path,
                         const LkSecret *passphrase,
                         gboolean salvage,
                         GError **error)
{
  g_autoptr (LkTransferReader) self = g_new0 (LkTransferReader, 1);
  g_autoptr (GError) local_error = NULL;
  gint64 size;

  self->path = g_strdup (path);
  self->salvages = salvage;
  self->plain = g_byte_array_new ();
  self->fd = open_regular (path, &size, error);
  if (self->fd < 0)
    return NULL;

  if (!check_size (size, &local_error) || !open_seal (self, passphrase, &local_error) ||
      !check (self, &local_error))
    {
      g_set_error (error, LK_ERROR, local_error->code, _ ("“%s” cannot be used: %s"), path,
                   local_error->message);
      return NULL;
    }

  lk_transfer_reader_rewind (self);
  return g_steal_pointer (&self);
}

void
lk_transfer_reader_rewind (LkTransferReader *self)
{
  g_clear_pointer (&self->pass, lk_transfer_pass_free);
  g_queue_clear_full (&self->records, (GDestroyNotify) lk_record_free);
  g_clear_error (&self->end_error);
  rewind_file (self);
  self->pass = lk_transfer_pass_new (&self->records, self->salvages);
}

void
lk_transfer_reader_free (LkTransferReader *self)
{
  if (self == NULL)
    return;

  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  lk_unsealer_free (self->unsealer);
  g_byte_array_unref (self->plain);
  lk_transfer_head_free (self->head);
  g_free (self->digest);
  g_free (self->fault);
  lk_transfer_pass_free (self->pass);
  g_queue_clear_full (&self->records, (GDestroyNotify) lk_record_free);
  g_clear_error (&self->end_error);
  g_free (self);
}

const LkTransferHead *
lk_transfer_reader_get_head (LkTransferReader *self)
{
  return self->head;
}

gboolean
lk_transfer_reader_is_sealed (LkTransferReader *self)
{
  return self->unsealer != NULL;
}

guint64
lk_transfer_reader_get_count (LkTransferReader *self)
{
  return self->n_records;
}

const char *
lk_transfer_reader_get_fault (LkTransferReader *self)
{
  return self->fault;
}

/* A file that is being salvaged ends where its first reading ended; the digest tells whether
 * everything before that is the same. */
static void
end_pass (LkTransferReader *self)
{
  g_autoptr (LkTransferPass) pass = g_steal_pointer (&self->pass);

  if (lk_transfer_pass_get_count (pass) != self->n_records ||
      strcmp (lk_transfer_pass_get_digest (pass), self->digest) != 0)
    g_set_error (&self->end_error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("“%s” cannot be used: it changed while it was read"), self->path);
}

LkRecord *
lk_transfer_reader_next (LkTransferReader *self, GError **error)
{
  while (g_queue_is_empty (&self->records) && self->pass != NULL)
    {
      gboolean is_last;

      if (!advance (self, self->pass, &is_last, NULL) || is_last)
        end_pass (self);
    }

  if (g_queue_is_empty (&self->records) && self->end_error != NULL)
    g_propagate_error (error, g_error_copy (self->end_error));
  return g_queue_pop_head (&self->records);
}

gboolean
lk_transfer_file_is_one (const char *path, gboolean *is_sealed)
{
  g_autoptr (LkTransferReader) self = g_new0 (LkTransferReader, 1);
  gint64 size;
  gssize n;

  *is_sealed = FALSE;
  self->plain = g_byte_array_new ();
  self->fd = open_regular (path, &size, NULL);
  if (self->fd < 0)
    return FALSE;

  n = read_bytes (self, self->buffer, LK_SEAL_PIECE_BYTES, NULL);
  if (n <= 0)
    return FALSE;

  *is_sealed = lk_seal_is_one (self->buffer, (gsize) n);
  return *is_sealed || lk_transfer_pass_is_one (self->buffer, (gsize) n);
}
