/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-backend.h"

#include "backend/lk-backend-tls.h"
#include "base/lk-crash.h"
#include "base/lk-error.h"
#include "base/lk-xml.h"

#include <glib/gi18n-lib.h>
#include <libsoup/soup.h>
#include <string.h>

#define DEFAULT_TIMEOUT_S        30
#define MAX_RAW_BYTES            (64 * 1024)
#define STATUS_TOO_MANY_REQUESTS 429 /* not in libsoup 3.2 */
#define SOAP_ACTION              "http://www.microsoft.com/BatchActivationService/BatchActivate"

struct _LkBackend
{
  SoupSession *session;
  GUri *uri;
  char *peer;
  LkSecret *digest_key;
  LkSecret *token;
  char *pin;
  GTlsCertificate *certificate; /* our own, or NULL */
  guint timeout_s;
};

/* One request and what became of it, filled in by the message's signals on the sending thread. */
typedef struct
{
  LkBackend *backend;
  SoupMessage *message;
  GCancellable *cancellable;
  LkBackendStage stage;
  guint n_starts;
  gboolean pin_differs;
  GThread *watchdog;
  GMutex lock;
  GCond ended;
  gboolean has_ended;
  gboolean is_overdue;
} Exchange;

static const char *const stage_words[] = {
  [LK_BACKEND_NAME] = "name",     [LK_BACKEND_TCP] = "tcp",         [LK_BACKEND_PROXY] = "proxy",
  [LK_BACKEND_TLS] = "tls",       [LK_BACKEND_HTTP] = "http",       [LK_BACKEND_TOKEN] = "token",
  [LK_BACKEND_DIGEST] = "digest", [LK_BACKEND_SERVICE] = "service", [LK_BACKEND_DONE] = "done",
};

const char *
lk_backend_stage_to_word (LkBackendStage stage)
{
  return stage_words[stage];
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address)
                         : g_ascii_strcasecmp (host, "localhost") == 0;
}

static GUri *
parse_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  gboolean is_http = g_str_equal (scheme, "http");

  if (host == NULL || *host == '\0' || (!is_http && !g_str_equal (scheme, "https")) ||
      g_uri_get_userinfo (uri) != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("The backend's address must be an https:// address without a user name"));
  else if (is_http && !is_loopback (host))
    g_set_error (
        error, LK_ERROR, LK_ERROR_INVALID,
        _ ("The backend “%s” is on another computer, so its address must begin with https://"),
        host);
  else
    return g_steal_pointer (&uri);

  return NULL;
}

/* Never from the environment: without a proxy of its own a backend is spoken to directly. */
static GProxyResolver *
make_proxy_resolver (const char *proxy, GError **error)
{
  g_autoptr (GUri) uri = NULL;

  if (proxy == NULL)
    return g_simple_proxy_resolver_new (NULL, NULL);

  uri = g_uri_parse (proxy, SOUP_HTTP_URI_FLAGS, NULL);
  if (uri != NULL && g_str_equal (g_uri_get_scheme (uri), "http") && g_uri_get_host (uri) != NULL &&
      g_uri_get_userinfo (uri) == NULL)
    return g_simple_proxy_resolver_new (proxy, NULL);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("The proxy must be given as http://HOST:PORT, without a user name"));
  return NULL;
}

static gboolean
set_up_trust (LkBackend *self, const LkBackendOptions *options, GError **error)
{
  g_autoptr (GTlsDatabase) database = NULL;

  if (options->pin != NULL)
    {
      self->pin = lk_backend_normalize_pin (options->pin, error);
      /* Without a database no certificate is trusted, so that each is put to on_certificate(). */
      soup_session_set_tls_database (self->session, NULL);
      return self->pin != NULL;
    }
  if (options->ca_file == NULL)
    return TRUE;

  database = lk_backend_load_authorities (options->ca_file, error);
  if (database == NULL)
    return FALSE;

  soup_session_set_tls_database (self->session, database);
  return TRUE;
}

