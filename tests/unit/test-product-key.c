/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "domain/lk-product-key.h"
#include "domain/lk-table.h"

#include <string.h>

/* Messages and test output never hold a key: cases are told by the row's number. */
static void
test_published (void)
{
  g_autoptr (GPtrArray) rows = lk_table_read ("gvlk.tsv", 3);
  guint n_2009 = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      char **row = rows->pdata[i];
      g_autoptr (GError) error = NULL;
      LkKeyFacts facts;
      g_autoptr (LkSecret) key = lk_product_key_parse (row[2], &facts, &error);

      g_assert_no_error (error);
      g_assert_true (strcmp (lk_secret_peek (key), row[2]) == 0);
      g_assert_cmpint (facts.kind, ==, LK_KEY_GVLK);
      g_assert_true (g_str_has_prefix (facts.edition, row[0]));
      g_assert_false (facts.is_practice);
      g_assert_true (facts.checksum_ok == facts.is_2009);
      if (facts.is_2009)
        {
          g_assert_cmpuint (facts.group, >, 0);
          n_2009++;
        }
    }

  g_assert_cmpuint (rows->len, ==, 130);
  g_assert_cmpuint (n_2009, ==, 105);
  g_ptr_array_set_free_func (rows, (GDestroyNotify) g_strfreev);
}

/* Fields worked out by another program. */
static void
test_fields (void)
{
  static const struct
  {
    const char *edition;
    guint group;
    guint32 serial;
  } cases[] = {
    { "Windows 8 Pro", 1787, 11 },
    { "Windows 8.1 Enterprise", 2613, 0 },
    { "Windows Server 2012 Datacenter", 1849, 1 },
  };
  g_autoptr (GPtrArray) rows = lk_table_read ("gvlk.tsv", 3);
  guint n_found = 0;

  for (guint i = 0; i < rows->len; i++)
    for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
      {
        char **row = rows->pdata[i];
        g_autoptr (LkSecret) key = NULL;
        LkKeyFacts facts;

        if (strcmp (row[0], cases[j].edition) != 0)
          continue;
        key = lk_product_key_parse (row[2], &facts, NULL);
        g_assert_cmpuint (facts.group, ==, cases[j].group);
        g_assert_cmpuint (facts.serial, ==, cases[j].serial);
        g_assert_cmpstr (facts.edition, ==, cases[j].edition);
        n_found++;
      }

  g_assert_cmpuint (n_found, ==, G_N_ELEMENTS (cases));
  g_ptr_array_set_free_func (rows, (GDestroyNotify) g_strfreev);
}

static char *
get_published_key (gboolean is_2009)
{
  g_autoptr (GPtrArray) rows = lk_table_read ("gvlk.tsv", 3);
  char *key = NULL;

  for (guint i = 0; i < rows->len && key == NULL; i++)
    if ((strchr (((char **) rows->pdata[i])[2], 'N') != NULL) == is_2009)
      key = g_strdup (((char **) rows->pdata[i])[2]);
  g_ptr_array_set_free_func (rows, (GDestroyNotify) g_strfreev);

  return key;
}

static void
test_typed (void)
{
  g_autofree char *key = get_published_key (TRUE);
  g_autofree char *lower = g_ascii_strdown (key, -1);
  g_auto (GStrv) groups = g_strsplit (lower, "-", -1);
  g_autofree char *bare = g_strjoinv ("", groups);
  g_autofree char *spaced = g_strjoinv (" ", groups);
  g_autofree char *dashed = g_strjoinv ("–", groups);
  const char *const texts[] = { lower, bare, spaced, dashed };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      LkKeyFacts facts;
      g_autoptr (LkSecret) parsed = lk_product_key_parse (texts[i], &facts, NULL);

      g_assert_true (parsed != NULL && strcmp (lk_secret_peek (parsed), key) == 0);
      g_assert_true (strcmp (facts.last_five, key + 24) == 0);
    }
}

