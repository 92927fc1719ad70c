/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-link.h"

#include "base/lk-crash.h"
#include "base/lk-error.h"
#include "net/lk-auth.h"
#include "net/lk-channel.h"
#include "net/lk-problem.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define DEFAULT_CONNECT_MS    5000
#define DEFAULT_FIRST_BYTE_MS 70000
#define DEFAULT_CALL_MS       180000
#define SLACK_MS              30000 /* for the rest of a call whose first byte may take long */
#define MAX_ANSWER            (4 * 1024 * 1024)
#define DEFAULT_FRESH_MS      5000

struct _LkLink
{
  char *host;
  guint16 port;
  gboolean tls;
  char *path;
  LkPin *pin;
  LkTrust *trust;
  LkAuth *auth;
  guint connect_ms;
  guint first_byte_ms;
  guint call_ms;
  guint fresh_ms;

  char *peer;      /* "pc-7:5985" */
  char *described; /* "pc-7 (10.0.0.7:5985)" once an address is known */
  LkChannel *channel;
  gint64 last_answer; /* monotonic */
  guint serial;
  guint required_serial; /* 0: any */
  LkLinkStage stage;
  LkLinkProblem problem;
  guint status;
  gboolean sent;
};

/* One call's waiting: the deadline of everything, and the descriptor to cancel it. */
typedef struct
{
  LkPatience patience;
  GCancellable *cancellable;
  guint call_ms;
  guint first_byte_ms;
} Call;

LkLink *
lk_link_new (const LkLinkOptions *options)
{
  LkLink *self = g_new0 (LkLink, 1);
  gboolean is_v6 = strchr (options->host, ':') != NULL;

  self->host = g_strdup (options->host);
  self->port = options->port;
  self->tls = options->tls;
  self->path = g_strdup (options->path != NULL ? options->path : "/wsman");
  self->pin = lk_pin_new (options->pin, options->pinned, options->pinned_at);
  if (options->trust != NULL)
    self->trust = lk_trust_ref (options->trust);
  if (options->user != NULL)
    self->auth = lk_auth_new_basic (options->user, options->password);
  self->connect_ms = options->connect_ms != 0 ? options->connect_ms : DEFAULT_CONNECT_MS;
  self->first_byte_ms =
      options->first_byte_ms != 0 ? options->first_byte_ms : DEFAULT_FIRST_BYTE_MS;
  self->call_ms = options->call_ms != 0 ? options->call_ms : DEFAULT_CALL_MS;
  self->fresh_ms = options->fresh_ms != 0 ? options->fresh_ms : DEFAULT_FRESH_MS;
  self->peer = g_strdup_printf (is_v6 ? "[%s]:%u" : "%s:%u", self->host, self->port);
  self->described = g_strdup (self->peer);
  return self;
}

static void
drop_channel (LkLink *self)
{
  g_clear_pointer (&self->channel, lk_channel_free);
  lk_auth_reset (self->auth);
}

void
lk_link_free (LkLink *self)
{
  if (self == NULL)
    return;
  drop_channel (self);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->pin, lk_pin_free);
  g_clear_pointer (&self->trust, lk_trust_unref);
  g_clear_pointer (&self->auth, lk_auth_free);
  g_clear_pointer (&self->peer, g_free);
  g_clear_pointer (&self->described, g_free);
  g_free (self);
}

static void
begin_call (LkLink *self, Call *call, guint timeout_ms, GCancellable *cancellable)
{
  call->cancellable = cancellable;
  call->first_byte_ms = timeout_ms != 0 ? timeout_ms : self->first_byte_ms;
  call->call_ms = timeout_ms != 0 ? MAX (self->call_ms, timeout_ms + SLACK_MS) : self->call_ms;
  call->patience.until = g_get_monotonic_time () + (gint64) call->call_ms * 1000;
  call->patience.cancel_fd = g_cancellable_get_fd (cancellable);
  self->problem = LK_LINK_PROBLEM_NONE;
  self->status = 0;
  self->sent = FALSE;
}

static void
end_call (Call *call)
{
  if (call->patience.cancel_fd >= 0)
    g_cancellable_release_fd (call->cancellable);
}

