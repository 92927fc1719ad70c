/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

/* Where the key is kept under which the secrets of a store are sealed. */

/**
 * LkKeyPlace:
 * @provider: "file" or "secret-service"; NULL: nothing was ever sealed, so there is no key yet
 * @place: the same for people, as in "the file “…”"
 */
typedef struct
{
  char *provider;
  char *place;
  guint n_keys; /* what is sealed: product keys, passwords, settings */
  guint n_credentials;
  guint n_settings;
} LkKeyPlace;

void lk_key_place_free (LkKeyPlace *self);

/* Needs no key. */
LkKeyPlace *lk_console_get_key_place (LkConsole *self, GError **error);
/* The name of @provider for people; LK_ERROR_INVALID when it is none. To be freed. */
char *lk_console_describe_provider (LkConsole *self, const char *provider, GError **error);
/* Whether the key can be had now; LK_ERROR_DENIED when not. Deletes an old one that stayed. */
gboolean lk_console_try_key (LkConsole *self, GError **error);

/* Makes a new key with @provider, which may be the one that is in use, seals everything under it
 * and deletes the old key. Whenever it is interrupted, the store opens with a key that is there.
 * LK_ERROR_BUSY while a process runs jobs. @is_tidy FALSE: the old key could not be deleted now;
 * lk_console_try_key() tries again. */
gboolean
lk_console_change_key (LkConsole *self, const char *provider, gboolean *is_tidy, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKeyPlace, lk_key_place_free)
