/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-probe.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_ANSWER  (64 * 1024)
#define MAX_HEARD   (256 * 1024) /* with what the framing passes over */
#define MAX_EVENTS  64
#define EXPIRE_STEP (50 * 1000)

typedef enum
{
  CONNECTING,
  SHAKING_HANDS,
  ASKING,
  LISTENING,
} State;

/* A probe under way. */
typedef struct
{
  LkProbe probe;
  State state;
  int fd;
  guint index; /* among the open ones */
  gint64 until;
  gnutls_session_t session;
  gsize sent;
  gsize heard;
  LkHttpParser *parser;
} Call;

struct _LkProber
{
  int epoll_fd;
  guint max_open;
  gint64 connect_us;
  gint64 answer_us;
  LkProbeFunc func;
  gpointer user_data;
  GPtrArray *calls; /* of Call */
  gint64 expired_at;
  gnutls_certificate_credentials_t credentials;
};

LkProber *
lk_prober_new (guint max_open,
               guint connect_ms,
               guint answer_ms,
               LkProbeFunc func,
               gpointer user_data)
{
  LkProber *self = g_new0 (LkProber, 1);

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->max_open = max_open;
  self->connect_us = connect_ms * G_GINT64_CONSTANT (1000);
  self->answer_us = answer_ms * G_GINT64_CONSTANT (1000);
  self->func = func;
  self->user_data = user_data;
  self->calls = g_ptr_array_new ();
  return self;
}

static void
call_free (Call *call)
{
  if (call->session != NULL)
    gnutls_deinit (call->session);
  close (call->fd); /* which takes it out of the epoll set */
  g_clear_pointer (&call->parser, lk_http_parser_free);
  g_clear_pointer (&call->probe.question, g_bytes_unref);
  g_free (call);
}

void
lk_prober_free (LkProber *self)
{
  if (self == NULL)
    return;

  for (guint i = 0; i < self->calls->len; i++)
    call_free (g_ptr_array_index (self->calls, i));
  g_ptr_array_unref (self->calls);
  if (self->credentials != NULL)
    gnutls_certificate_free_credentials (self->credentials);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_free (self);
}

guint
lk_prober_get_open (const LkProber *self)
{
  return self->calls->len;
}

int
lk_prober_get_fd (const LkProber *self)
{
  return self->epoll_fd;
}

static void
finish (LkProber *self, Call *call, LkProbeOutcome outcome, const LkHttpMessage *answer)
{
  Call *last = g_ptr_array_index (self->calls, self->calls->len - 1);

  last->index = call->index;
  g_ptr_array_remove_index_fast (self->calls, call->index);
  self->func (&call->probe, outcome, answer, self->user_data);
  call_free (call);
}

static LkProbeOutcome
outcome_from_errno (int code)
{
  switch (code)
    {
    case ECONNREFUSED:
    case ECONNRESET:
      return LK_PROBE_CLOSED;
    case ETIMEDOUT:
    case EACCES:
    case EPERM:
      return LK_PROBE_FILTERED; /* the last two: a rule on this computer */
    default:
      return LK_PROBE_ABSENT;
    }
}

/* A firewall that says so answers with one of three codes of ICMP, which connect() gives the same
 * error as for a host that is not there (RFC 1812 5.2.7.1). IPv6 has EACCES for it. */
static gboolean
is_prohibited (int fd)
{
  char control[256];
  char payload[1];
  struct iovec part = { payload, sizeof payload };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };

  if (recvmsg (fd, &message, MSG_ERRQUEUE) < 0)
    return FALSE;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (&message); header != NULL;
       header = CMSG_NXTHDR (&message, header))
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR)
      {
        const struct sock_extended_err *error = (const void *) CMSG_DATA (header);

        return error->ee_origin == SO_EE_ORIGIN_ICMP && error->ee_type == ICMP_DEST_UNREACH &&
               (error->ee_code == ICMP_NET_ANO || error->ee_code == ICMP_HOST_ANO ||
                error->ee_code == ICMP_PKT_FILTERED);
      }

  return FALSE;
}

