/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-peer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _LkPeer
{
  gnutls_certificate_credentials_t credentials;
  LkPeerFunc serve;
  gpointer user_data;
  int listener;
  guint16 port;
  GThread *thread;
  GMutex lock;
  int open_fd; /* of the connection being served, or -1 */
  gboolean stopping;
  gint n_connections;
};

static gboolean
shake_hands (LkPeer *self, LkPeerConnection *connection)
{
  int result;

  if (self->credentials == NULL)
    return TRUE;

  gnutls_init (&connection->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
  gnutls_set_default_priority (connection->tls);
  gnutls_credentials_set (connection->tls, GNUTLS_CRD_CERTIFICATE, self->credentials);
  gnutls_transport_set_int (connection->tls, connection->fd);
  do
    result = gnutls_handshake (connection->tls);
  while (result < 0 && !gnutls_error_is_fatal (result));

  return result == 0;
}

static gboolean
set_open (LkPeer *self, int fd)
{
  gboolean stopping;

  g_mutex_lock (&self->lock);
  self->open_fd = fd;
  stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return !stopping;
}

static void
serve_one (LkPeer *self, int fd)
{
  LkPeerConnection connection = { .peer = self, .fd = fd };

  connection.number = (guint) g_atomic_int_add (&self->n_connections, 1);
  connection.parser = lk_http_parser_new (LK_HTTP_REQUEST, 1024 * 1024);
  if (set_open (self, fd) && shake_hands (self, &connection))
    self->serve (&connection, self->user_data);

  set_open (self, -1);
  if (connection.tls != NULL)
    gnutls_deinit (connection.tls);
  lk_http_parser_free (connection.parser);
  close (fd);
}

static gpointer
serve_in_thread (gpointer data)
{
  LkPeer *self = data;
  int fd;

  while ((fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
    serve_one (self, fd);

  return NULL;
}

LkPeer *
lk_peer_new (gnutls_certificate_credentials_t credentials, LkPeerFunc serve, gpointer user_data)
{
  LkPeer *self = g_new0 (LkPeer, 1);
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;

  self->credentials = credentials;
  self->serve = serve;
  self->user_data = user_data;
  self->open_fd = -1;
  g_mutex_init (&self->lock);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->listener, 16), ==, 0);
  g_assert_cmpint (getsockname (self->listener, (struct sockaddr *) &address, &size), ==, 0);
  self->port = ntohs (address.sin_port);
  self->thread = g_thread_new ("peer", serve_in_thread, self);
  return self;
}

void
lk_peer_free (LkPeer *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  if (self->open_fd >= 0)
    shutdown (self->open_fd, SHUT_RDWR);
  g_mutex_unlock (&self->lock);
  shutdown (self->listener, SHUT_RDWR);
  g_thread_join (self->thread);
  close (self->listener);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint16
lk_peer_get_port (LkPeer *self)
{
  return self->port;
}

guint
lk_peer_get_n_connections (LkPeer *self)
{
  return (guint) g_atomic_int_get (&self->n_connections);
}

static gssize
receive (LkPeerConnection *connection, char *buffer, gsize size)
{
  gssize n;

  do
    n = connection->tls != NULL ? gnutls_record_recv (connection->tls, buffer, size)
                                : recv (connection->fd, buffer, size, 0);
  while (connection->tls != NULL && n < 0 && !gnutls_error_is_fatal ((int) n));

  return n;
}

LkHttpMessage *
lk_peer_read (LkPeerConnection *connection)
{
  LkHttpMessage *message = NULL;
  char buffer[4096];

  while (message == NULL)
    {
      gssize n = receive (connection, buffer, sizeof buffer);
      g_autoptr (GError) error = NULL;
      gsize consumed = 0;

      if (n <= 0)
        return NULL;
      lk_http_parser_feed (connection->parser, buffer, (gsize) n, &consumed, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (consumed, ==, n);
      message = lk_http_parser_take (connection->parser);
    }

  return message;
}

gboolean
lk_peer_write (LkPeerConnection *connection, const void *data, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      const char *rest = (const char *) data + done;
      gssize n = connection->tls != NULL ? gnutls_record_send (connection->tls, rest, length - done)
                                         : send (connection->fd, rest, length - done, MSG_NOSIGNAL);

      if (n <= 0)
        return FALSE;
      done += (gsize) n;
    }

  return TRUE;
}

gboolean
lk_peer_write_text (LkPeerConnection *connection, const char *text)
{
  return lk_peer_write (connection, text, strlen (text));
}

gboolean
lk_peer_answer (LkPeerConnection *connection, guint status, const char *body)
{
  g_autoptr (GByteArray) bytes = lk_http_write_response (status, TRUE, NULL, body, strlen (body));

  return lk_peer_write (connection, bytes->data, bytes->len);
}

void
lk_peer_drain (LkPeerConnection *connection)
{
  char buffer[4096];

  while (receive (connection, buffer, sizeof buffer) > 0)
    ;
}
