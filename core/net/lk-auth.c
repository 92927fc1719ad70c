/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-auth-private.h"

#include "base/lk-error.h"
#include "net/lk-challenge.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_LEGS 6

static const struct
{
  LkScheme scheme;
  const char *header;
  const char *title;
} ways[] = {
  [LK_WAY_CERTIFICATE] = { LK_SCHEME_CERTIFICATE, NULL, N_ ("Client certificate") },
  [LK_WAY_NEGOTIATE_KERBEROS] = { LK_SCHEME_KERBEROS, "Negotiate", "Kerberos (Negotiate)" },
  [LK_WAY_KERBEROS] = { LK_SCHEME_KERBEROS, "Kerberos", "Kerberos" },
  [LK_WAY_NTLM] = { LK_SCHEME_NTLM, "Negotiate", "NTLM (Negotiate)" },
  [LK_WAY_BASIC] = { LK_SCHEME_BASIC, "Basic", "Basic" },
  [LK_WAY_NONE] = { LK_SCHEME_AUTO, NULL, N_ ("Nothing") },
};

const char *
lk_way_get_header (LkWay way)
{
  return ways[way].header;
}

const char *
lk_way_get_title (LkWay way)
{
  return _ (ways[way].title);
}

LkAuth *
lk_auth_new (LkLogin *login, const char *host, const char *name, gboolean tls)
{
  LkAuth *self = g_new0 (LkAuth, 1);

  self->login = login != NULL ? lk_login_ref (login) : NULL;
  self->host = g_strdup (host);
  self->name = g_strdup (name);
  self->tls = tls;
  self->trail = g_string_new (NULL);
  self->is_ready = login == NULL;
  return self;
}

void
lk_auth_free (LkAuth *self)
{
  if (self == NULL)
    return;
  lk_auth_reset (self);
  g_clear_pointer (&self->login, lk_login_unref);
  g_string_free (self->trail, TRUE);
  g_free (self->host);
  g_free (self->name);
  g_free (self);
}

void
lk_auth_tell (LkAuth *self, LkLoginAnswer answer)
{
  if (self->is_asking)
    lk_login_tell (self->login, self, answer);
  self->is_asking = FALSE;
}

void
lk_auth_reset (LkAuth *self)
{
  lk_auth_tell (self, LK_LOGIN_UNANSWERED);
  g_clear_pointer (&self->context, lk_gss_context_free);
  g_clear_pointer (&self->binding, g_bytes_unref);
  g_clear_pointer (&self->leg, g_bytes_unref);
  self->n_legs = 0;
  self->is_ready = self->login == NULL;
}

LkClientCertificate *
lk_auth_get_certificate (LkAuth *self)
{
  return self->login != NULL ? lk_login_get_certificate (self->login) : NULL;
}

gboolean
lk_auth_has_leg (const LkAuth *self)
{
  return self->leg != NULL;
}

gboolean
lk_auth_is_signed_in (const LkAuth *self)
{
  return self->is_ready && self->context != NULL;
}

gboolean
lk_auth_is_sealing (const LkAuth *self)
{
  return lk_auth_is_signed_in (self) && !self->tls;
}

void
lk_auth_set_form (LkAuth *self, LkSealedForm form)
{
  self->form = form;
}

const char *
lk_auth_get_trail (LkAuth *self)
{
  return self->trail->str;
}

LkGssTrouble
lk_auth_get_trouble (LkAuth *self)
{
  return self->trouble;
}

gboolean
lk_auth_is_out_of_ways (LkAuth *self)
{
  return self->is_out_of_ways;
}

static void
note (LkAuth *self, const char *text)
{
  g_autofree char *line = g_strdup_printf ("%s: %s\n", _ (ways[self->way].title), text);

  /* Connections come and go; what is known is said once. */
  if (strstr (self->trail->str, line) == NULL)
    g_string_append (self->trail, line);
}

