/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-discover-ldap.h"

#include "base/lk-error.h"
#include "console/lk-console-backend.h"
#include "console/lk-console-private.h"
#include "discovery/lk-ldap-filter.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define WHOLE_SEARCH (LK_HOUR * 1000) /* microseconds */

const char *const lk_directory_scopes[] = { "sub", "one", "base", NULL };
const char *const lk_directory_tls_ways[] = { "auto", "none", "starttls", "ldaps", NULL };
const char *const lk_directory_bind_ways[] = { "auto",      "simple",   "gssapi", "spnego",
                                               "anonymous", "external", NULL };
const char *const lk_directory_referrals[] = { "report", "follow", NULL };

/* A search while it runs. */
typedef struct
{
  LkConsole *console;
  const LkDirectorySearch *search;
  LkDirectoryResult *result;
  LkDirectoryFunc found;
  gpointer user_data;
  LkSighting *server; /* where it is, or NULL */
  gboolean is_ldaps;
  LkLdapMap *map;
  LkTrust *trust;
  LkLogin *login;
  char *pin;
} Order;

static void
order_clear (Order *self)
{
  g_clear_pointer (&self->server, lk_sighting_free);
  g_clear_pointer (&self->map, lk_ldap_map_free);
  g_clear_pointer (&self->trust, lk_trust_unref);
  g_clear_pointer (&self->login, lk_login_unref);
  g_clear_pointer (&self->pin, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Order, order_clear)

void
lk_directory_result_clear (LkDirectoryResult *self)
{
  lk_ldap_report_clear (&self->report);
}

static gboolean
read_server (Order *order, GError **error)
{
  const char *text = order->search->server;

  if (text == NULL)
    return TRUE;

  order->is_ldaps = g_ascii_strncasecmp (text, "ldaps://", 8) == 0;
  if (order->is_ldaps)
    text += 8;
  else if (g_ascii_strncasecmp (text, "ldap://", 7) == 0)
    text += 7;
  order->server = lk_sighting_parse (text, error);
  return order->server != NULL;
}

static gboolean
check_texts (const LkDirectorySearch *search, GError **error)
{
  if ((search->server == NULL) == (search->domain == NULL))
    g_set_error (
        error, LK_ERROR, LK_ERROR_INVALID,
        _ ("Say which directory: a domain, whose controllers are found by DNS, or a server,"
           " but not both"));
  else if (search->domain != NULL && !lk_host_is_plausible (search->domain))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is not a domain"), search->domain);
  else if (search->name != NULL &&
           (*search->name == '\0' || !g_utf8_validate (search->name, -1, NULL) ||
            strlen (search->name) > LK_LDAP_FILTER_MAX / 4))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("The name pattern is empty or cannot be used; write it like pc-*"));
  else if (search->base != NULL && !g_utf8_validate (search->base, -1, NULL))
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The base is not UTF-8 text"));
  else
    return search->filter == NULL || lk_ldap_filter_check (search->filter, NULL, error);

  return FALSE;
}

static gboolean
check_base (const char *base, GError **error)
{
  LDAPDN dn = NULL;
  int result = ldap_str2dn (base, &dn, LDAP_DN_FORMAT_LDAPV3);

  ldap_dnfree (dn);
  if (result == LDAP_SUCCESS)
    return TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("“%s” is not a place in a directory; write it like ou=pcs,dc=lab,dc=test"), base);
  return FALSE;
}

static gboolean
read_order (Order *order, GError **error)
{
  const LkDirectorySearch *search = order->search;

  if (!check_texts (search, error) || !read_server (order, error))
    return FALSE;
  if (search->base != NULL && !check_base (search->base, error))
    return FALSE;
  if (search->map != NULL)
    {
      order->map = lk_ldap_map_parse (search->map, error);
      if (order->map == NULL)
        return FALSE;
    }
  if (search->fingerprint != NULL)
    {
      order->pin = lk_pin_parse (search->fingerprint);
      if (order->pin == NULL)
        g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                     _ ("A fingerprint is the SHA-256 of a certificate, 64 hexadecimal digits"));
    }
  return search->fingerprint == NULL || order->pin != NULL;
}

gboolean
lk_directory_search_check (const LkDirectorySearch *search, GError **error)
{
  g_auto (Order) order = { .search = search };

  return read_order (&order, error);
}

