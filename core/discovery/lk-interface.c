/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-interface.h"

#include "base/lk-error.h"
#include "discovery/lk-range.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static void
interface_free (gpointer data)
{
  LkInterface *self = data;

  g_free (self->name);
  g_array_unref (self->addresses);
  g_free (self);
}

/* The bytes of an IPv4 or IPv6 address, without its port. */
static const guint8 *
get_bytes (const struct sockaddr *address, gsize *length)
{
  if (address->sa_family == AF_INET)
    {
      *length = sizeof (struct in_addr);
      return (const void *) &((const struct sockaddr_in *) (const void *) address)->sin_addr;
    }

  *length = sizeof (struct in6_addr);
  return (const void *) &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr;
}

static guint
count_bits (const struct sockaddr *mask)
{
  gsize length;
  const guint8 *bytes = get_bytes (mask, &length);
  guint n = 0;

  for (gsize i = 0; i < length; i++)
    n += (guint) __builtin_popcount (bytes[i]);
  return n;
}

static void
add_address (LkInterface *self, const struct ifaddrs *info)
{
  LkInterfaceAddress found = { 0 };
  gboolean is_four = info->ifa_addr->sa_family == AF_INET;

  found.address.length = is_four ? sizeof (struct sockaddr_in) : sizeof (struct sockaddr_in6);
  memcpy (&found.address.storage, info->ifa_addr, found.address.length);
  found.prefix = info->ifa_netmask != NULL ? count_bits (info->ifa_netmask) : is_four ? 32 : 128;
  if (is_four && (info->ifa_flags & IFF_BROADCAST) != 0 && info->ifa_broadaddr != NULL)
    {
      found.broadcast.length = sizeof (struct sockaddr_in);
      memcpy (&found.broadcast.storage, info->ifa_broadaddr, found.broadcast.length);
    }
  g_array_append_val (self->addresses, found);
}

static LkInterface *
get_interface (GPtrArray *interfaces, const struct ifaddrs *info)
{
  LkInterface *self;

  for (guint i = 0; i < interfaces->len; i++)
    {
      self = g_ptr_array_index (interfaces, i);
      if (g_str_equal (self->name, info->ifa_name))
        return self;
    }

  self = g_new0 (LkInterface, 1);
  self->name = g_strdup (info->ifa_name);
  self->index = if_nametoindex (info->ifa_name);
  self->is_loopback = (info->ifa_flags & IFF_LOOPBACK) != 0;
  self->addresses = g_array_new (FALSE, TRUE, sizeof (LkInterfaceAddress));
  g_ptr_array_add (interfaces, self);
  return self;
}

static gboolean
check_names (GPtrArray *interfaces, const char *const *names, GError **error)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      gboolean found = FALSE;

      for (guint j = 0; j < interfaces->len && !found; j++)
        found = g_str_equal (((LkInterface *) interfaces->pdata[j])->name, names[i]);
      if (!found)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       _ ("No network interface “%s” is up with an address"), names[i]);
          return FALSE;
        }
    }

  return TRUE;
}

GPtrArray *
lk_interfaces_list (const char *const *names, GError **error)
{
  g_autoptr (GPtrArray) interfaces = g_ptr_array_new_with_free_func (interface_free);
  struct ifaddrs *infos = NULL;

  if (getifaddrs (&infos) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("The network interfaces cannot be listed: %s"), g_strerror (errno));
      return NULL;
    }

  for (const struct ifaddrs *info = infos; info != NULL; info = info->ifa_next)
    {
      gboolean is_wanted = names != NULL ? g_strv_contains (names, info->ifa_name)
                                         : (info->ifa_flags & IFF_LOOPBACK) == 0;

      if (is_wanted && (info->ifa_flags & IFF_UP) != 0 && info->ifa_addr != NULL &&
          (info->ifa_addr->sa_family == AF_INET || info->ifa_addr->sa_family == AF_INET6))
        add_address (get_interface (interfaces, info), info);
    }
  freeifaddrs (infos);

  return check_names (interfaces, names, error) ? g_steal_pointer (&interfaces) : NULL;
}

static gboolean
is_in_network (const LkInterfaceAddress *network, const LkAddress *address)
{
  gsize length;
  const guint8 *a;
  const guint8 *b;
  guint whole = network->prefix / 8;
  guint8 mask = (guint8) ~(0xFFu >> network->prefix % 8);

  if (network->address.storage.ss_family != address->storage.ss_family)
    return FALSE;

  a = get_bytes ((const void *) &network->address.storage, &length);
  b = get_bytes ((const void *) &address->storage, &length);
  return memcmp (a, b, whole) == 0 && (mask == 0 || (a[whole] & mask) == (b[whole] & mask));
}

gboolean
lk_interface_is_near (const LkInterface *self, const LkAddress *address)
{
  for (guint i = 0; i < self->addresses->len; i++)
    if (is_in_network (&g_array_index (self->addresses, LkInterfaceAddress, i), address))
      return TRUE;

  return FALSE;
}

char *
lk_interface_address_to_network (const LkInterfaceAddress *address)
{
  g_autofree char *host = lk_address_to_host (&address->address);

  return g_strdup_printf ("%s/%u", host, address->prefix);
}
