/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-link-private.h"

#include "net/lk-problem.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#define MAX_CONNECTIONS 4 /* to sign in once */

static void
describe_address (LkLink *self, const LkAddress *address)
{
  g_autofree char *text = lk_address_to_text (address);

  g_free (self->described);
  self->described = strcmp (text, self->peer) == 0 ? g_strdup (self->peer)
                                                   : g_strdup_printf ("%s (%s)", self->host, text);
}

/* Counts the time since @since to @stage, which may be done more than once. */
static void
count_time (LkLink *self, LkLinkStage stage, gint64 since)
{
  self->took[stage] += MAX (g_get_monotonic_time () - since, 1);
}

static GArray *
resolve (LkLink *self, LkCall *call, GError **error)
{
  gint64 begun = g_get_monotonic_time ();
  LkPatience patience = lk_patience_shorten (&call->patience, self->connect_ms);
  GArray *addresses = NULL;
  const char *why = NULL;
  LkIo io;

  self->stage = LK_LINK_NAME;
  g_free (self->described);
  self->described = g_strdup (self->peer);
  io = lk_resolve (self->host, self->port, &patience, &addresses, &why);
  count_time (self, LK_LINK_NAME, begun);
  if (io == LK_IO_OK)
    return addresses;

  if (io == LK_IO_FAILED)
    lk_link_fail (self, LK_LINK_PROBLEM_NO_SUCH_NAME, LK_ERROR_UNREACHABLE, error,
                  _ ("no address was found: %s"), why);
  else
    lk_link_fail_io (self, call, io, self->connect_ms, _ ("while looking up the name"), error);
  return NULL;
}

static gboolean
fail_connect (LkLink *self, int code, GError **error)
{
  LkLinkProblem problem;
  const char *words = lk_problem_from_errno (code, &problem);

  return lk_link_fail (self, problem, LK_ERROR_UNREACHABLE, error, "%s",
                       words != NULL ? words : g_strerror (code));
}

/* Tries the addresses one after the other; each gets its share of the time that is left, so that a
 * dead first one leaves some for the second. */
static gboolean
connect_to_any (LkLink *self, LkCall *call, const GArray *addresses, GError **error)
{
  LkPatience all = lk_patience_shorten (&call->patience, self->connect_ms);
  gint64 begun = g_get_monotonic_time ();
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

  count_time (self, LK_LINK_TCP, begun);
  if (self->channel != NULL)
    return TRUE;

  return io == LK_IO_FAILED
             ? fail_connect (self, code, error)
             : lk_link_fail_io (self, call, io, self->connect_ms, _ ("while connecting"), error);
}

static gboolean
secure (LkLink *self, LkCall *call, GError **error)
{
  LkPatience patience = lk_patience_shorten (&call->patience, self->connect_ms);
  const char *name = self->name != NULL ? self->name : self->host;
  gint64 begun = g_get_monotonic_time ();
  g_autofree char *why = NULL;
  LkIo io;

  self->stage = LK_LINK_TLS;
  if (self->trust == NULL || !lk_pin_is_valid (self->pin))
    return lk_link_fail (self, LK_LINK_PROBLEM_UNTRUSTED, LK_ERROR_INVALID, error,
                         self->trust == NULL
                             ? _ ("TLS needs something to trust")
                             : _ ("the pin is not the SHA-256 of a certificate in hex"));

  io = lk_channel_handshake (self->channel, self->trust, name, lk_auth_get_certificate (self->auth),
                             &patience);
  count_time (self, LK_LINK_TLS, begun);
  if (io != LK_IO_OK)
    return lk_link_fail_io (self, call, io, self->connect_ms, _ ("during the TLS handshake"),
                            error);
  if (!lk_trust_verify (self->trust, lk_channel_get_session (self->channel), name, self->pin, &why))
    return lk_link_fail (self, LK_LINK_PROBLEM_UNTRUSTED, LK_ERROR_DENIED, error, "%s", why);

  return TRUE;
}

