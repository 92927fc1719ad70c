/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-fault-server.h"

#include <stdlib.h>
#include <string.h>

struct _LkFaultServer
{
  LkFault fault;
  char *reply;
  GTlsCertificate *certificate;
  GSocketListener *listener;
  GCancellable *stop;
  GThread *thread;
  guint16 port;
  GMutex lock;
  guint n_requests;
  char *head;
};

/* Reads a whole request, head and Content-Length. */
static gboolean
read_request (LkFaultServer *self, GInputStream *input)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char chunk[4096];
  const char *head_end = NULL;
  const char *length_line;
  gsize wanted = G_MAXSIZE;

  while (text->len < wanted)
    {
      gssize n = g_input_stream_read (input, chunk, sizeof chunk, self->stop, NULL);

      if (n <= 0)
        break;
      g_string_append_len (text, chunk, n);
      head_end = strstr (text->str, "\r\n\r\n");
      if (head_end == NULL)
        continue;
      length_line = strstr (text->str, "Content-Length: ");
      wanted = (gsize) (head_end + 4 - text->str) +
               (length_line != NULL ? strtoul (length_line + 16, NULL, 10) : 0);
    }
  if (text->len == 0)
    return FALSE;

  g_mutex_lock (&self->lock);
  self->n_requests++;
  g_free (self->head);
  self->head = head_end != NULL ? g_strndup (text->str, (gsize) (head_end - text->str)) : NULL;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
wait_for_stop (LkFaultServer *self)
{
  GPollFD fd;

  if (!g_cancellable_make_pollfd (self->stop, &fd))
    return;
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (self->stop);
}

static void
drip (LkFaultServer *self, GOutputStream *output)
{
  for (const char *p = self->reply; !g_cancellable_is_cancelled (self->stop); p++)
    {
      if (*p == '\0' || g_output_stream_write (output, p, 1, self->stop, NULL) <= 0)
        break;
      g_usleep (50 * 1000);
    }
}

static void
serve (LkFaultServer *self, GSocketConnection *connection)
{
  g_autoptr (GIOStream) stream = g_object_ref (G_IO_STREAM (connection));

  if (self->fault == LK_FAULT_RESET)
    return;
  if (self->certificate != NULL)
    {
      GIOStream *tls = g_tls_server_connection_new (stream, self->certificate, NULL);

      g_object_unref (stream);
      stream = tls;
    }
  if (!read_request (self, g_io_stream_get_input_stream (stream)))
    return;
  if (self->fault == LK_FAULT_REPLY)
    g_output_stream_write_all (g_io_stream_get_output_stream (stream), self->reply,
                               strlen (self->reply), NULL, self->stop, NULL);
  else if (self->fault == LK_FAULT_DRIP)
    drip (self, g_io_stream_get_output_stream (stream));
  else if (self->fault == LK_FAULT_SILENT)
    wait_for_stop (self);
  g_io_stream_close (stream, self->stop, NULL);
}

static gpointer
serve_in_thread (gpointer user_data)
{
  LkFaultServer *self = user_data;

  while (!g_cancellable_is_cancelled (self->stop))
    {
      g_autoptr (GSocketConnection) connection =
          g_socket_listener_accept (self->listener, NULL, self->stop, NULL);

      if (connection != NULL)
        serve (self, connection);
    }

  return NULL;
}

LkFaultServer *
lk_fault_server_new (LkFault fault, const char *reply, GTlsCertificate *certificate)
{
  LkFaultServer *self = g_new0 (LkFaultServer, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GError) error = NULL;

  self->fault = fault;
  self->reply = g_strdup (reply != NULL ? reply : "");
  self->certificate = certificate != NULL ? g_object_ref (certificate) : NULL;
  self->stop = g_cancellable_new ();
  self->listener = g_socket_listener_new ();
  g_mutex_init (&self->lock);
  g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &effective, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  self->thread = g_thread_new ("fault-server", serve_in_thread, self);
  return self;
}

void
lk_fault_server_free (LkFaultServer *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->stop);
  g_thread_join (self->thread);
  g_object_unref (self->listener);
  g_object_unref (self->stop);
  g_clear_object (&self->certificate);
  g_mutex_clear (&self->lock);
  g_free (self->reply);
  g_free (self->head);
  g_free (self);
}

guint16
lk_fault_server_get_port (LkFaultServer *self)
{
  return self->port;
}

guint
lk_fault_server_get_requests (LkFaultServer *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_requests;
  g_mutex_unlock (&self->lock);
  return n;
}

char *
lk_fault_server_dup_head (LkFaultServer *self)
{
  char *head;

  g_mutex_lock (&self->lock);
  head = g_strdup (self->head);
  g_mutex_unlock (&self->lock);
  return head;
}
