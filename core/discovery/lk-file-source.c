/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-file-source.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"
#include "discovery/lk-csv.h"
#include "domain/lk-tag.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FAULTS 1000000

typedef enum
{
  COLUMN_NAME,
  COLUMN_ADDRESS,
  COLUMN_PORT,
  COLUMN_DOMAIN,
  COLUMN_TLS,
  COLUMN_TAGS,
  N_COLUMNS,
} Column;

static const struct
{
  const char *heading;
  Column column;
} headings[] = {
  { "name", COLUMN_NAME },        { "host", COLUMN_NAME },         { "hostname", COLUMN_NAME },
  { "computer", COLUMN_NAME },    { "computername", COLUMN_NAME }, { "address", COLUMN_ADDRESS },
  { "ip", COLUMN_ADDRESS },       { "port", COLUMN_PORT },         { "domain", COLUMN_DOMAIN },
  { "workgroup", COLUMN_DOMAIN }, { "tls", COLUMN_TLS },           { "https", COLUMN_TLS },
  { "tags", COLUMN_TAGS },        { "tag", COLUMN_TAGS },
};

/* A list while it is read. */
typedef struct
{
  LkFileList *list;
  GHashTable *seen; /* machine → its line */
  int columns[N_COLUMNS];
} Reader;

static void
fault_free (gpointer fault)
{
  g_free (((LkLineFault *) fault)->reason);
  g_free (fault);
}

static LkFileList *
list_new (void)
{
  LkFileList *self = g_new0 (LkFileList, 1);

  self->sightings = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  self->faults = g_ptr_array_new_with_free_func (fault_free);
  return self;
}

void
lk_file_list_free (LkFileList *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->sightings);
  g_ptr_array_unref (self->faults);
  g_free (self);
}

static void
add_fault (LkFileList *self, guint line, const char *reason)
{
  LkLineFault *fault = g_new0 (LkLineFault, 1);

  if (self->faults->len == MAX_FAULTS)
    g_ptr_array_remove_index_fast (self->faults, MAX_FAULTS - 1);
  fault->line = line;
  fault->reason = g_strdup (reason);
  g_ptr_array_add (self->faults, fault);
}

/* Takes @sighting. */
static void
keep (Reader *reader, guint line, LkSighting *sighting)
{
  g_autofree char *both = g_strdup_printf ("%s %s %s", sighting->name,
                                           sighting->address != NULL ? sighting->address : "",
                                           sighting->domain != NULL ? sighting->domain : "");
  g_autofree char *identity = g_ascii_strdown (both, -1);
  guint first = GPOINTER_TO_UINT (g_hash_table_lookup (reader->seen, identity));
  g_autofree char *reason = NULL;

  if (first == 0)
    {
      g_hash_table_insert (reader->seen, g_steal_pointer (&identity), GUINT_TO_POINTER (line));
      g_ptr_array_add (reader->list->sightings, sighting);
      return;
    }

  reason = g_strdup_printf (_ ("“%s” was named in line %u already"), sighting->name, first);
  add_fault (reader->list, line, reason);
  reader->list->n_duplicates++;
  lk_sighting_free (sighting);
}

static const char *
get_field (const Reader *reader, char **fields, Column column)
{
  int index = reader->columns[column];

  if (index < 0 || index >= (int) g_strv_length (fields) || fields[index][0] == '\0')
    return NULL;
  return fields[index];
}

static gboolean
read_yes (const char *text, gboolean *out)
{
  static const char *const yes[] = { "yes", "true", "1", "y", "https", "tls", NULL };
  static const char *const no[] = { "no", "false", "0", "n", "http", NULL };
  g_autofree char *word = g_ascii_strdown (text, -1);

  *out = g_strv_contains (yes, word);
  return *out || g_strv_contains (no, word);
}

static LkSighting *
sighting_from_fields (const Reader *reader, char **fields, GError **error)
{
  const char *name = get_field (reader, fields, COLUMN_NAME);
  const char *address = get_field (reader, fields, COLUMN_ADDRESS);
  const char *port = get_field (reader, fields, COLUMN_PORT);
  const char *domain = get_field (reader, fields, COLUMN_DOMAIN);
  const char *tls = get_field (reader, fields, COLUMN_TLS);
  const char *words = get_field (reader, fields, COLUMN_TAGS);
  g_auto (GStrv) tags = NULL;
  g_autoptr (LkSighting) sighting = NULL;
  guint64 number = 0;

  if (name == NULL && address == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("it has neither a name nor an address"));
      return NULL;
    }

  sighting = lk_sighting_parse (name != NULL ? name : address, error);
  if (sighting == NULL)
    return NULL;
  if (name != NULL && address != NULL && !lk_host_is_plausible (address))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("“%s” is neither a host name nor an IP address"), address);
  else if (domain != NULL && !lk_host_is_plausible (domain))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is not a domain or workgroup"),
                 domain);
  else if (port != NULL && (!lk_text_to_uint (port, G_MAXUINT16, &number) || number == 0))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is not a port; ports are 1 to 65535"),
                 port);
  else if (tls != NULL && !read_yes (tls, &sighting->tls))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” under tls is neither yes nor no"),
                 tls);
  else if (words == NULL || (tags = lk_tags_parse (words, error)) != NULL)
    {
      if (name != NULL)
        sighting->address = g_strdup (address);
      if (number != 0)
        sighting->port = (guint16) number;
      if (tls == NULL && sighting->port == 5986)
        sighting->tls = TRUE;
      sighting->domain = g_strdup (domain);
      sighting->tags = g_steal_pointer (&tags);
      return g_steal_pointer (&sighting);
    }

  return NULL;
}

