/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-door.h"

#include "base/lk-error.h"
#include "net/lk-gss.h"
#include "net/lk-sealed.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT       "administrator"
#define SERVER        "Microsoft-HTTPAPI/2.0"
#define SOAP_TYPE     "application/soap+xml;charset=UTF-8"
#define MAX_HEADERS   16
#define SPNEGO_TYPE   "application/HTTP-SPNEGO-session-encrypted"
#define KERBEROS_TYPE "application/HTTP-Kerberos-session-encrypted"
#define MUTUAL        "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

struct _LkLabDoor
{
  guint schemes;
  LkSecret *password;
  LkGssAcceptor *acceptor; /* or NULL */
  gboolean allows_clear;
  gboolean wants_binding;
  guint life_ms;
  gboolean is_foreign;
};

/* What a connection has agreed on. */
typedef struct
{
  LkGssContext *context;
  const char *scheme; /* static: "Negotiate" or "Kerberos" */
  gint64 since;       /* complete since; monotonic */
  gboolean is_sealed; /* the request that waits for its answer */
  char *token;        /* base64, to go with the next answer; or NULL */
} Session;

static const struct
{
  const char *word;
  LkLabSchemes scheme;
} words[] = {
  { "basic", LK_LAB_BASIC },
  { "negotiate", LK_LAB_NEGOTIATE },
  { "kerberos", LK_LAB_KERBEROS },
  { "certificate", LK_LAB_CERTIFICATE },
};

gboolean
lk_lab_schemes_parse (const char *text, guint *schemes, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  *schemes = 0;
  for (guint i = 0; parts[i] != NULL; i++)
    {
      guint before = *schemes;

      for (guint n = 0; n < G_N_ELEMENTS (words); n++)
        if (g_str_equal (words[n].word, g_strstrip (parts[i])))
          *schemes |= words[n].scheme;
      if (*schemes == before)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                       "“%s” is no scheme; there are basic, negotiate, kerberos, certificate",
                       parts[i]);
          return FALSE;
        }
    }

  return TRUE;
}

LkLabDoor *
lk_lab_door_new (const LkLabDoorOptions *options, GError **error)
{
  g_autoptr (LkLabDoor) self = g_new0 (LkLabDoor, 1);
  gboolean has_ntlm = options->password != NULL && g_getenv ("NTLM_USER_FILE") != NULL;

  self->schemes = options->schemes != 0 ? options->schemes : LK_LAB_BASIC;
  self->allows_clear = options->allows_clear;
  self->wants_binding = options->wants_binding;
  self->life_ms = options->life_ms;
  self->is_foreign = options->is_foreign;
  if (options->password != NULL)
    self->password = lk_secret_copy (options->password);
  if ((self->schemes & (LK_LAB_NEGOTIATE | LK_LAB_KERBEROS)) == 0)
    return g_steal_pointer (&self);

  if (options->keytab == NULL && !has_ntlm)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "Negotiate needs a keytab, or a password for NTLM");
      return NULL;
    }
  self->acceptor = lk_gss_acceptor_new (options->keytab, has_ntlm, error);
  return self->acceptor != NULL ? g_steal_pointer (&self) : NULL;
}

void
lk_lab_door_free (LkLabDoor *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->password, lk_secret_free);
  g_clear_pointer (&self->acceptor, lk_gss_acceptor_free);
  g_free (self);
}

char *
lk_lab_door_publish_account (const LkSecret *password, GError **error)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "latchkey-lab-XXXXXX", NULL);
  int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  FILE *file = fd >= 0 ? fdopen (fd, "w") : NULL;

  if (file == NULL)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "The account cannot be kept in “%s”", path);
      return NULL;
    }

  /* DOMAIN:USER:PASSWORD, for the machines' own account and for the domain's. */
  fprintf (file, ":%s:%s\n", ACCOUNT, lk_secret_peek (password));
  fprintf (file, "LAB:%s:%s\n", ACCOUNT, lk_secret_peek (password));
  fprintf (file, "lab.test:%s:%s\n", ACCOUNT, lk_secret_peek (password));
  fclose (file);
  g_setenv ("NTLM_USER_FILE", path, TRUE);
  return g_steal_pointer (&path);
}

