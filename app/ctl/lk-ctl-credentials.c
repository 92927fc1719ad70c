/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

static const LkCtlColumn columns[] = {
  { "name", N_ ("Name"), 's' },      { "kind", N_ ("Kind"), 's' },
  { "user", N_ ("User"), 's' },      { "scope", N_ ("For"), 's' },
  { "scheme", N_ ("Sign-in"), 's' }, { "stopped", NULL, 'b' },
  { "state", N_ ("State"), 's' },    { NULL, NULL, 0 },
};

/* The kind follows from the options; FALSE after a usage error was told. */
static gboolean
find_kind (LkCtl *ctl, LkCredentialKind *kind)
{
  const LkCtlOptions *options = &ctl->options;
  guint n = (guint) options->ask + (guint) options->ticket + (options->keytab != NULL) +
            (options->certificate != NULL);

  *kind = options->ask                   ? LK_CREDENTIAL_ASK
          : options->ticket              ? LK_CREDENTIAL_TICKET
          : options->keytab != NULL      ? LK_CREDENTIAL_KEYTAB
          : options->certificate != NULL ? LK_CREDENTIAL_CERTIFICATE
                                         : LK_CREDENTIAL_PASSWORD;
  if (n > 1)
    lk_ctl_fail_usage (ctl, _ ("A set has one kind: --ask, --ticket, --keytab, --certificate or a"
                               " password"));
  else if (options->user == NULL && *kind != LK_CREDENTIAL_TICKET &&
           *kind != LK_CREDENTIAL_CERTIFICATE)
    lk_ctl_fail_usage (ctl, _ ("Say which user with --user USER"));
  else
    return TRUE;

  return FALSE;
}

static gboolean
read_draft (LkCtl *ctl, LkCredentialDraft *draft, LkSecret **secret, char **pem, GError **error)
{
  if (draft->kind == LK_CREDENTIAL_CERTIFICATE &&
      !g_file_get_contents (ctl->options.certificate, pem, NULL, error))
    return FALSE;
  draft->certificate = *pem;

  if (draft->kind == LK_CREDENTIAL_PASSWORD)
    *secret = lk_ctl_get_secret (ctl, _ ("Password"), TRUE, error);
  else if (draft->kind == LK_CREDENTIAL_CERTIFICATE && ctl->options.secret_file == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("Say where the certificate's key is, with --private-key FILE"));
  else if (draft->kind == LK_CREDENTIAL_CERTIFICATE)
    *secret = lk_secret_read_file (ctl->options.secret_file, error);
  else
    return TRUE;

  draft->secret = *secret;
  return *secret != NULL;
}

