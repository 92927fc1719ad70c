/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#define LK_ERROR (lk_error_quark ())

/**
 * LkError:
 * @LK_ERROR_UNREACHABLE: no route, time-out or lost connection; trying again can help
 * @LK_ERROR_BUSY: the far side asked us to come back later
 * @LK_ERROR_DENIED: credentials or trust are missing or refused; a person must act
 * @LK_ERROR_REJECTED: the far side understood the request and said no
 * @LK_ERROR_BAD_REPLY: malformed data, or data beyond our limits
 * @LK_ERROR_INVALID: the caller or a file gave us something we cannot use
 * @LK_ERROR_STORE: the local database failed
 *
 * The code says what to do next; the message says what happened.
 */
typedef enum
{
  LK_ERROR_UNREACHABLE,
  LK_ERROR_BUSY,
  LK_ERROR_DENIED,
  LK_ERROR_REJECTED,
  LK_ERROR_BAD_REPLY,
  LK_ERROR_INVALID,
  LK_ERROR_STORE,
} LkError;

GQuark lk_error_quark (void);

/* Sets LK_ERROR with the HRESULT (or Win32, or batch service) code of the far side, which is
 * kept beside the message; 0 when there is none. */
void
lk_error_set_remote (GError **error, LkError code, guint32 remote_code, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
guint32 lk_error_get_remote_code (const GError *error);

/* Whether the request may have taken effect although no answer came: it was sent, at least in
 * part. The link and the backend client say so; whoever changes something must look before it
 * tries again. */
void lk_error_mark_sent (GError *error);
gboolean lk_error_was_sent (const GError *error);

/* The only place that decides whether trying again can help. */
gboolean lk_error_is_transient (const GError *error);

/* The code's word for JSON and for the store: "unreachable", "busy", … */
const char *lk_error_code_to_word (int code);
