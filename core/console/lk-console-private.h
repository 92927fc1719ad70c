/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-credentials.h"
#include "console/lk-logins.h"
#include "secret/lk-vault.h"

/* For the files of this folder. */

LkStore *lk_console_get_store (LkConsole *self, GError **error);
/* The vault with the key of this store; from any thread once the store is open. */
LkVault *lk_console_get_vault (LkConsole *self, GError **error);
/* The credential sets in use, and the passwords of this run; from any thread. */
LkLogins *lk_console_get_logins (LkConsole *self);
/* For tests: takes @provider, before the vault is first needed. */
void lk_console_set_key_provider (LkConsole *self, LkKeyProvider *provider);

/* Seals under a purpose, or opens; see lk_vault_seal(). */
GBytes *
lk_console_seal (LkConsole *self, const char *purpose, const LkSecret *secret, GError **error);
LkSecret *
lk_console_unseal (LkConsole *self, const char *purpose, GBytes *ciphertext, GError **error);

/* What the passwords of a set are sealed for; to be freed. */
char *lk_console_get_credential_purpose (const char *name);
/* The row that fits best, of LkCredentialRow; NULL for none. */
const LkCredentialRow *lk_console_choose_credential (GPtrArray *rows, const LkMachineNames *names);
