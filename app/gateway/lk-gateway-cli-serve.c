/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-cli.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-records.h"
#include "gateway/lk-gateway.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#define EXPIRY_WARNING (30 * LK_DAY)

/* What the options of serve leave behind; strings belong to it. */
typedef struct
{
  char *listen;
  char *tls_certificate;
  char *tls_key;
  char *client_ca;
  char *digest_key_file;
  gboolean is_practice;
  gint64 practice_pool;
  char **pools;
  char *upstream_url;
  char *upstream_digest_key_file;
  char *upstream_token_file;
  char *upstream_ca;
  char *proxy;
  int batch_size;
  int upstream_timeout;
  int retry_after;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->listen);
  g_free (self->tls_certificate);
  g_free (self->tls_key);
  g_free (self->client_ca);
  g_free (self->digest_key_file);
  g_strfreev (self->pools);
  g_free (self->upstream_url);
  g_free (self->upstream_digest_key_file);
  g_free (self->upstream_token_file);
  g_free (self->upstream_ca);
  g_free (self->proxy);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options *self, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "listen", 0, 0, G_OPTION_ARG_STRING, &self->listen, _ ("Address to listen on"),
      "ADDRESS:PORT" },
    { "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_certificate,
      _ ("Certificate chain in PEM; demanded off loopback"), "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_key, _ ("Its private key in PEM"),
      "FILE" },
    { "client-ca", 0, 0, G_OPTION_ARG_FILENAME, &self->client_ca,
      _ ("Authority in PEM whose certificates clients may sign in with"), "FILE" },
    { "digest-key-file", 0, 0, G_OPTION_ARG_FILENAME, &self->digest_key_file,
      _ ("Key of the requests' digests, hex or base64, mode 0600"), "FILE" },
    { "practice", 0, 0, G_OPTION_ARG_NONE, &self->is_practice,
      _ ("Answer practice keys with practice confirmation IDs"), NULL },
    { "practice-pool", 0, 0, G_OPTION_ARG_INT64, &self->practice_pool,
      _ ("Activations of each practice key at first (10000)"), "N" },
    { "pool", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->pools,
      _ ("Activations of this key, if nothing is known of it yet"), "KEY-IDENTITY=N" },
    { "upstream", 0, 0, G_OPTION_ARG_STRING, &self->upstream_url,
      _ ("Activation service to ask for what is not on record"), "URL" },
    { "upstream-digest-key-file", 0, 0, G_OPTION_ARG_FILENAME, &self->upstream_digest_key_file,
      _ ("Digest key toward the service, if it is another one"), "FILE" },
    { "upstream-token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->upstream_token_file,
      _ ("Our token, if the service is a gateway"), "FILE" },
    { "upstream-ca", 0, 0, G_OPTION_ARG_FILENAME, &self->upstream_ca,
      _ ("CA certificates that vouch for the service"), "FILE" },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &self->proxy, _ ("HTTP proxy toward the service"),
      "URL" },
    { "batch-size", 0, 0, G_OPTION_ARG_INT, &self->batch_size,
      _ ("Items in one request to the service (1)"), "N" },
    { "upstream-timeout", 0, 0, G_OPTION_ARG_INT, &self->upstream_timeout,
      _ ("Time for one exchange with the service (30)"), "SECONDS" },
    { "retry-after", 0, 0, G_OPTION_ARG_INT, &self->retry_after,
      _ ("When an unknown outcome may be asked about once more (600)"), "SECONDS" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("— part of latchkey-gateway"));

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;

  if (argc > 1)
    lk_gateway_cli_set_usage (error, _ ("“%s” is not understood"), argv[1]);
  else if (self->digest_key_file == NULL)
    lk_gateway_cli_set_usage (error, _ ("serve needs --digest-key-file"));
  else if (self->is_practice == (self->upstream_url != NULL))
    lk_gateway_cli_set_usage (error, _ ("serve needs either --practice or --upstream"));
  else if ((self->tls_certificate == NULL) != (self->tls_key == NULL))
    lk_gateway_cli_set_usage (error, _ ("--tls-cert and --tls-key go together"));
  else if (self->client_ca != NULL && self->tls_certificate == NULL)
    lk_gateway_cli_set_usage (error, _ ("--client-ca needs --tls-cert and --tls-key"));
  else if (self->batch_size < 0 || self->batch_size > LK_BATCH_MAX_ITEMS ||
           self->practice_pool < 0 || self->upstream_timeout < 0 || self->retry_after < 0)
    lk_gateway_cli_set_usage (error, _ ("A number is out of range"));
  else
    return TRUE;

  return FALSE;
}