static gboolean
fail (LkLink *self, LkLinkProblem problem, LkError code, GError **error, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

/* Every failure of a link comes through here: it names the machine, ends the connection, and tells
 * whether the request may have arrived. */
static gboolean
fail (LkLink *self, LkLinkProblem problem, LkError code, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  drop_channel (self);
  self->problem = problem;
  g_set_error (error, LK_ERROR, (int) code, "%s: %s", self->described, what);
  if (self->sent && error != NULL)
    lk_error_mark_sent (*error);
  return FALSE;
}

/* @doing: "while connecting". @allowed_ms: what the step had, if the whole call had more left. */
static gboolean
fail_io (LkLink *self, Call *call, LkIo io, guint allowed_ms, const char *doing, GError **error)
{
  g_autofree char *time = NULL;

  switch (io)
    {
    case LK_IO_CANCELLED:
      drop_channel (self);
      self->problem = LK_LINK_PROBLEM_CANCELLED;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled %s", self->described,
                   doing);
      return FALSE;
    case LK_IO_TIMED_OUT:
      time = lk_spell_time (g_get_monotonic_time () >= call->patience.until
                                ? call->call_ms
                                : MIN (allowed_ms, call->call_ms));
      return fail (self, LK_LINK_PROBLEM_TIMED_OUT, LK_ERROR_UNREACHABLE, error,
                   "no answer within %s %s", time, doing);
    case LK_IO_CLOSED:
      return fail (self, LK_LINK_PROBLEM_CLOSED, LK_ERROR_UNREACHABLE, error,
                   "it closed the connection %s", doing);
    case LK_IO_FAILED:
    case LK_IO_OK:
    default:
      return fail (self, LK_LINK_PROBLEM_OTHER, LK_ERROR_UNREACHABLE, error, "%s %s",
                   self->channel != NULL ? lk_channel_get_reason (self->channel)
                                         : g_strerror (errno),
                   doing);
    }
}

static void
describe_address (LkLink *self, const LkAddress *address)
{
  g_autofree char *text = lk_address_to_text (address);

  g_free (self->described);
  self->described = strcmp (text, self->peer) == 0 ? g_strdup (self->peer)
                                                   : g_strdup_printf ("%s (%s)", self->host, text);
}

static GArray *
resolve (LkLink *self, Call *call, GError **error)
{
  LkPatience patience = lk_patience_shorten (&call->patience, self->connect_ms);
  GArray *addresses = NULL;
  const char *why = NULL;
  LkIo io;

  self->stage = LK_LINK_NAME;
  g_free (self->described);
  self->described = g_strdup (self->peer);
  io = lk_resolve (self->host, self->port, &patience, &addresses, &why);
  if (io == LK_IO_OK)
    return addresses;

  if (io == LK_IO_FAILED)
    fail (self, LK_LINK_PROBLEM_NO_SUCH_NAME, LK_ERROR_UNREACHABLE, error,
          "no address was found: %s", why);
  else
    fail_io (self, call, io, self->connect_ms, "while looking up the name", error);
  return NULL;
}

static gboolean
fail_connect (LkLink *self, int code, GError **error)
{
  LkLinkProblem problem;
  const char *words = lk_problem_from_errno (code, &problem);

  return fail (self, problem, LK_ERROR_UNREACHABLE, error, "%s",
               words != NULL ? words : g_strerror (code));
}

/* Tries the addresses one after the other; each gets its share of the time that is left, so that a
 * dead first one leaves some for the second. */
static gboolean
connect_to_any (LkLink *self, Call *call, const GArray *addresses, GError **error)
{
  LkPatience all = lk_patience_shorten (&call->patience, self->connect_ms);
  LkIo io = LK_IO_FAILED;
  int code = EHOSTUNREACH;

  self->stage = LK_LINK_TCP;
  for (guint i = 0; self->channel == NULL && io != LK_IO_CANCELLED && i < addresses->len; i++)
    {
      const LkAddress *address = &g_array_index (addresses, LkAddress, i);
      gint64 now = g_get_monotonic_time ();
      gint64 share = (all.until - now) / (gint64) (addresses->len - i);
      LkPatience patience = { .until = now + share, .cancel_fd = all.cancel_fd };

      describe_address (self, address);
      self->channel = lk_channel_connect (address, &patience, &io, &code);
    }

  if (self->channel != NULL)
    return TRUE;

  return io == LK_IO_FAILED ? fail_connect (self, code, error)
                            : fail_io (self, call, io, self->connect_ms, "while connecting", error);
}

static gboolean
secure (LkLink *self, Call *call, GError **error)
{
  LkPatience patience = lk_patience_shorten (&call->patience, self->connect_ms);
  g_autofree char *why = NULL;
  LkIo io;

  self->stage = LK_LINK_TLS;
  if (self->trust == NULL || !lk_pin_is_valid (self->pin))
    return fail (self, LK_LINK_PROBLEM_UNTRUSTED, LK_ERROR_INVALID, error,
                 self->trust == NULL ? "TLS needs something to trust"
                                     : "the pin is not the SHA-256 of a certificate in hex");

  io = lk_channel_handshake (self->channel, self->trust, self->host, &patience);
  if (io != LK_IO_OK)
    return fail_io (self, call, io, self->connect_ms, "during the TLS handshake", error);
  if (!lk_trust_verify (self->trust, lk_channel_get_session (self->channel), self->host, self->pin,
                        &why))
    return fail (self, LK_LINK_PROBLEM_UNTRUSTED, LK_ERROR_DENIED, error, "%s", why);

  return TRUE;
}

