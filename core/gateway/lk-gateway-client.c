/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-client.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES    32
#define TOKEN_CHARS    43 /* base64 without padding */
#define HASH_BYTES     32
#define MAX_NAME_CHARS 64
#define OF_CLIENT      "client_id = (SELECT id FROM client WHERE name = ?1)"

typedef struct
{
  const char *name;
  const char *kind;
  GBytes *hash;
  gint64 now;
  gint64 ends_at; /* of a certificate; 0: of no end */
  gint64 overlap_ms;
  GPtrArray *list;
  char *found;
} Request;

void
lk_gateway_client_free (LkGatewayClient *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->fingerprint);
  g_free (self);
}

static GBytes *
hash_token (const char *token)
{
  unsigned char hash[HASH_BYTES];

  crypto_generichash (hash, sizeof hash, (const unsigned char *) token, strlen (token), NULL, 0);
  return g_bytes_new (hash, sizeof hash);
}

static GBytes *
hash_certificate (const LkCertificateFacts *certificate)
{
  unsigned char hash[HASH_BYTES] = { 0 };

  sodium_hex2bin (hash, sizeof hash, certificate->pin, strlen (certificate->pin), NULL, NULL, NULL);
  return g_bytes_new (hash, sizeof hash);
}

/* The hash is the caller's to free. */
static void
request_set_proof (Request *self, const char *token, const LkCertificateFacts *certificate)
{
  self->kind = certificate != NULL ? "certificate" : "token";
  self->hash = certificate != NULL ? hash_certificate (certificate) : hash_token (token);
  self->ends_at = certificate != NULL ? certificate->not_after : 0;
}

LkSecret *
lk_gateway_token_new (void)
{
  unsigned char bytes[TOKEN_BYTES];
  char text[TOKEN_CHARS + 1];
  LkSecret *token;

  if (sodium_init () < 0)
    g_error ("The cryptographic library cannot start");
  randombytes_buf (bytes, sizeof bytes);
  sodium_bin2base64 (text, sizeof text, bytes, sizeof bytes,
                     sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  token = lk_secret_new (text, -1);
  sodium_memzero (bytes, sizeof bytes);
  sodium_memzero (text, sizeof text);
  return token;
}

gboolean
lk_gateway_client_check_name (const char *name, GError **error)
{
  gsize length = strlen (name);
  gboolean is_good = length > 0 && length <= MAX_NAME_CHARS;

  for (const char *p = name; is_good && *p != '\0'; p++)
    is_good = g_ascii_isalnum (*p) || strchr ("-._@", *p) != NULL;
  if (!is_good)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("A client's name has 1 to %d letters, digits and “-._@”"), MAX_NAME_CHARS);
  return is_good;
}

static gboolean
insert_sign_in (LkDb *db, const Request *request, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO sign_in (client_id, kind, hash, created_at, ends_at)"
                    " SELECT id, ?2, ?3, ?4, nullif (?5, 0) FROM client WHERE name = ?1",
                    "ssbii", request->name, request->kind, request->hash, request->now,
                    request->ends_at);
}

static gboolean
insert_client (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;

  if (!lk_db_run (db, error,
                  "INSERT INTO client (name, created_at) VALUES (?1, ?2)"
                  " ON CONFLICT (name) DO NOTHING",
                  "si", request->name, request->now))
    return FALSE;
  if (lk_db_get_changes (db) == 1)
    return insert_sign_in (db, request, error);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is a client “%s” already"),
               request->name);
  return FALSE;
}

gboolean
lk_gateway_client_add (LkGatewayState *state,
                       const char *name,
                       const LkGatewayProof *proof,
                       GError **error)
{
  Request request = { .name = name, .now = lk_gateway_state_now (state) };
  gboolean done;

  if (!lk_gateway_client_check_name (name, error))
    return FALSE;

  request_set_proof (&request, proof->token != NULL ? lk_secret_peek (proof->token) : NULL,
                     proof->certificate);
  done = lk_gateway_state_write (state, insert_client, &request, error);
  g_bytes_unref (request.hash);
  return done;
}

