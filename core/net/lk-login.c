/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-login.h"

#include "base/lk-error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <krb5/krb5.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>

#define MAX_REFUSALS   2
#define RENEW_SECONDS  60 /* before the ticket ends */
#define LOOK_US        (100 * 1000)
#define NO_KDC_SECONDS 30
#define REPROVE_US     (10 * G_USEC_PER_SEC)

struct _LkLogin
{
  gatomicrefcount refs;
  char *name;
  LkCredentialKind kind;
  LkScheme scheme;
  char *user;
  LkAccount *account;
  LkSecret *password;
  char *keytab;
  LkClientCertificate *certificate;
  gint64 version;
  void (*stopped) (const char *name, gint64 version, const char *why, gpointer user_data);
  gpointer user_data;

  GMutex kerberos_lock; /* also while a KDC is asked: one asks for all */
  LkGssCredential *kerberos;
  GError *kerberos_error;
  LkGssTrouble kerberos_trouble;
  gint64 kerberos_until; /* the error's, monotonic; 0: for good */
  gint64 proven_at;      /* by the domain itself, monotonic; 0: never */
  char *fqdn;            /* of the machine whose realm that was */
  LkGssCredential *ntlm;

  GMutex lock; /* for what follows */
  GCond changed;
  LkSecret *basic; /* made once: guarded memory is dear, and each request needs it */
  gboolean is_proven;
  gconstpointer first; /* whose machine is asked while the others wait, or NULL */
  guint n_judging;     /* how often it is being found out what refusals mean; the others wait */
  guint n_refusals;    /* without a success between */
  char *why_stopped;
};

LkLogin *
lk_login_new (const LkLoginOptions *options)
{
  LkLogin *self = g_new0 (LkLogin, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->kerberos_lock);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->name = g_strdup (options->name);
  self->kind = options->kind;
  self->scheme = options->scheme;
  self->account = lk_account_parse (options->user != NULL ? options->user : "");
  /* ".\bob" is for people: a machine that is told of a domain "." does not know it. */
  self->user = g_strdup (self->account->domain != NULL ? options->user : self->account->user);
  self->password = options->password != NULL ? lk_secret_copy (options->password) : NULL;
  self->keytab = g_strdup (options->keytab);
  self->certificate =
      options->certificate != NULL ? lk_client_certificate_ref (options->certificate) : NULL;
  self->version = options->version;
  self->stopped = options->stopped;
  self->user_data = options->user_data;
  return self;
}

LkLogin *
lk_login_ref (LkLogin *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_login_unref (LkLogin *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->kerberos, lk_gss_credential_unref);
  g_clear_error (&self->kerberos_error);
  g_clear_pointer (&self->ntlm, lk_gss_credential_unref);
  g_clear_pointer (&self->account, lk_account_free);
  g_clear_pointer (&self->password, lk_secret_free);
  g_clear_pointer (&self->basic, lk_secret_free);
  g_clear_pointer (&self->certificate, lk_client_certificate_unref);
  g_mutex_clear (&self->kerberos_lock);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->name);
  g_free (self->user);
  g_free (self->keytab);
  g_free (self->fqdn);
  g_free (self->why_stopped);
  g_free (self);
}

const char *
lk_login_get_name (const LkLogin *self)
{
  return self->name;
}

LkCredentialKind
lk_login_get_kind (const LkLogin *self)
{
  return self->kind;
}

LkScheme
lk_login_get_scheme (const LkLogin *self)
{
  return self->scheme;
}

const char *
lk_login_get_user (const LkLogin *self)
{
  return self->user;
}

const LkSecret *
lk_login_get_password (const LkLogin *self)
{
  return self->password;
}

LkClientCertificate *
lk_login_get_certificate (const LkLogin *self)
{
  return self->certificate;
}

gboolean
lk_login_is_local (const LkLogin *self, const char *const *names)
{
  return lk_account_is_local (self->account, names);
}

/* With the lock held. */
static gboolean
fail_stopped (LkLogin *self, GError **error)
{
  g_set_error (
      error, LK_ERROR, LK_ERROR_DENIED,
      _ ("the credential set %s is not used any more, so that the account is not locked: %s;"
         " set it right (credential add) or prove it (credential test)"),
      self->name, self->why_stopped);
  return FALSE;
}

static void
stop (LkLogin *self, const char *why)
{
  gboolean is_news;

  g_mutex_lock (&self->lock);
  is_news = self->why_stopped == NULL;
  if (is_news)
    self->why_stopped = g_strdup (why);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  if (is_news && self->stopped != NULL)
    self->stopped (self->name, self->version, why, self->user_data);
}

