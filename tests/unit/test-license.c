/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-license.h"

static void
test_words (void)
{
  for (int status = LK_LICENSE_UNREAD; status <= LK_LICENSE_EXTENDED_GRACE; status++)
    {
      LkLicenseStatus found = LK_LICENSE_UNREAD;

      g_assert_true (
          lk_license_status_from_word (lk_license_status_to_word ((LkLicenseStatus) status),
                                       &found));
      g_assert_cmpint (found, ==, status);
      g_assert_cmpstr (lk_license_status_to_title ((LkLicenseStatus) status), !=, "");
    }
}

static void
test_known (void)
{
  LkLicenseStatus status = LK_LICENSE_LICENSED;

  g_assert_cmpstr (lk_license_status_to_word (LK_LICENSE_OOB_GRACE), ==, "initial-grace");
  g_assert_cmpstr (lk_license_status_to_title (LK_LICENSE_OOB_GRACE), ==, "Initial grace");
  g_assert_cmpstr (lk_license_status_to_title (LK_LICENSE_UNREAD), ==, "Not read yet");
  g_assert_false (lk_license_status_from_word ("grace", &status));
  g_assert_false (lk_license_status_from_word (NULL, &status));
  g_assert_cmpint (status, ==, LK_LICENSE_LICENSED);
}

/* A later Windows may count further than we do. */
static void
test_beyond (void)
{
  g_assert_cmpstr (lk_license_status_to_word ((LkLicenseStatus) 7), ==, "unknown");
  g_assert_cmpstr (lk_license_status_to_title ((LkLicenseStatus) 7), ==, "Unknown state");
}

static void
test_days (void)
{
  g_assert_cmpuint (LK_MINUTES_TO_DAYS (43200u), ==, 30);
  g_assert_cmpuint (LK_MINUTES_TO_DAYS (43162u), ==, 29);
  g_assert_cmpuint (LK_MINUTES_TO_DAYS (1439u), ==, 0);
}

static void
test_applications (void)
{
  g_assert_cmpstr (lk_application_to_title (LK_APPLICATION_WINDOWS), ==, "Windows");
  g_assert_cmpstr (lk_application_to_title ("0FF1CE15-A989-479D-AF46-F275C6370663"), ==, "Office");
  g_assert_cmpstr (lk_application_to_title (LK_APPLICATION_OFFICE_2010), ==, "Office 2010");
  g_assert_cmpstr (lk_application_to_title ("else"), ==, "else");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/license/words", test_words);
  g_test_add_func ("/license/known", test_known);
  g_test_add_func ("/license/beyond", test_beyond);
  g_test_add_func ("/license/days", test_days);
  g_test_add_func ("/license/applications", test_applications);
  return g_test_run ();
}