static gboolean
parse_listen (const char *text, char **address, guint16 *port, GError **error)
{
  g_autoptr (GSocketConnectable) target = g_network_address_parse (text, 0, NULL);
  g_autoptr (GInetAddress) numeric = NULL;

  if (target != NULL)
    numeric = g_inet_address_new_from_string (
        g_network_address_get_hostname (G_NETWORK_ADDRESS (target)));
  if (numeric == NULL)
    {
      lk_gateway_cli_set_usage (error, _ ("“%s” is not a numeric address with a port"), text);
      return FALSE;
    }

  *address = g_inet_address_to_string (numeric);
  *port = g_network_address_get_port (G_NETWORK_ADDRESS (target));
  return TRUE;
}

/* --pool gives the figure to begin with: a restart must not fill a pool again. */
static gboolean
set_pools (LkGateway *gateway, char **pools, GError **error)
{
  for (guint i = 0; pools != NULL && pools[i] != NULL; i++)
    {
      g_auto (GStrv) halves = g_strsplit (pools[i], "=", 2);
      guint64 remaining = 0;

      if (halves[0] == NULL || halves[1] == NULL ||
          !g_ascii_string_to_unsigned (halves[1], 10, 0, G_MAXINT32, &remaining, NULL))
        {
          lk_gateway_cli_set_usage (error, _ ("--pool needs KEY-IDENTITY=N"));
          return FALSE;
        }
      if (!lk_gateway_pool_set (lk_gateway_get_state (gateway), halves[0], (gint64) remaining, TRUE,
                                error))
        return FALSE;
    }

  return TRUE;
}

typedef struct
{
  GMainLoop *loop;
  LkGateway *gateway;
  LkExit status;
} Service;