static void
session_free (gpointer data)
{
  Session *self = data;

  g_clear_pointer (&self->context, lk_gss_context_free);
  g_free (self->token);
  g_free (self);
}

static Session *
get_session (LkExchange *exchange)
{
  Session *session = lk_exchange_get_data (exchange);

  if (session == NULL)
    {
      session = g_new0 (Session, 1);
      lk_exchange_set_data (exchange, session, session_free);
    }
  return session;
}

/* Name and value pairs, of what is static or belongs to the session. */
typedef struct
{
  const char *pairs[2 * MAX_HEADERS + 1];
  guint n;
  char *made[4]; /* to be freed */
  guint n_made;
} Headers;

static void
add_header (Headers *self, const char *name, const char *value)
{
  self->pairs[self->n++] = name;
  self->pairs[self->n++] = value;
}

/* Windows' HTTP.sys tells its time with every answer. */
static void
add_server (Headers *self)
{
  char *date = lk_http_format_date (g_get_real_time () / G_USEC_PER_SEC);

  self->made[self->n_made++] = date;
  add_header (self, "Server", SERVER);
  add_header (self, "Date", date);
}

static void
headers_clear (Headers *self)
{
  for (guint i = 0; i < self->n_made; i++)
    g_free (self->made[i]);
}

/* What stands in the session for the far side to hear. */
static void
add_token (Headers *self, Session *session)
{
  char *value;

  if (session->token == NULL)
    return;
  value = g_strconcat (session->scheme, " ", session->token, NULL);
  self->made[self->n_made++] = value;
  add_header (self, "WWW-Authenticate", value);
  g_clear_pointer (&session->token, g_free);
}

void
lk_lab_door_reply_status (LkLabDoor *self, LkExchange *exchange, guint status)
{
  Session *session = get_session (exchange);
  Headers headers = { 0 };

  add_server (&headers);
  if (status == 401 && session->token == NULL)
    {
      if ((self->schemes & LK_LAB_NEGOTIATE) != 0)
        add_header (&headers, "WWW-Authenticate", "Negotiate");
      if ((self->schemes & LK_LAB_KERBEROS) != 0)
        add_header (&headers, "WWW-Authenticate", "Kerberos");
      if ((self->schemes & LK_LAB_BASIC) != 0)
        add_header (&headers, "WWW-Authenticate", "Basic realm=\"WSMAN\"");
    }
  add_token (&headers, session);
  lk_exchange_reply (exchange, status, headers.pairs, NULL);
  headers_clear (&headers);
}

/* OMI ends its messages with one line end more. */
static GBytes *
seal (LkLabDoor *self, Session *session, GBytes *body)
{
  const char *protocol = g_str_equal (session->scheme, "Kerberos") ? KERBEROS_TYPE : SPNEGO_TYPE;
  LkSealedForm form = self->is_foreign ? LK_SEALED_FOREIGN : LK_SEALED_WINDOWS;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GByteArray) sealed = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  GByteArray *framed;
  gsize length = 0;
  const void *data = g_bytes_get_data (body, &length);

  if (!lk_gss_context_seal (session->context, self->is_foreign, data, length, header, sealed,
                            &error))
    {
      g_warning ("An answer was not sealed: %s", error->message);
      return NULL;
    }
  framed = lk_sealed_write (form, protocol, SOAP_TYPE, length, header, sealed);
  if (self->is_foreign)
    g_byte_array_append (framed, (const guint8 *) "\r\n", 2);
  return g_byte_array_free_to_bytes (framed);
}

/* The headers and the body as they go out. NULL when that is not possible. */
static GBytes *
make_answer (LkLabDoor *self, LkExchange *exchange, GBytes *body, Headers *headers)
{
  Session *session = get_session (exchange);
  char *type;

  add_server (headers);
  add_token (headers, session);
  if (!session->is_sealed)
    {
      add_header (headers, "Content-Type", SOAP_TYPE);
      return g_bytes_ref (body);
    }

  type =
      lk_sealed_make_type (g_str_equal (session->scheme, "Kerberos") ? KERBEROS_TYPE : SPNEGO_TYPE);
  headers->made[headers->n_made++] = type;
  add_header (headers, "Content-Type", type);
  session->is_sealed = FALSE;
  return seal (self, session, body);
}

