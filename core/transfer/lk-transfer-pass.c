/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-transfer-pass.h"

#include "base/lk-error.h"
#include "base/lk-xml-stream.h"
#include "transfer/lk-transfer-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/* What the namespace of every version begins with. */
#define NAMESPACE_STEM "urn:latchkey:transfer:"

/* What a line stands in when it is read without those before it. */
#define OPEN_ROOT "<" LK_TRANSFER_ROOT " xmlns=\"" LK_TRANSFER_NAMESPACE "\">"

/* What is more broken than this was not written by us. */
#define MAX_FAULTS 1000
#define MAX_REREAD (8 * 1024 * 1024) /* bytes */

struct _LkTransferPass
{
  LkXmlStream *stream;
  GQueue *records; /* or NULL */
  LkTransferHead *head;
  GChecksum *digest;
  guint64 n_records;
  gboolean has_trailer;

  gboolean salvages;
  GByteArray *waiting; /* lines, from the one in which the tag began that has no end yet */
  guint64 n_before;    /* records before these */
  gboolean is_fresh;   /* nothing was read since it was opened again */
  GError *fault;       /* the first */
  guint n_faults;
  gsize n_reread; /* bytes */
};

static const LkXmlStreamLimits limits = {
  .max_bytes = LK_TRANSFER_MAX_BYTES,
  .max_elements = LK_TRANSFER_MAX_ELEMENTS,
  .max_attribute = LK_TRANSFER_MAX_ATTRIBUTE,
  .max_tag = LK_TRANSFER_MAX_TAG,
  .bare = TRUE,
};

static gboolean
set_fault (GError **error, const char *words)
{
  g_set_error_literal (error, LK_ERROR, LK_ERROR_INVALID, words);
  return FALSE;
}

static gboolean
is_root (const LkXmlElement *element)
{
  return strcmp (element->name, LK_TRANSFER_ROOT) == 0 && element->ns != NULL &&
         g_str_has_prefix (element->ns, NAMESPACE_STEM);
}

static LkRecord *
make_record (const LkXmlElement *element, GError **error)
{
  g_autoptr (LkRecord) record = lk_record_new (element->name);

  for (guint i = 0; i < element->n_attributes; i++)
    {
      const LkXmlAttribute *attribute = &element->attributes[i];

      if (attribute->ns != NULL)
        {
          set_fault (error, _ ("an attribute has a namespace"));
          return NULL;
        }
      lk_record_append (record, attribute->name, attribute->value);
    }

  return g_steal_pointer (&record);
}

static gboolean
take_head (LkTransferPass *self, const LkXmlElement *element, GError **error)
{
  g_autoptr (LkRecord) record = NULL;

  if (!is_root (element))
    return set_fault (error, _ ("it is no transfer file"));
  if (strcmp (element->ns, LK_TRANSFER_NAMESPACE) != 0)
    return set_fault (error, _ ("it was made by a newer Latchkey; update this one to read it"));

  record = make_record (element, error);
  if (record == NULL)
    return FALSE;

  lk_record_digest (record, self->digest);
  self->head = lk_transfer_head_from_record (record, error);
  return self->head != NULL;
}

static gboolean
set_count_fault (GError **error, guint64 n_said, guint64 n_found)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("it says that it has %" PRIu64 " records, but it has %" PRIu64), n_said, n_found);
  return FALSE;
}

static gboolean
take_trailer (LkTransferPass *self, const LkRecord *trailer, GError **error)
{
  g_autoptr (GChecksum) digest = g_checksum_copy (self->digest);
  guint64 n_said;

  self->has_trailer = TRUE;
  if (!lk_text_to_uint (lk_record_get (trailer, "records"), G_MAXUINT64, &n_said) ||
      trailer->fields->len != 2)
    return set_fault (error, _ ("its trailer makes no sense"));
  if (n_said != self->n_records)
    return set_count_fault (error, n_said, self->n_records);
  if (self->head->n_records > 0 && self->head->n_records != self->n_records)
    return set_count_fault (error, self->head->n_records, self->n_records);
  if (g_strcmp0 (lk_record_get (trailer, "sha256"), g_checksum_get_string (digest)) != 0)
    return set_fault (error, _ ("it was changed after it was written: its digest does not match"));

  return TRUE;
}

static gboolean
on_element (const LkXmlElement *element, gpointer data, GError **error)
{
  LkTransferPass *self = data;
  g_autoptr (LkRecord) record = NULL;

  if (element->depth == 1)
    return self->head != NULL || take_head (self, element, error);
  if (element->depth > 2)
    return set_fault (error, _ ("a record has something in it"));
  if (g_strcmp0 (element->ns, LK_TRANSFER_NAMESPACE) != 0)
    return set_fault (error, _ ("an element is not of the namespace of transfer files"));
  if (self->has_trailer)
    return set_fault (error, _ ("something follows its trailer"));

  record = make_record (element, error);
  if (record == NULL)
    return FALSE;
  if (strcmp (record->name, LK_TRANSFER_TRAILER) == 0)
    return take_trailer (self, record, error);

  self->n_records++;
  lk_record_digest (record, self->digest);
  if (self->records != NULL)
    g_queue_push_tail (self->records, g_steal_pointer (&record));
  return TRUE;
}

LkTransferPass *
lk_transfer_pass_new (GQueue *records, gboolean salvages)
{
  LkTransferPass *self = g_new0 (LkTransferPass, 1);

  self->records = records;
  self->salvages = salvages;
  self->waiting = g_byte_array_new ();
  self->digest = g_checksum_new (G_CHECKSUM_SHA256);
  self->stream = lk_xml_stream_new (&limits, on_element, self);
  return self;
}

