/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-audit.h"
#include "gateway/lk-gateway-client.h"
#include "net/lk-server.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define SERVICE_PATH             "/BatchActivation/BatchActivation.asmx"
#define DEFAULT_PRACTICE_POOL    10000
#define DEFAULT_ANSWER_WITHIN_MS 20000
/* Most of them wait for upstream, if there is one. */
#define N_WORKERS                64
#define MAX_WAITING              256
#define MAX_CONNECTIONS          512

struct _LkGateway
{
  LkGatewayState *state;
  LkGatewayUpstream *upstream; /* NULL in practice */
  LkGatewayRules rules;
  LkSecret *digest_key;
  guint answer_within_ms;
  char *address;
  guint16 port;
  char *tls_certificate; /* files, or NULL without TLS */
  char *tls_key;
  LkCertificateFacts *certificate;
  LkServer *server;
  GThreadPool *workers;
  gint64 refused_at; /* when a refusal was last put into the audit log */
};

static guint
status_for_error (const GError *error)
{
  if (g_error_matches (error, LK_ERROR, LK_ERROR_STORE))
    return 503;

  return 400;
}

static void
reply_text (LkExchange *exchange, guint status, const char *text)
{
  static const char *const headers[] = { "Content-Type", "text/plain; charset=utf-8",
                                         "WWW-Authenticate", "Bearer", NULL };
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  g_autoptr (GBytes) body = g_bytes_new (line, strlen (line));

  /* Only a refused token is answered with the challenge. */
  if (status == 401)
    lk_exchange_reply (exchange, status, headers, body);
  else
    lk_exchange_reply (exchange, status, (const char *const[]){ headers[0], headers[1], NULL },
                       body);
}

static const char *
find_token (const LkHttpMessage *request)
{
  const char *value = lk_http_message_get_header (request, "Authorization");

  if (value == NULL || g_ascii_strncasecmp (value, "Bearer ", 7) != 0)
    return "";

  return value + 7;
}

static gboolean
add_refusal (LkDb *db, gpointer user_data, GError **error)
{
  return lk_gateway_audit_add (db, user_data, error);
}

