/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_LEGS   10
/* RFC 4752 3.3 */
#define LAYER_NONE 1

/* A result of a bind. @code is LDAP_SUCCESS, LDAP_SASL_BIND_IN_PROGRESS, or why not. */
typedef struct
{
  int code;
  char *said;
  GBytes *challenge;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_pointer (&answer->said, ldap_memfree);
  g_clear_pointer (&answer->challenge, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* Sends one leg and waits for its answer. @mechanism: NULL for a simple bind. */
static gboolean
exchange (LkLdapConnection *self,
          const char *name,
          const char *mechanism,
          gconstpointer data,
          gsize length,
          Answer *answer,
          GError **error)
{
  struct berval credential = { length, (char *) data };
  struct berval *challenge = NULL;
  LDAPMessage *message;
  int id = 0;

  answer_clear (answer);
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  if (ldap_sasl_bind (self->ldap, name, mechanism, &credential, NULL, NULL, &id) != LDAP_SUCCESS)
    return lk_ldap_connection_fail_broken (self, error);
  message = lk_ldap_connection_receive (self, id, error);
  if (message == NULL)
    return FALSE;

  if (ldap_parse_result (self->ldap, message, &answer->code, NULL, &answer->said, NULL, NULL, 0) !=
      LDAP_SUCCESS)
    answer->code = LDAP_OTHER;
  if (ldap_parse_sasl_bind_result (self->ldap, message, &challenge, 0) == LDAP_SUCCESS &&
      challenge != NULL)
    answer->challenge = g_bytes_new (challenge->bv_val, challenge->bv_len);
  if (challenge != NULL)
    ber_bvfree (challenge);
  ldap_msgfree (message);
  return TRUE;
}

static gboolean
bind_anonymously (LkLdapConnection *self, GError **error)
{
  g_auto (Answer) answer = { 0 };

  if (!exchange (self, "", LDAP_SASL_SIMPLE, "", 0, &answer, error))
    return FALSE;

  return answer.code == LDAP_SUCCESS ||
         lk_ldap_connection_fail_result (self, answer.code, answer.said, error);
}

static gboolean
check_simple (LkLdapConnection *self, const LkSecret *password, GError **error)
{
  if (password == NULL)
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error,
                                    _ ("the credential set %s has no password, which a simple bind"
                                       " needs; use --bind gssapi, or another set"),
                                    lk_login_get_name (self->way->login));
  /* RFC 4513 5.1.2: it would succeed, and prove nothing. */
  if (lk_secret_get_length (password) == 0)
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error,
                                    _ ("the password of the credential set %s is empty"),
                                    lk_login_get_name (self->way->login));
  if (!self->is_secure && !self->way->allow_clear)
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error,
                                    _ ("the password would go over the wire for everyone to read;"
                                       " use --tls ldaps, --tls starttls or --bind gssapi (or"
                                       " --allow-clear-password, if you must)"));
  return TRUE;
}

/* One attempt, and never a second one elsewhere: that is how accounts get locked. */
static gboolean
bind_simply (LkLdapConnection *self, GError **error)
{
  LkLogin *login = self->way->login;
  const LkSecret *password = lk_login_get_password (login);
  g_auto (Answer) answer = { 0 };
  g_autoptr (GError) cause = NULL;
  gboolean answered;

  if (!check_simple (self, password, error))
    return FALSE;
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  if (!lk_login_ask (login, self, &self->patience, &cause))
    return lk_ldap_connection_fail (self, (LkError) cause->code, error, "%s", cause->message);

  answered = exchange (self, lk_login_get_user (login), LDAP_SASL_SIMPLE, lk_secret_peek (password),
                       lk_secret_get_length (password), &answer, error);
  lk_login_tell (login, self,
                 !answered                                 ? LK_LOGIN_UNANSWERED
                 : answer.code == LDAP_SUCCESS             ? LK_LOGIN_ACCEPTED
                 : answer.code == LDAP_INVALID_CREDENTIALS ? LK_LOGIN_REFUSED_BY_DOMAIN
                                                           : LK_LOGIN_UNANSWERED);
  if (!answered || answer.code == LDAP_SUCCESS)
    return answered;
  return lk_ldap_connection_fail_result (self, answer.code, answer.said, error);
}

/* Who we are was shown by the certificate; this asks to be taken for that. */
static gboolean
bind_by_certificate (LkLdapConnection *self, GError **error)
{
  g_auto (Answer) answer = { 0 };

  if (!self->is_secure)
    return lk_ldap_connection_fail (self, LK_ERROR_INVALID, error,
                                    _ ("a certificate is shown inside TLS only; use --tls starttls"
                                       " or --tls ldaps"));
  if (lk_login_get_certificate (self->way->login) == NULL)
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error,
                                    _ ("the credential set %s is no certificate, which --bind"
                                       " external needs"),
                                    lk_login_get_name (self->way->login));
  if (!exchange (self, NULL, "EXTERNAL", "", 0, &answer, error))
    return FALSE;

  return answer.code == LDAP_SUCCESS ||
         lk_ldap_connection_fail_result (self, answer.code, answer.said, error);
}

