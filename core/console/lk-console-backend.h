/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-backend.h"
#include "console/lk-console-private.h"
#include "console/lk-console-settings.h"

/* What the settings say about the backend, for the files of this folder. */

/* Purposes that ciphertexts are bound to; to be freed. */
char *lk_console_get_sealed_purpose (const char *setting);
char *lk_console_get_key_purpose (const char *fingerprint);

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
  char *certificate; /* its text */
  LkSecret *certificate_key;
} LkBackendSetup;

/* LK_ERROR_INVALID when the file has no certificate. @pem gets its text, to be freed. */
gboolean lk_console_read_certificate (const char *path, char **pem, GError **error);

void lk_backend_setup_free (LkBackendSetup *self);

/* LK_ERROR_INVALID, with the remedy, when no backend is set up. */
LkBackendSetup *lk_console_get_backend (LkConsole *self, GError **error);
gboolean lk_console_has_backend (LkConsole *self);

/* A duration in ms, or 0 when it is not set. */
gint64 lk_console_get_duration (LkConsole *self, const char *name);
guint lk_console_get_number (LkConsole *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkBackendSetup, lk_backend_setup_free)
