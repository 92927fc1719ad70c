/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-connection.h"

#include "discovery/lk-ldap-private.h"
#include "net/lk-problem.h"
#include "net/lk-resolve.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define PORT_LDAP  389
#define PORT_LDAPS 636
#define PORT_GCS   3269 /* the global catalogue inside TLS */
#define MAX_SAID   500
#define CONNECT_MS 5000
#define ANSWER_MS  70000

const char *
lk_ldap_stage_to_word (LkLdapStage stage)
{
  static const char *const words[] = {
    [LK_LDAP_STAGE_NAME] = "name", [LK_LDAP_STAGE_TCP] = "tcp",       [LK_LDAP_STAGE_TLS] = "tls",
    [LK_LDAP_STAGE_BIND] = "bind", [LK_LDAP_STAGE_SEARCH] = "search",
  };

  return words[stage];
}

static LkLdapBind
choose_bind (const LkLdapWay *way)
{
  if (way->login == NULL)
    return LK_LDAP_BIND_ANONYMOUS;
  if (lk_login_get_kind (way->login) == LK_CREDENTIAL_CERTIFICATE)
    return LK_LDAP_BIND_EXTERNAL;
  if (lk_login_get_scheme (way->login) == LK_SCHEME_NTLM)
    return LK_LDAP_BIND_SPNEGO;
  if (lk_login_get_scheme (way->login) == LK_SCHEME_KERBEROS ||
      lk_login_get_password (way->login) == NULL)
    return LK_LDAP_BIND_GSSAPI;
  return LK_LDAP_BIND_SIMPLE;
}

void
lk_ldap_way_settle (LkLdapWay *way, guint16 port)
{
  gboolean is_tls_port = port == PORT_LDAPS || port == PORT_GCS;
  gboolean is_sealed;

  if (way->connect_ms == 0)
    way->connect_ms = CONNECT_MS;
  if (way->answer_ms == 0)
    way->answer_ms = ANSWER_MS;
  if (way->bind == LK_LDAP_BIND_AUTO)
    way->bind = choose_bind (way);
  is_sealed = way->bind == LK_LDAP_BIND_GSSAPI || way->bind == LK_LDAP_BIND_SPNEGO;
  if (way->tls != LK_LDAP_TLS_AUTO)
    return;
  way->tls = LK_LDAP_TLS_LDAPS;
  if (is_sealed && !is_tls_port)
    way->tls = LK_LDAP_TLS_NONE;
  else if (way->bind == LK_LDAP_BIND_EXTERNAL && !is_tls_port)
    way->tls = LK_LDAP_TLS_START; /* inside LDAPS Active Directory refuses it, MS-ADTS 5.1.1.1.2 */
}

guint16
lk_ldap_port (guint16 port, LkLdapTls tls)
{
  return port != 0 ? port : tls == LK_LDAP_TLS_LDAPS ? PORT_LDAPS : PORT_LDAP;
}

LkLdapConnection *
lk_ldap_connection_new (const LkLdapWay *way, const char *host, guint16 port)
{
  LkLdapConnection *self = g_new0 (LkLdapConnection, 1);
  gboolean is_v6 = strchr (host, ':') != NULL;

  self->way = way;
  self->host = g_strdup (host);
  self->port = lk_ldap_port (port, way->tls);
  self->peer = g_strdup_printf (is_v6 ? "[%s]:%u%s" : "%s:%u%s", host, self->port,
                                way->tls == LK_LDAP_TLS_NONE    ? ""
                                : way->tls == LK_LDAP_TLS_START ? " (StartTLS)"
                                                                : " (TLS)");
  self->cancel_fd = g_cancellable_get_fd (way->cancellable);
  self->opened = g_byte_array_new ();
  return self;
}

void
lk_ldap_connection_free (LkLdapConnection *self)
{
  if (self == NULL)
    return;
  /* A courtesy, for which nobody waits. */
  self->patience = (LkPatience){ .until = g_get_monotonic_time (), .cancel_fd = -1 };
  if (self->ldap != NULL)
    ldap_unbind_ext (self->ldap, NULL, NULL);
  g_clear_pointer (&self->channel, lk_channel_free);
  g_clear_pointer (&self->gss, lk_gss_context_free);
  if (self->cancel_fd >= 0)
    g_cancellable_release_fd (self->way->cancellable);
  g_byte_array_unref (self->opened);
  g_free (self->trouble);
  g_free (self->host);
  g_free (self->peer);
  g_free (self);
}

LkLdapStage
lk_ldap_connection_get_stage (const LkLdapConnection *self)
{
  return self->stage;
}

