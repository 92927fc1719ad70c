/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-channel.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct _LkChannel
{
  int fd;
  gnutls_session_t session;
  const char *reason;
  gboolean has_certificate; /* that the peer may ask for later */
  gboolean is_answering;    /* such a question */
  gboolean is_certificate_refused;
};

static LkIo
finish_connecting (int fd, const LkPatience *patience, int *code)
{
  LkIo io = lk_io_wait (fd, POLLOUT, patience);
  socklen_t size = sizeof *code;

  if (io != LK_IO_OK)
    return io;
  if (getsockopt (fd, SOL_SOCKET, SO_ERROR, code, &size) != 0)
    *code = errno;
  return *code == 0 ? LK_IO_OK : LK_IO_FAILED;
}

LkChannel *
lk_channel_connect (const LkAddress *address, const LkPatience *patience, LkIo *io, int *code)
{
  int fd = socket (address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  LkChannel *self;

  *io = LK_IO_OK;
  *code = 0;
  if (fd < 0)
    {
      *io = LK_IO_FAILED;
      *code = errno;
      return NULL;
    }

  /* A request goes out in one write; waiting for more would only cost time. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect (fd, (const struct sockaddr *) &address->storage, address->length) != 0)
    {
      *code = errno == EINPROGRESS ? 0 : errno;
      *io = *code == 0 ? finish_connecting (fd, patience, code) : LK_IO_FAILED;
    }
  if (*io != LK_IO_OK)
    {
      close (fd);
      return NULL;
    }

  self = g_new0 (LkChannel, 1);
  self->fd = fd;
  return self;
}

void
lk_channel_free (LkChannel *self)
{
  if (self == NULL)
    return;
  if (self->session != NULL)
    {
      gnutls_bye (self->session, GNUTLS_SHUT_WR); /* a courtesy: the socket does not block */
      gnutls_deinit (self->session);
    }
  close (self->fd);
  g_free (self);
}

int
lk_channel_get_fd (const LkChannel *self)
{
  return self->fd;
}

gnutls_session_t
lk_channel_get_session (LkChannel *self)
{
  return self->session;
}

const char *
lk_channel_get_reason (LkChannel *self)
{
  return self->reason != NULL ? self->reason : _ ("the connection failed");
}

static LkIo wait_for_tls (LkChannel *self, gssize result, const LkPatience *patience);

/* Windows asks for a client's certificate only when it has read the request: by a second handshake
 * (TLS 1.2) or after the first (TLS 1.3, RFC 8446 4.6.2). */
static LkIo
show_certificate (LkChannel *self, gssize request, const LkPatience *patience)
{
  int result;
  LkIo io = LK_IO_OK;

  self->is_answering = TRUE;
  do
    {
      result = request == GNUTLS_E_REHANDSHAKE ? gnutls_handshake (self->session)
                                               : gnutls_reauth (self->session, 0);
      if (result != 0)
        io = wait_for_tls (self, result, patience);
    }
  while (result != 0 && io == LK_IO_OK);
  self->is_answering = FALSE;
  return io;
}

gboolean
lk_channel_is_certificate_refused (LkChannel *self)
{
  return self->is_certificate_refused;
}

/* The alerts that are about the certificate of the side that hears them (RFC 8446 6.2). */
static gboolean
is_about_certificate (gnutls_alert_description_t alert)
{
  static const gnutls_alert_description_t alerts[] = {
    GNUTLS_A_BAD_CERTIFICATE,     GNUTLS_A_UNSUPPORTED_CERTIFICATE, GNUTLS_A_CERTIFICATE_REVOKED,
    GNUTLS_A_CERTIFICATE_EXPIRED, GNUTLS_A_CERTIFICATE_UNKNOWN,     GNUTLS_A_UNKNOWN_CA,
    GNUTLS_A_ACCESS_DENIED,       GNUTLS_A_CERTIFICATE_REQUIRED,
  };

  for (guint i = 0; i < G_N_ELEMENTS (alerts); i++)
    if (alerts[i] == alert)
      return TRUE;

  return FALSE;
}