static LkExit
add_credential (LkCtl *ctl)
{
  LkCredentialDraft draft = {
    .name = ctl->args[0],
    .user = ctl->options.user,
    .scope = ctl->options.scope,
  };
  g_autofree char *keytab = NULL;
  g_autofree char *pem = NULL;
  g_autoptr (LkSecret) secret = NULL;
  g_autoptr (GError) error = NULL;

  if (!find_kind (ctl, &draft.kind))
    return LK_EXIT_USAGE;
  if (ctl->options.scheme != NULL && !lk_scheme_parse (ctl->options.scheme, &draft.scheme))
    return lk_ctl_fail_usage (ctl,
                              _ ("“%s” is no way of signing in; give one of auto, kerberos,"
                                 " ntlm, basic, certificate"),
                              ctl->options.scheme);
  if (ctl->options.keytab != NULL)
    draft.keytab = keytab = g_canonicalize_filename (ctl->options.keytab, NULL);
  if (!read_draft (ctl, &draft, &secret, &pem, &error) ||
      !lk_console_put_credential (ctl->console, &draft, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("Credential %s is kept\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

static LkExit
list_credentials (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (ctl->console, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (columns);

  if (rows == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < rows->len; i++)
    {
      const LkCredentialRow *row = g_ptr_array_index (rows, i);
      g_autofree char *state = lk_console_describe_credential (ctl->console, row);

      lk_ctl_list_add (list, row->name, lk_credential_kind_to_word (row->kind), row->user,
                       row->scope, lk_scheme_to_word (row->scheme), row->stopped_at != 0, state);
    }
  lk_ctl_list_print (list, ctl, "credentials");
  return LK_EXIT_OK;
}

/* A set that is asked for is asked for here, too. */
static gboolean
answer (LkCtl *ctl, const char *name, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (ctl->console, error);
  g_autoptr (LkSecret) password = NULL;

  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const LkCredentialRow *row = rows->pdata[i];

      if (row->kind != LK_CREDENTIAL_ASK || g_ascii_strcasecmp (row->name, name) != 0)
        continue;
      password = lk_ctl_get_secret (ctl, _ ("Password"), FALSE, error);
      if (password == NULL)
        return FALSE;
      lk_console_answer_credential (ctl->console, row->name, password);
    }

  return rows != NULL;
}

static LkExit
test_credential (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  gboolean ok =
      answer (ctl, ctl->args[0], &error) &&
      lk_console_test_credential (ctl->console, ctl->args[0], ctl->args[1], &report, NULL, &error);

  if (report != NULL)
    {
      lk_ctl_set_text (ctl, "report", report);
      lk_ctl_print (ctl, "%s", report);
    }
  if (!ok)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("Credential %s works\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

static LkExit
remove_credential (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *question = g_strdup_printf (_ ("Remove the credential %s?"), ctl->args[0]);
  LkExit status;

  if (ctl->options.dry_run)
    return list_credentials (ctl);
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_remove_credential (ctl->console, ctl->args[0], &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("Credential %s is removed\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

gboolean
lk_ctl_ask_for_passwords (LkCtl *ctl, const LkChoice *choice, LkExit *status)
{
  LkChoice own = { 0 };
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GError) error = NULL;

  if (choice == NULL && !lk_ctl_get_choice (ctl, &own, FALSE))
    return TRUE;

  names = lk_console_list_unanswered (ctl->console, choice != NULL ? choice : &own, &error);
  for (guint i = 0; names != NULL && i < names->len && error == NULL; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *prompt = g_strdup_printf (_ ("Password of the credential set %s"), name);
      g_autoptr (LkSecret) password = lk_ctl_ask_secret (prompt, &error);

      if (password != NULL)
        lk_console_answer_credential (ctl->console, name, password);
    }
  if (error == NULL)
    return TRUE;

  *status = lk_ctl_fail (ctl, g_steal_pointer (&error));
  return FALSE;
}

void
lk_ctl_warn_of_credentials (LkCtl *ctl)
{
  g_autoptr (GPtrArray) warnings = lk_console_list_credential_warnings (ctl->console, NULL);

  for (guint i = 0; warnings != NULL && i < warnings->len; i++)
    lk_ctl_say (ctl, "%s", (const char *) g_ptr_array_index (warnings, i));
}

const LkCtlCommand lk_ctl_credential_commands[] = {
  { "credential add", N_ ("NAME"), N_ ("Add or replace a credential set for some machines"),
    "credential add default --user 'LAB\\admin'\n"
    "credential add lab --user admin@lab.test --scope '*.lab.test' --password-file ~/lab.txt\n"
    "credential add night --user admin@lab.test --ask\n"
    "credential add mine --ticket --scope lab.test\n"
    "credential add service --user svc@LAB.TEST --keytab /etc/latchkey.keytab\n"
    "credential add card --certificate admin.pem --private-key admin-key.pem",
    LK_TAKES_PASSWORD | LK_TAKES_SET, 1, 1, add_credential },
  { "credential list", "", N_ ("List credential sets, without their secrets"), "credential list",
    LK_TAKES_CSV, 0, 0, list_credentials },
  { "credential test", N_ ("NAME [MACHINE]"),
    N_ ("Try a credential set with its domain, or with a machine; a stopped one that works is used"
        " again"),
    "credential test lab\ncredential test local pc-001", LK_TAKES_PASSWORD_ONLY, 1, 2,
    test_credential },
  { "credential remove", N_ ("NAME"), N_ ("Remove a credential set"), "credential remove lab",
    LK_TAKES_YES | LK_TAKES_DRY_RUN, 1, 1, remove_credential },
  { 0 },
};
