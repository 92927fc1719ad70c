/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* LicenseStatus as WMI counts it, plus "never read". */
typedef enum
{
  LK_LICENSE_UNREAD = -1,
  LK_LICENSE_UNLICENSED = 0,
  LK_LICENSE_LICENSED = 1,
  LK_LICENSE_OOB_GRACE = 2,
  LK_LICENSE_OOT_GRACE = 3,
  LK_LICENSE_NONGENUINE_GRACE = 4,
  LK_LICENSE_NOTIFICATION = 5,
  LK_LICENSE_EXTENDED_GRACE = 6,
} LkLicenseStatus;

/* For people, translated: "Initial grace". */
const char *lk_license_status_to_title (LkLicenseStatus status);
/* For --select, JSON and tests: "initial-grace". */
const char *lk_license_status_to_word (LkLicenseStatus status);
gboolean lk_license_status_from_word (const char *word, LkLicenseStatus *out);

/* Whole days left, rounded down. */
#define LK_MINUTES_TO_DAYS(minutes) ((minutes) / 1440)

#define LK_APPLICATION_WINDOWS     "55c92734-d682-4d71-983e-d6ec3f16059f"
#define LK_APPLICATION_OFFICE      "0ff1ce15-a989-479d-af46-f275c6370663"
#define LK_APPLICATION_OFFICE_2010 "59a52881-a989-479d-af46-f275c6370663"

/* "Windows", "Office", "Office 2010" or the GUID itself. */
const char *lk_application_to_title (const char *application_id);