static LkMachineNames
get_names (const Order *order)
{
  const char *name = order->server != NULL ? order->server->name : order->search->domain;

  return (LkMachineNames){ .name = name, .fqdn = name, .domain = order->search->domain };
}

char *
lk_console_find_directory_question (LkConsole *self,
                                    const LkDirectorySearch *search,
                                    GError **error)
{
  g_auto (Order) order = { .search = search };
  LkMachineNames names;

  if (search->bind == LK_LDAP_BIND_ANONYMOUS || !read_order (&order, error))
    return NULL;
  names = get_names (&order);
  return lk_console_find_question (self, search->credential, &names, error);
}

static gboolean
take_login (Order *order, GError **error)
{
  const LkDirectorySearch *search = order->search;
  const LkMachineNames names = get_names (order);

  if (search->bind == LK_LDAP_BIND_ANONYMOUS)
    return TRUE;

  order->login = search->credential != NULL
                     ? lk_console_get_named_login (order->console, search->credential, error)
                     : lk_console_get_login (order->console, &names, error);
  return order->login != NULL;
}

static gboolean
take_trust (Order *order, GError **error)
{
  g_autofree char *ca_file = NULL;

  if (order->search->ca_file == NULL)
    ca_file = lk_store_get_setting (lk_console_get_store (order->console, NULL),
                                    LK_SETTING_MACHINES_CA, NULL);
  order->trust =
      lk_trust_new (order->search->ca_file != NULL ? order->search->ca_file : ca_file, error);
  return order->trust != NULL;
}

static gboolean
on_found (GPtrArray *machines, gpointer user_data, GError **error)
{
  Order *order = user_data;
  g_autoptr (GPtrArray) sightings = g_ptr_array_new ();
  guint n_added = 0;
  guint n_known = 0;

  for (guint i = 0; i < machines->len; i++)
    g_ptr_array_add (sightings, ((LkLdapMachine *) g_ptr_array_index (machines, i))->sighting);
  if (!order->search->only_look &&
      !lk_store_add_machines (lk_console_get_store (order->console, NULL), sightings,
                              lk_console_now (order->console), &n_added, &n_known, error))
    return FALSE;

  order->result->n_added += n_added;
  order->result->n_known += n_known;
  if (order->found != NULL)
    order->found (machines, order->user_data);
  return TRUE;
}

static gboolean
run_order (Order *order, GCancellable *cancellable, GError **error)
{
  const LkDirectorySearch *search = order->search;
  LkConsole *console = order->console;
  LkLdapQuery query = {
    .way = { .tls = order->is_ldaps ? LK_LDAP_TLS_LDAPS : search->tls,
             .bind = search->bind,
             .login = order->login,
             .allow_clear = search->allow_clear,
             .trust = order->trust,
             .pin = order->pin,
             .connect_ms = (guint) lk_console_get_duration (console, LK_SETTING_CONNECT_TIMEOUT),
             .answer_ms = (guint) lk_console_get_duration (console, LK_SETTING_ANSWER_TIMEOUT),
             .until = g_get_monotonic_time () + WHOLE_SEARCH,
             .cancellable = cancellable },
    .server = order->server != NULL ? order->server->name : NULL,
    .port = order->server != NULL ? order->server->port : 0,
    .domain = search->domain,
    .is_global = search->is_global,
    .base = search->base,
    .scope = search->scope,
    .filter = search->filter,
    .name = search->name,
    .map = order->map,
    .with_disabled = search->with_disabled,
    .stale = search->stale_days * LK_DAY,
    .follow = search->follow,
    .max = search->max,
    .now = lk_console_now (console),
    .found = on_found,
    .user_data = order,
  };

  lk_ldap_way_settle (&query.way, query.port);
  return lk_ldap_source_run (&query, &order->result->report, error);
}

gboolean
lk_console_discover_directory (LkConsole *self,
                               const LkDirectorySearch *search,
                               LkDirectoryResult *result,
                               LkDirectoryFunc found,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error)
{
  g_auto (Order) order = {
    .console = self, .search = search, .result = result, .found = found, .user_data = user_data
  };

  return read_order (&order, error) && lk_console_get_store (self, error) != NULL &&
         take_login (&order, error) && take_trust (&order, error) &&
         run_order (&order, cancellable, error);
}
