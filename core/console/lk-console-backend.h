/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-backend.h"
#include "console/lk-console-private.h"

/* What the settings say about the backend, for the files of this folder. */

#define LK_SETTING_BACKEND_URL        "backend.url"
#define LK_SETTING_BACKEND_KIND       "backend.kind"
#define LK_SETTING_BACKEND_DIGEST_KEY "backend.digest-key"
#define LK_SETTING_BACKEND_TOKEN      "backend.token"
#define LK_SETTING_BACKEND_CA         "backend.ca"
#define LK_SETTING_BACKEND_PIN        "backend.pin"
#define LK_SETTING_BACKEND_PROXY      "backend.proxy"
#define LK_SETTING_BACKEND_BATCH_SIZE "backend.batch-size"
#define LK_SETTING_BACKEND_TIMEOUT    "backend.timeout"
#define LK_SETTING_MACHINES_CA        "machines.ca"
#define LK_SETTING_WORKERS            "runner.workers"
#define LK_SETTING_FIRST_BACK_OFF     "runner.first-back-off"
#define LK_SETTING_LONGEST_BACK_OFF   "runner.longest-back-off"
#define LK_SETTING_CONNECT_TIMEOUT    "runner.connect-timeout"
#define LK_SETTING_ANSWER_TIMEOUT     "runner.answer-timeout"

/* Purposes that ciphertexts are bound to; to be freed. */
char *lk_console_get_sealed_purpose (const char *setting);
char *lk_console_get_key_purpose (const char *fingerprint);
char *lk_console_get_credential_purpose (const char *name);

/**
 * LkBackendSetup:
 *
 * The backend's options with what they point to.
 */
typedef struct
{
  LkBackendOptions options;
  guint batch_size;
  gboolean asks_again;

  char *url;
  char *ca_file;
  char *pin;
  char *proxy;
  LkSecret *digest_key;
  LkSecret *token;
} LkBackendSetup;

void lk_backend_setup_free (LkBackendSetup *self);

/* LK_ERROR_INVALID, with the remedy, when no backend is set up. */
LkBackendSetup *lk_console_get_backend (LkConsole *self, GError **error);
gboolean lk_console_has_backend (LkConsole *self);

/* A duration in ms, or 0 when it is not set. */
gint64 lk_console_get_duration (LkConsole *self, const char *name);
guint lk_console_get_number (LkConsole *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkBackendSetup, lk_backend_setup_free)
