/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "domain/lk-credential.h"

#include <string.h>

static const char *const kinds[] = {
  [LK_CREDENTIAL_PASSWORD] = "password",       [LK_CREDENTIAL_ASK] = "ask",
  [LK_CREDENTIAL_TICKET] = "ticket",           [LK_CREDENTIAL_KEYTAB] = "keytab",
  [LK_CREDENTIAL_CERTIFICATE] = "certificate",
};

static const char *const schemes[] = {
  [LK_SCHEME_AUTO] = "auto",   [LK_SCHEME_KERBEROS] = "kerberos",       [LK_SCHEME_NTLM] = "ntlm",
  [LK_SCHEME_BASIC] = "basic", [LK_SCHEME_CERTIFICATE] = "certificate",
};

static gboolean
find_word (const char *const *words, guint n, const char *word, guint *index)
{
  for (guint i = 0; word != NULL && i < n; i++)
    if (g_str_equal (words[i], word))
      {
        *index = i;
        return TRUE;
      }

  return FALSE;
}

const char *
lk_credential_kind_to_word (LkCredentialKind kind)
{
  return kinds[kind];
}

gboolean
lk_credential_kind_parse (const char *word, LkCredentialKind *kind)
{
  guint index = 0;
  gboolean is_known = find_word (kinds, G_N_ELEMENTS (kinds), word, &index);

  *kind = (LkCredentialKind) index;
  return is_known;
}

const char *
lk_scheme_to_word (LkScheme scheme)
{
  return schemes[scheme];
}

gboolean
lk_scheme_parse (const char *word, LkScheme *scheme)
{
  guint index = 0;
  gboolean is_known = find_word (schemes, G_N_ELEMENTS (schemes), word, &index);

  *scheme = (LkScheme) index;
  return is_known;
}

LkAccount *
lk_account_parse (const char *text)
{
  LkAccount *self = g_new0 (LkAccount, 1);
  const char *slash = strchr (text, '\\');
  const char *at = strrchr (text, '@');

  if (slash != NULL)
    {
      self->user = g_strdup (slash + 1);
      self->domain = g_strndup (text, (gsize) (slash - text));
    }
  else if (at != NULL)
    {
      self->user = g_strndup (text, (gsize) (at - text));
      self->domain = g_strdup (at + 1);
      self->is_principal = TRUE;
    }
  else
    self->user = g_strdup (text);

  if (self->domain != NULL && (*self->domain == '\0' || g_str_equal (self->domain, ".")))
    g_clear_pointer (&self->domain, g_free);
  return self;
}

void
lk_account_free (LkAccount *self)
{
  if (self == NULL)
    return;
  g_free (self->user);
  g_free (self->domain);
  g_free (self);
}

/* Whether @label is the first label of @name. */
static gboolean
is_first_label (const char *label, const char *name)
{
  gsize length = strlen (label);

  return name != NULL && g_ascii_strncasecmp (name, label, length) == 0 &&
         (name[length] == '\0' || name[length] == '.');
}

gboolean
lk_account_is_local (const LkAccount *self, const char *const *names)
{
  if (self->domain == NULL)
    return TRUE;

  for (guint i = 0; !self->is_principal && names != NULL && names[i] != NULL; i++)
    if (is_first_label (self->domain, names[i]))
      return TRUE;

  return FALSE;
}

char *
lk_account_make_principal (const LkAccount *self, const char *fqdn, const char *default_realm)
{
  const char *of_machine = fqdn != NULL ? strchr (fqdn, '.') : NULL;
  const char *realm = NULL;
  g_autofree char *upper = NULL;

  if (self->domain == NULL)
    return NULL;
  if (self->is_principal || strchr (self->domain, '.') != NULL)
    realm = self->domain;
  else if (of_machine != NULL && is_first_label (self->domain, of_machine + 1))
    realm = of_machine + 1;
  else if (is_first_label (self->domain, default_realm))
    realm = default_realm;
  if (realm == NULL)
    return NULL;

  upper = g_ascii_strup (realm, -1);
  return g_strconcat (self->user, "@", upper, NULL);
}