static void
rule_out (LkAuth *self, const char *why)
{
  note (self, why);
  g_clear_pointer (&self->context, lk_gss_context_free);
  g_clear_pointer (&self->leg, g_bytes_unref);
  self->n_legs = 0;
  self->way++;
}

/* The name in the machine's service principal; NULL when it is known by its address only. */
static const char *
get_service_host (const LkAuth *self)
{
  if (self->name != NULL && !g_hostname_is_ip_address (self->name))
    return self->name;
  return g_hostname_is_ip_address (self->host) ? NULL : self->host;
}

static gboolean
is_local (const LkAuth *self)
{
  const char *names[] = { self->host, self->name, NULL };

  return lk_login_is_local (self->login, names);
}

static const char *
find_reason_against_kerberos (const LkAuth *self)
{
  LkCredentialKind kind = lk_login_get_kind (self->login);
  gboolean has_domain = kind == LK_CREDENTIAL_TICKET || kind == LK_CREDENTIAL_KEYTAB;

  if (!has_domain && is_local (self))
    return _ ("the account belongs to the machine, not to a domain");
  return get_service_host (self) == NULL ? _ ("the machine is known by its address only") : NULL;
}

/* A certificate is for its own way, and everything else for the others: nothing to speak of. */
static gboolean
is_of_kind (const LkAuth *self, LkWay way)
{
  return (lk_login_get_kind (self->login) == LK_CREDENTIAL_CERTIFICATE) ==
         (way == LK_WAY_CERTIFICATE);
}

/* Why a way is out of the question, or NULL. */
static const char *
find_reason_against (const LkAuth *self, LkWay way)
{
  LkScheme allowed = lk_login_get_scheme (self->login);

  if (allowed != LK_SCHEME_AUTO && allowed != ways[way].scheme)
    return _ ("the credential set does not allow it");

  switch (way)
    {
    case LK_WAY_CERTIFICATE:
      return self->tls ? NULL : _ ("it needs HTTPS (port 5986)");
    case LK_WAY_NEGOTIATE_KERBEROS:
    case LK_WAY_KERBEROS:
      return find_reason_against_kerberos (self);
    case LK_WAY_NTLM:
      return lk_login_get_password (self->login) == NULL ? _ ("there is no password") : NULL;
    case LK_WAY_BASIC:
      if (lk_login_get_password (self->login) == NULL)
        return _ ("there is no password");
      if (!self->tls && !self->is_loopback)
        return _ ("would send the password in the clear; use HTTPS (port 5986)");
      return allowed == LK_SCHEME_AUTO && !is_local (self)
                 ? _ ("Windows takes no domain account that way")
                 : NULL;
    case LK_WAY_NONE:
    default:
      return NULL;
    }
}

gboolean
lk_auth_prepare (LkAuth *self, gboolean is_loopback, GError **error)
{
  const char *why = NULL;

  self->is_loopback = is_loopback;
  if (self->login == NULL)
    return TRUE;

  for (LkWay way = LK_WAY_CERTIFICATE; way < LK_WAY_NONE; way++)
    {
      const char *reason = find_reason_against (self, way);
      gboolean is_wanted = lk_login_get_scheme (self->login) == ways[way].scheme;

      if (!is_of_kind (self, way))
        continue;
      if (reason == NULL)
        return TRUE;
      /* What a person can do something about, if there is such a reason. */
      if (why == NULL || is_wanted)
        why = reason;
    }

  g_set_error (error, LK_ERROR, LK_ERROR_DENIED, _ ("%s with the credential set %s: %s"),
               lk_scheme_to_word (lk_login_get_scheme (self->login)),
               lk_login_get_name (self->login), why);
  return FALSE;
}