/* Said before anyone is called, so that not even a connection hints at the account. */
static gboolean
check_safety (LkLink *self, const GArray *addresses, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gboolean is_loopback = TRUE;

  for (guint i = 0; is_loopback && i < addresses->len; i++)
    is_loopback = lk_address_is_loopback (&g_array_index (addresses, LkAddress, i));
  if (!lk_auth_prepare (self->auth, is_loopback, &cause))
    {
      self->stage = LK_LINK_AUTH;
      return lk_link_fail (self, LK_LINK_PROBLEM_UNSAFE, LK_ERROR_DENIED, error, "%s",
                           cause->message);
    }

  for (const char *p = self->path; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return lk_link_fail (self, LK_LINK_PROBLEM_OTHER, LK_ERROR_INVALID, error,
                           _ ("its path cannot be used in a URL"));

  return TRUE;
}

static LkLinkProblem
find_auth_problem (LkLink *self)
{
  switch (lk_auth_get_trouble (self->auth))
    {
    case LK_GSS_SKEW:
      return LK_LINK_PROBLEM_CLOCK;
    case LK_GSS_NO_SERVICE:
      return LK_LINK_PROBLEM_NO_SERVICE;
    case LK_GSS_NO_AUTHORITY:
      return LK_LINK_PROBLEM_NO_AUTHORITY;
    case LK_GSS_OTHER:
    case LK_GSS_REFUSED:
    case LK_GSS_NO_ACCOUNT:
    case LK_GSS_NO_TICKET:
    case LK_GSS_UNAVAILABLE:
    default:
      return lk_auth_is_out_of_ways (self->auth) ? LK_LINK_PROBLEM_NO_WAY : LK_LINK_PROBLEM_OTHER;
    }
}

static gboolean
fail_auth (LkLink *self, LkCall *call, const GError *cause, GError **error)
{
  self->stage = LK_LINK_AUTH;
  if (g_cancellable_is_cancelled (call->cancellable))
    return lk_link_fail_io (self, call, LK_IO_CANCELLED, 0, _ ("while signing in"), error);
  return lk_link_fail (self, find_auth_problem (self), (LkError) cause->code, error, "%s",
                       cause->message);
}

/* A leg has no effect, so that nothing of the call counts as sent yet. */
static LkHttpMessage *
exchange_leg (LkLink *self, LkCall *call, GError **error)
{
  g_autoptr (GByteArray) leg = lk_auth_write_leg (self->auth, self->peer, self->path);
  gsize left = 0;
  LkIo io;

  self->stage = LK_LINK_HTTP;
  io = lk_channel_send (self->channel, leg->data, leg->len, &left, &call->patience);

  sodium_memzero (leg->data, leg->len);
  if (io == LK_IO_OK)
    return lk_link_receive (self, call, error);

  lk_link_fail_io (self, call, io, call->call_ms, _ ("while signing in"), error);
  return NULL;
}

/* @is_done is FALSE when it has to go on with another connection. */
static gboolean
sign_in (LkLink *self, LkCall *call, gboolean *is_done, GError **error)
{
  g_autoptr (GBytes) binding = self->tls ? lk_channel_dup_binding (self->channel) : NULL;
  g_autoptr (GError) cause = NULL;

  self->is_last = FALSE;
  *is_done = TRUE;
  if (!lk_auth_begin (self->auth, binding, &call->patience, &cause))
    return fail_auth (self, call, cause, error);

  while (lk_auth_has_leg (self->auth) && !self->is_last)
    {
      g_autoptr (LkHttpMessage) answer = exchange_leg (self, call, error);

      if (answer == NULL)
        return FALSE;
      if (answer->status == 404 || answer->status == 413 || answer->status >= 500)
        return lk_link_fail_status (self, answer->status, TRUE, error);
      if (!lk_auth_take_leg (self->auth, answer, &call->patience, &cause))
        return fail_auth (self, call, cause, error);
    }

  *is_done = !self->is_last;
  if (self->is_last)
    lk_link_drop (self);
  return TRUE;
}

static gboolean
sign_in_timed (LkLink *self, LkCall *call, gboolean *is_done, GError **error)
{
  gint64 begun = g_get_monotonic_time ();
  gboolean ok = sign_in (self, call, is_done, error);

  count_time (self, LK_LINK_AUTH, begun);
  return ok;
}

static gboolean
open_channel (LkLink *self, LkCall *call, GError **error)
{
  g_autoptr (GArray) addresses = resolve (self, call, error);

  return addresses != NULL && check_safety (self, addresses, error) &&
         connect_to_any (self, call, addresses, error) &&
         (!self->tls || secure (self, call, error));
}

gboolean
lk_link_open (LkLink *self, LkCall *call, GError **error)
{
  gboolean is_done = FALSE;

  memset (self->took, 0, sizeof self->took);
  for (guint n = 0; !is_done; n++)
    {
      if (n == MAX_CONNECTIONS)
        {
          self->stage = LK_LINK_AUTH;
          return lk_link_fail (self, LK_LINK_PROBLEM_CLOSED, LK_ERROR_UNREACHABLE, error,
                               _ ("it ends every connection while we sign in"));
        }
      if (!open_channel (self, call, error) || !sign_in_timed (self, call, &is_done, error))
        return FALSE;
    }

  self->serial++;
  self->stage = LK_LINK_HTTP;
  self->last_answer = g_get_monotonic_time ();
  return TRUE;
}
