/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-license.h"

#include <glib/gi18n-lib.h>

static const struct
{
  LkLicenseStatus status;
  const char *word;
  const char *title;
} states[] = {
  { LK_LICENSE_UNREAD, "unread", N_ ("Not read yet") },
  { LK_LICENSE_UNLICENSED, "unlicensed", N_ ("Unlicensed") },
  { LK_LICENSE_LICENSED, "licensed", N_ ("Licensed") },
  { LK_LICENSE_OOB_GRACE, "initial-grace", N_ ("Initial grace") },
  { LK_LICENSE_OOT_GRACE, "out-of-tolerance-grace", N_ ("Out-of-tolerance grace") },
  { LK_LICENSE_NONGENUINE_GRACE, "non-genuine-grace", N_ ("Non-genuine grace") },
  { LK_LICENSE_NOTIFICATION, "notification", N_ ("Notification") },
  { LK_LICENSE_EXTENDED_GRACE, "extended-grace", N_ ("Extended grace") },
};

const char *
lk_license_status_to_title (LkLicenseStatus status)
{
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (states[i].status == status)
      return _ (states[i].title);

  return _ ("Unknown state");
}

const char *
lk_license_status_to_word (LkLicenseStatus status)
{
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (states[i].status == status)
      return states[i].word;

  return "unknown";
}

gboolean
lk_license_status_from_word (const char *word, LkLicenseStatus *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_strcmp0 (states[i].word, word) == 0)
      {
        *out = states[i].status;
        return TRUE;
      }

  return FALSE;
}

const char *
lk_application_to_title (const char *application_id)
{
  if (application_id == NULL)
    return "";
  if (g_ascii_strcasecmp (application_id, LK_APPLICATION_WINDOWS) == 0)
    return "Windows";
  if (g_ascii_strcasecmp (application_id, LK_APPLICATION_OFFICE) == 0)
    return "Office";
  if (g_ascii_strcasecmp (application_id, LK_APPLICATION_OFFICE_2010) == 0)
    return "Office 2010";

  return application_id;
}
