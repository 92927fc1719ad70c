/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-credentials.h"
#include "console/lk-logins.h"
#include "secret/lk-vault.h"
#include "store/lk-keys.h"

/* For the files of this folder. */

struct _LkConsole
{
  char *path;
  const LkClock *clock;
  LkStore *store;
  LkLogins *logins;
  GMutex lock; /* for what follows; lk-console-vault.c */
  LkVault *vault;
  char *vault_id;
  GPtrArray *old_vaults; /* somebody may still use one */
};

LkStore *lk_console_get_store (LkConsole *self, GError **error);
/* The vault with the key that this store is sealed under now; from any thread once the store is
 * open. Stays until the console is freed. */
LkVault *lk_console_get_vault (LkConsole *self, GError **error);
/* The credential sets in use, and the passwords of this run; from any thread. */
LkLogins *lk_console_get_logins (LkConsole *self);
/* The next one who needs the vault opens it again. */
void lk_console_drop_vault (LkConsole *self);
/* The provider of that @name for this store; LK_ERROR_DENIED when it is not known here. */
LkKeyProvider *lk_console_make_provider (LkConsole *self, const char *name, GError **error);
/* Gives the key that is in use its place, which must succeed, and deletes the one that is not, if
 * that can be done now. The lock must be ours. */
gboolean lk_console_tidy_keys (LkConsole *self, gboolean *is_tidy, GError **error);

/* Seals under a purpose, or opens; see lk_vault_seal(). */
GBytes *
lk_console_seal (LkConsole *self, const char *purpose, const LkSecret *secret, GError **error);
LkSecret *
lk_console_unseal (LkConsole *self, const char *purpose, GBytes *ciphertext, GError **error);

/* What a product key, as it was typed, tells by itself, and its ciphertext: a row that is in no
 * store yet, to be freed. LK_ERROR_INVALID when it is none. Asks nobody but the vault. */
LkKeyRow *lk_console_draft_key (LkVault *vault, const char *typed, GError **error);

/* What the passwords of a set are sealed for; to be freed. */
char *lk_console_get_credential_purpose (const char *name);
/* The row that fits best, of LkCredentialRow; NULL for none. */
const LkCredentialRow *lk_console_choose_credential (GPtrArray *rows, const LkMachineNames *names);
