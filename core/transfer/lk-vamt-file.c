/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "transfer/lk-vamt-file.h"

#include "base/lk-error.h"
#include "base/lk-xml-stream.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define CHUNK       (64 * 1024)
#define DECLARATION 256 /* an XML declaration ends within so many bytes */
#define MAX_PATH    2048

#define CIL_ROOT     "SoftwareLicensingData"
#define CIL_COMPUTER CIL_ROOT "/Computers/Computer"
#define CILX_ROOT    "VolumeActivationManagementToolData"
#define CILX_KEYS    CILX_ROOT "/" CIL_ROOT "/ProductKeys"
#define CILX_KEY     CILX_KEYS "/ProductKey"

static const LkXmlStreamLimits limits = {
  .max_bytes = 1024 * 1024 * 1024,
  .max_elements = 5 * 1000 * 1000,
  .max_attribute = 64 * 1024,
  .max_tag = 256 * 1024,
};

/* What holds others, and the fields of a product key that are known and not needed. */
static const char *const passed[] = {
  CIL_ROOT,
  CIL_ROOT "/Computers",
  CILX_ROOT,
  CILX_ROOT "/" CIL_ROOT,
  CILX_ROOT "/" CIL_ROOT "/Products",
  CILX_ROOT "/" CIL_ROOT "/AvailableProducts",
  CILX_ROOT "/" CIL_ROOT "/VolumeActivationClients",
  CILX_KEYS,
  CILX_KEY "/KeyDescription",
  CILX_KEY "/KeyId",
  CILX_KEY "/KeyType",
  CILX_KEY "/LastUpdate",
  CILX_KEY "/LastErrorCode",
  CILX_KEY "/RemainingActivations",
  CILX_KEY "/SupportedEditions",
  CILX_KEY "/SupportedSku",
  CILX_KEY "/KeyTypeName",
  CILX_ROOT "/VamtSystemData",
};

typedef struct
{
  const LkVamtFuncs *funcs;
  LkVamtReport *report;
  LkXmlStream *stream;
  GString *path; /* of the element that is open */
  guint key_line;
  LkSecret *key;
  char *remarks;
  gboolean only_root; /* it stops at the first element */
  gboolean has_root;
  GError *error; /* of whom a row was given to */
} Reading;

