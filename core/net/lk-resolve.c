/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_ADDRESSES 8

/* Shared by the one who asks and the thread that answers; the last one frees it. */
typedef struct
{
  gatomicrefcount refs;
  char *host;
  char *service;
  int done_fd;
  int result;
  GArray *addresses;
} Lookup;

static void
lookup_unref (Lookup *lookup)
{
  if (!g_atomic_ref_count_dec (&lookup->refs))
    return;
  close (lookup->done_fd);
  g_free (lookup->host);
  g_free (lookup->service);
  g_clear_pointer (&lookup->addresses, g_array_unref);
  g_free (lookup);
}

static GArray *
collect (const struct addrinfo *infos)
{
  GArray *addresses = g_array_new (FALSE, TRUE, sizeof (LkAddress));

  for (const struct addrinfo *info = infos; info != NULL && addresses->len < MAX_ADDRESSES;
       info = info->ai_next)
    {
      LkAddress address = { .length = info->ai_addrlen };

      if (info->ai_addrlen > sizeof address.storage)
        continue;
      memcpy (&address.storage, info->ai_addr, info->ai_addrlen);
      g_array_append_val (addresses, address);
    }

  return addresses;
}

static int
look_up (const char *host, const char *service, int flags, GArray **addresses)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };
  struct addrinfo *infos = NULL;
  int result = getaddrinfo (host, service, &hints, &infos);

  if (result == 0)
    {
      *addresses = collect (infos);
      freeaddrinfo (infos);
    }

  return result;
}

static gpointer
look_up_in_thread (gpointer data)
{
  Lookup *lookup = data;
  guint64 one = 1;

  lookup->result = look_up (lookup->host, lookup->service, AI_ADDRCONFIG, &lookup->addresses);
  if (write (lookup->done_fd, &one, sizeof one) < 0)
    lookup->result = EAI_SYSTEM; /* cannot happen to an eventfd at zero; the asker times out */
  lookup_unref (lookup);
  return NULL;
}

static Lookup *
start_lookup (const char *host, const char *service)
{
  Lookup *lookup = g_new0 (Lookup, 1);
  GThread *thread;

  g_atomic_ref_count_init (&lookup->refs);
  g_atomic_ref_count_inc (&lookup->refs);
  lookup->host = g_strdup (host);
  lookup->service = g_strdup (service);
  lookup->done_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);

  thread =
      lookup->done_fd >= 0 ? g_thread_try_new ("resolve", look_up_in_thread, lookup, NULL) : NULL;
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return lookup;
    }

  lookup_unref (lookup);
  lookup_unref (lookup);
  return NULL;
}

static const char *
describe (int result)
{
  switch (result)
    {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return _ ("the name is not known");
    case EAI_AGAIN:
      return _ ("the name server does not answer");
    default:
      return gai_strerror (result);
    }
}

static LkIo
finish (int result, const char **why)
{
  if (result == 0)
    return LK_IO_OK;

  *why = describe (result);
  return LK_IO_FAILED;
}

LkIo
lk_resolve (const char *host,
            guint16 port,
            const LkPatience *patience,
            GArray **addresses,
            const char **why)
{
  g_autofree char *service = g_strdup_printf ("%u", port);
  Lookup *lookup;
  LkIo io;

  if (look_up (host, service, AI_NUMERICHOST, addresses) == 0)
    return LK_IO_OK;

  lookup = start_lookup (host, service);
  if (lookup == NULL)
    {
      *why = _ ("there are no resources left to look it up");
      return LK_IO_FAILED;
    }

  io = lk_io_wait (lookup->done_fd, POLLIN, patience);
  if (io == LK_IO_OK)
    {
      io = finish (lookup->result, why);
      *addresses = g_steal_pointer (&lookup->addresses);
    }
  lookup_unref (lookup);
  return io;
}

gboolean
lk_address_is_loopback (const LkAddress *self)
{
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &self->storage;
  const struct sockaddr_in *v4 = (const struct sockaddr_in *) &self->storage;

  if (self->storage.ss_family == AF_INET)
    return ntohl (v4->sin_addr.s_addr) >> 24 == 127;

  return self->storage.ss_family == AF_INET6 &&
         (IN6_IS_ADDR_LOOPBACK (&v6->sin6_addr) ||
          (IN6_IS_ADDR_V4MAPPED (&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127));
}

gboolean
lk_address_is_strange (const LkAddress *self)
{
  g_autoptr (GSocketAddress) address =
      g_socket_address_new_from_native ((gpointer) &self->storage, self->length);
  GInetAddress *inet = G_IS_INET_SOCKET_ADDRESS (address)
                           ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))
                           : NULL;

  return inet == NULL || g_inet_address_get_is_loopback (inet) ||
         g_inet_address_get_is_link_local (inet) || g_inet_address_get_is_multicast (inet) ||
         g_inet_address_get_is_any (inet);
}

/* Of the interface that has @local; -1 for none. */
static int
find_prefix (const struct sockaddr_in *local)
{
  struct ifaddrs *all = NULL;
  int prefix = -1;

  if (getifaddrs (&all) != 0)
    return -1;
  for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
    {
      const struct sockaddr_in *address = (const struct sockaddr_in *) one->ifa_addr;
      const struct sockaddr_in *mask = (const struct sockaddr_in *) one->ifa_netmask;

      if (address != NULL && mask != NULL && address->sin_family == AF_INET &&
          address->sin_addr.s_addr == local->sin_addr.s_addr)
        prefix = __builtin_popcount (mask->sin_addr.s_addr);
    }
  freeifaddrs (all);
  return prefix;
}

char *
lk_find_local_network (const char *host)
{
  struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons (9) };
  struct sockaddr_in here = { 0 };
  socklen_t length = sizeof here;
  char text[INET_ADDRSTRLEN];
  int prefix = -1;
  int fd;

  if (inet_pton (AF_INET, host, &there.sin_addr) != 1)
    return NULL;
  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* connecting it chooses our address only */
  if (fd < 0)
    return NULL;
  if (connect (fd, (struct sockaddr *) &there, sizeof there) == 0 &&
      getsockname (fd, (struct sockaddr *) &here, &length) == 0)
    prefix = find_prefix (&here);
  close (fd);
  if (prefix <= 0)
    return NULL;

  here.sin_addr.s_addr &= htonl (~0u << (32 - prefix));
  inet_ntop (AF_INET, &here.sin_addr, text, sizeof text);
  return g_strdup_printf ("%s/%d", text, prefix);
}

char *
lk_address_to_text (const LkAddress *self)
{
  char host[NI_MAXHOST];
  char service[NI_MAXSERV];

  if (getnameinfo ((const struct sockaddr *) &self->storage, self->length, host, sizeof host,
                   service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return g_strdup ("?");

  return g_strdup_printf (self->storage.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}