/* The domain itself has taken the password. */
static void
prove (LkLogin *self)
{
  g_mutex_lock (&self->lock);
  self->is_proven = TRUE;
  self->n_refusals = 0;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static char *
get_default_realm (void)
{
  krb5_context context;
  char *realm = NULL;
  char *copy = NULL;

  if (krb5_init_context (&context) != 0)
    return NULL;
  if (krb5_get_default_realm (context, &realm) == 0)
    {
      copy = g_strdup (realm);
      krb5_free_default_realm (context, realm);
    }
  krb5_free_context (context);
  return copy;
}

static LkGssCredential *
ask_domain (LkLogin *self, const char *fqdn, LkGssTrouble *trouble, GError **error)
{
  g_autofree char *default_realm = get_default_realm ();
  g_autofree char *principal = NULL;

  if (self->kind == LK_CREDENTIAL_TICKET)
    return lk_gss_credential_new_kerberos (NULL, NULL, NULL, trouble, error);

  principal = lk_account_make_principal (self->account, fqdn, default_realm);
  if (principal != NULL)
    return lk_gss_credential_new_kerberos (principal, self->password, self->keytab, trouble, error);

  *trouble = LK_GSS_NO_AUTHORITY;
  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("no Kerberos realm follows from “%s”; write the account as user@REALM"),
               self->user);
  return NULL;
}

static gboolean
is_usable (const LkGssCredential *credential)
{
  gint64 end = credential != NULL ? lk_gss_credential_get_end (credential) : 0;

  return credential != NULL &&
         (end == 0 || end > g_get_real_time () / G_USEC_PER_SEC + RENEW_SECONDS);
}

/* With kerberos_lock held. */
static gboolean
knows_error (LkLogin *self)
{
  return self->kerberos_error != NULL &&
         (self->kerberos_until == 0 || g_get_monotonic_time () < self->kerberos_until);
}

/* With kerberos_lock held. */
static void
renew_kerberos (LkLogin *self, const char *fqdn)
{
  LkGssCredential *fresh;
  gboolean is_final;

  g_clear_error (&self->kerberos_error);
  fresh = ask_domain (self, fqdn, &self->kerberos_trouble, &self->kerberos_error);
  if (fresh != NULL)
    {
      g_clear_pointer (&self->kerberos, lk_gss_credential_unref);
      self->kerberos = fresh;
      if (self->kind == LK_CREDENTIAL_TICKET)
        return;
      self->proven_at = g_get_monotonic_time ();
      if (self->fqdn != fqdn)
        {
          g_free (self->fqdn);
          self->fqdn = g_strdup (fqdn);
        }
      prove (self);
      return;
    }

  is_final = self->kerberos_trouble == LK_GSS_REFUSED;
  self->kerberos_until = is_final ? 0 : g_get_monotonic_time () + NO_KDC_SECONDS * G_USEC_PER_SEC;
  if (is_final)
    stop (self, self->kerberos_error->message);
}

LkGssCredential *
lk_login_get_kerberos (LkLogin *self, const char *fqdn, LkGssTrouble *trouble, GError **error)
{
  LkGssCredential *credential = NULL;

  *trouble = LK_GSS_OTHER;
  g_mutex_lock (&self->lock);
  if (self->why_stopped != NULL)
    {
      *trouble = LK_GSS_REFUSED;
      fail_stopped (self, error);
      g_mutex_unlock (&self->lock);
      return NULL;
    }
  g_mutex_unlock (&self->lock);

  g_mutex_lock (&self->kerberos_lock);
  if (!is_usable (self->kerberos) && !knows_error (self))
    renew_kerberos (self, fqdn);
  if (is_usable (self->kerberos) || self->kerberos_error == NULL)
    credential = lk_gss_credential_ref (self->kerberos);
  else
    {
      *trouble = self->kerberos_trouble;
      if (error != NULL)
        *error = g_error_copy (self->kerberos_error);
    }
  g_mutex_unlock (&self->kerberos_lock);
  return credential;
}

LkGssCredential *
lk_login_get_ntlm (LkLogin *self, LkGssTrouble *trouble, GError **error)
{
  LkGssCredential *credential;

  *trouble = LK_GSS_OTHER;
  g_mutex_lock (&self->kerberos_lock);
  if (self->ntlm == NULL)
    self->ntlm = lk_gss_credential_new_ntlm (self->user, self->password, trouble, error);
  credential = self->ntlm != NULL ? lk_gss_credential_ref (self->ntlm) : NULL;
  g_mutex_unlock (&self->kerberos_lock);
  return credential;
}

