/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

/* Settings of a store, by name. */

#define LK_SETTING_BACKEND_URL             "backend.url"
#define LK_SETTING_BACKEND_KIND            "backend.kind"
#define LK_SETTING_BACKEND_DIGEST_KEY      "backend.digest-key"
#define LK_SETTING_BACKEND_TOKEN           "backend.token"
#define LK_SETTING_BACKEND_CERTIFICATE     "backend.certificate"
#define LK_SETTING_BACKEND_CERTIFICATE_KEY "backend.certificate-key"
#define LK_SETTING_BACKEND_CA              "backend.ca"
#define LK_SETTING_BACKEND_PIN             "backend.pin"
#define LK_SETTING_BACKEND_PROXY           "backend.proxy"
#define LK_SETTING_BACKEND_BATCH_SIZE      "backend.batch-size"
#define LK_SETTING_BACKEND_TIMEOUT         "backend.timeout"
#define LK_SETTING_MACHINES_CA             "machines.ca"
#define LK_SETTING_WORKERS                 "runner.workers"
#define LK_SETTING_FIRST_BACK_OFF          "runner.first-back-off"
#define LK_SETTING_LONGEST_BACK_OFF        "runner.longest-back-off"
#define LK_SETTING_CONNECT_TIMEOUT         "runner.connect-timeout"
#define LK_SETTING_ANSWER_TIMEOUT          "runner.answer-timeout"

typedef enum
{
  LK_SETTING_TEXT,
  LK_SETTING_NUMBER,
  LK_SETTING_DURATION, /* "50ms", "30s", "10m", "7d" */
  LK_SETTING_CHOICE,
  LK_SETTING_FILE,
  LK_SETTING_PIN,
  LK_SETTING_SECRET, /* sealed; its value is never shown */
} LkSettingKind;

typedef struct
{
  const char *name;
  LkSettingKind kind;
  const char *fallback; /* what counts while it is not set, for people */
  const char *choices;  /* of a choice, separated by "|" */
  gint64 min;           /* of a number, or of a duration in ms */
  gint64 max;
  const char *help; /* to be translated */
} LkSetting;

/* All that there are; the last one's name is NULL. */
const LkSetting *lk_settings_get_all (void);
/* LK_ERROR_INVALID when there is none of that name. */
const LkSetting *lk_setting_find (const char *name, GError **error);

/* Whether lk_console_set_setting() would take the value; opens no store. */
gboolean lk_setting_check (const char *name, const char *value, GError **error);
/* The same for lk_console_set_secret(). */
gboolean lk_setting_check_secret (const char *name, const LkSecret *secret, GError **error);

/* NULL without an error when it is not set; "sealed" for a secret that is. */
char *lk_console_get_setting (LkConsole *self, const char *name, GError **error);
/* Checks the value first. Not for secrets. */
gboolean
lk_console_set_setting (LkConsole *self, const char *name, const char *value, GError **error);
gboolean
lk_console_set_secret (LkConsole *self, const char *name, const LkSecret *secret, GError **error);
gboolean lk_console_unset_setting (LkConsole *self, const char *name, GError **error);
