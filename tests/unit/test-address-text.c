/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-address-text.h"

/* What a person typed: machines, ranges, and what is neither. */

static void
check_fault (const LkAddressText *text, guint i, guint line)
{
  const LkLineFault *fault = text->list->faults->pdata[i];

  g_assert_cmpuint (fault->line, ==, line);
  g_assert_true (*fault->reason != '\0');
}

static const LkSighting *
get (const LkAddressText *text, guint i)
{
  g_assert_cmpuint (text->list->sightings->len, >, i);
  return text->list->sightings->pdata[i];
}

static void
test_mixed (void)
{
  g_autoptr (LkAddressText) text = lk_address_text_parse ("pc-1.lab.test\n"
                                                          "  10.0.0.0/30 \n"
                                                          "\n"
                                                          "10.0.0.7:5986\n"
                                                          "10.0.1.5-9, fd00::/127\n"
                                                          "[fd00::9]:5985\n"
                                                          "pc-2");
  const char *const ranges[] = { "10.0.0.0/30", "10.0.1.5-9", "fd00::/127", NULL };

  g_assert_cmpuint (text->list->faults->len, ==, 0);
  g_assert_true (g_strv_equal ((const char *const *) text->ranges, ranges));
  g_assert_cmpuint (text->n_addresses, ==, 4 + 5 + 2);
  g_assert_cmpuint (text->list->sightings->len, ==, 4);
  g_assert_cmpstr (get (text, 0)->name, ==, "pc-1.lab.test");
  g_assert_cmpstr (get (text, 1)->name, ==, "10.0.0.7");
  g_assert_cmpuint (get (text, 1)->port, ==, 5986);
  g_assert_cmpstr (get (text, 2)->name, ==, "fd00::9");
  g_assert_cmpstr (get (text, 3)->name, ==, "pc-2");
}

/* Faults of machines and of ranges go by the lines of the whole text, in their order; the good ones
 * are kept. */
static void
test_faults (void)
{
  g_autoptr (LkAddressText) text = lk_address_text_parse ("10.0.0.300-4\n"
                                                          "pc-1\n"
                                                          "two words\n"
                                                          "10.0.0.0/33\n"
                                                          "10.0.0.9-10\n"
                                                          "PC-1\n"
                                                          "10.0.0.9-10\n");

  g_assert_cmpuint (text->list->sightings->len, ==, 1);
  g_assert_cmpuint (text->n_addresses, ==, 2);
  g_assert_cmpuint (text->list->faults->len, ==, 5);
  check_fault (text, 0, 1);
  check_fault (text, 1, 3);
  check_fault (text, 2, 4);
  check_fault (text, 3, 6);
  check_fault (text, 4, 7);
  g_assert_cmpuint (text->list->n_duplicates, ==, 2);
}

/* Names with dashes and slashes of addresses are no ranges. */
static void
test_names (void)
{
  g_autoptr (LkAddressText) text = lk_address_text_parse ("pc-1\nserver-2.lab.test\nfe-80\n");

  g_assert_cmpuint (text->list->sightings->len, ==, 3);
  g_assert_null (text->ranges[0]);
  g_assert_cmpuint (text->n_addresses, ==, 0);
}

static void
test_hostile (void)
{
  static const char *const texts[] = { "",      "\n\n\n",        "-",         "/",
                                       ":::::", "10.-",          "fd00::/-1", "0.0.0.0/0",
                                       "::/0",  "\xff\xfe-\x01", "10.0.0.1-", "%s%n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (LkAddressText) text = lk_address_text_parse (texts[i]);

      g_assert_nonnull (text->list);
      g_assert_nonnull (text->ranges);
      g_assert_cmpuint (text->list->sightings->len, ==, 0);
      g_assert_cmpuint (text->n_addresses, ==, 0);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/address-text/mixed", test_mixed);
  g_test_add_func ("/address-text/faults", test_faults);
  g_test_add_func ("/address-text/names", test_names);
  g_test_add_func ("/address-text/hostile", test_hostile);

  return g_test_run ();
}