/* RFC 7617, with UTF-8; in guarded memory. */
static LkSecret *
make_basic (const char *user, const LkSecret *password)
{
  const char *text = password != NULL ? lk_secret_peek (password) : "";
  gsize plain_length = strlen (user) + 1 + strlen (text);
  gsize size =
      strlen ("Basic ") + sodium_base64_encoded_len (plain_length, sodium_base64_VARIANT_ORIGINAL);
  g_autofree char *plain = g_strconcat (user, ":", text, NULL);
  g_autofree char *header = g_malloc (size);
  LkSecret *secret;

  strcpy (header, "Basic ");
  sodium_bin2base64 (header + strlen ("Basic "), size - strlen ("Basic "), (const guint8 *) plain,
                     plain_length, sodium_base64_VARIANT_ORIGINAL);
  secret = lk_secret_new (header, -1);
  sodium_memzero (plain, plain_length);
  sodium_memzero (header, size);
  return secret;
}

const LkSecret *
lk_login_get_basic (LkLogin *self, GError **error)
{
  if (strchr (self->user, ':') != NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The user name “%s” cannot be used with Basic: it has a colon"), self->user);
      return NULL;
    }

  g_mutex_lock (&self->lock);
  if (self->basic == NULL)
    self->basic = make_basic (self->user, self->password);
  g_mutex_unlock (&self->lock);
  return self->basic;
}

static gboolean
is_cancelled (const LkPatience *patience)
{
  struct pollfd item = { .fd = patience->cancel_fd, .events = POLLIN };

  return patience->cancel_fd >= 0 && poll (&item, 1, 0) > 0;
}

/* With the lock held. */
static gboolean
has_to_wait (const LkLogin *self)
{
  return !self->is_proven && (self->first != NULL || self->n_judging > 0);
}

gboolean
lk_login_ask (LkLogin *self, gconstpointer asker, const LkPatience *patience, GError **error)
{
  gboolean may = FALSE;

  g_mutex_lock (&self->lock);
  while (self->why_stopped == NULL && has_to_wait (self))
    {
      gint64 now = g_get_monotonic_time ();

      if (now >= patience->until || is_cancelled (patience))
        break;
      g_cond_wait_until (&self->changed, &self->lock, MIN (patience->until, now + LOOK_US));
    }

  if (self->why_stopped != NULL)
    fail_stopped (self, error);
  else if (has_to_wait (self))
    g_set_error (
        error, LK_ERROR, LK_ERROR_UNREACHABLE,
        _ ("another machine was asked first whether it takes the credential set %s, and has"
           " not answered yet"),
        self->name);
  else
    {
      may = TRUE;
      if (!self->is_proven)
        self->first = asker;
    }
  g_mutex_unlock (&self->lock);
  return may;
}

/* Machines that refuse what the domain itself has taken have a trouble of their own, unless the
 * password was changed meanwhile: the domain is asked, which costs one attempt at most. FALSE when
 * it does not vouch for the password now, be it that it never did or that it does not answer. */
static gboolean
ask_domain_again (LkLogin *self)
{
  gboolean vouches;

  g_mutex_lock (&self->kerberos_lock);
  vouches = self->proven_at != 0;
  if (vouches && g_get_monotonic_time () > self->proven_at + REPROVE_US)
    {
      renew_kerberos (self, self->fqdn);
      vouches = self->kerberos_error == NULL;
    }
  else if (vouches)
    prove (self);
  g_mutex_unlock (&self->kerberos_lock);
  return vouches;
}

/* A refusal after a success is most likely the machine's own trouble; several of them without a
 * success between are a reason to ask one machine at a time again, and so many of those to stop. */
void
lk_login_tell (LkLogin *self, gconstpointer asker, LkLoginAnswer answer)
{
  gboolean is_suspect = FALSE;
  gboolean was_proven = FALSE;

  g_mutex_lock (&self->lock);
  /* Those who asked while the set was proven are not the one that the others wait for now. */
  if (self->first == asker)
    self->first = NULL;
  if (answer == LK_LOGIN_ACCEPTED)
    {
      self->is_proven = TRUE;
      self->n_refusals = 0;
    }
  else if (answer == LK_LOGIN_REFUSED_BY_DOMAIN)
    self->is_proven = FALSE;
  else if (answer == LK_LOGIN_REFUSED && ++self->n_refusals >= MAX_REFUSALS)
    {
      is_suspect = TRUE;
      was_proven = self->is_proven;
      self->is_proven = FALSE;
      self->n_refusals = 0;
      self->n_judging++;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (answer == LK_LOGIN_REFUSED_BY_DOMAIN)
    stop (self, _ ("the directory refused it"));
  if (!is_suspect)
    return;

  /* Meanwhile nobody may try it: that would be one attempt too many. */
  if (!ask_domain_again (self) && !was_proven)
    stop (self, _ ("two machines in a row refused it"));
  g_mutex_lock (&self->lock);
  self->n_judging--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
