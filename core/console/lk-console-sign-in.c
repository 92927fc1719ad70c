/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-credentials.h"

#include "base/lk-error.h"
#include "console/lk-console-private.h"
#include "console/lk-machine-target.h"
#include "wsman/lk-wsman.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Credential sets at work: from rows to logins, and what can be said of them. */

#define HOUR_SECONDS  3600
#define MONTH_SECONDS (30 * 24 * HOUR_SECONDS)

static void
on_stopped (const char *name, gint64 version, const char *why, gpointer user_data)
{
  LkConsole *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!lk_store_stop_credential (lk_console_get_store (self, NULL), name, version, why,
                                 lk_console_now (self), &error))
    g_warning ("That the credential set %s is stopped could not be written down: %s", name,
               error->message);
}

static LkLogin *
make_login (LkConsole *self, const LkCredentialRow *row, gboolean is_kept, GError **error)
{
  g_autofree char *purpose = lk_console_get_credential_purpose (row->name);
  g_autoptr (LkSecret) secret = NULL;
  g_autoptr (LkClientCertificate) certificate = NULL;
  LkLoginOptions options = {
    .name = row->name,
    .version = row->created_at,
    .kind = row->kind,
    .scheme = row->scheme,
    .user = row->user,
    .keytab = row->file,
    .stopped = is_kept ? on_stopped : NULL,
    .user_data = self,
  };

  if (row->kind == LK_CREDENTIAL_ASK)
    {
      secret = lk_logins_get_answer (lk_console_get_logins (self), row->name);
      if (secret == NULL && lk_logins_want_answer (lk_console_get_logins (self), row->name))
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                     _ ("Waits for the password of the credential set %s"), row->name);
      else if (secret == NULL)
        g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                     _ ("The password of the credential set %s is not kept, and nobody was there to"
                        " be asked for it"),
                     row->name);
    }
  else if (row->ciphertext != NULL)
    secret = lk_console_unseal (self, purpose, row->ciphertext, error);
  if (secret == NULL && (row->kind == LK_CREDENTIAL_ASK || row->ciphertext != NULL))
    return NULL;

  if (row->kind == LK_CREDENTIAL_CERTIFICATE)
    {
      certificate = lk_client_certificate_new (row->certificate, secret, error);
      if (certificate == NULL)
        return NULL;
      options.certificate = certificate;
    }
  else
    options.password = secret;
  return lk_login_new (&options);
}

static LkLogin *
find_login (LkConsole *self, const LkCredentialRow *row, GError **error)
{
  LkLogins *logins = lk_console_get_logins (self);
  g_autoptr (LkLogin) fresh = NULL;
  LkLogin *login = lk_logins_find (logins, row);

  if (login != NULL)
    return login;

  fresh = make_login (self, row, TRUE, error);
  return fresh != NULL ? lk_logins_keep (logins, row, fresh) : NULL;
}

/* The row that stands for the ticket in the cache, where no set fits. */
static const LkCredentialRow default_row = {
  .name = (char *) "ticket",
  .kind = LK_CREDENTIAL_TICKET,
  .user = (char *) "",
  .scope = (char *) "*",
};

static LkLogin *
find_default (LkConsole *self, const LkMachineNames *names, GError **error)
{
  g_autoptr (LkLogin) login = find_login (self, &default_row, error);
  g_autoptr (LkGssCredential) credential = NULL;
  g_autoptr (GError) cause = NULL;
  LkGssTrouble trouble;

  if (login == NULL)
    return NULL;
  credential = lk_login_get_kerberos (login, NULL, &trouble, &cause);
  if (credential != NULL)
    return g_steal_pointer (&login);

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("No credential fits %s; add one with: latchkeyctl credential add (%s)"),
               names->name, cause->message);
  return NULL;
}

/* A set that is not stopped. */
static LkLogin *
use_row (LkConsole *self, const LkCredentialRow *row, GError **error)
{
  if (row->stopped_at == 0)
    return find_login (self, row, error);

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("The credential set %s is not used, so that the account is not locked: %s; set it"
                  " right with: latchkeyctl credential add, or prove it with: latchkeyctl"
                  " credential test %s"),
               row->name, row->stopped_why, row->name);
  return NULL;
}

/* NULL with an error when there is none of that name. */
static const LkCredentialRow *
find_row (GPtrArray *rows, const char *name, GError **error)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_ascii_strcasecmp (((LkCredentialRow *) rows->pdata[i])->name, name) == 0)
      return rows->pdata[i];

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("No credential is known as “%s”"), name);
  return NULL;
}

LkLogin *
lk_console_get_named_login (LkConsole *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (self, error);
  const LkCredentialRow *row = rows != NULL ? find_row (rows, name, error) : NULL;

  return row != NULL ? use_row (self, row, error) : NULL;
}