static gboolean
set_up_certificate (LkBackend *self, const LkBackendOptions *options, GError **error)
{
  if (options->certificate == NULL || options->certificate_key == NULL)
    return TRUE;

  self->certificate =
      lk_backend_load_certificate (options->certificate, options->certificate_key, error);
  return self->certificate != NULL;
}

LkBackend *
lk_backend_new (const LkBackendOptions *options, GError **error)
{
  g_autoptr (LkBackend) self = g_new0 (LkBackend, 1);
  g_autoptr (GProxyResolver) resolver = NULL;

  self->uri = parse_url (options->url, error);
  resolver = self->uri != NULL ? make_proxy_resolver (options->proxy, error) : NULL;
  if (resolver == NULL)
    return NULL;

  self->peer = g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (self->uri), NULL,
                           g_uri_get_host (self->uri), g_uri_get_port (self->uri), "", NULL, NULL);
  self->digest_key = lk_secret_copy (options->digest_key);
  self->token = lk_secret_copy (options->token);
  self->timeout_s = options->timeout_s != 0 ? options->timeout_s : DEFAULT_TIMEOUT_S;
  self->session =
      soup_session_new_with_options ("max-conns", 1, "max-conns-per-host", 1, "timeout",
                                     self->timeout_s, "idle-timeout", 5, "user-agent",
                                     "latchkey/" PACKAGE_VERSION, "proxy-resolver", resolver, NULL);
  /* Nothing may answer a challenge, follow a redirect or unpack a bomb on our behalf. */
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);

  return set_up_trust (self, options, error) && set_up_certificate (self, options, error)
             ? g_steal_pointer (&self)
             : NULL;
}

void
lk_backend_free (LkBackend *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->session);
  g_clear_object (&self->certificate);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->peer);
  g_free (self->pin);
  lk_secret_free (self->digest_key);
  lk_secret_free (self->token);
  g_free (self);
}

const char *
lk_backend_get_peer (LkBackend *self)
{
  return self->peer;
}

static void
on_network_event (SoupMessage *message,
                  GSocketClientEvent event,
                  GIOStream *connection,
                  gpointer user_data)
{
  Exchange *exchange = user_data;

  switch (event)
    {
    case G_SOCKET_CLIENT_RESOLVING:
      exchange->stage = LK_BACKEND_NAME;
      break;
    case G_SOCKET_CLIENT_RESOLVED:
    case G_SOCKET_CLIENT_CONNECTING:
      exchange->stage = LK_BACKEND_TCP;
      break;
    case G_SOCKET_CLIENT_PROXY_NEGOTIATING:
      exchange->stage = LK_BACKEND_PROXY;
      break;
    case G_SOCKET_CLIENT_TLS_HANDSHAKING:
      exchange->stage = LK_BACKEND_TLS;
      break;
    case G_SOCKET_CLIENT_CONNECTED:
    case G_SOCKET_CLIENT_PROXY_NEGOTIATED:
    case G_SOCKET_CLIENT_TLS_HANDSHAKED:
    case G_SOCKET_CLIENT_COMPLETE:
    default:
      break;
    }
}

static gboolean
on_certificate (SoupMessage *message,
                GTlsCertificate *certificate,
                GTlsCertificateFlags errors,
                gpointer user_data)
{
  Exchange *exchange = user_data;
  g_autoptr (GByteArray) der = NULL;
  g_autofree char *digest = NULL;

  if (exchange->backend->pin == NULL)
    return FALSE;

  g_object_get (certificate, "certificate", &der, NULL);
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  exchange->pin_differs = !g_str_equal (digest, exchange->backend->pin);
  return !exchange->pin_differs;
}

/* The last moment of which it is certain that nothing of the request has left: name, connection,
 * proxy tunnel and TLS are done, the first byte is written next. */
static void
on_starting (SoupMessage *message, gpointer user_data)
{
  Exchange *exchange = user_data;

  exchange->stage = LK_BACKEND_HTTP;
  /* An activation must not be repeated behind our back. */
  if (++exchange->n_starts > 1)
    g_cancellable_cancel (exchange->cancellable);
}

