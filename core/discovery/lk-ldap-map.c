/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-map.h"

#include "base/lk-error.h"
#include "base/lk-xml.h"
#include "discovery/lk-ldap-filter.h"

#include <glib/gi18n-lib.h>
#include <ldap.h>
#include <string.h>

#define ACCOUNT_DISABLED   2                                  /* MS-ADTS 2.2.16 */
#define TICKS_A_MS         10000                              /* a FILETIME's */
#define MS_TO_1970         G_GINT64_CONSTANT (11644473600000) /* from 1601 */
#define LAST_KNOWN_FOREVER G_GINT64_CONSTANT (0x7fffffffffffffff)

static const char *const words[LK_LDAP_N_FIELDS] = { "name",    "address", "dns",    "os",
                                                     "version", "logon",   "control" };

static const char *const of_ad[LK_LDAP_N_FIELDS] = {
  [LK_LDAP_NAME] = "cn",
  [LK_LDAP_DNS] = "dNSHostName",
  [LK_LDAP_OS] = "operatingSystem",
  [LK_LDAP_VERSION] = "operatingSystemVersion",
  [LK_LDAP_LOGON] = "lastLogonTimestamp",
  [LK_LDAP_CONTROL] = "userAccountControl",
};

static const char *const of_others[LK_LDAP_N_FIELDS] = {
  [LK_LDAP_NAME] = "cn",
  [LK_LDAP_ADDRESS] = "ipHostNumber",
};

LkLdapMap *
lk_ldap_map_new (gboolean is_ad)
{
  LkLdapMap *self = g_new0 (LkLdapMap, 1);

  for (guint i = 0; i < LK_LDAP_N_FIELDS; i++)
    self->attributes[i] = g_strdup (is_ad ? of_ad[i] : of_others[i]);
  return self;
}

void
lk_ldap_map_free (LkLdapMap *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < LK_LDAP_N_FIELDS; i++)
    g_free (self->attributes[i]);
  g_free (self);
}

static gboolean
take_pair (LkLdapMap *self, const char *pair, GError **error)
{
  const char *equals = strchr (pair, '=');
  g_autofree char *word = equals != NULL ? g_strndup (pair, (gsize) (equals - pair)) : NULL;
  g_autofree char *known =
      g_strjoin (", ", words[0], words[1], words[2], words[3], words[4], words[5], words[6], NULL);
  guint field = 0;

  while (word != NULL && field < LK_LDAP_N_FIELDS && !g_str_equal (words[field], word))
    field++;
  if (word == NULL || field == LK_LDAP_N_FIELDS)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("“%s” in the attribute map is not FIELD=ATTRIBUTE; the fields are: %s"), pair,
                 known);
  else if (self->attributes[field] != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("The attribute map says twice where “%s” is"), word);
  else if (!lk_ldap_attribute_is_valid (equals + 1))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("“%s” in the attribute map cannot be an attribute's name"), equals + 1);
  else
    {
      self->attributes[field] = g_strdup (equals + 1);
      return TRUE;
    }

  return FALSE;
}

LkLdapMap *
lk_ldap_map_parse (const char *text, GError **error)
{
  g_autoptr (LkLdapMap) self = g_new0 (LkLdapMap, 1);
  g_auto (GStrv) pairs = g_strsplit (text, ",", 2 * LK_LDAP_N_FIELDS);

  for (guint i = 0; pairs[i] != NULL; i++)
    if (!take_pair (self, g_strstrip (pairs[i]), error))
      return NULL;

  if (self->attributes[LK_LDAP_NAME] == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The attribute map must say where the name is, like name=cn"));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
lk_ldap_machine_free (LkLdapMachine *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->sighting, lk_sighting_free);
  g_free (self->dn);
  g_free (self->os);
  g_free (self);
}

gint64
lk_filetime_parse (const char *text)
{
  guint64 ticks = 0;

  if (text == NULL || !lk_text_to_uint (text, LAST_KNOWN_FOREVER, &ticks) ||
      ticks == LAST_KNOWN_FOREVER || ticks / TICKS_A_MS <= MS_TO_1970)
    return 0;

  return (gint64) (ticks / TICKS_A_MS) - MS_TO_1970;
}

char *
lk_windows_version_parse (const char *text)
{
  g_autoptr (GRegex) regex =
      g_regex_new ("^(\\d{1,3}\\.\\d{1,3})(?: \\((\\d{1,6})\\)|\\.(\\d{1,6}))$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *release = NULL;
  g_autofree char *build = NULL;

  if (text == NULL || !g_regex_match (regex, text, 0, &match))
    return NULL;

  release = g_match_info_fetch (match, 1);
  build = g_match_info_fetch (match, *text != '\0' && strchr (text, '(') != NULL ? 2 : 3);
  return g_strdup_printf ("%s.%s", release, build);
}

/* An AD domain is spelled in the DN of everything within it. */
static char *
domain_from_dn (const char *dn)
{
  char *domain = NULL;
  char *copy = NULL;

  if (ldap_dn2domain (dn, &domain) == LDAP_SUCCESS && domain != NULL &&
      lk_host_is_plausible (domain))
    copy = g_strdup (domain);
  ldap_memfree (domain);
  return copy;
}

static const char *
get_host (const char *value)
{
  return value != NULL && lk_host_is_plausible (value) ? value : NULL;
}

static gboolean
is_set (const char *control, guint64 bit)
{
  guint64 bits = 0;

  return control != NULL && lk_text_to_uint (control, G_MAXUINT32, &bits) && (bits & bit) != 0;
}

LkLdapMachine *
lk_ldap_machine_new (const char *dn,
                     const char *const values[LK_LDAP_N_FIELDS],
                     gint64 now,
                     gint64 stale,
                     GError **error)
{
  const char *dns = get_host (values[LK_LDAP_DNS]);
  const char *address = get_host (values[LK_LDAP_ADDRESS]);
  const char *name = get_host (values[LK_LDAP_NAME]);
  LkLdapMachine *self;

  if (address == NULL)
    address = dns;
  if (name == NULL)
    name = address;
  if (name == NULL)
    {
      if (values[LK_LDAP_NAME] != NULL)
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” cannot be a machine's name"),
                     values[LK_LDAP_NAME]);
      else
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("it has no name"));
      return NULL;
    }

  self = g_new0 (LkLdapMachine, 1);
  self->sighting = g_new0 (LkSighting, 1);
  self->sighting->name = g_strdup (name);
  self->sighting->address = g_strdup (address);
  self->sighting->domain = domain_from_dn (dn);
  self->dn = g_strdup (dn);
  self->os = g_strdup (values[LK_LDAP_OS]);
  self->sighting->os_version = lk_windows_version_parse (values[LK_LDAP_VERSION]);
  self->logon = lk_filetime_parse (values[LK_LDAP_LOGON]);
  self->is_disabled = is_set (values[LK_LDAP_CONTROL], ACCOUNT_DISABLED);
  self->is_stale = stale > 0 && self->logon != 0 && self->logon < now - stale;
  return self;
}