char *
lk_console_find_question (LkConsole *self,
                          const char *name,
                          const LkMachineNames *names,
                          GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (self, error);
  g_autoptr (LkSecret) answer = NULL;
  const LkCredentialRow *row;

  if (rows == NULL)
    return NULL;
  row = name != NULL ? find_row (rows, name, error) : lk_console_choose_credential (rows, names);
  if (row == NULL || row->kind != LK_CREDENTIAL_ASK || row->stopped_at != 0)
    return NULL;
  answer = lk_logins_get_answer (lk_console_get_logins (self), row->name);
  return answer == NULL ? g_strdup (row->name) : NULL;
}

LkLogin *
lk_console_get_login (LkConsole *self, const LkMachineNames *names, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (self, error);
  const LkCredentialRow *best;

  if (rows == NULL)
    return NULL;
  best = lk_console_choose_credential (rows, names);
  if (best == NULL)
    return find_default (self, names, error);
  return use_row (self, best, error);
}

GPtrArray *
lk_console_list_unanswered (LkConsole *self, const LkChoice *choice, GError **error)
{
  g_autoptr (GPtrArray) credentials = lk_console_list_credentials (self, error);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean has_ask = FALSE;
  gboolean is_unknown = FALSE;

  for (guint i = 0; credentials != NULL && i < credentials->len; i++)
    has_ask |= ((LkCredentialRow *) credentials->pdata[i])->kind == LK_CREDENTIAL_ASK;
  if (!has_ask)
    return credentials != NULL ? g_steal_pointer (&found) : NULL;

  rows = lk_console_list_rows (self, choice, &is_unknown, &cause);
  if (rows == NULL && is_unknown) /* what is not known here is somebody else's to report */
    return g_steal_pointer (&found);
  if (rows == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  for (guint i = 0; i < rows->len; i++)
    {
      const LkRow *row = rows->pdata[i];
      g_autofree char *full_name =
          lk_machine_make_full_name (row->name, row->identity->fqdn, row->identity->domain);
      const LkMachineNames names = { row->name, full_name, row->address, row->identity->domain };
      const LkCredentialRow *best = lk_console_choose_credential (credentials, &names);
      g_autoptr (LkSecret) answer = NULL;

      /* One that is stopped is not used, whatever its password is. */
      if (best == NULL || best->kind != LK_CREDENTIAL_ASK || best->stopped_at != 0 ||
          g_ptr_array_find_with_equal_func (found, best->name, g_str_equal, NULL))
        continue;
      answer = lk_logins_get_answer (lk_console_get_logins (self), best->name);
      if (answer == NULL)
        g_ptr_array_add (found, g_strdup (best->name));
    }

  return g_steal_pointer (&found);
}

void
lk_console_expect_answers (LkConsole *self)
{
  lk_logins_expect_answers (lk_console_get_logins (self));
}

char **
lk_console_list_wanted (LkConsole *self)
{
  return lk_logins_list_wanted (lk_console_get_logins (self));
}

void
lk_console_answer_credential (LkConsole *self, const char *name, const LkSecret *password)
{
  lk_logins_set_answer (lk_console_get_logins (self), name, password);
}

static char *
spell_date (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seconds);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("?");
}

/* When a set's ticket or certificate ends, seconds since 1970; 0: never, or nobody knows. @why:
 * that it cannot be had. */
static gint64
find_end (LkConsole *self, const LkCredentialRow *row, char **of, char **why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (LkGssCredential) ticket = NULL;
  LkGssTrouble trouble;

  if (row->kind == LK_CREDENTIAL_TICKET)
    {
      ticket = lk_gss_credential_new_kerberos (NULL, NULL, NULL, &trouble, &error);
      if (ticket == NULL)
        {
          *why = g_strdup (error->message);
          return 0;
        }
      *of = g_strdup (lk_gss_credential_get_name (ticket));
      return lk_gss_credential_get_end (ticket);
    }
  if (row->kind != LK_CREDENTIAL_CERTIFICATE)
    return 0;

  login = make_login (self, row, FALSE, &error);
  if (login == NULL)
    {
      *why = g_strdup (error->message);
      return 0;
    }
  *of = g_strdup (lk_client_certificate_get_name (lk_login_get_certificate (login)));
  return lk_client_certificate_get_end (lk_login_get_certificate (login));
}

