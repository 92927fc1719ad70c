/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-table.h"

#include "lk-core-resources.h"

#include <gio/gio.h>

GPtrArray *
lk_table_read (const char *file, guint n_columns)
{
  g_autofree char *path = g_strconcat ("/org/latchkey/Latchkey/", file, NULL);
  g_autoptr (GError) error = NULL;
  /* Asked for by name, since a static library's constructor may be left out by the linker. */
  g_autoptr (GBytes) bytes =
      g_resource_lookup_data (lk_core_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  GPtrArray *rows = g_ptr_array_new ();
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (bytes == NULL)
    g_error ("Cannot read the table %s: %s", file, error->message);

  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      GStrv fields = g_strsplit (lines[i], "\t", -1);

      if (g_strv_length (fields) != n_columns)
        g_error ("Line %u of the table %s is damaged", i + 1, file);
      g_ptr_array_add (rows, fields);
    }

  return rows;
}