static void
reading_clear (Reading *self)
{
  if (self->path != NULL)
    g_string_free (self->path, TRUE);
  g_clear_pointer (&self->stream, lk_xml_stream_free);
  g_clear_pointer (&self->key, lk_secret_free);
  g_clear_pointer (&self->remarks, g_free);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

void
lk_vamt_report_clear (LkVamtReport *self)
{
  g_clear_pointer (&self->faults, g_ptr_array_unref);
  g_clear_pointer (&self->parts, g_hash_table_unref);
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
lk_vamt_report_list_parts (const LkVamtReport *self)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer path, n;

  g_hash_table_iter_init (&iter, self->parts);
  while (g_hash_table_iter_next (&iter, &path, &n))
    g_ptr_array_add (words, g_strdup_printf ("%s: %u", (const char *) path, GPOINTER_TO_UINT (n)));
  g_ptr_array_sort (words, compare_words);
  return words;
}

void
lk_vamt_report_add_fault (LkVamtReport *self, guint line, const char *reason)
{
  self->n_faults++;
  if (self->faults->len < LK_VAMT_MAX_FAULTS)
    g_ptr_array_add (self->faults, g_strdup_printf (_ ("line %u: %s"), line, reason));
}

static void
count_part (LkVamtReport *report, const char *path)
{
  gpointer n = g_hash_table_lookup (report->parts, path);

  if (n != NULL || g_hash_table_size (report->parts) < LK_VAMT_MAX_FAULTS)
    g_hash_table_replace (report->parts, g_strdup (path),
                          GUINT_TO_POINTER (GPOINTER_TO_UINT (n) + 1));
}

static const char *
get_attribute (const LkXmlElement *element, const char *name)
{
  for (guint i = 0; i < element->n_attributes; i++)
    if (strcmp (element->attributes[i].name, name) == 0 && *element->attributes[i].value != '\0')
      return element->attributes[i].value;

  return NULL;
}

static gboolean
is_version (const char *text)
{
  return text != NULL && strlen (text) <= 30 && strspn (text, "0123456789.") == strlen (text);
}

/* What the taker of a row says is not the file's fault. */
static gboolean
end_row (Reading *self, GError **error)
{
  if (self->error == NULL)
    return TRUE;

  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

static gboolean
take_computer (Reading *self, const LkXmlElement *element, GError **error)
{
  guint line = lk_xml_stream_get_line (self->stream);
  const char *name = get_attribute (element, "Name");
  const char *domain = get_attribute (element, "NetworkName");
  const char *version = get_attribute (element, "OSVersion");
  LkSighting sighting = { .name = (char *) name };

  if (name == NULL)
    {
      lk_vamt_report_add_fault (self->report, line,
                                _ ("a computer without a name, as in files that leave out what is"
                                   " personal; it cannot be reached by that"));
      return TRUE;
    }
  if (!lk_host_is_plausible (name))
    {
      lk_vamt_report_add_fault (self->report, line, _ ("the name of a computer is no host name"));
      return TRUE;
    }
  if (domain != NULL && !lk_host_is_plausible (domain))
    {
      lk_vamt_report_add_fault (self->report, line,
                                _ ("the domain or workgroup of a computer is no name; the computer"
                                   " was taken without"));
      domain = NULL;
    }

  sighting.domain = (char *) domain;
  sighting.os_version = is_version (version) ? (char *) version : NULL;
  self->report->n_computers++;
  if (self->funcs->computer != NULL)
    self->funcs->computer (&sighting, self->funcs->user_data, &self->error);
  return end_row (self, error);
}

static gboolean
take_root (Reading *self, const LkXmlElement *element, GError **error)
{
  self->has_root = strcmp (element->name, CIL_ROOT) == 0 || strcmp (element->name, CILX_ROOT) == 0;
  self->report->kind = strcmp (element->name, CILX_ROOT) == 0 ? LK_VAMT_CILX : LK_VAMT_CIL;
  if (self->has_root && !self->only_root)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("it is no file of VAMT: those begin with %s or %s"), CIL_ROOT, CILX_ROOT);
  return FALSE;
}

static gboolean
is_path (const Reading *self, const char *path)
{
  return strcmp (self->path->str, path) == 0;
}

static gboolean
on_start (const LkXmlElement *element, gpointer data, GError **error)
{
  Reading *self = data;

  if (self->path->len + strlen (element->name) > MAX_PATH)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("the names of its elements are too long"));
      return FALSE;
    }
  if (element->depth == 1 && !take_root (self, element, error))
    return FALSE;

  if (self->path->len > 0)
    g_string_append_c (self->path, '/');
  g_string_append (self->path, element->name);
  if (is_path (self, CIL_COMPUTER))
    return take_computer (self, element, error);
  if (is_path (self, CILX_KEY))
    {
      self->key_line = lk_xml_stream_get_line (self->stream);
      g_clear_pointer (&self->key, lk_secret_free);
      g_clear_pointer (&self->remarks, g_free);
      return TRUE;
    }

  if (!is_path (self, CILX_KEY "/KeyValue") && !is_path (self, CILX_KEY "/UserRemarks"))
    {
      gboolean is_passed = FALSE;

      for (guint i = 0; !is_passed && i < G_N_ELEMENTS (passed); i++)
        is_passed = is_path (self, passed[i]);
      if (!is_passed)
        count_part (self->report, self->path->str);
    }
  return TRUE;
}

static gboolean
take_key (Reading *self, GError **error)
{
  g_autoptr (LkSecret) key = g_steal_pointer (&self->key);
  g_autofree char *remarks = g_steal_pointer (&self->remarks);

  if (key == NULL)
    {
      lk_vamt_report_add_fault (self->report, self->key_line,
                                _ ("a product key without its value"));
      return TRUE;
    }

  self->report->n_keys++;
  if (self->funcs->key != NULL)
    self->funcs->key (key, remarks, self->key_line, self->funcs->user_data, &self->error);
  return end_row (self, error);
}

static gboolean
on_end (const char *text, gpointer data, GError **error)
{
  Reading *self = data;
  const char *slash;
  gboolean done = TRUE;

  if (is_path (self, CILX_KEY "/KeyValue") && *text != '\0')
    {
      g_clear_pointer (&self->key, lk_secret_free);
      self->key = lk_secret_new (text, -1);
    }
  else if (is_path (self, CILX_KEY "/UserRemarks") && *text != '\0')
    {
      g_free (self->remarks);
      self->remarks = g_strdup (text);
    }
  else if (is_path (self, CILX_KEY))
    done = take_key (self, error);

  slash = strrchr (self->path->str, '/');
  g_string_truncate (self->path, slash != NULL ? (gsize) (slash - self->path->str) : 0);
  return done;
}

