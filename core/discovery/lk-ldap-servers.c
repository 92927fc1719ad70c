/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-servers.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_SERVERS 8
#define PORT_GC     3268
#define PORT_GCS    3269

static void
server_free (gpointer data)
{
  g_free (((LkLdapServer *) data)->host);
  g_free (data);
}

static void
add (GPtrArray *servers, const char *host, guint16 port)
{
  LkLdapServer *server = g_new0 (LkLdapServer, 1);

  server->host = g_strdup (host);
  server->port = port;
  g_ptr_array_add (servers, server);
}

/* DNS tells of the ports without TLS only. */
static guint16
choose_port (const LkLdapQuery *query, guint16 found)
{
  if (query->port != 0)
    return query->port;
  if (query->is_global)
    return query->way.tls == LK_LDAP_TLS_LDAPS ? PORT_GCS : found != 0 ? found : PORT_GC;
  return query->way.tls == LK_LDAP_TLS_LDAPS ? 0 : found;
}

static gboolean
look_up (const LkLdapQuery *query,
         const char *service,
         const char *domain,
         GPtrArray *servers,
         GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GList *targets =
      g_resolver_lookup_service (resolver, service, "tcp", domain, query->way.cancellable, error);

  for (const GList *at = targets; at != NULL && servers->len < MAX_SERVERS; at = at->next)
    if (lk_host_is_plausible (g_srv_target_get_hostname (at->data)))
      add (servers, g_srv_target_get_hostname (at->data),
           choose_port (query, g_srv_target_get_port (at->data)));
  g_resolver_free_targets (targets);
  return servers->len > 0;
}

GPtrArray *
lk_ldap_servers_find (const LkLdapQuery *query, GError **error)
{
  g_autoptr (GPtrArray) servers = g_ptr_array_new_with_free_func (server_free);
  g_autofree char *controllers = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean found;

  if (query->server != NULL)
    {
      add (servers, query->server, choose_port (query, 0));
      return g_steal_pointer (&servers);
    }

  controllers = g_strconcat ("dc._msdcs.", query->domain, NULL);
  found = query->is_global ? look_up (query, "gc", query->domain, servers, &cause)
                           : look_up (query, "ldap", controllers, servers, NULL) ||
                                 look_up (query, "ldap", query->domain, servers, &cause);
  if (found)
    return g_steal_pointer (&servers);

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (
        error, LK_ERROR, LK_ERROR_UNREACHABLE,
        query->is_global
            ? _ ("%s: looking up the name: DNS knows no global catalogue (_gc._tcp) of this"
                 " domain; check the name and this computer's DNS server, or give --server")
            : _ ("%s: looking up the name: DNS knows no directory server (_ldap._tcp) of"
                 " this domain; check the name and this computer's DNS server, or give"
                 " --server"),
        query->domain);
  return NULL;
}