void
lk_lab_door_reply (LkLabDoor *self, LkExchange *exchange, guint status, GBytes *body)
{
  Headers headers = { 0 };
  g_autoptr (GBytes) answer = make_answer (self, exchange, body, &headers);

  if (answer != NULL)
    lk_exchange_reply (exchange, status, headers.pairs, answer);
  else
    lk_exchange_drop (exchange);
  headers_clear (&headers);
}

void
lk_lab_door_break (LkLabDoor *self, LkExchange *exchange, guint status, GBytes *body)
{
  Headers headers = { 0 };
  g_autoptr (GBytes) answer = make_answer (self, exchange, body, &headers);
  gsize length = 0;
  const void *data = answer != NULL ? g_bytes_get_data (answer, &length) : NULL;
  g_autoptr (GByteArray) whole = lk_http_write_response (status, TRUE, headers.pairs, data, length);
  g_autoptr (GBytes) half = g_bytes_new (whole->data, whole->len / 2);

  lk_exchange_write_raw (exchange, half, 1);
  headers_clear (&headers);
}

static gboolean
is_basic_right (LkLabDoor *self, const char *given)
{
  g_autofree guchar *decoded = NULL;
  gsize length = 0;
  const char *colon;

  decoded = g_base64_decode (given, &length);
  if (decoded == NULL || memchr (decoded, '\0', length) != NULL)
    return FALSE;
  decoded = g_realloc (decoded, length + 1);
  decoded[length] = '\0';
  colon = strchr ((char *) decoded, ':');
  return colon != NULL && colon - (char *) decoded == (gssize) strlen (ACCOUNT) &&
         g_ascii_strncasecmp ((char *) decoded, ACCOUNT, strlen (ACCOUNT)) == 0 &&
         g_str_equal (colon + 1, lk_secret_peek (self->password));
}

static void
forget (Session *session)
{
  g_clear_pointer (&session->context, lk_gss_context_free);
  g_clear_pointer (&session->token, g_free);
  session->since = 0;
}

static gboolean
is_complete (LkLabDoor *self, Session *session)
{
  if (session->context == NULL || !lk_gss_context_is_complete (session->context))
    return FALSE;
  if (self->life_ms == 0 ||
      g_get_monotonic_time () < session->since + (gint64) self->life_ms * 1000)
    return TRUE;

  forget (session);
  return FALSE;
}

/* One leg of Negotiate or Kerberos. */
static LkLabEntry
take_token (LkLabDoor *self,
            LkExchange *exchange,
            Session *session,
            gboolean is_locked,
            const guint8 *token,
            gsize length)
{
  const LkHttpMessage *request = lk_exchange_get_request (exchange);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GError) error = NULL;
  LkGssTrouble trouble;
  gboolean ok;

  if (session->context == NULL || lk_gss_context_is_complete (session->context))
    {
      g_autoptr (GBytes) binding = lk_exchange_dup_binding (exchange);

      forget (session);
      session->context =
          lk_gss_context_new_server (self->acceptor, self->wants_binding ? binding : NULL);
    }

  ok = lk_gss_context_step (session->context, token, length, &out, &trouble, &error);
  if (out != NULL)
    session->token = g_base64_encode (g_bytes_get_data (out, NULL), g_bytes_get_size (out));
  if (!ok)
    g_debug ("A sign-in failed: %s", error->message);
  if (ok && !lk_gss_context_is_complete (session->context))
    {
      lk_lab_door_reply_status (self, exchange, 401);
      return LK_LAB_ANSWERED;
    }
  if (!ok || is_locked || (self->wants_binding && !lk_gss_context_is_bound (session->context)))
    {
      if (ok)
        g_clear_pointer (&session->token, g_free);
      lk_lab_door_reply_status (self, exchange, self->is_foreign && !ok ? 400 : 401);
      forget (session);
      return LK_LAB_ANSWERED;
    }

  session->since = g_get_monotonic_time ();
  if (request->body->len > 0)
    return LK_LAB_ENTERED;
  lk_lab_door_reply_status (self, exchange, 200);
  return LK_LAB_ANSWERED;
}