/* Fills @self->leg; a failure that leaves room for another way is no error. */
static gboolean
begin_gss (LkAuth *self, gboolean *is_out, GError **error)
{
  const char *service = get_service_host (self);
  LkGssKind kind = self->way == LK_WAY_NTLM                 ? LK_GSS_NTLM
                   : self->way == LK_WAY_NEGOTIATE_KERBEROS ? LK_GSS_SPNEGO
                                                            : LK_GSS_KERBEROS;
  LkGssTrouble trouble = LK_GSS_OTHER;
  g_autoptr (GError) cause = NULL;
  g_autoptr (LkGssCredential) credential =
      kind == LK_GSS_NTLM ? lk_login_get_ntlm (self->login, &trouble, &cause)
                          : lk_login_get_kerberos (self->login, service, &trouble, &cause);

  *is_out = FALSE;
  if (credential != NULL)
    {
      self->context =
          lk_gss_context_new_client (credential, kind, "HTTP",
                                     service != NULL ? service : self->host, self->binding);
      if (lk_gss_context_step (self->context, NULL, 0, &self->leg, &trouble, &cause))
        return TRUE;
      g_prefix_error (&cause, "%s: ", lk_gss_credential_get_name (credential));
    }

  self->trouble = trouble;
  /* Nothing of it may be taken for what the next way has agreed. */
  g_clear_pointer (&self->context, lk_gss_context_free);
  g_clear_pointer (&self->leg, g_bytes_unref);
  *is_out = trouble == LK_GSS_NO_AUTHORITY || trouble == LK_GSS_NO_SERVICE ||
            trouble == LK_GSS_NO_ACCOUNT || trouble == LK_GSS_UNAVAILABLE;
  note (self, cause->message);
  g_propagate_prefixed_error (error, g_steal_pointer (&cause), "%s: ", _ (ways[self->way].title));
  return FALSE;
}

static gboolean
ask (LkAuth *self, const LkPatience *patience, GError **error)
{
  if (is_local (self))
    return TRUE; /* its refusals count on that machine only */

  self->is_asking = lk_login_ask (self->login, self, patience, error);
  return self->is_asking;
}

/* Raw Kerberos is for those who offer it and not Negotiate; and what a machine does not offer need
 * not be tried. */
static gboolean
is_known_useless (const LkAuth *self)
{
  if (self->has_offer)
    return ways[self->way].header != NULL && (self->offered & 1u << self->way) == 0;
  return self->way == LK_WAY_KERBEROS;
}

static void
set_no_way (LkAuth *self, GError **error)
{
  g_autofree char *trail = g_strchomp (g_strdup (self->trail->str));
  g_auto (GStrv) lines = g_strsplit (trail, "\n", -1);
  g_autofree char *text = g_strjoinv ("; ", lines);

  self->is_out_of_ways = TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
               _ ("there is no way to sign in that both sides take: %s"), text);
}

/* Begins with the next way that is possible. */
static gboolean
begin_way (LkAuth *self, const LkPatience *patience, GError **error)
{
  g_autoptr (GError) last = NULL;

  for (; self->way < LK_WAY_NONE; self->way++)
    {
      const char *reason = find_reason_against (self, self->way);
      g_autoptr (GError) cause = NULL;
      gboolean is_out = FALSE;

      if (!is_of_kind (self, self->way) || is_known_useless (self))
        continue;
      if (reason != NULL)
        {
          note (self, reason);
          continue;
        }
      if (self->way == LK_WAY_CERTIFICATE || self->way == LK_WAY_BASIC)
        {
          self->is_ready = self->way == LK_WAY_CERTIFICATE || ask (self, patience, error);
          if (self->is_ready)
            note (self, self->way == LK_WAY_BASIC ? lk_login_get_user (self->login)
                                                  : lk_client_certificate_get_name (
                                                        lk_login_get_certificate (self->login)));
          return self->is_ready;
        }
      if (begin_gss (self, &is_out, &cause))
        return TRUE;
      if (!is_out)
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      g_clear_error (&last);
      last = g_steal_pointer (&cause);
    }

  /* The next connection starts over: a KDC may be back. */
  self->way = LK_WAY_CERTIFICATE;
  if (last != NULL)
    g_propagate_error (error, g_steal_pointer (&last));
  else
    set_no_way (self, error);
  return FALSE;
}