static void
on_wrote_body (SoupMessage *message, gpointer user_data)
{
  lk_crash_point ("after-send");
}

/* Socket time-outs begin anew with each byte, which a server could send one at a time. */
static gpointer
watch_in_thread (gpointer user_data)
{
  Exchange *exchange = user_data;
  gint64 end = g_get_monotonic_time () + exchange->backend->timeout_s * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&exchange->lock);
  while (!exchange->has_ended && in_time)
    in_time = g_cond_wait_until (&exchange->ended, &exchange->lock, end);
  exchange->is_overdue = !exchange->has_ended;
  g_mutex_unlock (&exchange->lock);

  if (!in_time)
    g_cancellable_cancel (exchange->cancellable);
  return NULL;
}

static void
forward_cancel (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
exchange_begin (Exchange *self, LkBackend *backend, GBytes *body)
{
  SoupMessageHeaders *headers;

  self->backend = backend;
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  self->watchdog = g_thread_new ("backend-watchdog", watch_in_thread, self);
  self->message = soup_message_new_from_uri (SOUP_METHOD_POST, backend->uri);
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_set_request_body_from_bytes (self->message, "text/xml; charset=\"utf-8\"", body);
  if (backend->certificate != NULL)
    soup_message_set_tls_client_certificate (self->message, backend->certificate);
  headers = soup_message_get_request_headers (self->message);
  soup_message_headers_replace (headers, "Accept", "text/xml");
  soup_message_headers_replace (headers, "SOAPAction", SOAP_ACTION);
  if (backend->token != NULL)
    {
      g_autofree char *value = g_strconcat ("Bearer ", lk_secret_peek (backend->token), NULL);

      soup_message_headers_replace (headers, "Authorization", value);
      explicit_bzero (value, strlen (value));
    }
  g_signal_connect (self->message, "network-event", G_CALLBACK (on_network_event), self);
  g_signal_connect (self->message, "accept-certificate", G_CALLBACK (on_certificate), self);
  g_signal_connect (self->message, "starting", G_CALLBACK (on_starting), self);
  g_signal_connect (self->message, "wrote-body", G_CALLBACK (on_wrote_body), self);
}

static void
exchange_end (Exchange *self)
{
  g_mutex_lock (&self->lock);
  self->has_ended = TRUE;
  g_cond_signal (&self->ended);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->watchdog, g_thread_join);
  g_signal_handlers_disconnect_by_data (self->message, self);
}

static void
exchange_clear (Exchange *self)
{
  g_clear_object (&self->message);
  g_clear_object (&self->cancellable);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ended);
}

/* Reads to the end or to @limit; more than that is an error unless @cut. */
static GByteArray *
read_body (GInputStream *stream,
           gsize limit,
           gboolean cut,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  guint8 chunk[16 * 1024];
  gssize n;

  while ((n = g_input_stream_read (stream, chunk, sizeof chunk, cancellable, error)) > 0)
    {
      g_byte_array_append (body, chunk, (guint) MIN ((gsize) n, limit - body->len));
      if (body->len < limit)
        continue;
      if (cut)
        return g_steal_pointer (&body);

      g_set_error (error, LK_ERROR, LK_ERROR_BAD_REPLY, _ ("the answer is too large"));
      return NULL;
    }

  return n == 0 || cut ? g_steal_pointer (&body) : NULL;
}

/* Gives what is to be parsed, or the beginning of what came with a status of failure. */
static GBytes *
exchange_run (Exchange *self, guint *status, GError **error)
{
  g_autoptr (GInputStream) stream =
      soup_session_send (self->backend->session, self->message, self->cancellable, error);
  g_autoptr (GByteArray) body = NULL;
  gboolean is_ok;

  if (stream == NULL)
    return NULL;

  *status = soup_message_get_status (self->message);
  is_ok = SOUP_STATUS_IS_SUCCESSFUL (*status);
  body = read_body (stream, is_ok ? LK_BATCH_MAX_BYTES : MAX_RAW_BYTES, !is_ok, self->cancellable,
                    error);
  g_input_stream_close (stream, NULL, NULL);
  return body != NULL ? g_byte_array_free_to_bytes (g_steal_pointer (&body)) : NULL;
}