/* Whether it is this computer that has no more room. */
static gboolean
is_shortage (int code)
{
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM ||
         code == EADDRNOTAVAIL || code == EAGAIN;
}

gboolean
lk_prober_start (LkProber *self, const LkProbe *probe)
{
  const struct sockaddr *address = (const void *) &probe->address.storage;
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
  int yes = 1;
  int code = 0;
  Call *call;
  int fd;

  if (self->calls->len >= self->max_open)
    return FALSE;
  fd = socket (address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 && is_shortage (errno))
    return FALSE;
  if (fd >= 0 && address->sa_family == AF_INET)
    setsockopt (fd, IPPROTO_IP, IP_RECVERR, &yes, sizeof yes);

  if (fd < 0 || (connect (fd, address, probe->address.length) != 0 && errno != EINPROGRESS))
    code = errno;
  if (code != 0)
    {
      if (fd >= 0)
        close (fd);
      if (is_shortage (code))
        return FALSE;
      self->func (probe, outcome_from_errno (code), NULL, self->user_data);
      return TRUE;
    }

  call = g_new0 (Call, 1);
  call->probe = *probe;
  if (probe->question != NULL)
    g_bytes_ref (probe->question);
  call->fd = fd;
  call->until = g_get_monotonic_time () + self->connect_us;
  call->index = self->calls->len;
  g_ptr_array_add (self->calls, call);
  event.data.ptr = call;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
    finish (self, call, LK_PROBE_ABSENT, NULL);
  return TRUE;
}