/* Windows writes UTF-16 with a mark; it is UTF-8 from here on. */
static GInputStream *
decode (GInputStream *input, gboolean *is_decoded, GError **error)
{
  g_autoptr (GInputStream) buffered = g_buffered_input_stream_new_sized (input, CHUNK);
  GBufferedInputStream *buffer = G_BUFFERED_INPUT_STREAM (buffered);
  g_autoptr (GCharsetConverter) converter = NULL;
  const guint8 *head;
  gsize n;

  *is_decoded = FALSE;
  if (g_buffered_input_stream_fill (buffer, -1, NULL, error) < 0)
    return NULL;

  head = g_buffered_input_stream_peek_buffer (buffer, &n);
  if (n < 2 || !((head[0] == 0xFF && head[1] == 0xFE) || (head[0] == 0xFE && head[1] == 0xFF)))
    return g_steal_pointer (&buffered);

  converter = g_charset_converter_new ("UTF-8", head[0] == 0xFF ? "UTF-16LE" : "UTF-16BE", error);
  if (converter == NULL || g_input_stream_skip (buffered, 2, NULL, error) != 2)
    return NULL;
  *is_decoded = TRUE;
  return g_converter_input_stream_new (buffered, G_CONVERTER (converter));
}

/* The bytes behind a declaration, whose encoding is not true any more. */
static gsize
find_content (const char *text, gsize length)
{
  const char *end = length > 5 && memcmp (text, "<?xml", 5) == 0
                        ? g_strstr_len (text, (gssize) MIN (length, DECLARATION), "?>")
                        : NULL;

  return end != NULL ? (gsize) (end + 2 - text) : 0;
}

static gboolean
feed (Reading *self, GInputStream *input, GError **error)
{
  g_autoptr (GInputStream) text = NULL;
  g_autofree char *chunk = g_malloc (CHUNK);
  gboolean is_decoded;
  gboolean is_first = TRUE;
  gboolean done;
  gsize n = 0;

  text = decode (input, &is_decoded, error);
  done = text != NULL;
  while (done && (done = g_input_stream_read_all (text, chunk, CHUNK, &n, NULL, error)) && n > 0)
    {
      gsize from = is_first && is_decoded ? find_content (chunk, n) : 0;

      is_first = FALSE;
      done = lk_xml_stream_feed (self->stream, chunk + from, n - from, error);
    }

  memset (chunk, 0, CHUNK); /* product keys go through it */
  return done && lk_xml_stream_finish (self->stream, error);
}

gboolean
lk_vamt_read (GInputStream *input,
              const char *what,
              const LkVamtFuncs *funcs,
              LkVamtReport *report,
              GError **error)
{
  g_auto (Reading) self = { .funcs = funcs, .report = report };
  g_autoptr (GError) local_error = NULL;

  report->faults = g_ptr_array_new_with_free_func (g_free);
  report->parts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.path = g_string_new (NULL);
  self.stream = lk_xml_stream_new (&limits, on_start, &self);
  lk_xml_stream_set_end_func (self.stream, on_end);
  if (feed (&self, input, &local_error))
    return TRUE;
  if (self.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self.error));
      return FALSE;
    }

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” cannot be read: %s"), what,
               local_error->message);
  return FALSE;
}

static GInputStream *
open_file (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) local_error = NULL;
  GFileInputStream *input;

  /* Opening something else may block, or do things. */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no file “%s”"), path);
      return NULL;
    }

  input = g_file_read (file, NULL, &local_error);
  if (input != NULL)
    return G_INPUT_STREAM (input);
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” cannot be read: %s"), path,
               local_error->message);
  return NULL;
}

gboolean
lk_vamt_read_file (const char *path, const LkVamtFuncs *funcs, LkVamtReport *report, GError **error)
{
  g_autoptr (GInputStream) input = open_file (path, error);

  return input != NULL && lk_vamt_read (input, path, funcs, report, error);
}

gboolean
lk_vamt_file_is_one (const char *path)
{
  g_autoptr (GInputStream) input = open_file (path, NULL);
  g_auto (LkVamtReport) report = { .n_faults = 0 };
  g_auto (Reading) self = { .report = &report, .only_root = TRUE };

  if (input == NULL)
    return FALSE;
  self.path = g_string_new (NULL);
  self.stream = lk_xml_stream_new (&limits, on_start, &self);
  feed (&self, input, NULL);
  return self.has_root;
}
