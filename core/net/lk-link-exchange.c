/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-link-private.h"

#include "net/lk-problem.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_ANSWER (4 * 1024 * 1024)

void
lk_link_drop (LkLink *self)
{
  g_clear_pointer (&self->channel, lk_channel_free);
  lk_auth_reset (self->auth);
}

gboolean
lk_link_fail (LkLink *self,
              LkLinkProblem problem,
              LkError code,
              GError **error,
              const char *format,
              ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  lk_link_drop (self);
  self->problem = problem;
  g_set_error (error, LK_ERROR, (int) code, "%s: %s", self->described, what);
  if (self->sent && error != NULL)
    lk_error_mark_sent (*error);
  return FALSE;
}

/* Who refuses the client does not serve it either, so that nothing counts as sent. */
static gboolean
fail_certificate (LkLink *self, GError **error)
{
  LkClientCertificate *certificate = lk_auth_get_certificate (self->auth);
  const char *reason = lk_channel_get_reason (self->channel);

  self->sent = FALSE;
  self->stage = LK_LINK_AUTH;
  if (certificate == NULL)
    return lk_link_fail (self, LK_LINK_PROBLEM_OTHER, LK_ERROR_DENIED, error,
                         _ ("it wants a client certificate (%s)"), reason);
  return lk_link_fail (
      self, LK_LINK_PROBLEM_OTHER, LK_ERROR_DENIED, error,
      _ ("it does not accept the client certificate %s (%s); its CA must be trusted"
         " there, and the certificate be mapped to an account"),
      lk_client_certificate_get_name (certificate), reason);
}

gboolean
lk_link_fail_io (LkLink *self,
                 LkCall *call,
                 LkIo io,
                 guint allowed_ms,
                 const char *doing,
                 GError **error)
{
  g_autofree char *time = NULL;

  switch (io)
    {
    case LK_IO_CANCELLED:
      lk_link_drop (self);
      self->problem = LK_LINK_PROBLEM_CANCELLED;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("%s: cancelled %s"), self->described,
                   doing);
      return FALSE;
    case LK_IO_TIMED_OUT:
      time = lk_spell_time (g_get_monotonic_time () >= call->patience.until
                                ? call->call_ms
                                : MIN (allowed_ms, call->call_ms));
      return lk_link_fail (self, LK_LINK_PROBLEM_TIMED_OUT, LK_ERROR_UNREACHABLE, error,
                           _ ("no answer within %s %s"), time, doing);
    case LK_IO_CLOSED:
      return lk_link_fail (self, LK_LINK_PROBLEM_CLOSED, LK_ERROR_UNREACHABLE, error,
                           _ ("it closed the connection %s"), doing);
    case LK_IO_FAILED:
    case LK_IO_OK:
    default:
      if (self->channel != NULL && lk_channel_is_certificate_refused (self->channel))
        return fail_certificate (self, error);
      return lk_link_fail (self, LK_LINK_PROBLEM_OTHER, LK_ERROR_UNREACHABLE, error, "%s %s",
                           self->channel != NULL ? lk_channel_get_reason (self->channel)
                                                 : g_strerror (errno),
                           doing);
    }
}

gboolean
lk_link_fail_status (LkLink *self, guint status, gboolean is_believed, GError **error)
{
  const LkStatusMeaning *meaning = lk_problem_from_status (status);

  self->sent = self->sent &&
               !(meaning->unread && is_believed); /* a leg of signing in never counts as sent */
  self->stage = meaning->stage;
  return lk_link_fail (self, LK_LINK_PROBLEM_STATUS, meaning->code, error, _ ("HTTP %u: %s"),
                       status, _ (meaning->words));
}

LkIo
lk_link_send (LkLink *self, LkCall *call, const GByteArray *request, gsize *left)
{
  LkIo io = lk_channel_send (self->channel, request->data, request->len, left, &call->patience);

  self->sent = *left > 0;
  /* An answer may be there already, such as "too large", from a peer that read no further. */
  return io == LK_IO_CLOSED && *left > 0 ? LK_IO_OK : io;
}

/* Every answer tells it anew, so that the last one counts. */
static void
read_clock (LkLink *self, const LkHttpMessage *message)
{
  gint64 theirs = 0;

  self->has_clock = lk_http_parse_date (lk_http_message_get_header (message, "Date"), &theirs);
  self->clock_lead = theirs - g_get_real_time () / G_USEC_PER_SEC;
}

LkHttpMessage *
lk_link_receive (LkLink *self, LkCall *call, GError **error)
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
          lk_link_fail_io (self, call, io, call->first_byte_ms,
                           begun        ? _ ("in the middle of the answer")
                           : self->sent ? _ ("after the request was sent")
                                        : _ ("while signing in"),
                           error);
          return NULL;
        }
      if (!ok)
        {
          lk_link_fail (self, LK_LINK_PROBLEM_NOT_HTTP, LK_ERROR_BAD_REPLY, error, "%s",
                        cause->message);
          return NULL;
        }
      message = lk_http_parser_take (parser);
    }

  /* Whatever follows an answer was not asked for; a connection that does that is not kept. */
  self->is_last = !message->keep_alive || consumed < received;
  self->last_answer = g_get_monotonic_time ();
  self->status = message->status;
  read_clock (self, message);
  return message;
}
