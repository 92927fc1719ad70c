/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-credentials.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_NAME 64
#define MAX_USER 256

char *
lk_console_get_credential_purpose (const char *name)
{
  g_autofree char *folded = g_utf8_casefold (name, -1);

  return g_strconcat ("credential:", folded, NULL);
}

static gboolean
set_invalid (GError **error, const char *words)
{
  g_set_error_literal (error, LK_ERROR, LK_ERROR_INVALID, words);
  return FALSE;
}

static gboolean
is_text (const char *text)
{
  return text != NULL && *text != '\0' && strlen (text) <= MAX_USER &&
         g_utf8_validate (text, -1, NULL);
}

/* What each kind needs; what else there is is not kept. */
static gboolean
check_kind (const LkCredentialDraft *draft, GError **error)
{
  g_autoptr (LkClientCertificate) certificate = NULL;

  switch (draft->kind)
    {
    case LK_CREDENTIAL_PASSWORD:
    case LK_CREDENTIAL_ASK:
      if (!is_text (draft->user))
        return set_invalid (error, _ ("A user name has 1 to 256 characters, like Administrator,"
                                      " LAB\\admin or admin@lab.test"));
      return draft->kind == LK_CREDENTIAL_ASK || draft->secret != NULL
                 ? TRUE
                 : set_invalid (error, _ ("The set needs a password"));
    case LK_CREDENTIAL_TICKET:
      return TRUE;
    case LK_CREDENTIAL_KEYTAB:
      if (!is_text (draft->user))
        return set_invalid (error, _ ("Say whose key in the keytab is meant, like svc@LAB.TEST"));
      return draft->keytab != NULL && g_path_is_absolute (draft->keytab) &&
                     g_file_test (draft->keytab, G_FILE_TEST_IS_REGULAR)
                 ? TRUE
                 : set_invalid (error, _ ("The keytab must be the whole path of a file"));
    case LK_CREDENTIAL_CERTIFICATE:
      if (draft->certificate == NULL || draft->secret == NULL)
        return set_invalid (error, _ ("The set needs a certificate and its key, both in PEM"));
      certificate = lk_client_certificate_new (draft->certificate, draft->secret, error);
      return certificate != NULL;
    default:
      return set_invalid (error, _ ("There is no such kind of credential set"));
    }
}

static gboolean
check_scheme (const LkCredentialDraft *draft, GError **error)
{
  gboolean is_kerberos_only =
      draft->kind == LK_CREDENTIAL_TICKET || draft->kind == LK_CREDENTIAL_KEYTAB;
  gboolean is_certificate = draft->kind == LK_CREDENTIAL_CERTIFICATE;

  if (draft->scheme == LK_SCHEME_AUTO)
    return TRUE;
  if (is_certificate != (draft->scheme == LK_SCHEME_CERTIFICATE) ||
      (is_kerberos_only && draft->scheme != LK_SCHEME_KERBEROS))
    return set_invalid (error, _ ("That way of signing in does not go with this kind of set"));
  return TRUE;
}

gboolean
lk_credential_draft_check (const LkCredentialDraft *draft, GError **error)
{
  const char *scope = draft->scope != NULL ? draft->scope : "*";
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

  if (*draft->name == '\0' || strlen (draft->name) > MAX_NAME ||
      strspn (draft->name, letters) != strlen (draft->name))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("A credential's name has letters, digits, dots and dashes, at most %d"),
                   MAX_NAME);
      return FALSE;
    }
  if (!is_text (scope))
    return set_invalid (error, _ ("A scope is a pattern like *, pc-* or *.lab.test"));
  return check_kind (draft, error) && check_scheme (draft, error);
}

gboolean
lk_console_put_credential (LkConsole *self, const LkCredentialDraft *draft, GError **error)
{
  g_autofree char *purpose = lk_console_get_credential_purpose (draft->name);
  const char *scope = draft->scope != NULL ? draft->scope : "*";
  gboolean is_certificate = draft->kind == LK_CREDENTIAL_CERTIFICATE;
  gboolean is_kept = draft->kind == LK_CREDENTIAL_PASSWORD || is_certificate;
  g_autoptr (GBytes) ciphertext = NULL;
  LkStore *store;

  if (!lk_credential_draft_check (draft, error))
    return FALSE;
  if (is_kept)
    {
      ciphertext = lk_console_seal (self, purpose, draft->secret, error);
      if (ciphertext == NULL)
        return FALSE;
    }

  store = lk_console_get_store (self, error);
  return store != NULL &&
         lk_store_put_credential (
             store,
             &(LkCredentialRow){
                 .name = (char *) draft->name,
                 .kind = draft->kind,
                 .scheme = draft->scheme,
                 .user = (char *) (draft->user != NULL ? draft->user : ""),
                 .scope = (char *) scope,
                 .file = draft->kind == LK_CREDENTIAL_KEYTAB ? (char *) draft->keytab : NULL,
                 .certificate = is_certificate ? (char *) draft->certificate : NULL,
                 .ciphertext = ciphertext,
             },
             lk_console_now (self), error);
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

const LkCredentialRow *
lk_console_choose_credential (GPtrArray *rows, const LkMachineNames *names)
{
  const LkCredentialRow *best = NULL;
  guint best_fit = 0;

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

  return best;
}