/* Refusals are recorded once a second at most: strangers must not be able to fill the disk. */
static void
record_refusal (LkGateway *self, const char *client, const char *outcome)
{
  gint64 now = lk_gateway_state_now (self->state);
  gint64 before = __atomic_load_n (&self->refused_at, __ATOMIC_SEQ_CST);
  const LkGatewayAudit line = {
    .at = now,
    .client = client != NULL ? client : "",
    .batch = "",
    .outcome = outcome,
  };
  g_autoptr (GError) error = NULL;

  if ((now >= before && now - before < LK_SECOND) ||
      !__atomic_compare_exchange_n (&self->refused_at, &before, now, FALSE, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    return;
  if (!lk_gateway_state_write (self->state, add_refusal, (gpointer) &line, &error))
    g_warning ("A refusal is not recorded: %s", error->message);
}

/* NULL, with the status to answer, for a request that is not even looked at. */
static LkGatewayBatch *
admit_request (LkGateway *self, const LkExchange *exchange, guint *status, GError **error)
{
  const LkHttpMessage *request = lk_exchange_get_request (exchange);
  g_autoptr (LkCertificateFacts) certificate = lk_exchange_dup_client_certificate (exchange);
  g_autofree char *client = NULL;
  g_autoptr (GBytes) body = NULL;
  GPtrArray *items;
  LkBatchType type = LK_BATCH_CONFIRM;

  client = lk_gateway_client_authenticate (self->state, find_token (request), certificate, error);
  if (client == NULL)
    {
      *status = g_error_matches (*error, LK_ERROR, LK_ERROR_DENIED) ? 401 : 503;
      if (*status == 401)
        record_refusal (self, NULL, certificate != NULL ? "certificate-refused" : "token-refused");
      return NULL;
    }

  body = g_bytes_new_static (request->body->data, request->body->len);
  items = lk_batch_read_request (body, self->digest_key, &type, error);
  if (items != NULL)
    return lk_gateway_batch_new (client, type, items);

  *status = g_error_matches (*error, LK_ERROR, LK_ERROR_DENIED) ? 403 : status_for_error (*error);
  record_refusal (self, client, *status == 403 ? "digest-refused" : "malformed");
  return NULL;
}

static gboolean
has_pending (const LkGatewayBatch *batch)
{
  for (guint i = 0; i < batch->is_pending->len; i++)
    if (g_array_index (batch->is_pending, gboolean, i))
      return TRUE;

  return FALSE;
}

static gboolean
answer_batch (LkGateway *self, LkGatewayBatch *batch, GError **error)
{
  if (!lk_gateway_batch_judge (batch, self->state, &self->rules, error))
    return FALSE;
  if (!has_pending (batch))
    return TRUE;

  lk_gateway_upstream_ask (self->upstream, batch, self->answer_within_ms);
  return lk_gateway_batch_collect (batch, self->state, error);
}

static void
process_in_thread (gpointer data, gpointer user_data)
{
  static const char *const headers[] = { "Content-Type", "text/xml; charset=utf-8", NULL };
  LkGateway *self = user_data;
  LkExchange *exchange = data;
  g_autoptr (LkGatewayBatch) batch = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  guint status = 200;

  batch = admit_request (self, exchange, &status, &error);
  if (batch == NULL)
    {
      reply_text (exchange, status, error->message);
      return;
    }

  if (!answer_batch (self, batch, &error))
    {
      /* Without records there are no answers, and nothing is spent. */
      g_warning ("Batch %s is not answered: %s", batch->id, error->message);
      reply_text (exchange, status_for_error (error), "The records are not available");
      return;
    }

  body = lk_batch_write_response (batch->type, batch->items);
  lk_exchange_mark_effect (exchange);
  lk_exchange_reply (exchange, 200, headers, body);
}

static void
on_exchange (LkExchange *exchange, gpointer user_data)
{
  LkGateway *self = user_data;
  const LkHttpMessage *request = lk_exchange_get_request (exchange);

  if (!g_str_equal (request->target, SERVICE_PATH) && !g_str_equal (request->target, "/"))
    reply_text (exchange, 404, "There is nothing here");
  else if (!g_str_equal (request->method, "POST"))
    reply_text (exchange, 405, "Batches are posted");
  else if (g_thread_pool_unprocessed (self->workers) >= MAX_WAITING)
    reply_text (exchange, 503, "Too many batches at once");
  else
    g_thread_pool_push (self->workers, exchange, NULL);
}

static gboolean
is_loopback (const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  return address != NULL && g_inet_address_get_is_loopback (address);
}

/* A file is read whole, so a certificate that is being replaced is the old one or the new one. */
gboolean
lk_gateway_reload (LkGateway *self, GError **error)
{
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;
  gsize certificate_length = 0;
  gsize key_length = 0;
  g_autoptr (LkCertificateFacts) facts = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean done = FALSE;

  if (self->tls_certificate == NULL)
    return TRUE;

  /* A key may be a link, and a group's, as certbot and Debian's ssl-cert leave it. */
  if (g_file_get_contents (self->tls_certificate, &certificate, &certificate_length, &cause) &&
      g_file_get_contents (self->tls_key, &key, &key_length, &cause))
    facts = lk_certificate_facts_new_pem (certificate, (gssize) certificate_length, &cause);
  if (facts != NULL)
    done = lk_server_set_certificate (self->server, certificate, certificate_length, key,
                                      key_length, error);
  else
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The TLS certificate cannot be read: %s"),
                 cause->message);
  if (key != NULL)
    explicit_bzero (key, key_length);
  if (!done)
    return FALSE;

  g_clear_pointer (&self->certificate, lk_certificate_facts_unref);
  self->certificate = g_steal_pointer (&facts);
  return TRUE;
}

const LkCertificateFacts *
lk_gateway_get_certificate (LkGateway *self)
{
  return self->certificate;
}

static gboolean
trust_clients (LkGateway *self, const char *path, GError **error)
{
  g_autofree char *pem = NULL;
  gsize length = 0;
  g_autoptr (GError) cause = NULL;

  if (path == NULL)
    return TRUE;
  if (self->tls_certificate == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Clients show certificates over TLS only, so the gateway needs its own"));
      return FALSE;
    }
  if (!g_file_get_contents (path, &pem, &length, &cause))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("The clients' CA cannot be read: %s"),
                   cause->message);
      return FALSE;
    }

  /* Not demanded, as a client may have a token instead. */
  return lk_server_set_client_authority (self->server, pem, length, FALSE, error);
}

