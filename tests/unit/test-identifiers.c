/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "domain/lk-identifiers.h"

#include <string.h>

/* The sample of Microsoft's Volume Activation 2.0 guide. */
#define GUIDE_IID  "000963843315259493598506854253663081409973656140419231"
#define GUIDE_EPID "11111-00140-009-000002-03-1033-5384.0000-1942006"

static char *
write_long_iid (void)
{
  GString *iid = g_string_new (NULL);

  for (guint i = 0; i < 9; i++)
    {
      g_string_append_printf (iid, "%06u", 123456 + i * 98765 % 1000000);
      g_string_append_c (iid, lk_digits_get_check_digit (iid->str + iid->len - 6, 6));
    }

  return g_string_free (iid, FALSE);
}

static void
test_check_digit (void)
{
  g_assert_cmpint (lk_digits_get_check_digit ("00096", 5), ==, '3');
  /* Seven digits tell the weighting 1, 2, 1, … from 2, 1, 2, …: 1·1 + 6·2 = 13, modulo 7 is 6. */
  g_assert_cmpint (lk_digits_get_check_digit ("100006", 6), ==, '6');
}

static void
test_guide_sample (void)
{
  g_autoptr (GError) error = NULL;
  guint wrong = 99;
  g_autofree char *iid = lk_digits_from_typed (LK_DIGITS_IID, GUIDE_IID, &wrong, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (iid, ==, GUIDE_IID);
  g_assert_cmpuint (wrong, ==, 0);
}

static void
test_separators (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *groups = lk_digits_to_groups (GUIDE_IID);
  g_autofree char *dashes = g_strdelimit (g_strdup (groups), " ", '-');
  g_autofree char *spaced = lk_digits_from_typed (LK_DIGITS_IID, groups, NULL, &error);
  g_autofree char *dashed = lk_digits_from_typed (LK_DIGITS_IID, dashes, NULL, &error);
  g_autofree char *pasted =
      lk_digits_from_typed (LK_DIGITS_IID,
                            " 000963\u00a0843315 – 259493598506\t854253663081\n409973656140419231 ",
                            NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (groups, ==, "000963 843315 259493 598506 854253 663081 409973 656140 419231");
  g_assert_cmpstr (spaced, ==, GUIDE_IID);
  g_assert_cmpstr (dashed, ==, GUIDE_IID);
  g_assert_cmpstr (pasted, ==, GUIDE_IID);
}

static void
test_long (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *iid = write_long_iid ();
  g_autofree char *groups = lk_digits_to_groups (iid);
  g_autofree char *read = lk_digits_from_typed (LK_DIGITS_IID, groups, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (iid), ==, 63);
  g_assert_cmpint (groups[7], ==, ' ');
  g_assert_cmpstr (read, ==, iid);
}

/* Each group of each length: a wrong digit is found in its group. */
static void
test_wrong_group (void)
{
  g_autofree char *long_iid = write_long_iid ();
  const char *const good[] = { GUIDE_IID, long_iid };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    for (guint group = 0; group < 9; group++)
      {
        guint length = (guint) strlen (good[i]) / 9;
        g_autofree char *text = g_strdup (good[i]);
        g_autofree char *found = NULL;
        g_autofree char *part = NULL;
        g_autofree char *expected = NULL;
        g_autoptr (GError) error = NULL;
        char *digit = text + group * length + 2;
        guint wrong = 0;

        *digit = *digit == '9' ? '8' : (char) (*digit + 1);
        found = lk_digits_from_typed (LK_DIGITS_IID, text, &wrong, &error);
        part = g_strndup (text + group * length, length);
        expected =
            g_strdup_printf ("Group %u of the installation ID is wrong (%s)", group + 1, part);

        g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
        g_assert_null (found);
        g_assert_cmpuint (wrong, ==, group + 1);
        g_assert_cmpstr (error->message, ==, expected);
      }
}

static void
test_first_of_two (void)
{
  g_autofree char *text = g_strdup (GUIDE_IID);
  guint wrong;

  text[6] = '9';
  text[53] = '9';
  g_assert_false (lk_digits_check (text, 6, &wrong));
  g_assert_cmphex (wrong, ==, 1u << 1 | 1u << 8);
  g_assert_null (lk_digits_from_typed (LK_DIGITS_IID, text, &wrong, NULL));
  g_assert_cmpuint (wrong, ==, 2);
}

static void
test_refused (void)
{
  static const struct
  {
    LkDigits kind;
    const char *text;
    const char *message;
  } cases[] = {
    { LK_DIGITS_IID, "000963", "An installation ID has 54 or 63 digits, not 6" },
    { LK_DIGITS_IID, "", "An installation ID has 54 or 63 digits, not 0" },
    { LK_DIGITS_CID, GUIDE_IID, "A confirmation ID has 48 digits, not 54" },
    { LK_DIGITS_IID, "00 0x", "Character 5 of the installation ID is not a digit" },
    { LK_DIGITS_IID, "٣", "Character 1 of the installation ID is not a digit" },
    { LK_DIGITS_CID, "\xff\xfe", "The confirmation ID is not text" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      guint wrong = 99;

      g_assert_null (lk_digits_from_typed (cases[i].kind, cases[i].text, &wrong, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, cases[i].message);
      g_assert_cmpuint (wrong, ==, 0);
    }
}

/* What a machine says is not judged by its check digits. */
static void
test_plausible (void)
{
  g_autofree char *cid = g_strnfill (48, '1');
  g_autofree char *odd = g_strnfill (54, '1');

  g_assert_true (lk_digits_is_plausible (LK_DIGITS_IID, odd));
  g_assert_true (lk_digits_is_plausible (LK_DIGITS_CID, cid));
  g_assert_false (lk_digits_is_plausible (LK_DIGITS_IID, cid));
  g_assert_false (lk_digits_is_plausible (LK_DIGITS_CID, odd));
  g_assert_false (lk_digits_is_plausible (LK_DIGITS_IID, ""));
  odd[20] = ' ';
  g_assert_false (lk_digits_is_plausible (LK_DIGITS_IID, odd));
}

static void
test_epid (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *identity = lk_key_identity_from_epid (GUIDE_EPID);
  g_autofree char *elsewhere =
      lk_key_identity_from_epid ("03612-00140-009-000002-03-1031-17763.0000-0012024");
  LkEpid epid;

  g_assert_true (lk_epid_parse (GUIDE_EPID, &epid, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (epid.platform, ==, 11111);
  g_assert_cmpuint (epid.group, ==, 140);
  g_assert_cmpuint (epid.serial, ==, 9000002);
  g_assert_cmpuint (epid.channel, ==, 3);
  g_assert_cmpuint (epid.language, ==, 1033);
  g_assert_cmpuint (epid.build, ==, 5384);
  g_assert_cmpuint (epid.revision, ==, 0);
  g_assert_cmpuint (epid.day, ==, 194);
  g_assert_cmpuint (epid.year, ==, 2006);

  g_assert_cmpstr (identity, ==, "00140-009000002");
  g_assert_cmpstr (elsewhere, ==, identity);
  g_assert_null (lk_key_identity_from_epid (NULL));
  g_assert_null (lk_key_identity_from_epid (""));
}

static void
test_epid_refused (void)
{
  static const char *const texts[] = {
    "",
    "11111-00140-009-000002-03-1033-5384.0000",
    "11111-00140-009-000002-03-1033-5384.0000-194200",
    "11111-00140-009-000002-03-1033-5384.0000-19420061",
    "1111-00140-009-000002-03-1033-5384.0000-1942006",
    "11111-00140-009-000002-03-1033-53845384.0000-1942006",
    "11111-0x140-009-000002-03-1033-5384.0000-1942006",
    "11111-00140-009-000002-03-1033-5384.0000-1942006 ",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      LkEpid epid = { .group = 7 };

      g_assert_false (lk_epid_parse (texts[i], &epid, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_cmpuint (epid.group, ==, 7);
    }
}

static void
test_guid (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *guid = lk_guid_normalize (" {55C92734-D682-4D71-983E-D6EC3F16059F}\n", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (guid, ==, "55c92734-d682-4d71-983e-d6ec3f16059f");
  g_assert_null (lk_guid_normalize ("{55c92734-d682-4d71-983e-d6ec3f16059f", &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_null (lk_guid_normalize ("55c92734d6824d71983ed6ec3f16059f", NULL));
  g_assert_null (lk_guid_normalize ("", NULL));
}

static void
test_typed_groups (void)
{
  g_assert_cmpint (lk_cid_judge_group (""), ==, LK_GROUP_EMPTY);
  g_assert_cmpint (lk_cid_judge_group ("12345"), ==, LK_GROUP_UNFINISHED);
  g_assert_cmpint (lk_cid_judge_group ("123450"), ==, LK_GROUP_RIGHT);
  g_assert_cmpint (lk_cid_judge_group ("123451"), ==, LK_GROUP_WRONG);
  g_assert_cmpint (lk_cid_judge_group ("1234500"), ==, LK_GROUP_WRONG);
  g_assert_cmpint (lk_cid_judge_group ("12x"), ==, LK_GROUP_WRONG);
}

static void
assert_spread (const char *text, guint at, const char *const *expected)
{
  char *groups[LK_CID_GROUPS];

  g_assert_true (lk_cid_spread (text, at, groups));
  for (guint i = 0; i < LK_CID_GROUPS; i++)
    {
      g_assert_cmpstr (groups[i], ==, expected[i]);
      g_free (groups[i]);
    }
}

static void
test_spread (void)
{
  char *groups[LK_CID_GROUPS];

  /* A whole ID goes into all boxes, wherever it is pasted. */
  assert_spread ("111111-222222-333333-444444 555555\t666666 777777 888888", 5,
                 (const char *[8]){ "111111", "222222", "333333", "444444", "555555", "666666",
                                    "777777", "888888" });
  /* What is too long for its box goes on behind it, what is too much stays. */
  assert_spread ("1234567", 2, (const char *[8]){ [2] = "123456", [3] = "7" });
  assert_spread ("1234567", 7, (const char *[8]){ [7] = "1234567" });
  assert_spread ("12-34", 0, (const char *[8]){ [0] = "1234" });
  assert_spread ("", 3, (const char *[8]){ [3] = "" });
  g_assert_false (lk_cid_spread ("12a", 0, groups));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/identifiers/check-digit", test_check_digit);
  g_test_add_func ("/identifiers/guide-sample", test_guide_sample);
  g_test_add_func ("/identifiers/separators", test_separators);
  g_test_add_func ("/identifiers/long", test_long);
  g_test_add_func ("/identifiers/wrong-group", test_wrong_group);
  g_test_add_func ("/identifiers/first-of-two", test_first_of_two);
  g_test_add_func ("/identifiers/refused", test_refused);
  g_test_add_func ("/identifiers/plausible", test_plausible);
  g_test_add_func ("/identifiers/epid", test_epid);
  g_test_add_func ("/identifiers/epid-refused", test_epid_refused);
  g_test_add_func ("/identifiers/guid", test_guid);
  g_test_add_func ("/identifiers/typed-groups", test_typed_groups);
  g_test_add_func ("/identifiers/spread", test_spread);
  return g_test_run ();
}