/* A sign-in by Kerberos or NTLM under way. */
typedef struct
{
  LkLdapConnection *connection;
  LkGssContext *context;
  gboolean is_spnego;
  gboolean is_ntlm;
  gboolean is_bare;   /* TLS protects the messages, and nothing else */
  gboolean is_agreed; /* on what protects them */
  gboolean is_sealed;
  gboolean is_refused; /* the password is wrong, says the server */
  GByteArray *response;
} Dialog;

static gboolean
step (Dialog *dialog, GBytes *challenge, GError **error)
{
  g_autoptr (GBytes) token = NULL;
  g_autoptr (GError) cause = NULL;
  gsize length = 0;
  const guint8 *data = challenge != NULL ? g_bytes_get_data (challenge, &length) : NULL;
  LkGssTrouble trouble;

  g_byte_array_set_size (dialog->response, 0);
  if (!lk_gss_context_step (dialog->context, data, length, &token, &trouble, &cause))
    return lk_ldap_connection_fail (dialog->connection, (LkError) cause->code, error, "%s",
                                    cause->message);
  if (token != NULL)
    g_byte_array_append (dialog->response, g_bytes_get_data (token, NULL),
                         (guint) g_bytes_get_size (token));
  return TRUE;
}

/* RFC 4752 3.1: the server offers what may protect messages, and the client chooses. Inside TLS
 * Active Directory wants none, and without it all. */
static gboolean
agree (Dialog *dialog, GBytes *challenge, GError **error)
{
  g_autoptr (GByteArray) offer = g_byte_array_new ();
  g_autoptr (GError) cause = NULL;
  gsize length = 0;
  const guint8 *data = challenge != NULL ? g_bytes_get_data (challenge, &length) : NULL;
  guint8 choice[4] = { LAYER_NONE, 0, 0, 0 };

  if (!lk_gss_context_unwrap (dialog->context, data, length, offer, &cause))
    return lk_ldap_connection_fail (dialog->connection, LK_ERROR_BAD_REPLY, error, "%s",
                                    cause->message);
  dialog->is_sealed = !dialog->is_bare;
  if (dialog->is_sealed)
    memcpy (choice, "\x04\xff\xff\xff", sizeof choice);
  if (offer->len < 4 || (offer->data[0] & choice[0]) == 0)
    return lk_ldap_connection_fail (dialog->connection, LK_ERROR_DENIED, error,
                                    dialog->is_sealed
                                        ? _ ("the server does not seal messages; use --tls ldaps")
                                        : _ ("the server does not take Kerberos inside TLS; use"
                                             " --tls none"));

  g_byte_array_set_size (dialog->response, 0);
  dialog->is_agreed = TRUE;
  if (lk_gss_context_wrap (dialog->context, FALSE, choice, sizeof choice, dialog->response, &cause))
    return TRUE;
  return lk_ldap_connection_fail (dialog->connection, LK_ERROR_DENIED, error, "%s", cause->message);
}

/* Who the server is has to be proved as well; with NTLM, that it opens what is sealed. */
static gboolean
conclude (Dialog *dialog, GBytes *challenge, GError **error)
{
  LkLdapConnection *self = dialog->connection;

  if (!lk_gss_context_is_complete (dialog->context) && challenge != NULL &&
      !step (dialog, challenge, error))
    return FALSE;
  if (dialog->is_spnego)
    {
      dialog->is_agreed = TRUE;
      dialog->is_sealed = !dialog->is_bare;
    }
  if ((!dialog->is_ntlm && !lk_gss_context_is_mutual (dialog->context)) || !dialog->is_agreed)
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error,
                                    _ ("the server took the ticket without proving who it is"));

  if (dialog->is_sealed)
    self->gss = g_steal_pointer (&dialog->context);
  return TRUE;
}

/* Samba refuses in this way what Active Directory takes: a ticket inside TLS. */
static gboolean
fail_refused (Dialog *dialog, const Answer *answer, GError **error)
{
  if (dialog->is_bare && answer->code == LDAP_STRONG_AUTH_REQUIRED)
    return lk_ldap_connection_fail (dialog->connection, LK_ERROR_DENIED, error,
                                    _ ("the server does not take Kerberos inside TLS; use"
                                       " --tls none, which Kerberos seals by itself"));
  return lk_ldap_connection_fail_result (dialog->connection, answer->code, answer->said, error);
}