gboolean
lk_auth_begin (LkAuth *self, GBytes *binding, const LkPatience *patience, GError **error)
{
  if (self->login == NULL)
    return TRUE;

  lk_auth_reset (self);
  self->trouble = LK_GSS_OTHER;
  self->is_out_of_ways = FALSE;
  self->binding = binding != NULL ? g_bytes_ref (binding) : NULL;
  return begin_way (self, patience, error);
}

static gboolean
fail_refused (LkAuth *self, const char *why, GError **error)
{
  lk_auth_tell (self, LK_LOGIN_REFUSED);
  note (self, why);
  g_set_error (error, LK_ERROR, LK_ERROR_DENIED, "%s: %s", _ (ways[self->way].title), why);
  return FALSE;
}

static gboolean
finish (LkAuth *self, GError **error)
{
  gboolean is_kerberos = self->way != LK_WAY_NTLM;
  g_autofree char *text = NULL;

  if (!lk_gss_context_is_complete (self->context) ||
      (is_kerberos && !lk_gss_context_is_mutual (self->context)))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_DENIED,
                   _ ("%s: it let us in without proving who it is, so nothing was sent"),
                   _ (ways[self->way].title));
      return FALSE;
    }

  lk_auth_tell (self, LK_LOGIN_ACCEPTED);
  self->is_ready = TRUE;
  text = g_strdup_printf (_ ("signed in with %s, %s"), lk_login_get_name (self->login),
                          self->tls ? _ ("inside TLS") : _ ("messages are sealed"));
  note (self, text);
  return TRUE;
}

/* A 401: the next token, another way, or the end. */
static gboolean
take_challenge (LkAuth *self,
                const LkHttpMessage *answer,
                GBytes *token,
                gboolean is_offered,
                const LkPatience *patience,
                GError **error)
{
  gboolean is_first = self->n_legs == 1;
  g_autofree char *offers = lk_challenge_describe (answer);
  g_autofree char *why = NULL;

  if (is_first && (!is_offered || (token == NULL && self->way == LK_WAY_NTLM)))
    {
      self->has_offer = TRUE;
      for (LkWay way = LK_WAY_CERTIFICATE; way < LK_WAY_NONE; way++)
        if (ways[way].header != NULL && lk_challenge_find (answer, ways[way].header, NULL))
          self->offered |= 1u << way;
      why = g_strdup_printf (is_offered ? _ ("offered, but not with NTLM; it offers %s")
                                        : _ ("not offered; it offers %s"),
                             offers);
      rule_out (self, why);
      return begin_way (self, patience, error);
    }
  if (self->leg != NULL)
    /* NTLM proves the password with its second token; Kerberos proved it to the domain before. */
    return self->way != LK_WAY_NTLM || ask (self, patience, error);

  return fail_refused (self, _ ("it did not accept the account"), error);
}

gboolean
lk_auth_take_leg (LkAuth *self,
                  const LkHttpMessage *answer,
                  const LkPatience *patience,
                  GError **error)
{
  g_autoptr (GBytes) token = NULL;
  gboolean is_offered = lk_challenge_find (answer, ways[self->way].header, &token);
  gsize length = 0;
  const guint8 *data = token != NULL ? g_bytes_get_data (token, &length) : NULL;
  LkGssTrouble trouble;

  g_clear_pointer (&self->leg, g_bytes_unref);
  if (token != NULL && !lk_gss_context_is_complete (self->context))
    {
      g_autoptr (GError) cause = NULL;

      if (!lk_gss_context_step (self->context, data, length, &self->leg, &trouble, &cause))
        {
          self->trouble = trouble;
          return fail_refused (self, cause->message, error);
        }
    }

  if (answer->status >= 200 && answer->status < 300)
    {
      g_clear_pointer (&self->leg, g_bytes_unref);
      return finish (self, error);
    }
  if (answer->status == 401 && self->n_legs < MAX_LEGS)
    return take_challenge (self, answer, token, is_offered, patience, error);

  return fail_refused (self,
                       answer->status == 400 ? _ ("it did not understand the token")
                                             : _ ("it did not accept the account"),
                       error);
}
