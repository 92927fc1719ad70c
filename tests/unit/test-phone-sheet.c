/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"
#include "console/lk-phone-sheet.h"

#include <glib/gstdio.h>
#include <string.h>

/* The sheet for the telephone, as a browser and a printer get it. */

#define IID "111111222222333333444444555555666666777777888888999999"
#define NOW 1767225600000 /* 2026-01-01 00:00 UTC */

static void
add_line (GPtrArray *lines, const char *machine, const char *product, LkPhoneState state)
{
  LkPhoneLine *line = g_new0 (LkPhoneLine, 1);

  line->machine = g_strdup (machine);
  line->product = g_strdup (product);
  line->partial_key = g_strdup ("ABC12");
  line->iid = state != LK_PHONE_NO_IID ? g_strdup (IID) : NULL;
  line->left = -1;
  line->state = state;
  g_ptr_array_add (lines, line);
}

static GPtrArray *
make_lines (void)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_phone_line_free);

  add_line (lines, "pc-001", "Windows(R), Professional edition", LK_PHONE_WAITING);
  add_line (lines, "pc-002", "Windows(R), Professional edition", LK_PHONE_LICENSED);
  add_line (lines, "<script>alert (1)</script>&\"'\x1b[31m",
            "\xff\xe2\x80\xae"
            "evil<b>\n2. pc-007",
            LK_PHONE_WAITING);
  add_line (lines, "pc-003", NULL, LK_PHONE_IN_FLIGHT);
  add_line (lines, "pc-004", NULL, LK_PHONE_NO_IID);
  return lines;
}

static void
assert_golden (const char *text, const char *file)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "phone-sheet", file, NULL);
  g_autofree char *golden = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &golden, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, golden);
}

static guint
count (const char *text, const char *part)
{
  guint n = 0;

  while ((text = strstr (text, part)) != NULL)
    {
      text += strlen (part);
      n++;
    }
  return n;
}

static void
test_html (void)
{
  const LkXmlLimits limits = { .max_bytes = 65536, .max_text = 4096, .max_elements = 1000 };
  g_autoptr (GPtrArray) lines = make_lines ();
  g_autofree char *html = lk_phone_sheet_to_html (lines, NOW);
  g_autoptr (GError) error = NULL;
  const char *root = strstr (html, "<html");
  g_autoptr (xmlDoc) doc = lk_xml_parse (root, strlen (root), &limits, "the sheet", &error);

  g_assert_no_error (error);
  g_assert_nonnull (doc);
  g_assert_cmpuint (lk_phone_sheet_count (lines), ==, 3);
  g_assert_cmpuint (count (html, "class=\"product\""), ==, 3);
  g_assert_cmpuint (count (html, "class=\"box\""), ==, 3 * 8);
  g_assert_cmpuint (count (html, "<script"), ==, 0);
  g_assert_cmpuint (count (html, "\xe2\x80\xae"), ==, 0);
  assert_golden (html, "sheet.html");
}

static void
test_text (void)
{
  g_autoptr (GPtrArray) lines = make_lines ();
  g_autofree char *text = lk_phone_sheet_to_text (lines, NOW);

  g_assert_null (strchr (text, '\x1b'));
  assert_golden (text, "sheet.txt");
}

/* No product is torn by the end of a page, and no page is too long. */
static void
test_pages (void)
{
  g_autoptr (GPtrArray) lines =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_phone_line_free);
  g_autofree char *text = NULL;
  g_auto (GStrv) pages = NULL;
  guint n_products = 0;

  for (guint i = 0; i < 40; i++)
    add_line (lines, "pc", "Windows", i % 3 == 0 ? LK_PHONE_IN_FLIGHT : LK_PHONE_WAITING);
  text = lk_phone_sheet_to_text (lines, NOW);
  pages = g_strsplit (text, "\f", -1);
  g_assert_cmpuint (g_strv_length (pages), >, 5);
  for (guint i = 0; pages[i] != NULL; i++)
    {
      g_assert_cmpuint (count (pages[i], "\n"), <=, 56);
      g_assert_cmpuint (count (pages[i], ". pc\n"), ==, count (pages[i], "H: ["));
      n_products += count (pages[i], ". pc\n");
    }
  g_assert_cmpuint (n_products, ==, 40);
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_save (void)
{
  g_autoptr (GPtrArray) lines = make_lines ();
  g_autofree char *folder = g_dir_make_tmp ("latchkey-sheet-XXXXXX", NULL);
  g_autofree char *html = g_build_filename (folder, "sheet.html", NULL);
  g_autofree char *text = g_build_filename (folder, "sheet", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "none", "sheet.html", NULL);
  g_autofree char *got = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf facts;

  g_assert_true (g_file_set_contents (html, "older", -1, NULL));
  g_assert_true (lk_phone_sheet_save (lines, NOW, html, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (html, &got, NULL, NULL));
  assert_golden (got, "sheet.html");
  g_clear_pointer (&got, g_free);
  g_assert_true (lk_phone_sheet_save (lines, NOW, text, &error));
  g_assert_true (g_file_get_contents (text, &got, NULL, NULL));
  assert_golden (got, "sheet.txt");
  g_assert_cmpint (g_stat (text, &facts), ==, 0);
  g_assert_cmpuint (facts.st_mode & 0777, ==, 0600);

  g_assert_false (lk_phone_sheet_save (lines, NOW, nowhere, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, nowhere));
  g_clear_error (&error);
  g_ptr_array_set_size (lines, 0);
  g_assert_false (lk_phone_sheet_save (lines, NOW, html, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);

  g_assert_cmpuint (count_files (folder), ==, 2);
  g_unlink (html);
  g_unlink (text);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/phone-sheet/html", test_html);
  g_test_add_func ("/phone-sheet/text", test_text);
  g_test_add_func ("/phone-sheet/pages", test_pages);
  g_test_add_func ("/phone-sheet/save", test_save);
  return g_test_run ();
}
