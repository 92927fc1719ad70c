/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-wql.h"

#include "base/lk-error.h"

static const char *
get (const char *column, gpointer row)
{
  static const char *const values[] = { "Name",  "PC-0001", "Status",   "5", "Addon",
                                        "false", "Path",    "C:\\Temp", NULL };

  for (guint i = 0; values[i] != NULL; i += 2)
    if (g_ascii_strcasecmp (values[i], column) == 0)
      return values[i + 1];

  return NULL; /* every other column is null */
}

static const struct
{
  const char *where;
  gboolean matches;
} conditions[] = {
  { "Name = 'pc-0001'", TRUE },
  { "Name = \"PC-0002\"", FALSE },
  { "Name <> 'PC-0002' AND Status = 5", TRUE },
  { "Status > 10", FALSE }, /* as numbers: as texts, "5" is more than "10" */
  { "Status >= '5'", TRUE },
  { "Status <= 4 OR Status < 6", TRUE },
  { "Addon = FALSE", TRUE },
  { "NOT Addon = TRUE", TRUE },
  { "Key IS NULL", TRUE },
  { "Key IS NOT NULL", FALSE },
  { "Key = NULL", TRUE },
  { "Name <> NULL", TRUE },
  { "Key <> 'x'", FALSE },
  { "Name LIKE 'PC-%'", TRUE },
  { "Name LIKE 'pc-000_'", TRUE },
  { "Name LIKE '%[02]'", FALSE },
  { "Name LIKE '%[0-1]'", TRUE },
  { "Name LIKE '%[^0]'", TRUE },
  { "Name LIKE 'PC'", FALSE },
  { "Name LIKE '%%%%%%%%%%%%%%%%%%%%x'", FALSE },
  { "Path = 'C:\\\\Temp'", TRUE },
  /* AND binds closer than OR */
  { "Status = 5 OR Status = 6 AND Status = 7", TRUE },
  { "(Status = 5 OR Status = 6) AND Status = 7", FALSE },
};

static void
test_matches (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (conditions); i++)
    {
      g_autofree char *text = g_strconcat ("SELECT * FROM X WHERE ", conditions[i].where, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (LkWql) query = lk_wql_parse (text, &error);

      g_test_message ("%s", text);
      g_assert_no_error (error);
      g_assert_cmpint (lk_wql_matches (query, get, NULL), ==, conditions[i].matches);
    }
}

static void
test_columns (void)
{
  g_autoptr (LkWql) all = lk_wql_parse ("select * from SoftwareLicensingProduct", NULL);
  g_autoptr (LkWql) some =
      lk_wql_parse ("SELECT ID, Name FROM X WHERE Status = 1 AND Name IS NOT NULL", NULL);

  g_assert_cmpstr (lk_wql_get_class (all), ==, "SoftwareLicensingProduct");
  g_assert_null (lk_wql_get_columns (all));
  g_assert_cmpstr (lk_wql_get_columns (some)[0], ==, "ID");
  g_assert_cmpstr (lk_wql_get_columns (some)[1], ==, "Name");
  g_assert_null (lk_wql_get_columns (some)[2]);
  g_assert_cmpstr (lk_wql_get_used (some)[0], ==, "Status");
  g_assert_cmpstr (lk_wql_get_used (some)[1], ==, "Name");
}

static void
test_refused (void)
{
  static const char *const texts[] = {
    "",
    "SELECT",
    "SELECT FROM X",
    "SELECT a, FROM X",
    "SELECT * FROM",
    "SELECT * FROM X WHERE",
    "SELECT * FROM X WHERE a",
    "SELECT * FROM X WHERE a =",
    "SELECT * FROM X WHERE a = 'open",
    "SELECT * FROM X WHERE (a = 1",
    "SELECT * FROM X WHERE a = 1 b = 2",
    "SELECT * FROM X; DROP TABLE Y",
    "UPDATE X SET a = 1",
    "SELECT * FROM X WHERE a IS 1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_null (lk_wql_parse (texts[i], &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
    }
}

static char *
repeat (const char *head, const char *part, guint n, const char *tail)
{
  GString *text = g_string_new (head);

  for (guint i = 0; i < n; i++)
    g_string_append (text, part);
  g_string_append (text, tail);
  return g_string_free (text, FALSE);
}

static void
test_limits (void)
{
  g_autofree char *deep = repeat ("SELECT * FROM X WHERE ", "(", 1000, "a = 1");
  g_autofree char *negated = repeat ("SELECT * FROM X WHERE ", "NOT ", 1000, "a = 1");
  g_autofree char *parts = repeat ("SELECT * FROM X WHERE a = 1", " OR a = 1", 300, "");
  g_autofree char *columns = repeat ("SELECT ", "a,", 200, "a FROM X");
  g_autofree char *length = repeat ("SELECT * FROM X WHERE a = '", "x", LK_WQL_MAX_BYTES, "'");

  g_assert_null (lk_wql_parse (deep, NULL));
  g_assert_null (lk_wql_parse (negated, NULL));
  g_assert_null (lk_wql_parse (parts, NULL));
  g_assert_null (lk_wql_parse (columns, NULL));
  g_assert_null (lk_wql_parse (length, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wql/matches", test_matches);
  g_test_add_func ("/wql/columns", test_columns);
  g_test_add_func ("/wql/refused", test_refused);
  g_test_add_func ("/wql/limits", test_limits);

  return g_test_run ();
}