const char *
lk_ldap_connection_get_peer (const LkLdapConnection *self)
{
  return self->peer;
}

const char *
lk_ldap_connection_get_host (const LkLdapConnection *self)
{
  return self->host;
}

guint16
lk_ldap_connection_get_port (const LkLdapConnection *self)
{
  return self->port;
}

void
lk_ldap_connection_wait_for (LkLdapConnection *self, guint ms)
{
  const LkPatience all = { .until = self->way->until, .cancel_fd = self->cancel_fd };

  self->patience = lk_patience_shorten (&all, ms);
  self->n_ms = ms;
}

static const char *
get_stage_title (LkLdapStage stage)
{
  switch (stage)
    {
    case LK_LDAP_STAGE_NAME:
      return _ ("looking up the name");
    case LK_LDAP_STAGE_TCP:
      return _ ("connecting");
    case LK_LDAP_STAGE_TLS:
      return _ ("TLS");
    case LK_LDAP_STAGE_BIND:
      return _ ("signing in");
    case LK_LDAP_STAGE_SEARCH:
      return _ ("searching");
    }

  g_assert_not_reached ();
}

gboolean
lk_ldap_connection_fail (LkLdapConnection *self,
                         LkError code,
                         GError **error,
                         const char *format,
                         ...)
{
  va_list args;
  g_autofree char *words = NULL;

  va_start (args, format);
  words = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, LK_ERROR, (int) code, "%s: %s: %s", self->peer, get_stage_title (self->stage),
               words);
  return FALSE;
}

static gboolean
fail_wait (LkLdapConnection *self, GError **error)
{
  g_autofree char *time = lk_spell_time (self->n_ms);

  if (g_get_monotonic_time () >= self->way->until)
    return lk_ldap_connection_fail (self, LK_ERROR_UNREACHABLE, error,
                                    _ ("the time for the whole search is over"));
  return lk_ldap_connection_fail (self, LK_ERROR_UNREACHABLE, error,
                                  _ ("no answer within %s; check the server and the firewalls"
                                     " between"),
                                  time);
}

gboolean
lk_ldap_connection_fail_broken (LkLdapConnection *self, GError **error)
{
  switch (self->io)
    {
    case LK_IO_TIMED_OUT:
      return fail_wait (self, error);
    case LK_IO_CANCELLED:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("%s: cancelled"), self->peer);
      return FALSE;
    case LK_IO_CLOSED:
      return lk_ldap_connection_fail (self, LK_ERROR_UNREACHABLE, error,
                                      _ ("the server closed the connection"));
    case LK_IO_OK: /* libldap could not read what came */
      return lk_ldap_connection_fail (self, LK_ERROR_BAD_REPLY, error,
                                      _ ("the server sent something that is no LDAP, or too"
                                         " large"));
    case LK_IO_FAILED:
      return lk_ldap_connection_fail (self, LK_ERROR_UNREACHABLE, error, "%s",
                                      self->trouble != NULL
                                          ? self->trouble
                                          : lk_channel_get_reason (self->channel));
    }

  g_assert_not_reached ();
}

/* Active Directory says why in a number (MS-ADTS 3.1.1.3.1, Win32 codes) behind “data”. */
static const struct
{
  const char *data;
  const char *words;
} ad_refusals[] = {
  { "data 525,", N_ ("the account is not known") },
  { "data 52e,", N_ ("the user name or the password is wrong") },
  { "data 52f,", N_ ("a restriction of the account does not let it in") },
  { "data 530,", N_ ("the account may not sign in at this time") },
  { "data 531,", N_ ("the account may not sign in from here") },
  { "data 532,", N_ ("the password has expired; change it first") },
  { "data 533,", N_ ("the account is disabled") },
  { "data 568,", N_ ("the account is in too many groups") },
  { "data 701,", N_ ("the account has expired") },
  { "data 773,", N_ ("the password must be changed first") },
  { "data 775,", N_ ("the account is locked; unlock it in the domain") },
  { "data 80090346,", N_ ("the server wants the sign-in bound to the TLS channel; use --bind gssapi"
                          " without TLS") },
};

static const char *
explain_refusal (const char *said)
{
  for (guint i = 0; i < G_N_ELEMENTS (ad_refusals); i++)
    if (strstr (said, ad_refusals[i].data) != NULL)
      return _ (ad_refusals[i].words);

  return _ ("the user name or the password is wrong");
}