/* A practice file has worthless answers, which must never reach a real machine, and the other way
 * round. */
static gboolean
claim_mode (LkGateway *self, GError **error)
{
  const char *mode = self->rules.is_practice ? "practice" : "upstream";
  g_autoptr (GError) local_error = NULL;
  g_autofree char *found = lk_gateway_state_get_setting (self->state, "mode", &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (found == NULL)
    return lk_gateway_state_set_setting (self->state, "mode", mode, error);
  if (g_str_equal (found, mode))
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("This state file belongs to a gateway in %s mode; use another one"), found);
  return FALSE;
}

LkGateway *
lk_gateway_new (const LkGatewayOptions *options, GError **error)
{
  g_autoptr (LkGateway) self = g_new0 (LkGateway, 1);
  const LkServerOptions server_options = {
    .max_connections = MAX_CONNECTIONS,
    .max_body = LK_BATCH_MAX_BYTES,
    .handler = on_exchange,
    .user_data = self,
  };

  self->rules.is_practice = options->is_practice;
  self->rules.practice_pool =
      options->practice_pool != 0 ? options->practice_pool : DEFAULT_PRACTICE_POOL;
  self->answer_within_ms =
      options->answer_within_ms != 0 ? options->answer_within_ms : DEFAULT_ANSWER_WITHIN_MS;
  self->digest_key = lk_secret_copy (options->digest_key);
  self->address = g_strdup (options->address != NULL ? options->address : "127.0.0.1");
  self->port = options->port;
  self->tls_certificate = g_strdup (options->tls_certificate);
  self->tls_key = g_strdup (options->tls_key);
  self->server = lk_server_new (&server_options);
  if (!lk_gateway_reload (self, error) || !trust_clients (self, options->client_ca, error))
    return NULL;
  if (self->tls_certificate == NULL && !is_loopback (self->address))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   _ ("Without a TLS certificate a gateway listens on loopback only, not on %s"),
                   self->address);
      return NULL;
    }

  self->state = lk_gateway_state_open (options->state_path, options->clock, error);
  if (self->state == NULL || !lk_gateway_state_lock (self->state, error) ||
      !claim_mode (self, error))
    return NULL;
  if (!options->is_practice)
    {
      self->upstream = lk_gateway_upstream_new (self->state, &options->upstream, error);
      if (self->upstream == NULL)
        return NULL;
    }

  self->workers = g_thread_pool_new (process_in_thread, self, N_WORKERS, FALSE, NULL);
  return g_steal_pointer (&self);
}

void
lk_gateway_free (LkGateway *self)
{
  if (self == NULL)
    return;
  if (self->upstream != NULL)
    lk_gateway_upstream_stop (self->upstream);
  /* The server first, so that nothing new is handed to the workers, who still answer what they
   * have; those answers go nowhere. */
  if (self->server != NULL)
    lk_server_stop (self->server);
  if (self->workers != NULL)
    g_thread_pool_free (self->workers, FALSE, TRUE);
  g_clear_pointer (&self->server, lk_server_free);
  g_clear_pointer (&self->upstream, lk_gateway_upstream_free);
  g_clear_pointer (&self->state, lk_gateway_state_free);
  lk_secret_free (self->digest_key);
  lk_certificate_facts_unref (self->certificate);
  g_free (self->tls_certificate);
  g_free (self->tls_key);
  g_free (self->address);
  g_free (self);
}

LkGatewayState *
lk_gateway_get_state (LkGateway *self)
{
  return self->state;
}

guint16
lk_gateway_start (LkGateway *self, GError **error)
{
  guint16 port =
      lk_server_listen (self->server, self->address, self->port,
                        self->tls_certificate != NULL ? LK_LISTEN_TLS : LK_LISTEN_DEFAULT, error);

  return port != 0 && lk_server_start (self->server, error) ? port : 0;
}

LkSecret *
lk_gateway_read_digest_key (const char *path, GError **error)
{
  g_autoptr (LkSecret) text = lk_secret_read_file (path, error);

  return text != NULL ? lk_batch_parse_digest_key (text, error) : NULL;
}
