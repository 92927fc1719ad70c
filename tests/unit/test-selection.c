/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "db/lk-db.h"
#include "store/lk-selection.h"

#include <string.h>

/* Runs the selection against a small fleet in SQLite itself and gives the ids that match, because
 * what counts is what the database makes of it. */
static char *
select_ids (const LkSelection *selection)
{
  static const char fleet[] =
      "CREATE TABLE machine (id INTEGER, name TEXT COLLATE NOCASE, fqdn TEXT COLLATE NOCASE,"
      " address TEXT, domain TEXT COLLATE NOCASE, last_ok INTEGER);"
      "CREATE TABLE product (machine_id INTEGER, name TEXT, edition TEXT, key_kind TEXT,"
      " partial_key TEXT, status INTEGER, grace_minutes INTEGER, application_id TEXT);"
      "CREATE TABLE machine_tag (machine_id INTEGER, tag TEXT COLLATE NOCASE);"
      "INSERT INTO machine_tag VALUES (1, 'lab'), (1, 'floor 2'), (3, 'Lab_x'), (4, 'labX');"
      "INSERT INTO machine VALUES (1, 'PC-001', 'pc-001.lab.test', '10.0.0.1', 'lab.test', 1),"
      " (2, 'pc-002', NULL, NULL, 'WORKGROUP', 0), (3, 'srv_1', NULL, NULL, NULL, 1),"
      " (4, '100%', NULL, NULL, 'lab.test', 1);"
      "INSERT INTO product VALUES (1, 'Windows(R), Enterprise edition', 'Enterprise', 'mak',"
      "  'ABC12', 2, 10079, '55c92734-d682-4d71-983e-d6ec3f16059f'),"
      " (2, 'Office 16', 'ProPlus', 'gvlk', 'XYZ99', 1, 0, '0ff1ce15-a989-479d-af46-f275c6370663'),"
      " (4, 'Windows(R), ServerStandard', 'ServerStandard', 'retail', NULL, 5, 20160,"
      "  '55c92734-d682-4d71-983e-d6ec3f16059f');";
  g_autofree char *sql = g_strdup_printf (
      "SELECT m.id FROM machine AS m LEFT JOIN product AS p ON p.machine_id = m.id WHERE %s"
      " ORDER BY m.id",
      selection->where);
  GString *ids = g_string_new (NULL);
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;

  g_assert_cmpint (sqlite3_open (":memory:", &db), ==, SQLITE_OK);
  lk_db_add_functions (db);
  g_assert_cmpint (sqlite3_exec (db, fleet, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_prepare_v2 (db, sql, -1, &statement, NULL);
  g_assert_cmpstr (sqlite3_errmsg (db), ==, "not an error");
  g_assert_cmpint (sqlite3_bind_parameter_count (statement), ==, (int) selection->values->len);
  for (guint i = 0; i < selection->values->len; i++)
    sqlite3_bind_text (statement, (int) i + 1, g_ptr_array_index (selection->values, i), -1,
                       SQLITE_STATIC);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_string_append_printf (ids, "%s%d", ids->len > 0 ? " " : "",
                            sqlite3_column_int (statement, 0));
  g_assert_cmpint (sqlite3_finalize (statement), ==, SQLITE_OK);
  sqlite3_close (db);
  return g_string_free (ids, FALSE);
}

static void
test_matches (void)
{
  static const struct
  {
    const char *text;
    const char *ids;
  } cases[] = {
    { "tag=LAB", "1" },
    { "tag=lab*", "1 3 4" },
    { "tag=lab_x", "3" },
    { "tag=floor 2|labx", "1 4" },
    { "tag=", "2" },
    { "tag!=lab*", "2" },
    { "tag!=", "1 3 4" },
    { "tag=lab*,domain=lab.test,state=grace", "1" },
    { NULL, "1 2 3 4" },
    { "", "1 2 3 4" },
    { " , ,", "1 2 3 4" },
    { "state=grace", "1" },
    { "state=licensed|notification", "2 4" },
    { "state!=licensed", "1 3 4" },
    { "state=unread", "3" },
    { "days<7", "1" }, /* 10079 minutes are six days; what is licensed for ever has none to count */
    { "days!=6", "4" },
    { "days=6,state=grace", "1" },
    { "days>=14", "4" },
    { "name=pc-*", "1 2" },
    { "name=pc-00?", "1 2" },
    { "name=PC-001", "1" },
    { "domain=LAB.TEST,name!=pc-*", "4" },
    { "domain=", "3" },
    { "app=windows", "1 4" },
    { "app=office", "2" },
    { "key=abc12", "1" },
    { "kind=mak|gvlk", "1 2" },
    { "kind=MAK|Gvlk", "1 2" },
    { "kind=ma", "" },
    { "product=OFFICE 16", "2" },
    { "result=failed", "2" },
    { "id>=3", "3 4" },
    { "address=10.0.0.*", "1" },
    { "office", "2" },
    { "OFFICE", "2" },
    { "16", "2" },
    { "fice17", "" },
    { "lab", "1 4" },
    { "edition=enterprise", "1" },
    { "product=*server*", "4" },
    /* What SQL and LIKE would read in their own way is text here. */
    { "name=100%", "4" },
    { "name=%", "" },
    { "name=srv_1", "3" },
    { "name=srv?1", "3" },
    { "name=pc_001", "" },
    { "name=' OR 1=1 --", "" },
    { "name='; DROP TABLE machine; --", "" },
    { "name=?1", "" },
    { "name=\\", "" },
    { "name=a\"b", "" },
    { "'", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LkSelection) selection = lk_selection_parse (cases[i].text, &error);
      g_autofree char *ids = NULL;

      g_assert_no_error (error);
      ids = select_ids (selection);
      if (g_strcmp0 (ids, cases[i].ids) != 0)
        g_test_message ("“%s”", cases[i].text);
      g_assert_cmpstr (ids, ==, cases[i].ids);
    }
}

static void
test_refused (void)
{
  static const char *const texts[] = {
    "colour=red",    "state=fine",  "days=soon",    "days<7 OR 1", "days<99999999999999999999",
    "name<x",        "app>windows", "result=maybe", "id=1;",       "=x",
    "name=\xFF\xFE", "m.name=x",    "1=1",          "days<",       "id=0x10",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      LkSelection *selection = lk_selection_parse (texts[i], &error);

      if (selection != NULL)
        g_test_message ("“%s”", texts[i]);
      g_assert_null (selection);
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
    }
}

/* Too much of it must not be cut off in silence: fewer conditions would mean more rows. */
static void
test_limits (void)
{
  g_autoptr (GString) conditions = g_string_new (NULL);
  g_autoptr (GString) values = g_string_new ("name=");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 100; i++)
    g_string_append (conditions, "name=*,");
  g_string_append (conditions, "id=1");
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (values, "x%u|", i);

  g_assert_null (lk_selection_parse (conditions->str, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (lk_selection_parse (values->str, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_names (void)
{
  static const struct
  {
    const char *const names[4];
    const char *ids;
  } cases[] = {
    { { "pc-001" }, "1" },
    { { "PC-001.LAB.TEST" }, "1" },
    { { "10.0.0.1", "srv_1" }, "1 3" },
    { { "#2" }, "2" },
    { { "#" }, "" },
    { { "#2 OR 1" }, "2" },
    { { "pc-*" }, "" },
    { { "' OR 1=1 --" }, "" },
    { { NULL }, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkSelection) selection = lk_selection_from_names (cases[i].names);
      g_autofree char *ids = select_ids (selection);

      g_assert_cmpstr (ids, ==, cases[i].ids);
    }
}

static void
test_names_product (void)
{
  static const struct
  {
    const char *text;
    gboolean expected;
  } cases[] = {
    { "name=pc-*", FALSE }, { "app=office", TRUE }, { "state=grace,product=*Office*", TRUE },
    { "product", FALSE },   { NULL, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkSelection) selection = lk_selection_parse (cases[i].text, NULL);

      g_assert_cmpint (selection->names_product, ==, cases[i].expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/selection/matches", test_matches);
  g_test_add_func ("/selection/refused", test_refused);
  g_test_add_func ("/selection/limits", test_limits);
  g_test_add_func ("/selection/names", test_names);
  g_test_add_func ("/selection/names-product", test_names_product);
  return g_test_run ();
}