static gboolean
start_tls (LkProber *self, Call *call)
{
  if (self->credentials == NULL)
    gnutls_certificate_allocate_credentials (&self->credentials);
  if (gnutls_init (&call->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
    return FALSE;

  gnutls_set_default_priority (call->session);
  gnutls_credentials_set (call->session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  gnutls_transport_set_int (call->session, call->fd);
  return TRUE;
}

/* How an attempt to go on with a call went. */
typedef enum
{
  GOES_ON,
  WAITS,
  ENDED, /* the call is freed */
} Progress;

static Progress
end (LkProber *self, Call *call, LkProbeOutcome outcome)
{
  finish (self, call, outcome, NULL);
  return ENDED;
}

static Progress
connect_further (LkProber *self, Call *call, guint32 events)
{
  int code = 0;
  socklen_t size = sizeof code;

  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0)
    return WAITS;
  getsockopt (call->fd, SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0)
    return end (self, call,
                is_prohibited (call->fd) ? LK_PROBE_FILTERED : outcome_from_errno (code));
  if (call->probe.question == NULL)
    return end (self, call, LK_PROBE_OPEN);

  call->until = g_get_monotonic_time () + self->answer_us;
  call->parser = lk_http_parser_new (LK_HTTP_RESPONSE, MAX_ANSWER);
  call->state = call->probe.tls ? SHAKING_HANDS : ASKING;
  if (call->probe.tls && !start_tls (self, call))
    return end (self, call, LK_PROBE_OTHER);
  return GOES_ON;
}

static Progress
shake_hands (LkProber *self, Call *call)
{
  int result = gnutls_handshake (call->session);

  if (result == GNUTLS_E_SUCCESS)
    {
      call->state = ASKING;
      return GOES_ON;
    }
  if (!gnutls_error_is_fatal (result))
    return result == GNUTLS_E_AGAIN ? WAITS : GOES_ON;
  return end (self, call, LK_PROBE_OTHER);
}

/* As read() and write() give it, with errno EAGAIN for "later". */
static gssize
transfer (Call *call, void *in, const void *out, gsize length)
{
  gssize n;

  if (call->session == NULL)
    return out != NULL ? send (call->fd, out, length, MSG_NOSIGNAL)
                       : recv (call->fd, in, length, 0);

  do
    n = out != NULL ? gnutls_record_send (call->session, out, length)
                    : gnutls_record_recv (call->session, in, length);
  while (n == GNUTLS_E_INTERRUPTED ||
         (n < 0 && n != GNUTLS_E_AGAIN && !gnutls_error_is_fatal ((int) n)));
  errno = n == GNUTLS_E_AGAIN ? EAGAIN : EIO;
  return n < 0 ? -1 : n;
}

/* A connection that is taken only to be reset at once is refused in another way. */
static Progress
end_broken (LkProber *self, Call *call, int code)
{
  gboolean is_reset = code == ECONNRESET || code == EPIPE;

  return end (self, call, is_reset && call->heard == 0 ? LK_PROBE_CLOSED : LK_PROBE_OTHER);
}

static Progress
ask (LkProber *self, Call *call)
{
  gsize length;
  const char *bytes = g_bytes_get_data (call->probe.question, &length);
  gssize n = transfer (call, NULL, bytes + call->sent, length - call->sent);

  if (n < 0)
    return errno == EAGAIN ? WAITS : end_broken (self, call, errno);

  call->sent += (gsize) n;
  if (call->sent == length)
    call->state = LISTENING;
  return GOES_ON;
}

static Progress
listen_further (LkProber *self, Call *call)
{
  char buffer[4096];
  gssize n = transfer (call, buffer, NULL, sizeof buffer);
  g_autoptr (LkHttpMessage) answer = NULL;
  gsize consumed;
  gsize at = 0;

  if (n < 0 && errno == EAGAIN)
    return WAITS;
  if (n < 0)
    return end_broken (self, call, errno);
  call->heard += (gsize) n;
  if (call->heard > MAX_HEARD || (n == 0 && !lk_http_parser_end (call->parser, NULL)))
    return end (self, call, LK_PROBE_OTHER);
  while (at < (gsize) n)
    {
      if (!lk_http_parser_feed (call->parser, buffer + at, (gsize) n - at, &consumed, NULL))
        return end (self, call, LK_PROBE_OTHER);
      at += consumed;
      if (consumed == 0)
        break;
    }

  answer = lk_http_parser_take (call->parser);
  if (answer != NULL)
    {
      finish (self, call, LK_PROBE_ANSWERED, answer);
      return ENDED;
    }
  return n == 0 ? end (self, call, LK_PROBE_OTHER) : GOES_ON;
}

/* The set tells of changes only, so a call goes on until it would have to wait. */
static void
go_on (LkProber *self, Call *call, guint32 events)
{
  Progress progress = GOES_ON;

  while (progress == GOES_ON)
    switch (call->state)
      {
      case CONNECTING:
        progress = connect_further (self, call, events);
        break;
      case SHAKING_HANDS:
        progress = shake_hands (self, call);
        break;
      case ASKING:
        progress = ask (self, call);
        break;
      case LISTENING:
        progress = listen_further (self, call);
        break;
      }
}

static void
expire (LkProber *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->expired_at < EXPIRE_STEP)
    return;

  self->expired_at = now;
  for (guint i = self->calls->len; i > 0; i--)
    {
      /* What ends may start others, which come after it or in its place. */
      Call *call = i <= self->calls->len ? g_ptr_array_index (self->calls, i - 1) : NULL;

      if (call != NULL && call->until <= now)
        finish (self, call, call->state == CONNECTING ? LK_PROBE_FILTERED : LK_PROBE_SILENT, NULL);
    }
}

void
lk_prober_run (LkProber *self)
{
  struct epoll_event events[MAX_EVENTS];
  int n;

  do
    {
      n = epoll_wait (self->epoll_fd, events, MAX_EVENTS, 0);
      /* A call that ends closes its own descriptor only, so the other events stay good. */
      for (int i = 0; i < n; i++)
        go_on (self, events[i].data.ptr, events[i].events);
    }
  while (n == MAX_EVENTS);

  expire (self);
}
