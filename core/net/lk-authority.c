/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-authority.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define OWN_DAYS        3650
#define MAX_COMMON_NAME 64

struct _LkAuthority
{
  char *certificate;
  LkSecret *key;
};

LkAuthority *
lk_authority_new (const char *name, GError **error)
{
  const LkCertificateRequest request = {
    .kind = LK_CERTIFICATE_CA,
    .name = name,
    .days = OWN_DAYS,
  };
  g_autoptr (LkAuthority) self = g_new0 (LkAuthority, 1);

  return lk_certificate_make (&request, &self->certificate, &self->key, error)
             ? g_steal_pointer (&self)
             : NULL;
}

LkAuthority *
lk_authority_load (const char *certificate, const LkSecret *key, GError **error)
{
  LkAuthority *self;

  if (!lk_certificate_check_key (certificate, -1, key, error))
    return NULL;

  self = g_new0 (LkAuthority, 1);
  self->certificate = g_strdup (certificate);
  self->key = lk_secret_copy (key);
  return self;
}

void
lk_authority_free (LkAuthority *self)
{
  if (self == NULL)
    return;
  g_free (self->certificate);
  lk_secret_free (self->key);
  g_free (self);
}

const char *
lk_authority_get_certificate (const LkAuthority *self)
{
  return self->certificate;
}

const LkSecret *
lk_authority_get_key (const LkAuthority *self)
{
  return self->key;
}

gboolean
lk_authority_issue_server (const LkAuthority *self,
                           const char *const *names,
                           int days,
                           const LkSecret *reused,
                           char **certificate,
                           LkSecret **key,
                           GError **error)
{
  LkCertificateRequest request = {
    .kind = LK_CERTIFICATE_SERVER,
    .names = names,
    .days = days,
    .issuer = self->certificate,
    .issuer_key = self->key,
    .key = reused,
  };

  if (names == NULL || names[0] == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("A server's certificate needs a name"));
      return FALSE;
    }

  /* Clients look at the list of names only; the common name is for people. */
  request.name = strlen (names[0]) <= MAX_COMMON_NAME ? names[0] : "server";
  return lk_certificate_make (&request, certificate, key, error);
}

gboolean
lk_authority_issue_client (const LkAuthority *self,
                           const char *name,
                           int days,
                           char **certificate,
                           LkSecret **key,
                           GError **error)
{
  const LkCertificateRequest request = {
    .kind = LK_CERTIFICATE_CLIENT,
    .name = name,
    .days = days,
    .issuer = self->certificate,
    .issuer_key = self->key,
  };

  return lk_certificate_make (&request, certificate, key, error);
}
