/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-link-private.h"

#include "base/lk-crash.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define DEFAULT_CONNECT_MS    5000
#define DEFAULT_FIRST_BYTE_MS 70000
#define DEFAULT_CALL_MS       180000
#define SLACK_MS              30000 /* for the rest of a call whose first byte may take long */
#define DEFAULT_FRESH_MS      5000

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
  self->name = g_strdup (options->name);
  self->auth = lk_auth_new (options->login, options->host, options->name, options->tls);
  self->connect_ms = options->connect_ms != 0 ? options->connect_ms : DEFAULT_CONNECT_MS;
  self->first_byte_ms =
      options->first_byte_ms != 0 ? options->first_byte_ms : DEFAULT_FIRST_BYTE_MS;
  self->call_ms = options->call_ms != 0 ? options->call_ms : DEFAULT_CALL_MS;
  self->fresh_ms = options->fresh_ms != 0 ? options->fresh_ms : DEFAULT_FRESH_MS;
  self->peer = g_strdup_printf (is_v6 ? "[%s]:%u" : "%s:%u", self->host, self->port);
  self->described = g_strdup (self->peer);
  return self;
}

void
lk_link_free (LkLink *self)
{
  if (self == NULL)
    return;
  lk_link_drop (self);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->pin, lk_pin_free);
  g_clear_pointer (&self->trust, lk_trust_unref);
  g_clear_pointer (&self->auth, lk_auth_free);
  g_clear_pointer (&self->peer, g_free);
  g_clear_pointer (&self->described, g_free);
  g_free (self);
}

static void
begin_call (LkLink *self, LkCall *call, guint timeout_ms, GCancellable *cancellable)
{
  call->cancellable = cancellable;
  call->first_byte_ms = timeout_ms != 0 ? timeout_ms : self->first_byte_ms;
  call->call_ms = timeout_ms != 0 ? MAX (self->call_ms, timeout_ms + SLACK_MS) : self->call_ms;
  call->patience.until = g_get_monotonic_time () + (gint64) call->call_ms * 1000;
  call->patience.cancel_fd = g_cancellable_get_fd (cancellable);
  self->problem = LK_LINK_PROBLEM_NONE;
  self->status = 0;
  self->sent = FALSE;
  self->was_sealing = FALSE;
}

static void
end_call (LkCall *call)
{
  if (call->patience.cancel_fd >= 0)
    g_cancellable_release_fd (call->cancellable);
}

gboolean
lk_link_connect (LkLink *self, GCancellable *cancellable, GError **error)
{
  LkCall call;
  gboolean ok = TRUE;

  begin_call (self, &call, 0, cancellable);
  if (self->channel != NULL && !lk_channel_is_idle (self->channel))
    lk_link_drop (self);
  if (self->channel == NULL)
    ok = lk_link_open (self, &call, error);
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
  GByteArray *request = lk_auth_write_request (self->auth, self->peer, self->path, content_type,
                                               body, length, &cause);

  if (request == NULL)
    {
      self->stage = LK_LINK_AUTH;
      lk_link_fail (self, LK_LINK_PROBLEM_OTHER, (LkError) cause->code, error, "%s",
                    cause->message);
    }

  return request;
}

static gboolean
check_answer (LkLink *self, LkHttpMessage *answer, gboolean is_believed, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *refusal = NULL;
  gboolean ok = lk_auth_open (self->auth, answer, &cause);

  if (answer->status == 401)
    {
      refusal = lk_auth_describe_refusal (self->auth, answer);
      self->sent = self->sent && !is_believed;
      self->stage = LK_LINK_AUTH;
      return lk_link_fail (self,
                           lk_auth_is_offered (self->auth, answer) ? LK_LINK_PROBLEM_STATUS
                                                                   : LK_LINK_PROBLEM_NO_WAY,
                           LK_ERROR_DENIED, error, "HTTP 401: %s", refusal);
    }
  if ((answer->status != 200 && answer->status != 500) || answer->body->len == 0)
    return lk_link_fail_status (self, answer->status, is_believed, error);
  if (!ok)
    return lk_link_fail (self, LK_LINK_PROBLEM_OTHER, (LkError) cause->code, error, "%s",
                         cause->message);

  self->stage = LK_LINK_DONE;
  return TRUE;
}

