/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-private.h"

#include "base/lk-error.h"
#include "base/lk-whole-file.h"
#include "base/lk-xml.h"
#include "transfer/lk-transfer-seal.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

struct _LkTransferWriter
{
  LkWholeFile *file;
  LkXmlWriter *xml;
  LkSealer *sealer;  /* or NULL */
  GByteArray *plain; /* to be written */
  GByteArray *line;  /* of one record */
  GByteArray *sealed;
  GChecksum *digest;
  char *path;
  guint64 n_announced; /* 0: unknown */
  guint64 n_records;
  guint64 n_bytes;
};

static gboolean
put (LkTransferWriter *self, const void *data, gsize length, gboolean is_last, GError **error)
{
  if (self->sealer != NULL)
    {
      g_byte_array_set_size (self->sealed, 0);
      lk_sealer_add (self->sealer, data, length, is_last, self->sealed);
      data = self->sealed->data;
      length = self->sealed->len;
    }

  self->n_bytes += length;
  if (self->n_bytes > LK_TRANSFER_MAX_BYTES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Cannot write “%s”: it gets larger than 1 GiB; write it in parts"),
                   self->path);
      return FALSE;
    }

  return lk_whole_file_write (self->file, data, length, error);
}

/* Keeps at least one byte, so that there is something for the last piece. */
static gboolean
put_pieces (LkTransferWriter *self, GError **error)
{
  while (self->plain->len > LK_SEAL_PIECE_BYTES)
    {
      if (!put (self, self->plain->data, LK_SEAL_PIECE_BYTES, FALSE, error))
        return FALSE;
      g_byte_array_remove_range (self->plain, 0, LK_SEAL_PIECE_BYTES);
    }

  return TRUE;
}

static void
write_attributes (LkTransferWriter *self, const LkRecord *record)
{
  for (guint i = 0; i < record->fields->len; i++)
    {
      const LkField *field = &g_array_index (record->fields, LkField, i);

      lk_xml_writer_attribute (self->xml, field->name, field->value);
    }
}

/* The line end behind it closes the start tag. */
static gboolean
write_head (LkTransferWriter *self, const LkTransferHead *head, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkRecord) record = lk_transfer_head_to_record (head, &local_error);

  if (record == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot write “%s”: %s"), self->path,
                   local_error->message);
      return FALSE;
    }

  lk_record_digest (record, self->digest);
  lk_xml_writer_start (self->xml, LK_TRANSFER_ROOT);
  lk_xml_writer_namespace (self->xml, NULL, LK_TRANSFER_NAMESPACE);
  write_attributes (self, record);
  lk_xml_writer_text (self->xml, "\n");
  lk_xml_writer_drain (self->xml, self->plain);
  return TRUE;
}

static gboolean
start_seal (LkTransferWriter *self, const LkSecret *passphrase, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  self->sealer = lk_sealer_new (passphrase, NULL, &local_error);
  if (self->sealer == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot seal “%s”: %s"), self->path,
                   local_error->message);
      return FALSE;
    }

  self->n_bytes = LK_SEAL_HEADER_BYTES;
  return lk_whole_file_write (self->file, lk_sealer_get_header (self->sealer), LK_SEAL_HEADER_BYTES,
                              error);
}

LkTransferWriter *
lk_transfer_writer_new (const char *path,
                        const LkTransferHead *head,
                        const LkSecret *passphrase,
                        GError **error)
{
  g_autoptr (LkTransferWriter) self = g_new0 (LkTransferWriter, 1);

  self->path = g_strdup (path);
  self->n_announced = head->n_records;
  self->xml = lk_xml_writer_new (TRUE);
  self->plain = g_byte_array_new ();
  self->line = g_byte_array_new ();
  self->sealed = g_byte_array_new ();
  self->digest = g_checksum_new (G_CHECKSUM_SHA256);
  self->file = lk_whole_file_new (path, error);
  if (self->file == NULL || !write_head (self, head, error))
    return NULL;

  return passphrase == NULL || start_seal (self, passphrase, error) ? g_steal_pointer (&self)
                                                                    : NULL;
}

static gboolean
check_record (LkTransferWriter *self, const LkRecord *record, GError **error)
{
  gboolean fits = record->fields->len <= LK_XML_MAX_ATTRIBUTES;

  for (guint i = 0; fits && i < record->fields->len; i++)
    fits = strlen (g_array_index (record->fields, LkField, i).value) <= LK_TRANSFER_MAX_ATTRIBUTE;

  if (!fits || self->line->len > LK_TRANSFER_MAX_TAG)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("Cannot write “%s”: a record (%s) is too large"), self->path, record->name);
  /* The head and the trailer are elements too. */
  else if (self->n_records >= LK_TRANSFER_MAX_ELEMENTS - 2)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("Cannot write “%s”: it has too many records; write it in parts"), self->path);
  else
    return TRUE;

  return FALSE;
}

static void
write_line (LkTransferWriter *self, const LkRecord *record)
{
  g_byte_array_set_size (self->line, 0);
  lk_xml_writer_start (self->xml, record->name);
  write_attributes (self, record);
  lk_xml_writer_end (self->xml);
  lk_xml_writer_text (self->xml, "\n");
  lk_xml_writer_drain (self->xml, self->line);
}

gboolean
lk_transfer_writer_add (LkTransferWriter *self, const LkRecord *record, GError **error)
{
  g_return_val_if_fail (strcmp (record->name, LK_TRANSFER_TRAILER) != 0, FALSE);

  write_line (self, record);
  if (!check_record (self, record, error))
    return FALSE;

  self->n_records++;
  lk_record_digest (record, self->digest);
  g_byte_array_append (self->plain, self->line->data, self->line->len);
  return put_pieces (self, error);
}

static void
write_trailer (LkTransferWriter *self)
{
  g_autoptr (LkRecord) trailer = lk_record_new (LK_TRANSFER_TRAILER);
  g_autoptr (GBytes) rest = NULL;

  lk_record_set_number (trailer, "records", (gint64) self->n_records);
  lk_record_set (trailer, "sha256", g_checksum_get_string (self->digest));
  write_line (self, trailer);
  g_byte_array_append (self->plain, self->line->data, self->line->len);

  rest = lk_xml_writer_finish (self->xml);
  g_byte_array_append (self->plain, g_bytes_get_data (rest, NULL), (guint) g_bytes_get_size (rest));
}

gboolean
lk_transfer_writer_finish (LkTransferWriter *self, GError **error)
{
  if (self->n_announced > 0 && self->n_announced != self->n_records)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Cannot write “%s”: it was to have %" PRIu64 " records and got %" PRIu64),
                   self->path, self->n_announced, self->n_records);
      return FALSE;
    }

  write_trailer (self);
  return put_pieces (self, error) && put (self, self->plain->data, self->plain->len, TRUE, error) &&
         lk_whole_file_finish (self->file, error);
}

void
lk_transfer_writer_free (LkTransferWriter *self)
{
  if (self == NULL)
    return;

  lk_whole_file_free (self->file);
  lk_xml_writer_free (self->xml);
  lk_sealer_free (self->sealer);
  g_byte_array_unref (self->plain);
  g_byte_array_unref (self->line);
  g_byte_array_unref (self->sealed);
  g_checksum_free (self->digest);
  g_free (self->path);
  g_free (self);
}
