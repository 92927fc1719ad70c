/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "discovery/lk-csv.h"
#include "discovery/lk-file-source.h"

#include <string.h>

/* Fields joined by "|", records by newlines, bad records as "!LINE". */
static char *
read_all (const char *data, gsize length)
{
  g_autofree char *exact = g_memdup2 (data, length); /* so that a read beyond the end is seen */
  g_autoptr (LkCsv) csv = lk_csv_new (exact, length, ',');
  GString *out = g_string_new (NULL);

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) fields = NULL;
      g_autofree char *joined = NULL;
      guint line;

      fields = lk_csv_next (csv, &line, &error);
      if (fields == NULL && error == NULL)
        return g_string_free (out, FALSE);
      joined = fields != NULL ? g_strjoinv ("|", fields) : g_strdup_printf ("!%u", line);
      g_string_append_printf (out, "%s%s", out->len > 0 ? "\n" : "", joined);
    }
}

static void
test_csv (void)
{
  static const struct
  {
    const char *data;
    const char *expected;
  } cases[] = {
    { "", "" },
    { "\n\r\n\r", "" },
    { "a,b\nc,d", "a|b\nc|d" },
    { "a,b\r\nc,d\r\n", "a|b\nc|d" },
    { "a\rb", "a\nb" },
    { "a,", "a|" },
    { ",", "|" },
    { " a , b ", "a|b" },
    { "\"a,b\",\"c\"\"d\"\n", "a,b|c\"d" },
    { "\"a\nb\",c\nd", "a\nb|c\nd" },
    { "a\"b,c\nd", "!1\nd" },
    { "\"a\"b,c\nd", "!1\nd" },
    { "\"never closed\nd", "!1\nd" },
    { "\"", "!1" },
    { "\"a\r", "!1" },
    { "a\n\"x\ny\"\n\"b\"c\nd", "a\nx\ny\n!4\nd" },
    { "a\xFF,b\nc", "!1\nc" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = read_all (cases[i].data, strlen (cases[i].data));

      g_assert_cmpstr (found, ==, cases[i].expected);
    }
}

static void
test_csv_limits (void)
{
  g_autofree char *long_field = g_strnfill (5000, 'x');
  g_autofree char *many = g_strnfill (5000, ',');
  g_autofree char *both = g_strconcat (long_field, "\n\"", long_field, "\"\n", many, "\nok", NULL);
  g_autofree char *found = read_all (both, strlen (both));
  g_autofree char *with_nul = read_all ("a\0b,c\nd", 7);

  g_assert_cmpstr (found, ==, "!1\n!2\n!3\nok");
  g_assert_cmpstr (with_nul, ==, "!1\nd");
}

static LkFileList *
parse (const char *data)
{
  g_autoptr (GError) error = NULL;
  LkFileList *list = lk_file_list_parse (data, strlen (data), "the list", &error);

  g_assert_no_error (error);
  return list;
}

static const LkSighting *
sighting (const LkFileList *list, guint n)
{
  g_assert_cmpuint (n, <, list->sightings->len);
  return g_ptr_array_index (list->sightings, n);
}

static guint
fault_line (const LkFileList *list, guint n)
{
  g_assert_cmpuint (n, <, list->faults->len);
  return ((const LkLineFault *) g_ptr_array_index (list->faults, n))->line;
}

static void
test_headings (void)
{
  g_autoptr (LkFileList) list = parse ("\xEF\xBB\xBF"
                                       "remarks;Domain;NAME;port;tls;address;Tags\r\n"
                                       "x;lab.test;pc-1;;yes;10.0.0.1;lab, floor 2 ,LAB\r\n"
                                       "y;;pc-2;15985;;\r\n"
                                       ";;;;;10.0.0.3\r\n"
                                       ";;pc-4;5986;;\r\n");

  g_assert_cmpuint (list->faults->len, ==, 0);
  g_assert_cmpstr (sighting (list, 0)->name, ==, "pc-1");
  g_assert_cmpstr (sighting (list, 0)->address, ==, "10.0.0.1");
  g_assert_cmpstr (sighting (list, 0)->domain, ==, "lab.test");
  g_assert_true (sighting (list, 0)->tls);
  g_assert_cmpuint (g_strv_length (sighting (list, 0)->tags), ==, 2);
  g_assert_cmpstr (sighting (list, 0)->tags[0], ==, "lab");
  g_assert_cmpstr (sighting (list, 0)->tags[1], ==, "floor 2");
  g_assert_null (sighting (list, 1)->tags);
  g_assert_cmpuint (sighting (list, 1)->port, ==, 15985);
  g_assert_false (sighting (list, 1)->tls);
  g_assert_null (sighting (list, 1)->address);
  g_assert_cmpstr (sighting (list, 2)->name, ==, "10.0.0.3");
  g_assert_true (sighting (list, 3)->tls);
}

static void
test_bad_lines (void)
{
  g_autoptr (LkFileList) list = parse ("name,port,tls\n"
                                       "pc-1,,\n"
                                       "pc 2,,\n"
                                       "pc-3,70000,\n"
                                       "pc-4,,perhaps\n"
                                       "PC-1,,\n"
                                       ",,\n"
                                       "10.0.0.256,,\n"
                                       "-pc,,\n"
                                       "pc-9,,no\n");

  g_assert_cmpuint (list->sightings->len, ==, 2);
  g_assert_cmpstr (sighting (list, 1)->name, ==, "pc-9");
  g_assert_cmpuint (list->faults->len, ==, 7);
  for (guint i = 0; i < 7; i++)
    g_assert_cmpuint (fault_line (list, i), ==, i + 3);
  g_assert_cmpuint (list->n_duplicates, ==, 1);
}

static void
test_bad_tags (void)
{
  g_autoptr (LkFileList) list = parse ("name,tags\n"
                                       "pc-1,lab\n"
                                       "pc-2,all*\n"
                                       "pc-3,\"a\tb\"\n"
                                       "pc-4,0123456789012345678901234567890123456789"
                                       "0123456789012345678901234\n"
                                       "pc-5,\"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"
                                       "20,21,22,23,24,25,26,27,28,29,30,31,32,33\"\n"
                                       "pc-6,\" ; ,\"\n");

  g_assert_cmpuint (list->sightings->len, ==, 2);
  g_assert_cmpuint (list->faults->len, ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (fault_line (list, i), ==, i + 3);
  g_assert_nonnull (strstr (((LkLineFault *) list->faults->pdata[0])->reason, "all*"));
}

static void
test_plain_list (void)
{
  g_autoptr (LkFileList) list = parse ("# the lab\n"
                                       "pc-1.lab.test\n"
                                       "\n"
                                       "  [fd00::7]:5986  # with TLS\r\n"
                                       "fd00::8\n"
                                       "https://pc-2:15986\n"
                                       "what is this\n"
                                       "pc-3:0\n");

  g_assert_cmpuint (list->sightings->len, ==, 4);
  g_assert_cmpstr (sighting (list, 1)->name, ==, "fd00::7");
  g_assert_cmpuint (sighting (list, 1)->port, ==, 5986);
  g_assert_true (sighting (list, 1)->tls);
  g_assert_cmpstr (sighting (list, 2)->name, ==, "fd00::8");
  g_assert_cmpuint (sighting (list, 2)->port, ==, 0);
  g_assert_cmpstr (sighting (list, 3)->name, ==, "pc-2");
  g_assert_true (sighting (list, 3)->tls);
  g_assert_cmpuint (fault_line (list, 0), ==, 7);
  g_assert_cmpuint (fault_line (list, 1), ==, 8);
}

static void
test_no_heading (void)
{
  static const char data[] = "pc-1,10.0.0.1\npc-2,10.0.0.2\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (LkFileList) list = lk_file_list_parse (data, strlen (data), "fleet.csv", &error);

  g_assert_null (list);
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "fleet.csv"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/csv/records", test_csv);
  g_test_add_func ("/csv/limits", test_csv_limits);
  g_test_add_func ("/file-source/headings", test_headings);
  g_test_add_func ("/file-source/bad-lines", test_bad_lines);
  g_test_add_func ("/file-source/bad-tags", test_bad_tags);
  g_test_add_func ("/file-source/plain-list", test_plain_list);
  g_test_add_func ("/file-source/no-heading", test_no_heading);
  return g_test_run ();
}
