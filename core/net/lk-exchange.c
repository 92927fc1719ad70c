/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-server-private.h"

#include "net/lk-channel.h"

#include <netdb.h>
#include <netinet/in.h>

const LkHttpMessage *
lk_exchange_get_request (const LkExchange *self)
{
  return self->request;
}

const struct sockaddr *
lk_exchange_get_local (const LkExchange *self)
{
  return (const struct sockaddr *) &self->connection->local;
}

const struct sockaddr *
lk_exchange_get_peer (const LkExchange *self)
{
  return (const struct sockaddr *) &self->connection->peer;
}

gboolean
lk_exchange_is_tls (const LkExchange *self)
{
  return self->connection->tls != NULL;
}

GBytes *
lk_exchange_dup_binding (const LkExchange *self)
{
  return self->connection->session != NULL ? lk_tls_dup_binding (self->connection->session) : NULL;
}

char *
lk_exchange_dup_peer_name (const LkExchange *self)
{
  const struct sockaddr_storage *peer = &self->connection->peer;
  socklen_t length =
      peer->ss_family == AF_INET6 ? sizeof (struct sockaddr_in6) : sizeof (struct sockaddr_in);
  char name[NI_MAXHOST];

  if (getnameinfo ((const struct sockaddr *) peer, length, name, sizeof name, NULL, 0,
                   NI_NUMERICHOST) != 0)
    return g_strdup ("?");
  return g_strdup (name);
}

LkCertificateFacts *
lk_exchange_dup_client_certificate (const LkExchange *self)
{
  LkCertificateFacts *client = self->connection->client;

  return client != NULL ? lk_certificate_facts_ref (client) : NULL;
}

gpointer
lk_exchange_get_data (const LkExchange *self)
{
  return self->connection->data;
}

void
lk_exchange_set_data (LkExchange *self, gpointer data, GDestroyNotify destroy)
{
  LkConnection *connection = self->connection;

  if (connection->destroy != NULL)
    connection->destroy (connection->data);
  connection->data = data;
  connection->destroy = destroy;
}

void
lk_exchange_set_delay (LkExchange *self, guint ms)
{
  self->delay_ms = ms;
}

void
lk_exchange_mark_effect (LkExchange *self)
{
  self->reports_effect = TRUE;
}

/* Ends the exchange: from here on only the answer knows the connection. */
static void
end (LkExchange *self, GByteArray *bytes, guint times, LkAfter after)
{
  LkAnswer *answer = g_new0 (LkAnswer, 1);
  LkLoop *loop = lk_loop_ref (self->connection->loop);

  answer->connection = g_steal_pointer (&self->connection);
  answer->bytes = bytes;
  answer->times = times;
  answer->after = after;
  answer->reports_effect = self->reports_effect;
  if (self->delay_ms > 0)
    answer->due = g_get_monotonic_time () + (gint64) self->delay_ms * 1000;
  lk_http_message_free (self->request);
  g_free (self);

  lk_loop_post (loop, answer);
  lk_loop_unref (loop);
}

void
lk_exchange_reply (LkExchange *self, guint status, const char *const *headers, GBytes *body)
{
  static const char *const none[] = { NULL };
  gboolean keep = self->request->keep_alive;
  gsize length = 0;
  const void *data = body != NULL ? g_bytes_get_data (body, &length) : NULL;

  end (self, lk_http_write_response (status, keep, headers != NULL ? headers : none, data, length),
       1, keep ? LK_AFTER_KEEP : LK_AFTER_CLOSE);
}

void
lk_exchange_drop (LkExchange *self)
{
  end (self, NULL, 0, LK_AFTER_RESET);
}

void
lk_exchange_hold (LkExchange *self)
{
  end (self, NULL, 0, LK_AFTER_HOLD);
}

void
lk_exchange_write_raw (LkExchange *self, GBytes *bytes, guint times)
{
  gsize length = 0;
  const void *data = g_bytes_get_data (bytes, &length);
  GByteArray *copy = g_byte_array_sized_new ((guint) length);

  end (self, g_byte_array_append (copy, data, (guint) length), times, LK_AFTER_CLOSE);
}