static gboolean
on_terminate (gpointer user_data)
{
  g_main_loop_quit (((Service *) user_data)->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  ((Service *) user_data)->status = LK_EXIT_INTERRUPTED;
  return on_terminate (user_data);
}

/* Once a day is enough to be heard a month ahead. */
static gboolean
warn_of_expiry (gpointer user_data)
{
  const LkCertificateFacts *certificate =
      lk_gateway_get_certificate (((Service *) user_data)->gateway);
  gint64 left = certificate != NULL ? certificate->not_after - lk_clock_now (NULL) : G_MAXINT64;
  g_autofree char *until = certificate != NULL ? lk_time_to_iso8601 (certificate->not_after) : NULL;

  if (left < EXPIRY_WARNING)
    g_printerr (left <= 0
                    ? _ ("latchkey-gateway: the TLS certificate expired on %s; make a new one with:"
                         " latchkey-gateway renew --folder DIR, then send SIGHUP\n")
                    : _ ("latchkey-gateway: the TLS certificate expires on %s; make a new one with:"
                         " latchkey-gateway renew --folder DIR, then send SIGHUP\n"),
                until);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hang_up (gpointer user_data)
{
  Service *service = user_data;
  const LkCertificateFacts *certificate;
  g_autoptr (GError) error = NULL;
  g_autofree char *until = NULL;
  g_autofree char *pin = NULL;

  if (!lk_gateway_reload (service->gateway, &error))
    {
      g_printerr (_ ("latchkey-gateway: the old TLS certificate stays in use: %s\n"),
                  error->message);
      return G_SOURCE_CONTINUE;
    }

  certificate = lk_gateway_get_certificate (service->gateway);
  if (certificate == NULL)
    return G_SOURCE_CONTINUE;

  until = lk_time_to_iso8601 (certificate->not_after);
  pin = lk_pin_to_text (certificate->pin);
  g_printerr (_ ("latchkey-gateway: the TLS certificate in use is good until %s, SHA-256 %s\n"),
              until, pin);
  return warn_of_expiry (service);
}

static LkExit
run_until_signal (LkGateway *gateway, guint16 port)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Service service = { .loop = loop, .gateway = gateway, .status = LK_EXIT_DONE };

  g_unix_signal_add (SIGTERM, on_terminate, &service);
  g_unix_signal_add (SIGINT, on_interrupt, &service);
  g_unix_signal_add (SIGHUP, on_hang_up, &service);
  g_timeout_add_seconds (LK_DAY / LK_SECOND, warn_of_expiry, &service);
  warn_of_expiry (&service);
  printf ("ready port=%u\n", port);
  fflush (stdout);
  g_main_loop_run (loop);
  return service.status;
}

/* Reads what the options name, into @options of the gateway. */
static gboolean
read_secrets (const Options *self,
              LkSecret **key,
              LkSecret **upstream_key,
              LkSecret **token,
              GError **error)
{
  const char *upstream_file = self->upstream_digest_key_file != NULL
                                  ? self->upstream_digest_key_file
                                  : self->digest_key_file;

  *key = lk_gateway_read_digest_key (self->digest_key_file, error);
  *upstream_key = *key != NULL ? lk_gateway_read_digest_key (upstream_file, error) : NULL;
  if (*upstream_key == NULL)
    return FALSE;
  if (self->upstream_token_file != NULL)
    *token = lk_secret_read_file (self->upstream_token_file, error);

  return self->upstream_token_file == NULL || *token != NULL;
}

LkExit
lk_gateway_cli_serve (const char *state_path, int argc, char **argv, GError **error)
{
  g_auto (Options) options = { 0 };
  g_autofree char *address = NULL;
  g_autofree char *ca_file = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autoptr (LkSecret) upstream_key = NULL;
  g_autoptr (LkSecret) token = NULL;
  g_autoptr (LkGateway) gateway = NULL;
  LkGatewayOptions gateway_options = { .state_path = state_path };
  guint16 port = 0;

  if (!parse_options (&options, argc, argv, error) ||
      !parse_listen (options.listen != NULL ? options.listen : "127.0.0.1:0", &address, &port,
                     error))
    return LK_EXIT_USAGE;
  if (!read_secrets (&options, &key, &upstream_key, &token, error))
    return LK_EXIT_FILE;

  ca_file =
      options.upstream_ca != NULL ? g_canonicalize_filename (options.upstream_ca, NULL) : NULL;
  gateway_options.digest_key = key;
  gateway_options.is_practice = options.is_practice;
  gateway_options.practice_pool = options.practice_pool;
  gateway_options.address = address;
  gateway_options.port = port;
  gateway_options.tls_certificate = options.tls_certificate;
  gateway_options.tls_key = options.tls_key;
  gateway_options.client_ca = options.client_ca;
  gateway_options.upstream = (LkGatewayUpstreamOptions){
    .backend = {
      .url = options.upstream_url,
      .digest_key = upstream_key,
      .token = token,
      .ca_file = ca_file,
      .proxy = options.proxy,
      .timeout_s = (guint) options.upstream_timeout,
    },
    .batch_size = (guint) options.batch_size,
    .retry_ms = options.retry_after * LK_SECOND,
  };

  gateway = lk_gateway_new (&gateway_options, error);
  if (gateway == NULL || !set_pools (gateway, options.pools, error))
    return LK_EXIT_GENERAL;
  port = lk_gateway_start (gateway, error);
  if (port == 0)
    return LK_EXIT_GENERAL;

  return run_until_signal (gateway, port);
}
