/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "net/lk-server-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_A_TURN   256
#define ACCEPTS_A_TURN  64
#define LISTEN_PAUSE_MS 100
#define MAX_SWEEP_MS    1000

LkLoop *
lk_loop_ref (LkLoop *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
lk_loop_unref (LkLoop *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  if (self->wake.fd >= 0)
    close (self->wake.fd);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_sequence_free (self->delayed);
  g_mutex_clear (&self->lock);
  g_free (self->buffer);
  g_free (self);
}

static void
watch_listeners (LkLoop *self, int operation)
{
  for (guint i = 0; i < self->listeners->len; i++)
    {
      LkListener *listener = self->listeners->pdata[i];
      /* One thread is woken for a connection, not all of them. */
      struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = listener };

      epoll_ctl (self->epoll_fd, operation, listener->watch.fd, &event);
    }
}

static void
reset_socket (int fd)
{
  struct linger linger = { .l_onoff = 1 };

  setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close (fd);
}

/* Out of descriptors or memory: the connection stays in the backlog and would wake us without end,
 * so this loop looks away for a moment. */
static void
pause_listening (LkLoop *self)
{
  watch_listeners (self, EPOLL_CTL_DEL);
  self->listen_again_at = g_get_monotonic_time () + LISTEN_PAUSE_MS * 1000;
}

static void
accept_some (LkLoop *self, LkListener *listener)
{
  const LkServerOptions *options = &self->shared->options;

  for (guint i = 0; i < ACCEPTS_A_TURN; i++)
    {
      struct sockaddr_storage local = { 0 };
      struct sockaddr_storage peer = { 0 };
      socklen_t local_length = sizeof local;
      socklen_t peer_length = sizeof peer;
      int fd = accept4 (listener->watch.fd, (struct sockaddr *) &peer, &peer_length,
                        SOCK_NONBLOCK | SOCK_CLOEXEC);

      if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        {
          pause_listening (self);
          return;
        }
      if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
      if (fd < 0)
        continue; /* this one is gone already */

      if (g_atomic_int_add (&self->shared->n_connections, 1) >= (gint) options->max_connections ||
          getsockname (fd, (struct sockaddr *) &local, &local_length) < 0 ||
          (options->admit != NULL &&
           !options->admit ((struct sockaddr *) &local, (struct sockaddr *) &peer,
                            options->user_data)))
        {
          g_atomic_int_add (&self->shared->n_connections, -1);
          reset_socket (fd);
          continue;
        }
      lk_connection_open (self, fd, listener->tls, &local, &peer);
    }
}

static int
compare_due (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const LkAnswer *one = a;
  const LkAnswer *other = b;

  return one->due < other->due ? -1 : one->due > other->due;
}

static void
take_answer (LkLoop *self, LkAnswer *answer)
{
  if (answer->due > g_get_monotonic_time ())
    g_sequence_insert_sorted (self->delayed, answer, compare_due, NULL);
  else
    lk_connection_take_answer (answer->connection, answer);
}

static void
take_posted (LkLoop *self)
{
  GQueue posted = G_QUEUE_INIT;
  LkAnswer *answer;

  g_mutex_lock (&self->lock);
  posted = self->posted;
  g_queue_init (&self->posted);
  g_mutex_unlock (&self->lock);

  while ((answer = g_queue_pop_head (&posted)) != NULL)
    take_answer (self, answer);
}

static void
take_delayed (LkLoop *self, gint64 now)
{
  while (!g_sequence_is_empty (self->delayed))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (self->delayed);
      LkAnswer *answer = g_sequence_get (first);

      if (answer->due > now)
        return;
      g_sequence_remove (first);
      lk_connection_take_answer (answer->connection, answer);
    }
}

static gint64
get_sweep_us (LkLoop *self)
{
  const LkServerOptions *options = &self->shared->options;

  return 1000 *
         (gint64) MAX (10, MIN (MAX_SWEEP_MS, MIN (options->idle_ms, options->request_ms) / 4));
}

static void
sweep (LkLoop *self, gint64 now)
{
  GList *next = NULL;

  for (GList *l = self->connections.head; l != NULL; l = next)
    {
      LkConnection *connection = l->data;

      next = l->next;
      if (connection->deadline > 0 && connection->deadline <= now)
        lk_connection_close (connection, FALSE);
    }
  self->next_sweep = now + get_sweep_us (self);

  if (self->listen_again_at > 0 && self->listen_again_at <= now)
    {
      self->listen_again_at = 0;
      watch_listeners (self, EPOLL_CTL_ADD);
    }
}

