/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-server-private.h"

#include "base/lk-error.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_BODY        (4 * 1024 * 1024)
#define MAX_CONNECTIONS 4096
#define IDLE_MS         (120 * 1000)
#define REQUEST_MS      (30 * 1000)
#define LISTEN_BACKLOG  4096

static void
listener_free (gpointer data)
{
  LkListener *self = data;

  close (self->watch.fd);
  g_free (self);
}

LkServer *
lk_server_new (const LkServerOptions *options)
{
  LkServer *self = g_new0 (LkServer, 1);
  LkServerOptions *own = &self->shared.options;

  *own = *options;
  own->n_threads = own->n_threads > 0 ? own->n_threads : 2;
  own->max_connections = own->max_connections > 0 ? own->max_connections : MAX_CONNECTIONS;
  own->max_body = own->max_body > 0 ? own->max_body : MAX_BODY;
  own->idle_ms = own->idle_ms > 0 ? own->idle_ms : IDLE_MS;
  own->request_ms = own->request_ms > 0 ? own->request_ms : REQUEST_MS;
  g_mutex_init (&self->shared.tls_lock);
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->loops = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_loop_unref);
  return self;
}

void
lk_server_free (LkServer *self)
{
  if (self == NULL)
    return;

  lk_server_stop (self);
  g_ptr_array_unref (self->loops);
  g_ptr_array_unref (self->listeners);
  g_clear_pointer (&self->shared.tls, lk_server_tls_unref);
  g_clear_pointer (&self->shared.client_authority, g_bytes_unref);
  g_clear_pointer (&self->shared.priority, gnutls_priority_deinit);
  g_mutex_clear (&self->shared.tls_lock);
  g_free (self);
}

static int
open_listener (const struct addrinfo *info, LkListenFlags flags)
{
  int fd = socket (info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1;
  int saved;

  if (fd < 0)
    return -1;

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if ((flags & LK_LISTEN_SHARED) != 0)
    setsockopt (fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  /* Where this is not allowed, the caller's admit function has to be enough. */
  if ((flags & LK_LISTEN_LOOPBACK) != 0)
    setsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo");
  if (bind (fd, info->ai_addr, info->ai_addrlen) == 0 && listen (fd, LISTEN_BACKLOG) == 0)
    return fd;

  saved = errno;
  close (fd);
  errno = saved;
  return -1;
}

guint16
lk_server_listen (LkServer *self,
                  const char *address,
                  guint16 port,
                  LkListenFlags flags,
                  GError **error)
{
  const struct addrinfo hints = {
    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    .ai_socktype = SOCK_STREAM,
  };
  g_autofree char *service = g_strdup_printf ("%u", port);
  struct addrinfo *info = NULL;
  struct sockaddr_storage bound = { 0 };
  socklen_t length = sizeof bound;
  LkListener *listener;
  int fd;

  g_return_val_if_fail (self->loops->len == 0, 0);
  g_return_val_if_fail ((flags & LK_LISTEN_TLS) == 0 || self->shared.tls != NULL, 0);

  if (getaddrinfo (address, service, &hints, &info) != 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "“%s” is no address to listen on", address);
      return 0;
    }
  fd = open_listener (info, flags);
  freeaddrinfo (info);
  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "Cannot listen on %s port %u: %s", address,
                   port, g_strerror (errno));
      return 0;
    }

  listener = g_new0 (LkListener, 1);
  listener->watch = (LkWatch){ LK_WATCH_LISTENER, fd };
  listener->tls = (flags & LK_LISTEN_TLS) != 0;
  g_ptr_array_add (self->listeners, listener);

  getsockname (fd, (struct sockaddr *) &bound, &length);
  return ntohs (bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *) &bound)->sin6_port
                                            : ((struct sockaddr_in *) &bound)->sin_port);
}

gboolean
lk_server_start (LkServer *self, GError **error)
{
  for (guint i = 0; i < self->shared.options.n_threads; i++)
    {
      LkLoop *loop = lk_loop_new (&self->shared, self->listeners, error);

      if (loop == NULL)
        {
          lk_server_stop (self);
          return FALSE;
        }
      g_ptr_array_add (self->loops, loop);
    }

  return TRUE;
}

void
lk_server_stop (LkServer *self)
{
  for (guint i = 0; i < self->loops->len; i++)
    lk_loop_stop (self->loops->pdata[i]);
  g_ptr_array_set_size (self->loops, 0);
  g_ptr_array_set_size (self->listeners, 0);
}

guint
lk_server_get_n_connections (LkServer *self)
{
  return (guint) g_atomic_int_get (&self->shared.n_connections);
}