/* RFC 4511 appendix A, in words. */
static const struct
{
  int code;
  LkError kind;
  const char *words;
} results[] = {
  { LDAP_STRONG_AUTH_REQUIRED, LK_ERROR_DENIED,
    N_ ("the server wants the sign-in protected; use --tls ldaps or --tls starttls, or Kerberos") },
  { LDAP_CONFIDENTIALITY_REQUIRED, LK_ERROR_DENIED,
    N_ ("the server wants TLS; use --tls ldaps or --tls starttls") },
  { LDAP_AUTH_METHOD_NOT_SUPPORTED, LK_ERROR_DENIED,
    N_ ("the server does not know this way of signing in; choose another with --bind") },
  { LDAP_INAPPROPRIATE_AUTH, LK_ERROR_DENIED,
    N_ ("the server does not let this account in in this way; choose another with --bind") },
  { LDAP_INSUFFICIENT_ACCESS, LK_ERROR_DENIED,
    N_ ("the account may not read this; use one that may, or another --base") },
  { LDAP_NO_SUCH_OBJECT, LK_ERROR_REJECTED,
    N_ ("the directory has no such place, or the account may not see it; check --base") },
  { LDAP_INVALID_DN_SYNTAX, LK_ERROR_REJECTED,
    N_ ("the server cannot read that place or user name; write it like ou=pcs,dc=lab,dc=test") },
  { LDAP_SIZELIMIT_EXCEEDED, LK_ERROR_REJECTED,
    N_ ("the server gives no more entries than these to one search (size limit); narrow it with"
        " --base or --name, or have the limit raised for this account") },
  { LDAP_ADMINLIMIT_EXCEEDED, LK_ERROR_REJECTED,
    N_ ("a limit that the server's administrator set is reached; narrow the search with --base or"
        " --name, or have the limit raised for this account") },
  { LDAP_TIMELIMIT_EXCEEDED, LK_ERROR_REJECTED,
    N_ ("the server gives no more time to one search; narrow it with --base or --name") },
  { LDAP_BUSY, LK_ERROR_BUSY, N_ ("the server is busy; try again later") },
  { LDAP_UNAVAILABLE, LK_ERROR_UNREACHABLE, N_ ("the server is shutting down or starting up") },
  { LDAP_UNWILLING_TO_PERFORM, LK_ERROR_REJECTED, N_ ("the server is not willing to do this") },
  { LDAP_OPERATIONS_ERROR, LK_ERROR_REJECTED,
    N_ ("the server refuses this; Active Directory does so when nobody signed in") },
  { LDAP_PROTOCOL_ERROR, LK_ERROR_REJECTED,
    N_ ("the server does not know this operation; if it was StartTLS, use --tls ldaps") },
  { LDAP_FILTER_ERROR, LK_ERROR_INVALID, N_ ("the filter cannot be sent") },
};

gboolean
lk_ldap_connection_fail_result (LkLdapConnection *self, int code, const char *said, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (said != NULL ? said : "", -1);
  g_autofree char *quoted = NULL;
  const char *words = NULL;
  LkError kind = LK_ERROR_REJECTED;

  g_strdelimit (valid, "\r\n\t", ' ');
  if (g_utf8_strlen (valid, -1) > MAX_SAID)
    *g_utf8_offset_to_pointer (valid, MAX_SAID) = '\0';
  quoted = *valid != '\0' ? g_strdup_printf (_ (" (it says: %s)"), valid) : g_strdup ("");

  if (code == LDAP_INVALID_CREDENTIALS)
    {
      kind = LK_ERROR_DENIED;
      words = explain_refusal (valid);
    }
  for (guint i = 0; words == NULL && i < G_N_ELEMENTS (results); i++)
    if (results[i].code == code)
      {
        kind = results[i].kind;
        words = _ (results[i].words);
      }

  if (words != NULL)
    return lk_ldap_connection_fail (self, kind, error, "%s%s", words, quoted);
  return lk_ldap_connection_fail (self, kind, error, _ ("the server refuses it: %s (%d)%s"),
                                  ldap_err2string (code), code, quoted);
}

LDAP *
lk_ldap_connection_start_search (LkLdapConnection *self, GError **error)
{
  self->stage = LK_LDAP_STAGE_SEARCH;
  lk_ldap_connection_wait_for (self, self->way->answer_ms);
  if (self->io == LK_IO_OK)
    return self->ldap;

  lk_ldap_connection_fail_broken (self, error);
  return NULL;
}

LDAPMessage *
lk_ldap_connection_receive (LkLdapConnection *self, int id, GError **error)
{
  LDAPMessage *message = NULL;
  int type;

  lk_ldap_connection_wait_for (self, self->stage == LK_LDAP_STAGE_SEARCH ? self->way->answer_ms
                                                                         : self->way->connect_ms);
  type = ldap_result (self->ldap, id, LDAP_MSG_ONE, NULL, &message);
  if (type > 0)
    return message;

  lk_ldap_connection_fail_broken (self, error);
  if (self->io == LK_IO_OK)
    self->io = LK_IO_FAILED;
  return NULL;
}

