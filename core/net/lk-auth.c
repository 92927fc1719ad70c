/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-auth.h"

#include "base/lk-error.h"

#include <sodium.h>
#include <string.h>

typedef struct
{
  LkAuth parent;
  char *user;
  LkSecret *password;
} Basic;

static LkSecret *
basic_authorize (LkAuth *auth, GError **error)
{
  Basic *self = (Basic *) auth;
  const char *password = self->password != NULL ? lk_secret_peek (self->password) : "";
  gsize plain_length = strlen (self->user) + 1 + strlen (password);
  gsize size =
      strlen ("Basic ") + sodium_base64_encoded_len (plain_length, sodium_base64_VARIANT_ORIGINAL);
  g_autofree char *plain = NULL;
  g_autofree char *text = NULL;
  LkSecret *header;

  if (strchr (self->user, ':') != NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "The user name “%s” cannot be used with Basic: it has a colon", self->user);
      return NULL;
    }

  plain = g_strconcat (self->user, ":", password, NULL);
  text = g_malloc (size);
  strcpy (text, "Basic ");
  sodium_bin2base64 (text + strlen ("Basic "), size - strlen ("Basic "), (const guint8 *) plain,
                     plain_length, sodium_base64_VARIANT_ORIGINAL);
  header = lk_secret_new (text, -1);
  sodium_memzero (plain, plain_length);
  sodium_memzero (text, size);
  return header;
}

static void
basic_free (LkAuth *auth)
{
  Basic *self = (Basic *) auth;

  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->password, lk_secret_free);
  g_free (self);
}

static const LkAuthScheme basic_scheme = {
  .name = "Basic",
  .is_readable = TRUE,
  .authorize = basic_authorize,
  .free = basic_free,
};

LkAuth *
lk_auth_new_basic (const char *user, const LkSecret *password)
{
  Basic *self = g_new0 (Basic, 1);

  self->parent.scheme = &basic_scheme;
  self->user = g_strdup (user);
  self->password = password != NULL ? lk_secret_copy (password) : NULL;
  return &self->parent;
}

void
lk_auth_free (LkAuth *self)
{
  if (self != NULL)
    self->scheme->free (self);
}

gboolean
lk_auth_is_readable (const LkAuth *self)
{
  return self != NULL && self->scheme->is_readable;
}

GByteArray *
lk_auth_write_request (LkAuth *self,
                       gboolean seal,
                       const char *host,
                       const char *path,
                       const char *content_type,
                       const void *body,
                       gsize length,
                       GError **error)
{
  g_autoptr (LkSecret) authorization = NULL;
  g_autoptr (GByteArray) sealed = NULL;
  g_autofree char *sealed_type = NULL;
  g_autoptr (GError) cause = NULL;
  const char *headers[9] = { "Host", host, "User-Agent", "Latchkey", "Content-Type", content_type };

  if (self != NULL && self->scheme->authorize != NULL)
    authorization = self->scheme->authorize (self, &cause);
  if (cause == NULL && seal && self != NULL && self->scheme->seal != NULL)
    {
      sealed = g_byte_array_sized_new ((guint) length);
      g_byte_array_append (sealed, body, (guint) length);
      sealed_type = self->scheme->seal (self, content_type, sealed, &cause);
      headers[5] = sealed_type;
    }
  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }

  if (authorization != NULL)
    {
      headers[6] = "Authorization";
      headers[7] = lk_secret_peek (authorization);
    }
  return lk_http_write_request ("POST", path, headers, sealed != NULL ? sealed->data : body,
                                sealed != NULL ? sealed->len : length);
}

gboolean
lk_auth_open (LkAuth *self, LkHttpMessage *answer, GError **error)
{
  return self == NULL || self->scheme->open == NULL || self->scheme->open (self, answer, error);
}

void
lk_auth_reset (LkAuth *self)
{
  if (self != NULL && self->scheme->reset != NULL)
    self->scheme->reset (self);
}
