/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"

typedef struct
{
  guint32 remote_code;
  gboolean sent;
} LkErrorPrivate;

static void
lk_error_private_init (LkErrorPrivate *priv)
{
}

static void
lk_error_private_copy (const LkErrorPrivate *src, LkErrorPrivate *dest)
{
  *dest = *src;
}

static void
lk_error_private_clear (LkErrorPrivate *priv)
{
}

G_DEFINE_EXTENDED_ERROR (LkError, lk_error)

void
lk_error_set_remote (GError **error, LkError code, guint32 remote_code, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return;

  va_start (args, format);
  *error = g_error_new_valist (LK_ERROR, (int) code, format, args);
  va_end (args);
  lk_error_get_private (*error)->remote_code = remote_code;
}

guint32
lk_error_get_remote_code (const GError *error)
{
  return error != NULL && error->domain == LK_ERROR ? lk_error_get_private (error)->remote_code : 0;
}

void
lk_error_mark_sent (GError *error)
{
  if (error != NULL && error->domain == LK_ERROR)
    lk_error_get_private (error)->sent = TRUE;
}

gboolean
lk_error_was_sent (const GError *error)
{
  return error != NULL && error->domain == LK_ERROR && lk_error_get_private (error)->sent;
}

gboolean
lk_error_is_transient (const GError *error)
{
  return g_error_matches (error, LK_ERROR, LK_ERROR_UNREACHABLE) ||
         g_error_matches (error, LK_ERROR, LK_ERROR_BUSY);
}

const char *
lk_error_code_to_word (int code)
{
  static const char *const words[] = {
    [LK_ERROR_UNREACHABLE] = "unreachable",
    [LK_ERROR_BUSY] = "busy",
    [LK_ERROR_DENIED] = "denied",
    [LK_ERROR_REJECTED] = "rejected",
    [LK_ERROR_BAD_REPLY] = "bad-reply",
    [LK_ERROR_INVALID] = "invalid",
    [LK_ERROR_STORE] = "store",
  };

  return code >= 0 && code < (int) G_N_ELEMENTS (words) ? words[code] : "error";
}