/* Turns what GIO, TLS and libsoup reported into our vocabulary. */
static GError *
adopt_error (Exchange *exchange, GCancellable *cancellable, GError *cause)
{
  LkBackend *self = exchange->backend;
  g_autoptr (GError) owned = cause;
  GError *error = NULL;
  gboolean sent = exchange->n_starts > 0;

  if (owned->domain == G_RESOLVER_ERROR)
    exchange->stage = LK_BACKEND_NAME; /* the events do not tell this apart */
  if (exchange->pin_differs)
    error =
        g_error_new (LK_ERROR, LK_ERROR_DENIED,
                     _ ("%s shows another certificate than the one that was accepted"), self->peer);
  else if (exchange->is_overdue)
    error = g_error_new (LK_ERROR, LK_ERROR_UNREACHABLE,
                         g_dngettext (GETTEXT_PACKAGE, "%s did not answer within %u second",
                                      "%s did not answer within %u seconds", self->timeout_s),
                         self->peer, self->timeout_s);
  else if (g_cancellable_is_cancelled (cancellable) && !sent)
    return g_steal_pointer (&owned);
  else if (g_error_matches (owned, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    error = g_error_new (LK_ERROR, LK_ERROR_UNREACHABLE,
                         _ ("The exchange with %s was interrupted after it began"), self->peer);
  else if (owned->domain == G_TLS_ERROR)
    error = lk_backend_explain_tls (owned, self->peer, self->certificate);
  else if (owned->domain == LK_ERROR)
    error = g_error_new (LK_ERROR, owned->code, "%s: %s", self->peer, owned->message);
  else
    error = g_error_new (LK_ERROR, LK_ERROR_UNREACHABLE, _ ("%s: %s (step: %s)"), self->peer,
                         owned->message, stage_words[exchange->stage]);

  if (sent)
    lk_error_mark_sent (error);
  return error;
}

static LkError
code_for_status (guint status)
{
  switch (status)
    {
    case SOUP_STATUS_UNAUTHORIZED:
    case SOUP_STATUS_FORBIDDEN:
    case SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED:
      return LK_ERROR_DENIED;
    case STATUS_TOO_MANY_REQUESTS:
    case SOUP_STATUS_SERVICE_UNAVAILABLE:
      return LK_ERROR_BUSY;
    default:
      return status >= 500 ? LK_ERROR_UNREACHABLE : LK_ERROR_BAD_REPLY;
    }
}

static const char *
explain_status (guint status, gboolean by_certificate)
{
  switch (status)
    {
    case SOUP_STATUS_UNAUTHORIZED:
      return by_certificate
                 ? _ ("this console's certificate is not (or no longer) registered there;"
                      " have one made with “latchkey-gateway client add” or “rotate”")
                 : _ ("the token was refused");
    case SOUP_STATUS_FORBIDDEN:
      return _ ("the request was refused; is the digest key the right one?");
    case SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED:
      return _ ("the HTTP proxy wants a user name and password");
    case SOUP_STATUS_NOT_FOUND:
      return _ ("there is no batch activation service at this address");
    case STATUS_TOO_MANY_REQUESTS:
    case SOUP_STATUS_SERVICE_UNAVAILABLE:
      return _ ("it asks us to come back later");
    default:
      return SOUP_STATUS_IS_REDIRECTION (status) ? _ ("redirects are not followed")
                                                 : soup_status_get_phrase (status);
    }
}

static GError *
new_status_error (Exchange *exchange, guint status)
{
  GError *error =
      g_error_new (LK_ERROR, (int) code_for_status (status), _ ("%s: %s (HTTP %u)"),
                   exchange->backend->peer,
                   explain_status (status, exchange->backend->certificate != NULL), status);

  if (status == SOUP_STATUS_UNAUTHORIZED)
    exchange->stage = LK_BACKEND_TOKEN;
  else if (status == SOUP_STATUS_FORBIDDEN)
    exchange->stage = LK_BACKEND_DIGEST;
  else if (status == SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED || exchange->n_starts == 0)
    exchange->stage = LK_BACKEND_PROXY;
  if (exchange->n_starts > 0)
    lk_error_mark_sent (error);
  return error;
}

static void
keep_raw (GBytes *reply, char **raw)
{
  gsize length = 0;
  const char *data = reply != NULL ? g_bytes_get_data (reply, &length) : NULL;

  if (raw != NULL && length > 0)
    *raw = g_utf8_make_valid (data, (gssize) MIN (length, MAX_RAW_BYTES));
}

static gboolean
send_batch (LkBackend *self,
            LkBatchType type,
            GPtrArray *items,
            guint8 *matched,
            char **raw,
            LkBackendStage *stage,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) reply = NULL;
  g_autoptr (GPtrArray) answers = NULL;
  g_autoptr (GError) cause = NULL;
  Exchange exchange = { .stage = LK_BACKEND_NAME };
  gulong forwarded = 0;
  guint status = 0;

  if (self->certificate != NULL && !lk_backend_check_certificate (self->certificate, error))
    {
      *stage = LK_BACKEND_TLS;
      return FALSE;
    }

  request = lk_batch_write_request (type, items, self->digest_key);
  exchange_begin (&exchange, self, request);
  if (cancellable != NULL)
    forwarded = g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel),
                                       g_object_ref (exchange.cancellable), g_object_unref);
  lk_crash_point ("before-send");
  reply = exchange_run (&exchange, &status, &cause);
  g_cancellable_disconnect (cancellable, forwarded);
  exchange_end (&exchange);

  if (reply == NULL)
    g_propagate_error (error, adopt_error (&exchange, cancellable, g_steal_pointer (&cause)));
  else if (!SOUP_STATUS_IS_SUCCESSFUL (status))
    g_propagate_error (error, new_status_error (&exchange, status));
  else
    {
      exchange.stage = LK_BACKEND_SERVICE;
      answers = lk_batch_read_response (reply, &cause);
      if (answers == NULL)
        g_propagate_error (error, adopt_error (&exchange, NULL, g_steal_pointer (&cause)));
    }

  if (answers != NULL)
    exchange.stage = LK_BACKEND_DONE;
  if (answers == NULL || lk_batch_match (items, answers, matched) < items->len)
    keep_raw (reply, raw);
  *stage = exchange.stage;
  exchange_clear (&exchange);
  return answers != NULL;
}

