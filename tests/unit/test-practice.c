/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-identifiers.h"
#include "domain/lk-practice.h"

#include <string.h>

static void
test_keys (void)
{
  static const LkKeyKind kinds[] = { LK_KEY_MAK, LK_KEY_GVLK, LK_KEY_CSVLK };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint number = 0; number < 50; number++)
      {
        g_autoptr (LkSecret) key = lk_practice_key_new (kinds[i], number);
        g_autoptr (LkSecret) again = lk_practice_key_new (kinds[i], number);
        g_autoptr (LkSecret) parsed = NULL;
        g_autoptr (GError) error = NULL;
        LkKeyFacts facts;

        parsed = lk_product_key_parse (lk_secret_peek (key), &facts, &error);
        g_assert_no_error (error);
        g_assert_cmpstr (lk_secret_peek (parsed), ==, lk_secret_peek (key));
        g_assert_cmpstr (lk_secret_peek (again), ==, lk_secret_peek (key));
        g_assert_true (g_str_has_prefix (lk_secret_peek (key), "PRCTC-"));
        g_assert_null (strchr (lk_secret_peek (key), 'N'));
        g_assert_true (facts.is_practice);
        g_assert_false (facts.is_2009);
        g_assert_cmpint (facts.kind, ==, kinds[i]);
        g_assert_null (facts.edition);
        g_assert_cmpuint (facts.group, >=, 90000);
        g_assert_cmpuint (facts.group, <=, 99999);
        g_assert_cmpuint (facts.serial, <=, 999999999);
        g_assert_true (g_hash_table_add (seen, lk_key_identity_format (facts.group, facts.serial)));
      }
}

/* The lab of one version must know the keys that another wrote down. */
static void
test_stable (void)
{
  g_autoptr (LkSecret) key = lk_practice_key_new (LK_KEY_MAK, 1);
  g_autofree char *iid = lk_practice_iid ("hardware", "90000-000000001", 63);
  g_autofree char *cid = lk_practice_cid (iid, "90000-000000001");

  g_assert_cmpstr (lk_secret_peek (key), ==, "PRCTC-MRBM4-C2HXQ-HMK69-487FV");
  g_assert_cmpstr (iid, ==, "841701569396726579680225015139475960965254100313075724163690660");
  g_assert_cmpstr (cid, ==, "978580735085328450887335940324558874619062521084");
}

/* One changed letter, wherever it is, makes no other practice key. */
static void
test_mistyped (void)
{
  g_autoptr (LkSecret) key = lk_practice_key_new (LK_KEY_MAK, 7);

  for (gsize i = 0; i < lk_secret_get_length (key); i++)
    {
      g_autofree char *text = g_strdup (lk_secret_peek (key));
      LkKeyKind kind;
      guint group;
      guint32 serial;

      if (text[i] == '-')
        continue;
      text[i] = text[i] == 'B' ? 'C' : 'B';
      g_assert_false (lk_practice_key_decode (text, &kind, &group, &serial));
    }
}

static void
test_digits (void)
{
  static const guint lengths[] = { 54, 63 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *iid = lk_practice_iid ("machine-1", "90001-000000001", lengths[i]);
      g_autofree char *again = lk_practice_iid ("machine-1", "90001-000000001", lengths[i]);
      g_autofree char *other_machine = lk_practice_iid ("machine-2", "90001-000000001", lengths[i]);
      g_autofree char *other_key = lk_practice_iid ("machine-1", "90001-000000002", lengths[i]);
      g_autofree char *shifted = lk_practice_iid ("machine-19", "0001-000000001", lengths[i]);
      g_autofree char *cid = lk_practice_cid (iid, "90001-000000001");
      g_autofree char *other_cid = lk_practice_cid (other_machine, "90001-000000001");

      g_assert_cmpuint (strlen (iid), ==, lengths[i]);
      g_assert_true (lk_digits_check (iid, lengths[i] / 9, NULL));
      g_assert_cmpstr (iid, ==, again);
      g_assert_cmpstr (iid, !=, other_machine);
      g_assert_cmpstr (iid, !=, other_key);
      g_assert_cmpstr (iid, !=, shifted);
      g_assert_cmpuint (strlen (cid), ==, 48);
      g_assert_true (lk_digits_check (cid, 6, NULL));
      g_assert_cmpstr (cid, !=, other_cid);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/practice/keys", test_keys);
  g_test_add_func ("/practice/stable", test_stable);
  g_test_add_func ("/practice/mistyped", test_mistyped);
  g_test_add_func ("/practice/digits", test_digits);
  return g_test_run ();
}