static int
get_timeout (LkLoop *self, gint64 now)
{
  gint64 until = self->next_sweep;

  if (!g_sequence_is_empty (self->delayed))
    {
      LkAnswer *answer = g_sequence_get (g_sequence_get_begin_iter (self->delayed));

      until = MIN (until, answer->due);
    }
  if (self->listen_again_at > 0)
    until = MIN (until, self->listen_again_at);

  return until <= now ? 0 : (int) ((until - now + 999) / 1000);
}

static gboolean
is_stopping (LkLoop *self)
{
  gboolean stopping;

  g_mutex_lock (&self->lock);
  stopping = self->stopping;
  g_mutex_unlock (&self->lock);
  return stopping;
}

static void
take_event (LkLoop *self, const struct epoll_event *event)
{
  LkWatch *watch = event->data.ptr;
  guint64 count;

  switch (watch->kind)
    {
    case LK_WATCH_WAKE:
      if (read (watch->fd, &count, sizeof count) > 0)
        take_posted (self);
      break;
    case LK_WATCH_LISTENER:
      accept_some (self, (LkListener *) watch);
      break;
    case LK_WATCH_CONNECTION:
    default:
      lk_connection_on_event ((LkConnection *) watch, event->events);
    }
}

static void
close_all (LkLoop *self)
{
  LkAnswer *answer;

  while (self->connections.head != NULL)
    lk_connection_close (self->connections.head->data, FALSE);
  while (!g_sequence_is_empty (self->delayed))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (self->delayed);

      answer = g_sequence_get (first);
      g_sequence_remove (first);
      lk_answer_free (answer);
    }
  for (;;)
    {
      g_mutex_lock (&self->lock);
      answer = g_queue_pop_head (&self->posted);
      g_mutex_unlock (&self->lock);
      if (answer == NULL)
        return;
      lk_answer_free (answer);
    }
}

static gpointer
run (gpointer user_data)
{
  LkLoop *self = user_data;
  struct epoll_event events[EVENTS_A_TURN];

  self->self = g_thread_self ();
  while (!is_stopping (self))
    {
      gint64 now = g_get_monotonic_time ();
      int n = epoll_wait (self->epoll_fd, events, EVENTS_A_TURN, get_timeout (self, now));
      int wake = -1;

      /* A connection occurs once a turn, and only its own event can close it: what the others
       * point to is still there. Answers of other threads wait for the end of the turn, when no
       * event may be looked at any more. */
      for (int i = 0; i < n; i++)
        if (((LkWatch *) events[i].data.ptr)->kind == LK_WATCH_WAKE)
          wake = i;
        else
          take_event (self, &events[i]);
      if (wake >= 0)
        take_event (self, &events[wake]);

      now = g_get_monotonic_time ();
      take_delayed (self, now);
      if (now >= self->next_sweep || (self->listen_again_at > 0 && now >= self->listen_again_at))
        sweep (self, now);
    }

  close_all (self);
  return NULL;
}

void
lk_loop_post (LkLoop *self, LkAnswer *answer)
{
  const guint64 one = 1;
  gboolean stopping;

  /* From inside the handler of this very connection it can be done at once. */
  if (self->self == g_thread_self () && answer->connection->in_handler)
    {
      take_answer (self, answer);
      return;
    }

  g_mutex_lock (&self->lock);
  stopping = self->stopping;
  if (!stopping)
    g_queue_push_tail (&self->posted, answer);
  g_mutex_unlock (&self->lock);

  if (stopping)
    lk_answer_free (answer);
  else if (write (self->wake.fd, &one, sizeof one) < 0)
    g_debug ("The wake-up of a loop was already due");
}

LkLoop *
lk_loop_new (LkServerShared *shared, GPtrArray *listeners, GError **error)
{
  LkLoop *self = g_new0 (LkLoop, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = &self->wake };

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->shared = shared;
  self->listeners = listeners;
  self->delayed = g_sequence_new (NULL);
  self->buffer = g_malloc (LK_SERVER_BUFFER_BYTES);
  self->wake = (LkWatch){ LK_WATCH_WAKE, eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC) };
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->wake.fd < 0 || self->epoll_fd < 0 ||
      epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->wake.fd, &event) < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_STORE, "Cannot start the server: %s",
                   g_strerror (errno));
      lk_loop_unref (self);
      return NULL;
    }

  watch_listeners (self, EPOLL_CTL_ADD);
  self->thread = g_thread_new ("server", run, self);
  return self;
}

void
lk_loop_stop (LkLoop *self)
{
  const guint64 one = 1;

  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_mutex_unlock (&self->lock);
  if (write (self->wake.fd, &one, sizeof one) < 0)
    g_debug ("The wake-up of a loop was already due");
  g_thread_join (self->thread);
}
