/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-codes.h"

#include "base/lk-xml.h"
#include "domain/lk-table.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  GHashTable *by_code;
  GHashTable *by_symbol; /* in upper case */
  GPtrArray *rows;       /* own the texts */
} Table;

static guint32
read_code (const char *text)
{
  guint64 code = 0;

  if (!lk_text_to_uint (text, G_MAXUINT32, &code))
    g_error ("“%s” in a table is not a code", text);

  return (guint32) code;
}

/* po/update puts these texts into the catalogues. */
static const char *
translate (const char *text)
{
  return *text != '\0' ? _ (text) : text;
}

static void
fill (Table *table, const char *file)
{
  table->rows = lk_table_read (file, 5);
  table->by_code = g_hash_table_new (g_direct_hash, g_direct_equal);
  table->by_symbol = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < table->rows->len; i++)
    {
      char **row = table->rows->pdata[i];
      LkCode *code = g_new (LkCode, 1);

      *code = (LkCode){ .code = read_code (row[0]),
                        .symbol = row[1],
                        .meaning = translate (row[2]),
                        .cause = translate (row[3]),
                        .action = translate (row[4]) };
      g_hash_table_insert (table->by_code, GUINT_TO_POINTER (code->code), code);
      if (*code->symbol != '\0')
        g_hash_table_insert (table->by_symbol, g_ascii_strup (code->symbol, -1), code);
    }
}

static const Table *
get_windows_table (void)
{
  static Table table;
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      fill (&table, "error-codes.tsv");
      g_once_init_leave (&ready, 1);
    }

  return &table;
}

static const Table *
get_batch_table (void)
{
  static Table table;
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      fill (&table, "batch-codes.tsv");
      g_once_init_leave (&ready, 1);
    }

  return &table;
}

const LkCode *
lk_code_lookup (guint32 code)
{
  return g_hash_table_lookup (get_windows_table ()->by_code, GUINT_TO_POINTER (code));
}

const LkCode *
lk_code_lookup_symbol (const char *symbol)
{
  g_autofree char *upper = g_ascii_strup (symbol, -1);

  return g_hash_table_lookup (get_windows_table ()->by_symbol, upper);
}

const LkCode *
lk_batch_code_lookup (guint32 code)
{
  return g_hash_table_lookup (get_batch_table ()->by_code, GUINT_TO_POINTER (code));
}

/* Eight hexadecimal digits are an HRESULT without its 0x, even if all are decimal: an HRESULT in
 * decimal has ten. */
static gboolean
is_bare_hresult (const char *text)
{
  return strlen (text) == 8 && strspn (text, "0123456789ABCDEFabcdef") == 8;
}

gboolean
lk_code_parse (const char *text, guint32 *out)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  const LkCode *known;
  gint64 negative;
  guint64 value;

  if (is_bare_hresult (trimmed))
    {
      *out = (guint32) g_ascii_strtoull (trimmed, NULL, 16);
      return TRUE;
    }
  if (lk_text_to_uint (trimmed, G_MAXUINT32, &value))
    {
      *out = (guint32) value;
      return TRUE;
    }
  if (g_ascii_string_to_signed (trimmed, 10, G_MININT32, -1, &negative, NULL))
    {
      *out = (guint32) negative;
      return TRUE;
    }

  known = lk_code_lookup_symbol (trimmed);
  if (known != NULL)
    *out = known->code;
  return known != NULL;
}
