/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-auth-private.h"

#include "base/lk-error.h"
#include "net/lk-challenge.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* MS-WSMV 2.2.9.1.2: what Windows wants to hear from whoever shows a certificate. */
#define MUTUAL "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

#define SPNEGO_PROTOCOL   "application/HTTP-SPNEGO-session-encrypted"
#define KERBEROS_PROTOCOL "application/HTTP-Kerberos-session-encrypted"
#define SOAP_TYPE         "application/soap+xml;charset=UTF-8"

GByteArray *
lk_auth_write_leg (LkAuth *self, const char *host, const char *path)
{
  gsize length = 0;
  const guint8 *token = g_bytes_get_data (self->leg, &length);
  g_autofree char *text = g_base64_encode (token, length);
  g_autofree char *authorization = g_strconcat (lk_way_get_header (self->way), " ", text, NULL);
  const char *headers[] = { "Host",          host,           "User-Agent",
                            "Latchkey",      "Content-Type", SOAP_TYPE,
                            "Authorization", authorization,  NULL };

  self->n_legs++;
  return lk_http_write_request ("POST", path, headers, NULL, 0);
}

static GByteArray *
seal (LkAuth *self,
      const char *content_type,
      const void *body,
      gsize length,
      char **sealed_type,
      GError **error)
{
  const char *protocol = self->way == LK_WAY_KERBEROS ? KERBEROS_PROTOCOL : SPNEGO_PROTOCOL;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GByteArray) sealed = g_byte_array_sized_new ((guint) length);

  if (!lk_gss_context_seal (self->context, self->form == LK_SEALED_FOREIGN, body, length, header,
                            sealed, error))
    return NULL;

  *sealed_type = lk_sealed_make_type (protocol);
  return lk_sealed_write (self->form, protocol, content_type, length, header, sealed);
}

GByteArray *
lk_auth_write_request (LkAuth *self,
                       const char *host,
                       const char *path,
                       const char *content_type,
                       const void *body,
                       gsize length,
                       GError **error)
{
  g_autoptr (GByteArray) sealed = NULL;
  g_autofree char *sealed_type = NULL;
  const char *headers[9] = { "Host", host, "User-Agent", "Latchkey", "Content-Type", content_type };

  if (self->login != NULL && self->way == LK_WAY_BASIC)
    {
      const LkSecret *authorization = lk_login_get_basic (self->login, error);

      if (authorization == NULL)
        return NULL;
      headers[7] = lk_secret_peek (authorization);
    }
  else if (self->login != NULL && self->way == LK_WAY_CERTIFICATE)
    headers[7] = MUTUAL;
  else if (lk_auth_is_sealing (self))
    {
      sealed = seal (self, content_type, body, length, &sealed_type, error);
      if (sealed == NULL)
        return NULL;
      headers[5] = sealed_type;
    }

  if (headers[7] != NULL)
    headers[6] = "Authorization";
  return lk_http_write_request ("POST", path, headers, sealed != NULL ? sealed->data : body,
                                sealed != NULL ? sealed->len : length);
}

static gboolean
open_sealed (LkAuth *self, LkHttpMessage *answer, GError **error)
{
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  LkSealedParts parts;

  if (!lk_sealed_parse (answer->body->data, answer->body->len, &parts, error) ||
      !lk_gss_context_open (self->context, parts.token, parts.token_length, plain, error))
    return FALSE;
  if (plain->len != parts.plain_length)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
                   _ ("the sealed message has another length than it says"));
      return FALSE;
    }

  g_byte_array_unref (answer->body);
  answer->body = g_steal_pointer (&plain);
  return TRUE;
}

char *
lk_auth_describe_refusal (LkAuth *self, const LkHttpMessage *answer)
{
  g_autofree char *offers = lk_challenge_describe (answer);

  if (self->login == NULL)
    return g_strdup_printf (_ ("it wants to know who asks; it offers %s"), offers);
  if (self->way == LK_WAY_BASIC && !lk_challenge_find (answer, "Basic", NULL))
    return g_strdup_printf (_ ("it does not take Basic; it offers %s"), offers);
  if (lk_auth_is_signed_in (self))
    return g_strdup_printf (_ ("it signed us in with %s, but asks again who we are"),
                            lk_way_get_title (self->way));
  return g_strdup_printf (_ ("it did not accept the account of the credential set %s (%s)"),
                          lk_login_get_name (self->login), lk_way_get_title (self->way));
}

gboolean
lk_auth_is_offered (LkAuth *self, const LkHttpMessage *answer)
{
  return self->login == NULL || self->way != LK_WAY_BASIC ||
         lk_challenge_find (answer, "Basic", NULL);
}

gboolean
lk_auth_open (LkAuth *self, LkHttpMessage *answer, GError **error)
{
  if (self->login == NULL)
    return TRUE;

  /* With Basic the first answer says whether the account was accepted, unless it comes from
   * somebody who did not look at it, such as a proxy or a server that is overloaded. */
  if (answer->status == 200 || answer->status == 500)
    lk_auth_tell (self, LK_LOGIN_ACCEPTED);
  else if (answer->status != 401)
    lk_auth_tell (self, LK_LOGIN_UNANSWERED);
  else if (self->way != LK_WAY_BASIC || lk_challenge_find (answer, "Basic", NULL))
    lk_auth_tell (self, LK_LOGIN_REFUSED);
  if (!lk_auth_is_sealing (self) || answer->body->len == 0 ||
      (answer->status != 200 && answer->status != 500))
    return TRUE;
  if (lk_sealed_is_type (lk_http_message_get_header (answer, "Content-Type")))
    return open_sealed (self, answer, error);

  g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY,
               _ ("it answered a sealed message in the clear, which anybody on the way could have"
                  " written"));
  return FALSE;
}
