/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-filter.h"
#include "discovery/lk-ldap-map.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Filters, patterns and maps that people type, and what servers say of machines. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *pattern = lk_ldap_filter_from_pattern ("cn", text);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkLdapMap) map = lk_ldap_map_parse (text, NULL);
  g_autoptr (LkLdapMachine) machine = NULL;
  const char *values[LK_LDAP_N_FIELDS] = { text, text, text, text, text, text, text };
  guint at = 0;

  if (!lk_ldap_filter_check (text, &at, &error))
    {
      g_assert_nonnull (error);
      g_assert_cmpuint (at, >=, 1);
      g_assert_cmpuint (at, <=, strlen (text) + 1);
    }
  /* A pattern is always one condition on one attribute, whatever stands in it. */
  if (g_utf8_validate (text, -1, NULL) && strlen (pattern) <= LK_LDAP_FILTER_MAX)
    g_assert_true (lk_ldap_filter_check (pattern, NULL, NULL));
  g_assert_true (map == NULL || map->attributes[LK_LDAP_NAME] != NULL);

  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  machine = lk_ldap_machine_new (text, values, 0, 1, NULL);
  if (machine != NULL)
    {
      const LkSighting *sighting = machine->sighting;

      g_assert_true (lk_host_is_plausible (sighting->name));
      g_assert_true (sighting->address == NULL || lk_host_is_plausible (sighting->address));
      g_assert_true (sighting->domain == NULL || lk_host_is_plausible (sighting->domain));
    }
  return 0;
}
