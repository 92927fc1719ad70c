/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-server-private.h"

#include "base/lk-crash.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define HOLD_MS  (10 * 60 * 1000)
#define DRAIN_MS 2000

LkConnection *
lk_connection_ref (LkConnection *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_connection_unref (LkConnection *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_clear_pointer (&self->parser, lk_http_parser_free);
  g_clear_pointer (&self->backlog, g_byte_array_unref);
  g_clear_pointer (&self->out, g_free);
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_clear_pointer (&self->client, lk_certificate_facts_unref);
  g_clear_pointer (&self->tls, lk_server_tls_unref);
  lk_loop_unref (self->loop);
  g_free (self);
}

void
lk_answer_free (LkAnswer *self)
{
  g_clear_pointer (&self->connection, lk_connection_unref);
  g_clear_pointer (&self->bytes, g_byte_array_unref);
  g_free (self);
}

static void
set_deadline (LkConnection *self, guint ms)
{
  self->deadline = ms > 0 ? g_get_monotonic_time () + (gint64) ms * 1000 : 0;
}

/* Tells epoll what the state waits for, if that changed. */
static void
update_interest (LkConnection *self)
{
  struct epoll_event event = { .data.ptr = self };

  switch (self->state)
    {
    case LK_CONNECTION_HANDSHAKE:
      event.events = gnutls_record_get_direction (self->session) == 0 ? EPOLLIN : EPOLLOUT;
      break;
    case LK_CONNECTION_READING:
    case LK_CONNECTION_DRAINING:
      event.events = EPOLLIN;
      break;
    case LK_CONNECTION_HANDLING:
      event.events = 0;
      break;
    case LK_CONNECTION_HELD:
      event.events = EPOLLRDHUP;
      break;
    case LK_CONNECTION_WRITING:
      event.events = EPOLLOUT;
      break;
    case LK_CONNECTION_CLOSED:
    default:
      return;
    }

  if (event.events == self->interest)
    return;
  self->interest = event.events;
  epoll_ctl (self->loop->epoll_fd, EPOLL_CTL_MOD, self->watch.fd, &event);
}

void
lk_connection_close (LkConnection *self, gboolean reset)
{
  if (self->state == LK_CONNECTION_CLOSED)
    return;

  if (self->session != NULL && !reset && self->state != LK_CONNECTION_HANDSHAKE &&
      self->state != LK_CONNECTION_DRAINING)
    gnutls_bye (self->session, GNUTLS_SHUT_WR); /* best effort: it does not wait */
  g_clear_pointer (&self->session, gnutls_deinit);

  if (reset)
    {
      struct linger linger = { .l_onoff = 1 };

      setsockopt (self->watch.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
  close (self->watch.fd); /* leaves the epoll set with it */
  self->watch.fd = -1;
  self->state = LK_CONNECTION_CLOSED;
  g_queue_unlink (&self->loop->connections, &self->link);
  g_atomic_int_add (&self->loop->shared->n_connections, -1);
  lk_connection_unref (self);
}

/* As recv(): bytes, 0 at the end, -1 with EAGAIN for "later" or another errno. */
static gssize
receive (LkConnection *self, char *buffer, gsize size)
{
  gssize n;

  if (self->session == NULL)
    return recv (self->watch.fd, buffer, size, 0);

  do
    n = gnutls_record_recv (self->session, buffer, size);
  while (n == GNUTLS_E_INTERRUPTED);
  if (n < 0)
    {
      errno = n == GNUTLS_E_AGAIN ? EAGAIN : EPROTO;
      return -1;
    }
  return n;
}

static gssize
transmit (LkConnection *self, const guint8 *data, gsize length)
{
  gssize n;

  if (self->session == NULL)
    return send (self->watch.fd, data, length, MSG_NOSIGNAL);

  do
    n = gnutls_record_send (self->session, data, length);
  while (n == GNUTLS_E_INTERRUPTED);
  if (n < 0)
    {
      errno = n == GNUTLS_E_AGAIN ? EAGAIN : EPROTO;
      return -1;
    }
  return n;
}

static void
go_on_reading (LkConnection *self)
{
  self->state = LK_CONNECTION_READING;
  set_deadline (self, self->loop->shared->options.idle_ms);
}

/* Closing with unread data in the buffer would reset the connection and might take our answer
 * from the peer, so the peer is given a moment to read it and leave. */
static void
start_draining (LkConnection *self)
{
  if (self->session != NULL)
    gnutls_bye (self->session, GNUTLS_SHUT_WR);
  shutdown (self->watch.fd, SHUT_WR);
  self->state = LK_CONNECTION_DRAINING;
  set_deadline (self, DRAIN_MS);
}

static void
finish_writing (LkConnection *self)
{
  g_clear_pointer (&self->out, g_free);
  if (self->reports_effect)
    lk_crash_point ("after-send");
  self->reports_effect = FALSE;

  if (self->after == LK_AFTER_KEEP)
    go_on_reading (self);
  else
    start_draining (self);
}

static void
flush (LkConnection *self)
{
  if (self->reports_effect && self->out_done == 0)
    lk_crash_point ("before-send");

  while (self->state == LK_CONNECTION_WRITING)
    {
      gssize n = transmit (self, self->out + self->out_done, self->out_length - self->out_done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
      if (n < 0)
        {
          lk_connection_close (self, FALSE);
          return;
        }

      self->out_done += (gsize) n;
      set_deadline (self, self->loop->shared->options.request_ms);
      if (self->out_done < self->out_length)
        continue;
      self->out_done = 0;
      if (--self->out_times == 0)
        finish_writing (self);
      else
        return; /* others are waiting, too: epoll calls again */
    }
}

static void
apply_answer (LkConnection *self, LkAnswer *answer)
{
  self->reports_effect = answer->reports_effect;
  self->after = answer->after;

  switch (answer->after)
    {
    case LK_AFTER_RESET:
      lk_connection_close (self, TRUE);
      return;
    case LK_AFTER_HOLD:
      self->state = LK_CONNECTION_HELD;
      set_deadline (self, HOLD_MS);
      return;
    case LK_AFTER_KEEP:
    case LK_AFTER_CLOSE:
    default:
      break;
    }

  self->out_length = answer->bytes->len;
  self->out = g_byte_array_free (g_steal_pointer (&answer->bytes), FALSE);
  self->out_done = 0;
  self->out_times = MAX (answer->times, 1);
  self->state = LK_CONNECTION_WRITING;
  set_deadline (self, self->loop->shared->options.request_ms);
}

static void
refuse_request (LkConnection *self)
{
  static const char text[] = "Bad request\n";
  static const char *const headers[] = { "Content-Type", "text/plain", NULL };
  g_autoptr (GByteArray) bytes =
      lk_http_write_response (400, FALSE, headers, text, sizeof text - 1);
  LkAnswer answer = { .bytes = g_steal_pointer (&bytes), .after = LK_AFTER_CLOSE };

  apply_answer (self, &answer);
}

static void
dispatch (LkConnection *self, LkHttpMessage *request)
{
  const LkServerOptions *options = &self->loop->shared->options;
  LkExchange *exchange = g_new0 (LkExchange, 1);

  exchange->connection = lk_connection_ref (self);
  exchange->request = request;
  self->state = LK_CONNECTION_HANDLING;
  self->deadline = 0;
  self->in_handler = TRUE;
  options->handler (exchange, options->user_data);
  self->in_handler = FALSE;
}

/* Parses what came and handles whole requests, until one has to wait; the rest is kept. */
static void
take_bytes (LkConnection *self, const char *data, gsize length)
{
  gsize done = 0;

  while (done < length && self->state == LK_CONNECTION_READING)
    {
      gboolean had_begun = lk_http_parser_has_begun (self->parser);
      gsize consumed = 0;
      LkHttpMessage *request;

      if (!lk_http_parser_feed (self->parser, data + done, length - done, &consumed, NULL))
        {
          refuse_request (self);
          flush (self);
          return;
        }
      done += consumed;
      request = lk_http_parser_take (self->parser);
      if (request != NULL)
        {
          dispatch (self, request);
          flush (self);
        }
      else if (consumed == 0)
        break;
      else if (!had_begun && lk_http_parser_has_begun (self->parser))
        set_deadline (self, self->loop->shared->options.request_ms);
    }

  if (done < length && self->state != LK_CONNECTION_CLOSED && self->state != LK_CONNECTION_DRAINING)
    g_byte_array_append (self->backlog, (const guint8 *) data + done, (guint) (length - done));
}

static void
take_backlog (LkConnection *self)
{
  g_autoptr (GByteArray) backlog = NULL;

  if (self->backlog->len == 0)
    return;
  backlog = g_steal_pointer (&self->backlog);
  self->backlog = g_byte_array_new ();
  take_bytes (self, (const char *) backlog->data, backlog->len);
}

static void
read_some (LkConnection *self)
{
  take_backlog (self);
  while (self->state == LK_CONNECTION_READING || self->state == LK_CONNECTION_DRAINING)
    {
      gssize n = receive (self, self->loop->buffer, LK_SERVER_BUFFER_BYTES);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
      if (n <= 0)
        {
          lk_connection_close (self, FALSE);
          return;
        }
      if (self->state == LK_CONNECTION_READING)
        take_bytes (self, self->loop->buffer, (gsize) n);
      /* What GnuTLS has decrypted already, epoll cannot see. */
      if (self->session == NULL || self->state == LK_CONNECTION_CLOSED ||
          gnutls_record_check_pending (self->session) == 0)
        return;
    }
}

/* Why a handshake was refused must reach the peer: a client's certificate may have to be renewed.
 */
static void
end_handshake (LkConnection *self, int rc)
{
  gboolean is_ours = rc != GNUTLS_E_PREMATURE_TERMINATION && rc != GNUTLS_E_PULL_ERROR &&
                     rc != GNUTLS_E_PUSH_ERROR && rc != GNUTLS_E_FATAL_ALERT_RECEIVED;

  if (!is_ours)
    {
      lk_connection_close (self, FALSE);
      return;
    }

  if (rc ==
      GNUTLS_E_NO_CERTIFICATE_FOUND) /* what RFC 5246 wants; GnuTLS would say "decode error" */
    gnutls_alert_send (self->session, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE);
  else if (rc != GNUTLS_E_CERTIFICATE_ERROR) /* verify_client() has sent its own */
    gnutls_alert_send_appropriate (self->session, rc);
  g_clear_pointer (&self->session, gnutls_deinit);
  start_draining (self);
}

/* Read here, as the session belongs to this thread and handlers may be anywhere. */
static void
read_client_certificate (LkConnection *self)
{
  guint n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (self->session, &n);

  if (self->tls->request != GNUTLS_CERT_IGNORE && chain != NULL && n > 0)
    {
      g_autoptr (GBytes) der = g_bytes_new (chain[0].data, chain[0].size);

      self->client = lk_certificate_facts_new (der, NULL);
    }
}

static void
shake_hands (LkConnection *self)
{
  int rc;

  do
    rc = gnutls_handshake (self->session);
  while (rc == GNUTLS_E_INTERRUPTED ||
         (rc < 0 && !gnutls_error_is_fatal (rc) && rc != GNUTLS_E_AGAIN));
  if (rc == GNUTLS_E_AGAIN)
    return;
  if (rc < 0)
    {
      end_handshake (self, rc);
      return;
    }

  read_client_certificate (self);
  go_on_reading (self);
}

static void
settle (LkConnection *self)
{
  /* A request that was already read must not wait for the peer to send more. */
  while (self->state == LK_CONNECTION_READING &&
         (self->backlog->len > 0 ||
          (self->session != NULL && gnutls_record_check_pending (self->session) > 0)))
    read_some (self);
  update_interest (self);
}

void
lk_connection_on_event (LkConnection *self, guint32 events)
{
  lk_connection_ref (self);

  if (self->state == LK_CONNECTION_HANDLING || self->state == LK_CONNECTION_HELD)
    {
      if ((events & (EPOLLHUP | EPOLLERR)) != 0 ||
          (self->state == LK_CONNECTION_HELD && (events & EPOLLRDHUP) != 0))
        lk_connection_close (self, FALSE);
    }
  else if (self->state == LK_CONNECTION_HANDSHAKE)
    shake_hands (self);
  else if (self->state == LK_CONNECTION_WRITING)
    flush (self);
  else if (self->state != LK_CONNECTION_CLOSED)
    read_some (self);

  settle (self);
  lk_connection_unref (self);
}

void
lk_connection_take_answer (LkConnection *self, LkAnswer *answer)
{
  lk_connection_ref (self);
  if (self->state == LK_CONNECTION_HANDLING)
    {
      apply_answer (self, answer);
      /* dispatch() is still below us on the stack and its caller writes. */
      if (!self->in_handler)
        {
          flush (self);
          settle (self);
        }
    }
  lk_answer_free (answer);
  lk_connection_unref (self);
}

static gboolean
start_tls (LkConnection *self)
{
  LkServerShared *shared = self->loop->shared;

  if (gnutls_init (&self->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
    {
      self->session = NULL;
      return FALSE;
    }
  self->tls = lk_server_shared_get_tls (shared);
  gnutls_priority_set (self->session, shared->priority);
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->tls->credentials);
  gnutls_certificate_server_set_request (self->session, self->tls->request);
  gnutls_transport_set_int (self->session, self->watch.fd);
  return TRUE;
}

void
lk_connection_open (LkLoop *loop,
                    int fd,
                    gboolean tls,
                    const struct sockaddr_storage *local,
                    const struct sockaddr_storage *peer)
{
  LkConnection *self = g_new0 (LkConnection, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };
  int one = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  self->watch = (LkWatch){ LK_WATCH_CONNECTION, fd };
  g_atomic_ref_count_init (&self->refs);
  self->loop = lk_loop_ref (loop);
  self->link.data = self;
  self->parser = lk_http_parser_new (LK_HTTP_REQUEST, loop->shared->options.max_body);
  self->backlog = g_byte_array_new ();
  self->local = *local;
  self->peer = *peer;
  self->interest = EPOLLIN;
  go_on_reading (self);
  g_queue_push_tail_link (&loop->connections, &self->link);

  if (epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    lk_connection_close (self, TRUE);
  else if (tls && !start_tls (self))
    lk_connection_close (self, TRUE);
  else if (tls)
    {
      self->state = LK_CONNECTION_HANDSHAKE;
      set_deadline (self, loop->shared->options.request_ms);
    }
}
