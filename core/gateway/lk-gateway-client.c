/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-client.h"

#include "base/lk-error.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES    32
#define TOKEN_CHARS    43 /* base64 without padding */
#define HASH_BYTES     32
#define MAX_NAME_CHARS 64

typedef struct
{
  const char *name;
  GBytes *hash;
  gint64 now;
  GPtrArray *list;
  char *found;
} Request;

void
lk_gateway_client_free (LkGatewayClient *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self);
}

static GBytes *
hash_token (const char *token)
{
  unsigned char hash[HASH_BYTES];

  crypto_generichash (hash, sizeof hash, (const unsigned char *) token, strlen (token), NULL, 0);
  return g_bytes_new (hash, sizeof hash);
}

static gboolean
is_name (const char *name)
{
  gsize length = strlen (name);

  if (length == 0 || length > MAX_NAME_CHARS)
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("-._@", *p) == NULL)
      return FALSE;

  return TRUE;
}

static gboolean
insert_client (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;

  if (!lk_db_run (db, error,
                  "INSERT INTO client (name, token_hash, created_at) VALUES (?1, ?2, ?3)"
                  " ON CONFLICT (name) DO NOTHING",
                  "sbi", request->name, request->hash, request->now))
    return FALSE;
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "There is a client “%s” already", request->name);
  return FALSE;
}

LkSecret *
lk_gateway_client_add (LkGatewayState *state, const char *name, GError **error)
{
  unsigned char bytes[TOKEN_BYTES];
  char text[TOKEN_CHARS + 1];
  g_autoptr (LkSecret) token = NULL;
  g_autoptr (GBytes) hash = NULL;
  Request request = { .name = name, .now = lk_gateway_state_now (state) };

  if (!is_name (name))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "A client's name has 1 to %d letters, digits and “-._@”", MAX_NAME_CHARS);
      return NULL;
    }

  if (sodium_init () < 0)
    g_error ("The cryptographic library cannot start");
  randombytes_buf (bytes, sizeof bytes);
  sodium_bin2base64 (text, sizeof text, bytes, sizeof bytes,
                     sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  token = lk_secret_new (text, -1);
  hash = hash_token (text);
  sodium_memzero (bytes, sizeof bytes);
  sodium_memzero (text, sizeof text);

  request.hash = hash;
  return lk_gateway_state_write (state, insert_client, &request, error) ? g_steal_pointer (&token)
                                                                        : NULL;
}

static gboolean
delete_client (LkDb *db, gpointer user_data, GError **error)
{
  const Request *request = user_data;

  if (!lk_db_run (db, error, "DELETE FROM client WHERE name = ?1", "s", request->name))
    return FALSE;
  if (lk_db_get_changes (db) == 1)
    return TRUE;

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "There is no client “%s”", request->name);
  return FALSE;
}

gboolean
lk_gateway_client_remove (LkGatewayState *state, const char *name, GError **error)
{
  Request request = { .name = name };

  return lk_gateway_state_write (state, delete_client, &request, error);
}

static gboolean
read_clients (LkDb *db, gpointer user_data, GError **error)
{
  Request *request = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error, "SELECT name, created_at FROM client ORDER BY name", "");

  while (query != NULL && lk_query_next (query, &local_error))
    {
      LkGatewayClient *client = g_new0 (LkGatewayClient, 1);

      client->name = lk_query_dup (query, 0);
      client->created_at = lk_query_int (query, 1);
      g_ptr_array_add (request->list, client);
    }
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
      lk_db_query (db, &local_error, "SELECT name, token_hash FROM client", "");

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
lk_gateway_client_authenticate (LkGatewayState *state, const char *token, GError **error)
{
  g_autoptr (GBytes) hash = hash_token (token);
  Request request = { .hash = hash };

  if (!lk_gateway_state_read (state, find_client, &request, error))
    {
      g_free (request.found);
      return NULL;
    }
  if (request.found == NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_DENIED, "The token is nobody's");
  return request.found;
}
