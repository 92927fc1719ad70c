/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-credentials.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_NAME 64
#define MAX_USER 256

static char *
get_purpose (const char *name)
{
  g_autofree char *folded = g_utf8_casefold (name, -1);

  return g_strconcat ("credential:", folded, NULL);
}

static gboolean
check_credential (const char *name, const char *user, const char *scope, GError **error)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

  if (*name == '\0' || strlen (name) > MAX_NAME || strspn (name, letters) != strlen (name))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("A credential's name has letters, digits, dots and dashes, at most %d"),
                 MAX_NAME);
  else if (*user == '\0' || strlen (user) > MAX_USER || !g_utf8_validate (user, -1, NULL))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("A user name has 1 to %d characters, like Administrator, LAB\\admin or"
                    " admin@lab.test"),
                 MAX_USER);
  else if (*scope == '\0' || strlen (scope) > MAX_USER || !g_utf8_validate (scope, -1, NULL))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("A scope is a pattern like *, pc-* or *.lab.test"));
  else
    return TRUE;

  return FALSE;
}

gboolean
lk_console_put_credential (LkConsole *self,
                           const char *name,
                           const char *user,
                           const char *scope,
                           const LkSecret *password,
                           GError **error)
{
  g_autofree char *purpose = get_purpose (name);
  g_autoptr (GBytes) ciphertext = NULL;
  LkCredentialRow row = { .name = (char *) name,
                          .user = (char *) user,
                          .scope = (char *) (scope != NULL ? scope : "*") };

  if (!check_credential (name, user, row.scope, error))
    return FALSE;
  ciphertext = lk_console_seal (self, purpose, password, error);
  if (ciphertext == NULL)
    return FALSE;

  row.ciphertext = ciphertext;
  return lk_store_put_credential (lk_console_get_store (self, NULL), &row, lk_console_now (self),
                                  error);
}

GPtrArray *
lk_console_list_credentials (LkConsole *self, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_store_list_credentials (store, error) : NULL;
}

gboolean
lk_console_remove_credential (LkConsole *self, const char *name, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL && lk_store_remove_credential (store, name, error);
}

static gboolean
matches (GPatternSpec *pattern, const char *name)
{
  g_autofree char *folded = name != NULL ? g_utf8_casefold (name, -1) : NULL;

  return folded != NULL && g_pattern_spec_match_string (pattern, folded);
}

guint
lk_scope_match (const char *scope, const LkMachineNames *names)
{
  g_autofree char *folded = g_utf8_casefold (scope, -1);
  g_autoptr (GPatternSpec) pattern = g_pattern_spec_new (folded);
  gboolean of_machine = matches (pattern, names->name) || matches (pattern, names->fqdn) ||
                        matches (pattern, names->address);
  guint n_letters = 0;

  if (!of_machine && !matches (pattern, names->domain))
    return 0;

  for (const char *p = folded; *p != '\0'; p++)
    n_letters += *p != '*' && *p != '?';

  /* A machine before its domain, no pattern before a pattern, then by what the pattern spells
   * out. */
  return 1 + n_letters + (strpbrk (folded, "*?") == NULL ? 1000 : 0) +
         (of_machine && n_letters > 0 ? 2000 : 0);
}

gboolean
lk_console_get_credential (LkConsole *self,
                           const LkMachineNames *names,
                           char **user,
                           LkSecret **password,
                           GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (self, error);
  const LkCredentialRow *best = NULL;
  g_autofree char *purpose = NULL;
  guint best_fit = 0;

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < rows->len; i++)
    {
      const LkCredentialRow *row = g_ptr_array_index (rows, i);
      guint fit = lk_scope_match (row->scope, names);

      if (fit > best_fit)
        {
          best = row;
          best_fit = fit;
        }
    }
  if (best == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                   _ ("No credential fits %s; add one with: latchkeyctl credential add"),
                   names->name);
      return FALSE;
    }

  purpose = get_purpose (best->name);
  *password = lk_console_unseal (self, purpose, best->ciphertext, error);
  if (*password == NULL)
    return FALSE;

  *user = g_strdup (best->user);
  return TRUE;
}