/* Name and TCP, as every link has them: each address gets its share of the time. */
static gboolean
connect_to_any (LkLdapConnection *self, const GArray *addresses, GError **error)
{
  int code = EHOSTUNREACH;
  LkLinkProblem problem;
  const char *words;

  self->stage = LK_LDAP_STAGE_TCP;
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  for (guint i = 0; self->channel == NULL && i < addresses->len; i++)
    {
      gint64 now = g_get_monotonic_time ();
      gint64 share = (self->patience.until - now) / (gint64) (addresses->len - i);
      const LkPatience patience = { .until = now + share, .cancel_fd = self->cancel_fd };

      self->channel = lk_channel_connect (&g_array_index (addresses, LkAddress, i), &patience,
                                          &self->io, &code);
      if (self->io == LK_IO_CANCELLED)
        break;
    }

  if (self->channel != NULL)
    return TRUE;
  if (self->io != LK_IO_FAILED)
    return lk_ldap_connection_fail_broken (self, error);
  words = lk_problem_from_errno (code, &problem);
  return lk_ldap_connection_fail (self, LK_ERROR_UNREACHABLE, error, "%s",
                                  words != NULL ? words : g_strerror (code));
}

static gboolean
connect_to_server (LkLdapConnection *self, GError **error)
{
  g_autoptr (GArray) addresses = NULL;
  const char *why = NULL;

  self->stage = LK_LDAP_STAGE_NAME;
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  self->io = lk_resolve (self->host, self->port, &self->patience, &addresses, &why);
  if (self->io == LK_IO_FAILED)
    return lk_ldap_connection_fail (self, LK_ERROR_UNREACHABLE, error,
                                    _ ("no address was found: %s; check --server and DNS"), why);
  if (self->io != LK_IO_OK)
    return lk_ldap_connection_fail_broken (self, error);

  return connect_to_any (self, addresses, error);
}

static gboolean
secure (LkLdapConnection *self, GError **error)
{
  g_autoptr (LkPin) pin = lk_pin_new (self->way->pin, NULL, 0);
  g_autofree char *why = NULL;

  self->stage = LK_LDAP_STAGE_TLS;
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  lk_pin_set_remedies (pin, _ ("to accept this one: --fingerprint with that number"),
                       _ ("to trust its CA: --ca FILE"));
  self->io = lk_channel_handshake (self->channel, self->way->trust, self->host,
                                   self->way->bind == LK_LDAP_BIND_EXTERNAL
                                       ? lk_login_get_certificate (self->way->login)
                                       : NULL,
                                   &self->patience);
  if (self->io != LK_IO_OK)
    return lk_ldap_connection_fail_broken (self, error);
  if (!lk_trust_verify (self->way->trust, lk_channel_get_session (self->channel), self->host, pin,
                        &why))
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error, "%s", why);

  self->is_secure = TRUE;
  return TRUE;
}

/* What came after the answer in the clear is part of the handshake, or breaks it: nothing of it is
 * ever taken for an answer inside TLS. */
static gboolean
start_tls (LkLdapConnection *self, GError **error)
{
  LDAPMessage *message;
  char *said = NULL;
  int id = 0;
  int code = LDAP_OTHER;

  self->stage = LK_LDAP_STAGE_TLS;
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  if (ldap_extended_operation (self->ldap, LDAP_EXOP_START_TLS, NULL, NULL, NULL, &id) !=
      LDAP_SUCCESS)
    return lk_ldap_connection_fail_broken (self, error);
  message = lk_ldap_connection_receive (self, id, error);
  if (message == NULL)
    return FALSE;

  if (ldap_parse_result (self->ldap, message, &code, NULL, &said, NULL, NULL, 1) != LDAP_SUCCESS)
    code = LDAP_OTHER;
  if (code != LDAP_SUCCESS)
    lk_ldap_connection_fail_result (self, code, said, error);
  ldap_memfree (said);
  return code == LDAP_SUCCESS && secure (self, error);
}

gboolean
lk_ldap_connection_open (LkLdapConnection *self, GError **error)
{
  LkLdapTls tls = self->way->tls;

  return connect_to_server (self, error) && (tls != LK_LDAP_TLS_LDAPS || secure (self, error)) &&
         lk_ldap_socket_attach (self, error) &&
         (tls != LK_LDAP_TLS_START || start_tls (self, error)) &&
         lk_ldap_connection_bind (self, error);
}
