/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-root.h"

#include "discovery/lk-ldap-search.h"

#include <glib/gi18n-lib.h>

#define AD_CAPABILITY "1.2.840.113556.1.4.800" /* MS-ADTS 3.1.1.3.4.3.1 */

void
lk_ldap_root_clear (LkLdapRoot *self)
{
  g_clear_pointer (&self->contexts, g_strfreev);
  g_clear_pointer (&self->context, g_free);
}

static gboolean
on_entry (LDAP *ldap, LDAPMessage *entry, gpointer user_data, GError **error)
{
  LkLdapRoot *self = user_data;
  g_auto (GStrv) capabilities = lk_ldap_entry_get_texts (ldap, entry, "supportedCapabilities");
  const char *why;

  lk_ldap_root_clear (self);
  self->is_ad = g_strv_contains ((const char *const *) capabilities, AD_CAPABILITY);
  self->contexts = lk_ldap_entry_get_texts (ldap, entry, "namingContexts");
  self->context = lk_ldap_entry_get_text (ldap, entry, "defaultNamingContext", &why);
  return TRUE;
}

gboolean
lk_ldap_root_read (LkLdapRoot *self, LkLdapConnection *connection, GError **error)
{
  static const char *const attributes[] = { "supportedCapabilities", "namingContexts",
                                            "defaultNamingContext", NULL };
  const LkLdapSearch request = {
    .base = "",
    .scope = LDAP_SCOPE_BASE,
    .filter = "(objectClass=*)",
    .attributes = (char **) attributes,
    .entry = on_entry,
    .user_data = self,
  };

  return lk_ldap_search_run (&request, connection, error);
}

char *
lk_ldap_root_choose_base (const LkLdapRoot *self,
                          LkLdapConnection *connection,
                          gboolean is_global,
                          GError **error)
{
  g_autofree char *all = NULL;

  if (is_global) /* the root of the forest has no name (MS-ADTS 3.1.1.3.1.3) */
    return g_strdup ("");
  if (self->context != NULL)
    return g_strdup (self->context);
  if (self->contexts != NULL && g_strv_length (self->contexts) == 1)
    return g_strdup (self->contexts[0]);

  all = self->contexts != NULL ? g_strjoinv ("; ", self->contexts) : g_strdup ("");
  if (*all != '\0')
    lk_ldap_connection_fail (connection, LK_ERROR_INVALID, error,
                             _ ("this directory has several trees; choose one with --base: %s"),
                             all);
  else
    lk_ldap_connection_fail (connection, LK_ERROR_INVALID, error,
                             _ ("this directory does not say where it begins; say it with --base"));
  return NULL;
}