/* What is over already is forgotten; the rest lasts until the end of the overlap at most. */
static gboolean
replace_sign_in (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;
  gint64 end = request->now + request->overlap_ms;

  if (!lk_db_run (db, error,
                  "UPDATE sign_in SET ends_at = min (coalesce (ends_at, ?2), ?2) WHERE " OF_CLIENT,
                  "si", request->name, end) ||
      !lk_db_run (db, error, "DELETE FROM sign_in WHERE ends_at <= ?2 AND " OF_CLIENT, "si",
                  request->name, request->now) ||
      !insert_sign_in (db, request, error))
    return FALSE;
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no client “%s”"), request->name);
  return FALSE;
}

gboolean
lk_gateway_client_rotate (LkGatewayState *state,
                          const char *name,
                          const LkGatewayProof *proof,
                          gint64 overlap_ms,
                          GError **error)
{
  Request request = {
    .name = name,
    .now = lk_gateway_state_now (state),
    .overlap_ms = overlap_ms,
  };
  gboolean done;

  request_set_proof (&request, proof->token != NULL ? lk_secret_peek (proof->token) : NULL,
                     proof->certificate);
  done = lk_gateway_state_write (state, replace_sign_in, &request, error);
  g_bytes_unref (request.hash);
  return done;
}

static gboolean
delete_client (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;

  if (!lk_db_run (db, error, "DELETE FROM client WHERE name = ?1", "s", request->name))
    return FALSE;
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("There is no client “%s”"), request->name);
  return FALSE;
}

gboolean
lk_gateway_client_remove (LkGatewayState *state, const char *name, GError **error)
{
  Request request = { .name = name };

  return lk_gateway_state_write (state, delete_client, &request, error);
}

static LkGatewayClient *
read_client (LkQuery *query)
{
  LkGatewayClient *client = g_new0 (LkGatewayClient, 1);

  client->name = lk_query_dup (query, 0);
  if (g_str_equal (lk_query_text (query, 1), "certificate"))
    client->fingerprint = lk_query_dup (query, 2);
  client->created_at = lk_query_int (query, 3);
  client->ends_at = lk_query_int (query, 4);
  return client;
}

static gboolean
read_clients (LkDb *db, gpointer user_data, GError **error)
{
  Request *request = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT name, kind, lower (hex (hash)), sign_in.created_at, ends_at"
                   " FROM client JOIN sign_in ON client_id = client.id ORDER BY name, sign_in.id",
                   "");

  while (query != NULL && lk_query_next (query, &local_error))
    g_ptr_array_add (request->list, read_client (query));
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

GPtrArray *
lk_gateway_client_list (LkGatewayState *state, GError **error)
{
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_gateway_client_free);
  Request request = { .list = list };

  return lk_gateway_state_read (state, read_clients, &request, error) ? g_steal_pointer (&list)
                                                                      : NULL;
}

/* Every hash is compared, in constant time, and none is looked up by. */
static gboolean
find_client (LkDb *db, gpointer user_data, GError **error)
{
  Request *request = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT name, hash FROM client JOIN sign_in ON client_id = client.id"
                   " WHERE kind = ?1 AND (ends_at IS NULL OR ends_at > ?2)",
                   "si", request->kind, request->now);

  while (query != NULL && lk_query_next (query, &local_error))
    {
      g_autoptr (GBytes) hash = lk_query_bytes (query, 1);

      if (hash != NULL && g_bytes_get_size (hash) == HASH_BYTES &&
          sodium_memcmp (g_bytes_get_data (hash, NULL), g_bytes_get_data (request->hash, NULL),
                         HASH_BYTES) == 0)
        {
          g_free (request->found);
          request->found = lk_query_dup (query, 0);
        }
    }
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

char *
lk_gateway_client_authenticate (LkGatewayState *state,
                                const char *token,
                                const LkCertificateFacts *certificate,
                                GError **error)
{
  Request request = { .now = lk_gateway_state_now (state) };
  gboolean done;

  request_set_proof (&request, token, certificate);
  done = lk_gateway_state_read (state, find_client, &request, error);
  g_bytes_unref (request.hash);
  if (!done)
    {
      g_free (request.found);
      return NULL;
    }
  if (request.found == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED, "The %s is nobody's", request.kind);
  return request.found;
}