static void
read_headings (Reader *reader, char **fields)
{
  for (int i = 0; i < N_COLUMNS; i++)
    reader->columns[i] = -1;

  for (int i = 0; fields[i] != NULL; i++)
    for (guint j = 0; j < G_N_ELEMENTS (headings); j++)
      if (g_ascii_strcasecmp (fields[i], headings[j].heading) == 0 &&
          reader->columns[headings[j].column] < 0)
        reader->columns[headings[j].column] = i;
}

/* What the first line separates its headings with; 0 for a plain list. */
static char
find_separator (const char *data, gsize length)
{
  static const char separators[] = { ',', ';', '\t' };
  const char *end = data;

  while (end < data + length && *end != '\n' && *end != '\r')
    end++;
  for (guint i = 0; i < G_N_ELEMENTS (separators); i++)
    if (memchr (data, separators[i], (gsize) (end - data)) != NULL)
      return separators[i];

  return '\0';
}

static gboolean
read_csv (Reader *reader, LkCsv *csv, char **first, const char *what, GError **error)
{
  guint line = 0;

  read_headings (reader, first);
  if (reader->columns[COLUMN_NAME] < 0 && reader->columns[COLUMN_ADDRESS] < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("%s: the first line must name the columns, with “name” or “address” among"
                      " them"),
                   what);
      return FALSE;
    }

  while (TRUE)
    {
      g_autoptr (GError) reason = NULL;
      g_auto (GStrv) fields = lk_csv_next (csv, &line, &reason);
      LkSighting *sighting = NULL;

      if (fields == NULL && reason == NULL)
        return TRUE;
      if (fields != NULL)
        sighting = sighting_from_fields (reader, fields, &reason);
      if (sighting != NULL)
        keep (reader, line, sighting);
      else
        add_fault (reader->list, line, reason->message);
    }
}

static void
read_lines (Reader *reader, const char *data, gsize length)
{
  const char *end = data + length;
  guint number = 1;

  for (const char *at = data; at < end; number++)
    {
      const char *line_end = memchr (at, '\n', (gsize) (end - at));
      gsize n = (gsize) ((line_end != NULL ? line_end : end) - at);
      g_autofree char *line = g_strndup (at, MIN (n, 4096));
      g_autoptr (GError) reason = NULL;
      LkSighting *sighting = NULL;

      at += n + 1;
      line[strcspn (line, "#")] = '\0';
      if (g_strstrip (line)[0] == '\0')
        continue;
      if (g_utf8_validate (line, -1, NULL))
        sighting = lk_sighting_parse (line, &reason);
      if (sighting != NULL)
        keep (reader, number, sighting);
      else
        add_fault (reader->list, number,
                   reason != NULL ? reason->message : _ ("it is not UTF-8 text"));
    }
}

LkFileList *
lk_file_list_parse (const char *data, gsize length, const char *what, GError **error)
{
  g_autoptr (LkFileList) list = list_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { .list = list, .seen = seen };
  g_autoptr (LkCsv) csv = NULL;
  g_auto (GStrv) first = NULL;
  char separator;
  guint line = 0;

  if (length > LK_FILE_SOURCE_MAX_BYTES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s is larger than %d MiB"), what,
                   LK_FILE_SOURCE_MAX_BYTES / (1024 * 1024));
      return NULL;
    }
  if (length >= 3 && memcmp (data, "\xEF\xBB\xBF", 3) == 0)
    {
      data += 3; /* the mark that spreadsheets put before UTF-8 */
      length -= 3;
    }

  separator = find_separator (data, length);
  csv = lk_csv_new (data, length, separator != '\0' ? separator : ',');
  first = lk_csv_next (csv, &line, NULL);
  if (first != NULL)
    read_headings (&reader, first);
  if (separator == '\0' &&
      (first == NULL || (reader.columns[COLUMN_NAME] < 0 && reader.columns[COLUMN_ADDRESS] < 0)))
    read_lines (&reader, data, length);
  else if (first == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("%s: the first line cannot be read"),
                   what);
      return NULL;
    }
  else if (!read_csv (&reader, csv, first, what, error))
    return NULL;

  return g_steal_pointer (&list);
}

LkFileList *
lk_file_list_parse_lines (const char *data, gsize length)
{
  LkFileList *list = list_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { .list = list, .seen = seen };

  read_lines (&reader, data, length);
  return list;
}

LkFileList *
lk_file_list_read_fd (int fd, const char *what, GError **error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  guint8 buffer[64 * 1024];
  gssize n;

  do
    {
      n = read (fd, buffer, sizeof buffer);
      if (n > 0)
        g_byte_array_append (data, buffer, (guint) n);
    }
  while ((n > 0 && data->len <= LK_FILE_SOURCE_MAX_BYTES) || (n < 0 && errno == EINTR));

  if (n < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot read %s: %s"), what,
                   g_strerror (errno));
      return NULL;
    }

  return lk_file_list_parse (data->len > 0 ? (const char *) data->data : "", data->len, what,
                             error);
}

LkFileList *
lk_file_list_from_words (const char *const *words)
{
  LkFileList *list = list_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { .list = list, .seen = seen };

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autoptr (GError) reason = NULL;
      LkSighting *sighting = lk_sighting_parse (words[i], &reason);

      if (sighting != NULL)
        keep (&reader, i + 1, sighting);
      else
        add_fault (list, i + 1, reason->message);
    }

  return list;
}