/* Each letter of a key of the newer scheme in turn is mistyped. */
static void
test_checksum (void)
{
  g_autofree char *key = get_published_key (TRUE);

  for (guint i = 0; key[i] != '\0'; i++)
    {
      g_autofree char *text = g_strdup (key);
      g_autoptr (GError) error = NULL;
      LkKeyFacts facts;

      if (strchr ("-N", key[i]) != NULL)
        continue;
      text[i] = text[i] == 'B' ? 'C' : 'B';
      g_assert_null (lk_product_key_parse (text, &facts, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, "The product key is mistyped: its checksum is wrong");
      g_assert_cmpstr (facts.last_five, ==, "");
    }
}

/* A key of the older scheme tells nothing but its last letters. */
static void
test_older (void)
{
  g_autoptr (GError) error = NULL;
  LkKeyFacts facts;
  g_autoptr (LkSecret) key = lk_product_key_parse ("BBBBB-CCCCC-DDDDD-FFFFF-GGGG2", &facts, &error);

  g_assert_no_error (error);
  g_assert_nonnull (key);
  g_assert_false (facts.is_2009);
  g_assert_false (facts.is_practice);
  g_assert_cmpint (facts.kind, ==, LK_KEY_UNKNOWN);
  g_assert_cmpstr (facts.last_five, ==, "GGGG2");
  g_assert_null (facts.edition);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "", "A product key has 25 characters without its dashes, not 0" },
    { "BBBBB-BBBBB-BBBBB-BBBBB-BBBB",
      "A product key has 25 characters without its dashes, not 24" },
    { "BBBBB-BBBBB-BBBBB-BBBBB-BBBBBB",
      "A product key has 25 characters without its dashes, not 26" },
    { "BBBBB-BBABB-BBBBB-BBBBB-BBBBB",
      "Character 8 of the product key is not one that product keys use" },
    { "BBBBB-BBBBB-BBBBB-BBBBB-BBBBß",
      "Character 25 of the product key is not one that product keys use" },
    { "NBBBB-BBBBB-BBBBB-BBBBB-BBBBN", "The product key has more than one N, so it is mistyped" },
    { "\xff", "The product key is not text" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_product_key_parse (cases[i].text, NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
test_kinds (void)
{
  for (int kind = LK_KEY_UNKNOWN; kind <= LK_KEY_OEM; kind++)
    g_assert_cmpint (lk_key_kind_from_word (lk_key_kind_to_word ((LkKeyKind) kind)), ==, kind);
  g_assert_cmpint (lk_key_kind_from_word (NULL), ==, LK_KEY_UNKNOWN);

  g_assert_cmpint (lk_key_kind_from_channel ("Volume:MAK", NULL), ==, LK_KEY_MAK);
  g_assert_cmpint (lk_key_kind_from_channel ("Volume:GVLK", NULL), ==, LK_KEY_GVLK);
  g_assert_cmpint (lk_key_kind_from_channel ("Volume:CSVLK", NULL), ==, LK_KEY_CSVLK);
  g_assert_cmpint (lk_key_kind_from_channel ("Retail:TB:Eval", NULL), ==, LK_KEY_RETAIL);
  g_assert_cmpint (lk_key_kind_from_channel ("OEM:DM", NULL), ==, LK_KEY_OEM);
  g_assert_cmpint (
      lk_key_kind_from_channel (NULL, "Windows(R) Operating System, VOLUME_KMSCLIENT channel"), ==,
      LK_KEY_GVLK);
  g_assert_cmpint (
      lk_key_kind_from_channel ("", "Windows(R) Operating System, VOLUME_KMS_2022 channel"), ==,
      LK_KEY_CSVLK);
  g_assert_cmpint (lk_key_kind_from_channel (NULL, "Office 16, VOLUME_MAK channel"), ==,
                   LK_KEY_MAK);
  g_assert_cmpint (lk_key_kind_from_channel (NULL, NULL), ==, LK_KEY_UNKNOWN);
}

static void
test_mask (void)
{
  g_autofree char *masked = lk_product_key_mask ("ABC12");

  g_assert_cmpstr (masked, ==, "•••••-•••••-•••••-•••••-ABC12");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/product-key/published", test_published);
  g_test_add_func ("/product-key/fields", test_fields);
  g_test_add_func ("/product-key/typed", test_typed);
  g_test_add_func ("/product-key/checksum", test_checksum);
  g_test_add_func ("/product-key/older", test_older);
  g_test_add_func ("/product-key/refused", test_refused);
  g_test_add_func ("/product-key/kinds", test_kinds);
  g_test_add_func ("/product-key/mask", test_mask);
  return g_test_run ();
}