static gboolean
talk (Dialog *dialog, GError **error)
{
  LkLdapConnection *self = dialog->connection;
  const char *mechanism = dialog->is_spnego ? "GSS-SPNEGO" : "GSSAPI";
  g_auto (Answer) answer = { 0 };

  if (!step (dialog, NULL, error))
    return FALSE;
  for (guint n = 0; n < MAX_LEGS; n++)
    {
      gboolean is_done;

      if (!exchange (self, NULL, mechanism, dialog->response->data, dialog->response->len, &answer,
                     error))
        return FALSE;
      if (answer.code == LDAP_SUCCESS)
        return conclude (dialog, answer.challenge, error);
      dialog->is_refused = answer.code == LDAP_INVALID_CREDENTIALS;
      if (answer.code != LDAP_SASL_BIND_IN_PROGRESS)
        return fail_refused (dialog, &answer, error);

      is_done = lk_gss_context_is_complete (dialog->context);
      if (!(is_done ? agree (dialog, answer.challenge, error)
                    : step (dialog, answer.challenge, error)))
        return FALSE;
    }

  return lk_ldap_connection_fail (self, LK_ERROR_BAD_REPLY, error,
                                  _ ("the server never ends the sign-in"));
}

/* GSS-SPNEGO protects messages by itself, which directories refuse inside TLS. */
static gboolean
check_spnego (LkLdapConnection *self, GError **error)
{
  if (!self->is_secure)
    return TRUE;
  return lk_ldap_connection_fail (self, LK_ERROR_INVALID, error,
                                  _ ("GSS-SPNEGO protects messages by itself; use --tls none with"
                                     " it, or --bind gssapi inside TLS"));
}

/* The password is proved to the server, which asks the domain: one attempt, as a simple bind. */
static gboolean
bind_by_ntlm (LkLdapConnection *self, GError **error)
{
  LkLogin *login = self->way->login;
  g_autoptr (GByteArray) response = g_byte_array_new ();
  g_autoptr (LkGssCredential) credential = NULL;
  g_autoptr (GError) cause = NULL;
  Dialog dialog = { .connection = self, .is_spnego = TRUE, .is_ntlm = TRUE, .response = response };
  LkGssTrouble trouble;
  gboolean ok;

  if (!check_spnego (self, error))
    return FALSE;
  credential = lk_login_get_ntlm (login, &trouble, &cause);
  if (credential == NULL)
    return lk_ldap_connection_fail (self, (LkError) cause->code, error, "%s", cause->message);
  lk_ldap_connection_wait_for (self, self->way->connect_ms);
  if (!lk_login_ask (login, self, &self->patience, &cause))
    return lk_ldap_connection_fail (self, (LkError) cause->code, error, "%s", cause->message);

  dialog.context = lk_gss_context_new_client (credential, LK_GSS_NTLM, "ldap", self->host, NULL);
  ok = talk (&dialog, &cause);
  lk_gss_context_free (dialog.context);
  lk_login_tell (login, self,
                 ok                  ? LK_LOGIN_ACCEPTED
                 : dialog.is_refused ? LK_LOGIN_REFUSED_BY_DOMAIN
                                     : LK_LOGIN_UNANSWERED);
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&cause));
  return ok;
}

static gboolean
bind_by_kerberos (LkLdapConnection *self, GError **error)
{
  g_autoptr (GBytes) binding = lk_channel_dup_binding (self->channel);
  g_autoptr (GByteArray) response = g_byte_array_new ();
  g_autoptr (LkGssCredential) credential = NULL;
  g_autoptr (GError) cause = NULL;
  Dialog dialog = { .connection = self, .is_bare = self->is_secure, .response = response };
  LkGssTrouble trouble;
  gboolean ok;

  if (g_hostname_is_ip_address (self->host))
    return lk_ldap_connection_fail (self, LK_ERROR_DENIED, error,
                                    _ ("Kerberos knows servers by name; give the name, not the"
                                       " address, or --domain"));
  dialog.is_spnego = self->way->bind == LK_LDAP_BIND_SPNEGO;
  if (dialog.is_spnego && !check_spnego (self, error))
    return FALSE;
  credential = lk_login_get_kerberos (self->way->login, self->host, &trouble, &cause);
  if (credential == NULL)
    return lk_ldap_connection_fail (self, (LkError) cause->code, error, "%s", cause->message);

  dialog.context =
      lk_gss_context_new_client (credential, dialog.is_spnego ? LK_GSS_SPNEGO : LK_GSS_KERBEROS,
                                 "ldap", self->host, binding);
  if (dialog.is_bare)
    lk_gss_context_leave_bare (dialog.context);
  ok = talk (&dialog, error);
  lk_gss_context_free (dialog.context);
  return ok;
}

gboolean
lk_ldap_connection_bind (LkLdapConnection *self, GError **error)
{
  self->stage = LK_LDAP_STAGE_BIND;
  if (self->way->bind == LK_LDAP_BIND_ANONYMOUS)
    return bind_anonymously (self, error);
  if (self->way->bind == LK_LDAP_BIND_SIMPLE)
    return bind_simply (self, error);
  if (self->way->bind == LK_LDAP_BIND_EXTERNAL)
    return bind_by_certificate (self, error);
  if (self->way->bind == LK_LDAP_BIND_SPNEGO &&
      lk_login_get_scheme (self->way->login) == LK_SCHEME_NTLM)
    return bind_by_ntlm (self, error);
  return bind_by_kerberos (self, error);
}