gboolean
lk_backend_send (LkBackend *self,
                 LkBatchType type,
                 GPtrArray *items,
                 guint8 *matched,
                 char **raw,
                 GCancellable *cancellable,
                 GError **error)
{
  LkBackendStage stage;

  g_return_val_if_fail (items->len > 0 && items->len <= LK_BATCH_MAX_ITEMS, FALSE);

  memset (matched, 0, items->len);
  return send_batch (self, type, items, matched, raw, &stage, cancellable, error);
}

gboolean
lk_backend_check (LkBackend *self,
                  const char *epid,
                  LkBackendStage *stage,
                  gint64 *remaining,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  guint8 matched = 0;
  const LkBatchItem *item = NULL;

  if (epid != NULL)
    g_ptr_array_add (items, lk_batch_item_new (epid, NULL));
  if (!send_batch (self, LK_BATCH_REMAINING, items, &matched, NULL, stage, cancellable, error))
    return FALSE;

  item = matched ? g_ptr_array_index (items, 0) : NULL;
  if (remaining != NULL)
    *remaining = item != NULL ? item->remaining : -1;
  if (item == NULL || item->code == 0)
    return TRUE;

  *stage = LK_BACKEND_SERVICE;
  lk_error_set_remote (error, LK_ERROR_REJECTED, item->code,
                       _ ("%s answered with code 0x%X for this key"), self->peer, item->code);
  return FALSE;
}
