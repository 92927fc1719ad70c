/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-wql.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const char *
get (const char *column, gpointer row)
{
  /* Some columns are null, some are numbers, some are what the input says. */
  return column[0] < 'F' ? NULL : column[0] < 'P' ? "5" : row;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkWql) query = lk_wql_parse (text, &error);

  g_assert_true ((query == NULL) == (error != NULL));
  if (query == NULL)
    return 0;

  g_assert_nonnull (lk_wql_get_class (query));
  lk_wql_matches (query, get, text);
  return 0;
}