/* One request and its answer. @kept: the connection is no new one. A request which certainly was
 * not looked at may go out on another one, unless it needs what was verified on this one; @again
 * says so. */
static LkHttpMessage *
converse (LkLink *self,
          LkCall *call,
          const GByteArray *request,
          gboolean changing,
          gboolean kept,
          gboolean *again,
          GError **error)
{
  /* What answers a sealed message in the clear may be anybody on the way, so that its word that
   * nobody read the request does not make a change go out twice. */
  gboolean is_believed = !changing || !lk_auth_is_sealing (self->auth);
  gboolean may_move = kept && (!changing || self->required_serial == 0);
  g_autoptr (LkHttpMessage) answer = NULL;
  gsize left = 0;
  LkIo io;

  self->was_sealing = lk_auth_is_sealing (self->auth);
  if (changing)
    lk_crash_point ("before-send");
  io = lk_link_send (self, call, request, &left);
  *again = may_move && left == 0 && (io == LK_IO_CLOSED || io == LK_IO_FAILED);
  if (*again)
    {
      lk_link_drop (self);
      return NULL;
    }
  if (io != LK_IO_OK)
    {
      lk_link_fail_io (self, call, io, call->call_ms, _ ("while sending"), error);
      return NULL;
    }
  if (changing)
    lk_crash_point ("after-send");

  answer = lk_link_receive (self, call, error);
  if (answer == NULL)
    return NULL;
  /* The context of a kept connection has run out: nobody read the request. */
  *again = may_move && is_believed && answer->status == 401 && lk_auth_is_signed_in (self->auth);
  if (*again)
    {
      self->sent = FALSE;
      lk_link_drop (self);
      return NULL;
    }
  if (kept && answer->status == 401 && lk_auth_is_signed_in (self->auth))
    {
      self->sent = self->sent && !is_believed;
      lk_link_fail (self, LK_LINK_PROBLEM_CLOSED, LK_ERROR_UNREACHABLE, error,
                    _ ("it has forgotten who signed in on this connection"));
      return NULL;
    }
  if (!check_answer (self, answer, is_believed, error))
    return NULL;

  if (self->is_last)
    lk_link_drop (self);
  return g_steal_pointer (&answer);
}

/* Sees to a connection that this request may use. */
static gboolean
find_channel (LkLink *self, LkCall *call, gboolean changing, gboolean *kept, GError **error)
{
  if (self->channel != NULL &&
      !(changing ? lk_link_is_fresh (self) : lk_channel_is_idle (self->channel)))
    lk_link_drop (self);

  *kept = self->channel != NULL;
  if (g_cancellable_is_cancelled (call->cancellable))
    return lk_link_fail_io (self, call, LK_IO_CANCELLED, 0, _ ("before anything was sent"), error);
  if (changing && self->required_serial != 0 && (!*kept || self->serial != self->required_serial))
    {
      self->stage = LK_LINK_TCP;
      return lk_link_fail (self, LK_LINK_PROBLEM_CLOSED, LK_ERROR_UNREACHABLE, error,
                           _ ("the connection on which the machine was identified is gone"));
    }

  return *kept || lk_link_open (self, call, error);
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
  LkHttpMessage *answer = NULL;
  gboolean again = TRUE;
  LkCall call;

  begin_call (self, &call, timeout_ms, cancellable);
  while (again)
    {
      g_autoptr (GByteArray) request = NULL;
      gboolean kept = FALSE;

      again = FALSE;
      if (find_channel (self, &call, changing, &kept, error))
        request = write_request (self, content_type, body, length, error);
      if (request == NULL)
        break;
      answer = converse (self, &call, request, changing, kept, &again, error);
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

gint64
lk_link_get_duration (LkLink *self, LkLinkStage stage)
{
  return stage < LK_LINK_DONE ? self->took[stage] : 0;
}

gboolean
lk_link_get_clock_lead (LkLink *self, gint64 *seconds)
{
  *seconds = self->clock_lead;
  return self->has_clock;
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

const char *
lk_link_get_trail (LkLink *self)
{
  return lk_auth_get_trail (self->auth);
}

gboolean
lk_link_was_sealing (LkLink *self)
{
  return self->was_sealing;
}

void
lk_link_set_foreign (LkLink *self, gboolean is_foreign)
{
  lk_auth_set_form (self->auth, is_foreign ? LK_SEALED_FOREIGN : LK_SEALED_WINDOWS);
}