void
lk_transfer_pass_free (LkTransferPass *self)
{
  if (self == NULL)
    return;

  lk_xml_stream_free (self->stream);
  g_byte_array_unref (self->waiting);
  g_clear_error (&self->fault);
  lk_transfer_head_free (self->head);
  g_checksum_free (self->digest);
  g_free (self);
}

static void
open_again (LkTransferPass *self)
{
  lk_xml_stream_free (self->stream);
  self->stream = lk_xml_stream_new (&limits, on_element, self);
  lk_xml_stream_feed (self->stream, OPEN_ROOT, strlen (OPEN_ROOT), NULL);
  self->is_fresh = TRUE;
}

/* To where a tag begins a line: the rest of a record, or nonsense, stays together. */
static gsize
measure_line (const guint8 *xml, gsize length)
{
  gsize n = 0;

  while (n < length)
    {
      const guint8 *newline = memchr (xml + n, '\n', length - n);

      n = newline != NULL ? (gsize) (newline - xml) + 1 : length;
      if (n < length && xml[n] == '<')
        break;
    }

  return n;
}

static gboolean feed_lines (LkTransferPass *self, const guint8 *xml, gsize length, GError **error);

/* Leaves out the line that the unfinished tag began in, and reads those behind it once more: a tag
 * whose last quotation mark is missing swallows what follows. A line that is wrong by itself, or
 * because of what came before it, is tried once without that. */
static gboolean
step_over (LkTransferPass *self, const GError *fault, GError **error)
{
  g_autoptr (GByteArray) lines = g_steal_pointer (&self->waiting);
  gsize n = measure_line (lines->data, lines->len);

  self->waiting = g_byte_array_new ();
  if (self->fault == NULL)
    self->fault = g_error_copy (fault);
  if (self->head == NULL || self->has_trailer || self->n_faults == MAX_FAULTS ||
      self->n_reread > MAX_REREAD)
    {
      g_propagate_error (error, g_error_copy (self->fault));
      return FALSE;
    }

  self->n_faults++;
  if (n == lines->len && !self->is_fresh && self->n_records == self->n_before)
    n = 0;
  self->n_reread += lines->len - n;
  open_again (self);
  return feed_lines (self, lines->data + n, lines->len - n, error);
}

static gboolean
feed_line (LkTransferPass *self, const guint8 *line, gsize length, GError **error)
{
  g_autoptr (GError) fault = NULL;
  gboolean is_in_tag;

  if (self->waiting->len == 0)
    self->n_before = self->n_records;
  g_byte_array_append (self->waiting, line, (guint) length);
  if (!lk_xml_stream_feed (self->stream, line, length, &fault))
    return step_over (self, fault, error);

  is_in_tag = lk_xml_stream_is_in_tag (self->stream);
  self->is_fresh = self->is_fresh && is_in_tag;
  if (!is_in_tag || self->waiting->len > LK_TRANSFER_MAX_TAG)
    g_byte_array_set_size (self->waiting, 0);
  return TRUE;
}

static gboolean
feed_lines (LkTransferPass *self, const guint8 *xml, gsize length, GError **error)
{
  while (length > 0)
    {
      gsize n = measure_line (xml, length);

      if (!feed_line (self, xml, n, error))
        return FALSE;
      xml += n;
      length -= n;
    }

  return TRUE;
}

gboolean
lk_transfer_pass_feed (LkTransferPass *self, const void *xml, gsize length, GError **error)
{
  return self->salvages ? feed_lines (self, xml, length, error)
                        : lk_xml_stream_feed (self->stream, xml, length, error);
}

static gboolean
finish_lines (LkTransferPass *self, GError **error)
{
  g_autoptr (GError) fault = NULL;

  while (self->waiting->len > 0 && !lk_xml_stream_finish (self->stream, &fault))
    {
      if (!step_over (self, fault, error))
        return FALSE;
      g_clear_error (&fault);
    }

  if (self->fault != NULL)
    g_propagate_error (error, g_error_copy (self->fault));
  return self->fault == NULL;
}

gboolean
lk_transfer_pass_finish (LkTransferPass *self, GError **error)
{
  if (self->salvages && !finish_lines (self, error))
    return FALSE;
  if (!lk_xml_stream_finish (self->stream, error))
    return FALSE;

  return self->has_trailer || set_fault (error, _ ("it has no trailer, so its end is missing"));
}

const LkTransferHead *
lk_transfer_pass_get_head (LkTransferPass *self)
{
  return self->head;
}

guint64
lk_transfer_pass_get_count (LkTransferPass *self)
{
  return self->n_records;
}

const char *
lk_transfer_pass_get_digest (LkTransferPass *self)
{
  return g_checksum_get_string (self->digest);
}

static gboolean
look_at_root (const LkXmlElement *element, gpointer data, GError **error)
{
  gboolean *is_one = data;

  *is_one = is_root (element);
  return set_fault (error, "");
}

gboolean
lk_transfer_pass_is_one (const void *data, gsize length)
{
  gboolean is_one = FALSE;
  g_autoptr (LkXmlStream) stream = lk_xml_stream_new (&limits, look_at_root, &is_one);

  if (lk_xml_stream_feed (stream, data, length, NULL))
    lk_xml_stream_finish (stream, NULL);
  return is_one;
}