/* Said before anyone is called, so that not even a connection hints at the account. */
static gboolean
check_safety (LkLink *self, const GArray *addresses, GError **error)
{
  gboolean safe = self->tls || !lk_auth_is_readable (self->auth);

  for (guint i = 0; !safe && i < addresses->len; i++)
    if (!lk_address_is_loopback (&g_array_index (addresses, LkAddress, i)))
      {
        self->stage = LK_LINK_AUTH;
        return fail (self, LK_LINK_PROBLEM_UNSAFE, LK_ERROR_DENIED, error,
                     "%s would send the password in the clear; use HTTPS (port 5986)",
                     self->auth->scheme->name);
      }

  for (const char *p = self->path; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return fail (self, LK_LINK_PROBLEM_OTHER, LK_ERROR_INVALID, error,
                   "its path cannot be used in a URL");

  return TRUE;
}

static gboolean
open_channel (LkLink *self, Call *call, GError **error)
{
  g_autoptr (GArray) addresses = resolve (self, call, error);

  if (addresses == NULL || !check_safety (self, addresses, error) ||
      !connect_to_any (self, call, addresses, error))
    return FALSE;
  if (self->tls && !secure (self, call, error))
    return FALSE;

  self->serial++;
  self->stage = LK_LINK_HTTP;
  self->last_answer = g_get_monotonic_time ();
  return TRUE;
}

gboolean
lk_link_connect (LkLink *self, GCancellable *cancellable, GError **error)
{
  Call call;
  gboolean ok = TRUE;

  begin_call (self, &call, 0, cancellable);
  if (self->channel != NULL && !lk_channel_is_idle (self->channel))
    drop_channel (self);
  if (self->channel == NULL)
    ok = open_channel (self, &call, error);
  end_call (&call);
  return ok;
}

static GByteArray *
write_request (LkLink *self,
               const char *content_type,
               const void *body,
               gsize length,
               GError **error)
{
  g_autoptr (GError) cause = NULL;
  GByteArray *request = lk_auth_write_request (self->auth, !self->tls, self->peer, self->path,
                                               content_type, body, length, &cause);

  if (request == NULL)
    {
      self->stage = LK_LINK_AUTH;
      fail (self, LK_LINK_PROBLEM_OTHER, (LkError) cause->code, error, "%s", cause->message);
    }

  return request;
}

/* Sends @request, on a new connection if the kept one turns out to be dead before anything left. */
static gboolean
send_request (LkLink *self, Call *call, const GByteArray *request, gboolean kept, GError **error)
{
  gsize left = 0;
  LkIo io = lk_channel_send (self->channel, request->data, request->len, &left, &call->patience);

  self->sent = left > 0;
  if (io == LK_IO_OK)
    return TRUE;
  /* An answer may be there already, such as "too large", from a peer that read no further. */
  if (io == LK_IO_CLOSED && left > 0)
    return TRUE;
  if (kept && left == 0 && (io == LK_IO_CLOSED || io == LK_IO_FAILED))
    {
      drop_channel (self);
      return open_channel (self, call, error) && send_request (self, call, request, FALSE, error);
    }

  return fail_io (self, call, io, call->call_ms, "while sending", error);
}

static LkHttpMessage *
receive_answer (LkLink *self, Call *call, GError **error)
{
  g_autoptr (LkHttpParser) parser = lk_http_parser_new (LK_HTTP_RESPONSE, MAX_ANSWER);
  LkPatience first = lk_patience_shorten (&call->patience, call->first_byte_ms);
  LkHttpMessage *message = NULL;
  gsize received = 0;
  gsize consumed = 0;

  self->stage = LK_LINK_HTTP;
  while (message == NULL)
    {
      gboolean begun = lk_http_parser_has_begun (parser);
      /* A peer that always has another byte ready never makes us wait. */
      gboolean late = begun && g_get_monotonic_time () >= call->patience.until;
      g_autoptr (GError) cause = NULL;
      char buffer[16384];
      LkIo io = late ? LK_IO_TIMED_OUT
                     : lk_channel_receive (self->channel, buffer, sizeof buffer, &received,
                                           begun ? &call->patience : &first);
      gboolean ok = TRUE;

      if (io == LK_IO_OK)
        ok = lk_http_parser_feed (parser, buffer, received, &consumed, &cause);
      else if (io == LK_IO_CLOSED && begun && lk_http_parser_end (parser, NULL))
        received = consumed = 0;
      else
        {
          fail_io (self, call, io, call->first_byte_ms,
                   begun ? "in the middle of the answer" : "after the request was sent", error);
          return NULL;
        }
      if (!ok)
        {
          fail (self, LK_LINK_PROBLEM_NOT_HTTP, LK_ERROR_BAD_REPLY, error, "%s", cause->message);
          return NULL;
        }
      message = lk_http_parser_take (parser);
    }

  /* Whatever follows an answer was not asked for; a connection that does that is not kept. */
  if (!message->keep_alive || consumed < received)
    drop_channel (self);
  self->last_answer = g_get_monotonic_time ();
  self->status = message->status;
  return message;
}

static gboolean
fail_status (LkLink *self, guint status, GError **error)
{
  const LkStatusMeaning *meaning = lk_problem_from_status (status);

  self->sent = !meaning->unread;
  self->stage = meaning->stage;
  return fail (self, LK_LINK_PROBLEM_STATUS, meaning->code, error, "HTTP %u: %s", status,
               meaning->words);
}

static gboolean
check_answer (LkLink *self, LkHttpMessage *answer, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if ((answer->status != 200 && answer->status != 500) || answer->body->len == 0)
    return fail_status (self, answer->status, error);
  if (!self->tls && !lk_auth_open (self->auth, answer, &cause))
    return fail (self, LK_LINK_PROBLEM_OTHER, (LkError) cause->code, error, "%s", cause->message);

  self->stage = LK_LINK_DONE;
  return TRUE;
}

static LkHttpMessage *
converse (LkLink *self,
          Call *call,
          const GByteArray *request,
          gboolean changing,
          gboolean kept,
          GError **error)
{
  g_autoptr (LkHttpMessage) answer = NULL;

  if (changing)
    lk_crash_point ("before-send");
  if (!send_request (self, call, request, kept, error))
    return NULL;
  if (changing)
    lk_crash_point ("after-send");

  answer = receive_answer (self, call, error);
  if (answer == NULL || !check_answer (self, answer, error))
    return NULL;

  return g_steal_pointer (&answer);
}

LkHttpMessage *
lk_link_post (LkLink *self,
              const char *content_type,
              const void *body,
              gsize length,
              gboolean changing,
              guint timeout_ms,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GByteArray) request = NULL;
  LkHttpMessage *answer = NULL;
  gboolean kept;
  Call call;

  begin_call (self, &call, timeout_ms, cancellable);
  if (self->channel != NULL &&
      !(changing ? lk_link_is_fresh (self) : lk_channel_is_idle (self->channel)))
    drop_channel (self);

  kept = self->channel != NULL;
  if (g_cancellable_is_cancelled (cancellable))
    fail_io (self, &call, LK_IO_CANCELLED, 0, "before anything was sent", error);
  else if (changing && self->required_serial != 0 &&
           (!kept || self->serial != self->required_serial))
    {
      self->stage = LK_LINK_TCP;
      fail (self, LK_LINK_PROBLEM_CLOSED, LK_ERROR_UNREACHABLE, error,
            "the connection on which the machine was identified is gone");
    }
  else if (kept || open_channel (self, &call, error))
    request = write_request (self, content_type, body, length, error);
  if (request != NULL)
    {
      /* Without a second try when it must be this connection. */
      answer = converse (self, &call, request, changing,
                         kept && (!changing || self->required_serial == 0), error);
      sodium_memzero (request->data, request->len);
    }
  end_call (&call);
  return answer;
}

gboolean
lk_link_is_fresh (LkLink *self)
{
  return self->channel != NULL &&
         g_get_monotonic_time () - self->last_answer < (gint64) self->fresh_ms * 1000 &&
         lk_channel_is_idle (self->channel);
}

void
lk_link_require_serial (LkLink *self, guint serial)
{
  self->required_serial = serial;
}

const char *
lk_link_get_peer (LkLink *self)
{
  return self->peer;
}

const char *
lk_link_get_described (LkLink *self)
{
  return self->described;
}

LkLinkStage
lk_link_get_stage (LkLink *self)
{
  return self->stage;
}

LkLinkProblem
lk_link_get_problem (LkLink *self)
{
  return self->problem;
}

guint
lk_link_get_status (LkLink *self)
{
  return self->status;
}

gboolean
lk_link_was_sent (LkLink *self)
{
  return self->sent;
}

guint
lk_link_get_serial (LkLink *self)
{
  return self->serial;
}

const char *
lk_link_get_peer_pin (LkLink *self)
{
  return lk_pin_get_seen_hex (self->pin);
}

GBytes *
lk_link_get_peer_certificate (LkLink *self)
{
  return lk_pin_get_seen (self->pin);
}