char *
lk_console_describe_credential (LkConsole *self, const LkCredentialRow *row)
{
  g_autofree char *of = NULL;
  g_autofree char *why = NULL;
  g_autofree char *date = NULL;
  gint64 end;

  if (row->stopped_at != 0)
    {
      date = spell_date (row->stopped_at / 1000);
      return g_strdup_printf (_ ("stopped since %s: %s"), date, row->stopped_why);
    }
  if (row->kind == LK_CREDENTIAL_ASK)
    return g_strdup (_ ("asked for at run time"));

  end = find_end (self, row, &of, &why);
  if (why != NULL)
    return g_steal_pointer (&why);
  if (end == 0)
    return g_strdup (_ ("in use"));
  date = spell_date (end);
  return g_strdup_printf (end > g_get_real_time () / G_USEC_PER_SEC ? _ ("%s, until %s")
                                                                    : _ ("%s, expired on %s"),
                          of, date);
}

static char *
warn_of (LkConsole *self, const LkCredentialRow *row)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 span = row->kind == LK_CREDENTIAL_CERTIFICATE ? MONTH_SECONDS : HOUR_SECONDS;
  g_autofree char *of = NULL;
  g_autofree char *why = NULL;
  g_autofree char *date = NULL;
  gint64 end;

  if (row->stopped_at != 0)
    return g_strdup_printf (_ ("Credential set %s is stopped: %s"), row->name, row->stopped_why);

  end = find_end (self, row, &of, &why);
  if (why != NULL && row != &default_row)
    return g_strdup_printf (_ ("Credential set %s cannot be used: %s"), row->name, why);
  if (end == 0 || end > now + span)
    return NULL;
  date = spell_date (end);
  return row->kind == LK_CREDENTIAL_CERTIFICATE
             ? g_strdup_printf (
                   _ ("The certificate of credential set %s (%s) ends on %s; renew it"), row->name,
                   of, date)
             : g_strdup_printf (_ ("The Kerberos ticket of %s ends on %s; renew it with: kinit"),
                                of, date);
}

GPtrArray *
lk_console_list_credential_warnings (LkConsole *self, GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (self, error);
  GPtrArray *warnings;

  if (rows == NULL)
    return NULL;

  warnings = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < MAX (rows->len, 1); i++)
    {
      char *text = warn_of (self, rows->len > 0 ? rows->pdata[i] : &default_row);

      if (text != NULL)
        g_ptr_array_add (warnings, text);
    }
  return warnings;
}

static gboolean
test_with_domain (LkLogin *login, const char *name, char **report, GError **error)
{
  g_autoptr (LkGssCredential) credential = NULL;
  g_autofree char *date = NULL;
  LkGssTrouble trouble;

  if (lk_login_get_kind (login) == LK_CREDENTIAL_CERTIFICATE)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("A certificate can only be tried with a machine; name one"));
      return FALSE;
    }
  if (lk_login_get_kind (login) != LK_CREDENTIAL_TICKET && lk_login_is_local (login, NULL))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The account of %s belongs to each machine, not to a domain; name a machine"
                      " to try it with"),
                   name);
      return FALSE;
    }

  credential = lk_login_get_kerberos (login, NULL, &trouble, error);
  if (credential == NULL)
    return FALSE;
  date = spell_date (lk_gss_credential_get_end (credential));
  *report = g_strdup_printf (_ ("The domain accepts %s; its ticket is good until %s\n"),
                             lk_gss_credential_get_name (credential), date);
  return TRUE;
}

static gboolean
test_with_machine (LkConsole *self,
                   LkLogin *login,
                   const char *machine,
                   char **report,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (LkMachineTarget) target = lk_machine_target_find (self, machine, error);
  g_autoptr (LkLink) link = NULL;
  g_autoptr (LkWsman) wsman = NULL;
  gboolean ok;

  if (target == NULL)
    return FALSE;

  target->options.login = login;
  link = lk_link_new (&target->options);
  wsman = lk_wsman_new (link);
  ok = lk_wsman_identify (wsman, cancellable, error); /* Basic needs a question to be refused */
  *report = g_strdup (lk_link_get_trail (link));
  return ok;
}

gboolean
lk_console_test_credential (LkConsole *self,
                            const char *name,
                            const char *machine,
                            char **report,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (GPtrArray) rows = lk_console_list_credentials (self, error);
  const LkCredentialRow *row = NULL;
  g_autoptr (LkLogin) login = NULL;

  *report = NULL;
  if (rows == NULL)
    return FALSE;
  row = find_row (rows, name, error);
  if (row == NULL)
    return FALSE;

  login = make_login (self, row, FALSE, error);
  if (login == NULL ||
      !(machine == NULL ? test_with_domain (login, name, report, error)
                        : test_with_machine (self, login, machine, report, cancellable, error)))
    return FALSE;
  return row->stopped_at == 0 ||
         lk_store_stop_credential (lk_console_get_store (self, error), row->name, row->created_at,
                                   NULL, lk_console_now (self), error);
}
