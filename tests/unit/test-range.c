/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "discovery/lk-range.h"

#include <string.h>

/* All addresses of a set, joined by spaces. */
static char *
walk (const LkRanges *ranges)
{
  GString *text = g_string_new (NULL);
  LkRangeWalk at = { 0 };
  LkAddress address;

  while (lk_ranges_next (ranges, &at, &address))
    {
      g_autofree char *host = lk_address_to_host (&address);

      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", host);
      g_assert_true (lk_ranges_contains (ranges, &address));
    }

  return g_string_free (text, FALSE);
}

static void
test_forms (void)
{
  static const struct
  {
    const char *text;
    const char *addresses;
  } cases[] = {
    { "10.0.0.7", "10.0.0.7" },
    { "10.0.0.6/31", "10.0.0.6 10.0.0.7" },
    { "10.0.0.7/30", "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7" },
    { "10.0.0.254-10.0.1.1", "10.0.0.254 10.0.0.255 10.0.1.0 10.0.1.1" },
    { "10.0.0.5-7", "10.0.0.5 10.0.0.6 10.0.0.7" },
    { "255.255.255.254-255.255.255.255", "255.255.255.254 255.255.255.255" },
    { "fd00::7", "fd00::7" },
    { "fd00::/127", "fd00:: fd00::1" },
    { "fd00::fffe-fd00::1:1", "fd00::fffe fd00::ffff fd00::1:0 fd00::1:1" },
    { "::ffff:ffff:ffff:fffe-::ffff:ffff:ffff:ffff",
      "::ffff:ffff:ffff:fffe ::ffff:ffff:ffff:ffff" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkRanges) ranges = lk_ranges_new (0);
      g_autoptr (GError) error = NULL;
      g_autofree char *found = NULL;

      g_assert_true (lk_ranges_add (ranges, cases[i].text, NULL, &error));
      g_assert_no_error (error);
      found = walk (ranges);
      g_assert_cmpstr (found, ==, cases[i].addresses);
    }
}

static void
test_bad (void)
{
  static const char *const cases[] = {
    "",           "pc-1",          "10.0.0.256",       "10.0.0.0/33",     "10.0.0.0/",
    "10.0.0/24",  "10.0.0.7-6",    "10.0.0.7-",        "10.0.0.7-256",    "10.0.0.1-fd00::1",
    "fd00::/129", "fd00::1-5",     "10.0.0.0/8",       "0.0.0.0/0",       "::/0",
    "fd00::/64",  "fd00::-fd01::", "10.0.0.1%nowhere", "fe80::1%nowhere", "10.0.0.0/24x",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkRanges) ranges = lk_ranges_new (0);
      g_autoptr (GError) error = NULL;
      gboolean is_double = TRUE;

      g_assert_false (lk_ranges_add (ranges, cases[i], &is_double, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_false (is_double);
      g_assert_cmpuint (lk_ranges_count (ranges), ==, 0);
    }
}

/* Whatever is named how often, each address is in the set once. */
static void
test_overlap (void)
{
  g_autoptr (LkRanges) ranges = lk_ranges_new (0);
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;
  gboolean is_double;

  g_assert_true (lk_ranges_add (ranges, "10.0.0.4", NULL, NULL));
  g_assert_true (lk_ranges_add (ranges, "10.0.0.6", NULL, NULL));
  g_assert_true (lk_ranges_add (ranges, "10.0.0.3-7", NULL, NULL));
  g_assert_true (lk_ranges_add (ranges, "10.0.0.6-9", NULL, NULL));
  g_assert_false (lk_ranges_add (ranges, "10.0.0.5-8", &is_double, &error));
  g_assert_true (is_double);
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  found = walk (ranges);
  g_assert_cmpuint (lk_ranges_count (ranges), ==, 7);
  g_assert_cmpstr (found, ==, "10.0.0.4 10.0.0.6 10.0.0.3 10.0.0.5 10.0.0.7 10.0.0.8 10.0.0.9");
}

/* What would make it too many is left out as a whole; a person may allow more. */
static void
test_limit (void)
{
  g_autoptr (LkRanges) ranges = lk_ranges_new (300);
  g_autoptr (LkRanges) large = lk_ranges_new (G_GUINT64_CONSTANT (1) << 24);
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_ranges_add (ranges, "10.0.0.0/24", NULL, NULL));
  g_assert_false (lk_ranges_add (ranges, "10.0.0.128-10.0.1.127", NULL, &error));
  g_assert_nonnull (strstr (error->message, "300"));
  g_assert_cmpuint (lk_ranges_count (ranges), ==, 256);
  g_assert_true (lk_ranges_add (ranges, "10.0.1.0-43", NULL, NULL));
  g_assert_cmpuint (lk_ranges_count (ranges), ==, 300);

  g_assert_true (lk_ranges_add (large, "10.0.0.0/8", NULL, NULL));
  g_assert_cmpuint (lk_ranges_count (large), ==, 1 << 24);
}

static void
test_meant (void)
{
  g_assert_true (lk_range_is_meant ("10.0.0.0/24"));
  g_assert_true (lk_range_is_meant ("10.0.0.5-90"));
  g_assert_true (lk_range_is_meant ("10.0.0.256"));
  g_assert_true (lk_range_is_meant ("fd00::1"));
  g_assert_false (lk_range_is_meant ("pc-1.lab.test"));
  g_assert_false (lk_range_is_meant ("pc-1"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/range/forms", test_forms);
  g_test_add_func ("/range/bad", test_bad);
  g_test_add_func ("/range/overlap", test_overlap);
  g_test_add_func ("/range/limit", test_limit);
  g_test_add_func ("/range/meant", test_meant);
  return g_test_run ();
}