/* What a GnuTLS call that is not done yet is waiting for. OK: call it again. */
static LkIo
wait_for_tls (LkChannel *self, gssize result, const LkPatience *patience)
{
  if (self->has_certificate && !self->is_answering &&
      (result == GNUTLS_E_REHANDSHAKE || result == GNUTLS_E_REAUTH_REQUEST))
    return g_get_monotonic_time () < patience->until ? show_certificate (self, result, patience)
                                                     : LK_IO_TIMED_OUT;

  if (result == GNUTLS_E_AGAIN)
    return lk_io_wait (self->fd,
                       gnutls_record_get_direction (self->session) == 1 ? POLLOUT : POLLIN,
                       patience);
  /* Alerts and the like; a peer that sends nothing else must not keep us. */
  if (!gnutls_error_is_fatal ((int) result))
    return g_get_monotonic_time () < patience->until ? LK_IO_OK : LK_IO_TIMED_OUT;
  if (result == GNUTLS_E_PREMATURE_TERMINATION)
    return LK_IO_CLOSED;

  if (result == GNUTLS_E_UNEXPECTED_PACKET || result == GNUTLS_E_UNEXPECTED_PACKET_LENGTH)
    self->reason = _ ("it does not seem to speak TLS: an unexpected packet came");
  else if (result == GNUTLS_E_FATAL_ALERT_RECEIVED)
    {
      self->reason = gnutls_alert_get_name (gnutls_alert_get (self->session));
      self->is_certificate_refused = is_about_certificate (gnutls_alert_get (self->session));
    }
  else
    self->reason = gnutls_strerror ((int) result);
  return LK_IO_FAILED;
}

LkIo
lk_channel_handshake (LkChannel *self,
                      LkTrust *trust,
                      const char *host,
                      LkClientCertificate *certificate,
                      const LkPatience *patience)
{
  self->has_certificate = certificate != NULL;
  self->session = lk_trust_new_session (trust, host, certificate);
  if (self->session == NULL)
    {
      self->reason = _ ("no TLS session could be made");
      return LK_IO_FAILED;
    }
  gnutls_transport_set_int (self->session, self->fd);

  while (TRUE)
    {
      int result = gnutls_handshake (self->session);
      LkIo io = result == 0 ? LK_IO_OK : wait_for_tls (self, result, patience);

      if (result == 0 || io != LK_IO_OK)
        return io;
    }
}

GBytes *
lk_channel_dup_binding (LkChannel *self)
{
  return self->session != NULL ? lk_tls_dup_binding (self->session) : NULL;
}

GBytes *
lk_tls_dup_binding (gnutls_session_t session)
{
  static const char prefix[] = "tls-server-end-point:";
  gnutls_datum_t hash = { 0 };
  GByteArray *data;

  if (gnutls_session_channel_binding (session, GNUTLS_CB_TLS_SERVER_END_POINT, &hash) != 0)
    return NULL;

  data = g_byte_array_new ();
  g_byte_array_append (data, (const guint8 *) prefix, sizeof prefix - 1);
  g_byte_array_append (data, hash.data, hash.size);
  gnutls_free (hash.data);
  return g_byte_array_free_to_bytes (data);
}

static LkIo
wait_for_socket (LkChannel *self, short events, const LkPatience *patience)
{
  if (errno == EINTR)
    return LK_IO_OK;
  if (errno == EAGAIN)
    return lk_io_wait (self->fd, events, patience);
  if (errno == ECONNRESET || errno == EPIPE)
    return LK_IO_CLOSED;

  self->reason = g_strerror (errno);
  return LK_IO_FAILED;
}

/* A TLS record of which only a part went out is worth nothing to the peer, so that only whole
 * records count as left. */
LkIo
lk_channel_send (LkChannel *self,
                 const void *data,
                 gsize length,
                 gsize *left,
                 const LkPatience *patience)
{
  *left = 0;
  while (*left < length)
    {
      const char *rest = (const char *) data + *left;
      gssize n = self->session != NULL ? gnutls_record_send (self->session, rest, length - *left)
                                       : send (self->fd, rest, length - *left, MSG_NOSIGNAL);
      LkIo io = LK_IO_OK;

      if (n > 0)
        *left += (gsize) n;
      else
        io = self->session != NULL ? wait_for_tls (self, n, patience)
                                   : wait_for_socket (self, POLLOUT, patience);
      if (io != LK_IO_OK)
        return io;
    }

  return LK_IO_OK;
}

LkIo
lk_channel_receive (LkChannel *self,
                    char *buffer,
                    gsize size,
                    gsize *received,
                    const LkPatience *patience)
{
  while (TRUE)
    {
      gssize n = self->session != NULL ? gnutls_record_recv (self->session, buffer, size)
                                       : recv (self->fd, buffer, size, 0);
      LkIo io;

      *received = n > 0 ? (gsize) n : 0;
      if (n > 0)
        return LK_IO_OK;
      if (n == 0)
        return LK_IO_CLOSED;

      io = self->session != NULL ? wait_for_tls (self, n, patience)
                                 : wait_for_socket (self, POLLIN, patience);
      if (io != LK_IO_OK)
        return io;
    }
}

/* With TLS 1.3 session tickets may still be waiting: reading them is the only way to see past. */
gboolean
lk_channel_is_idle (LkChannel *self)
{
  char byte;

  if (self->session != NULL)
    return gnutls_record_recv (self->session, &byte, 1) == GNUTLS_E_AGAIN;

  return recv (self->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}