/* TRUE when the header is one of Negotiate or Kerberos that we offer; its token is decoded. */
static gboolean
find_token (LkLabDoor *self, const char *given, const char **scheme, guint8 **token, gsize *length)
{
  static const struct
  {
    LkLabSchemes bit;
    const char *name;
  } schemes[] = { { LK_LAB_NEGOTIATE, "Negotiate" }, { LK_LAB_KERBEROS, "Kerberos" } };

  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      gsize n = strlen (schemes[i].name);

      if ((self->schemes & schemes[i].bit) == 0 ||
          g_ascii_strncasecmp (given, schemes[i].name, n) != 0 || given[n] != ' ')
        continue;
      *scheme = schemes[i].name;
      *token = g_base64_decode (given + n + 1, length);
      return TRUE;
    }

  return FALSE;
}

static gboolean
open_sealed (Session *session, const LkHttpMessage *request, GByteArray **body)
{
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  LkSealedParts parts;

  if (!lk_sealed_parse (request->body->data, request->body->len, &parts, &error) ||
      !lk_gss_context_open (session->context, parts.token, parts.token_length, plain, &error) ||
      plain->len != parts.plain_length)
    return FALSE;

  *body = g_steal_pointer (&plain);
  session->is_sealed = TRUE;
  return TRUE;
}

/* A request on a connection that is signed in. */
static LkLabEntry
enter_signed_in (LkLabDoor *self, LkExchange *exchange, Session *session, GByteArray **body)
{
  const LkHttpMessage *request = lk_exchange_get_request (exchange);
  const char *type = lk_http_message_get_header (request, "Content-Type");
  gboolean is_windows_form =
      request->body->len > 0 &&
      memmem (request->body->data, MIN (request->body->len, 256), "\r\n\t", 3) != NULL;

  if (!lk_sealed_is_type (type))
    {
      *body = g_byte_array_ref (request->body);
      return self->allows_clear || lk_exchange_is_tls (exchange) ? LK_LAB_ENTERED : LK_LAB_STRANGER;
    }
  if ((!self->is_foreign || !is_windows_form) && open_sealed (session, request, body))
    return LK_LAB_ENTERED;

  lk_exchange_drop (exchange); /* as OMI does with what it cannot parse */
  return LK_LAB_ANSWERED;
}

LkLabEntry
lk_lab_door_enter (LkLabDoor *self, LkExchange *exchange, gboolean is_locked, GByteArray **body)
{
  const LkHttpMessage *request = lk_exchange_get_request (exchange);
  const char *given = lk_http_message_get_header (request, "Authorization");
  Session *session = get_session (exchange);
  g_autofree guint8 *token = NULL;
  const char *scheme = NULL;
  gsize length = 0;
  LkLabEntry entry;

  session->is_sealed = FALSE;
  if (given == NULL && is_complete (self, session) && !is_locked)
    return enter_signed_in (self, exchange, session, body);

  *body = g_byte_array_ref (request->body);
  if (given != NULL && find_token (self, given, &scheme, &token, &length))
    {
      session->scheme = scheme;
      entry = take_token (self, exchange, session, is_locked, token, length);
      if (entry == LK_LAB_ENTERED && !self->allows_clear && !lk_exchange_is_tls (exchange))
        return LK_LAB_STRANGER;
      return entry;
    }
  if (is_locked)
    return LK_LAB_STRANGER;
  if ((self->schemes & LK_LAB_CERTIFICATE) != 0 && g_strcmp0 (given, MUTUAL) == 0)
    {
      g_autoptr (LkCertificateFacts) client = lk_exchange_dup_client_certificate (exchange);

      return client != NULL ? LK_LAB_ENTERED : LK_LAB_STRANGER;
    }
  if ((self->schemes & LK_LAB_BASIC) == 0)
    return LK_LAB_STRANGER;
  if (self->password == NULL)
    return LK_LAB_ENTERED;
  return given != NULL && g_ascii_strncasecmp (given, "Basic ", 6) == 0 &&
                 is_basic_right (self, given + 6)
             ? LK_LAB_ENTERED
             : LK_LAB_STRANGER;
}
