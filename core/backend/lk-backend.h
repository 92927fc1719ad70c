/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "backend/lk-batch.h"

#include <gio/gio.h>

/**
 * LkBackendOptions:
 *
 * Where batches go. Copied by lk_backend_new().
 */
typedef struct
{
  const char *url;         /* https://…, or http:// to loopback only */
  LkSecret *digest_key;    /* HMAC key, the administrator's to enter */
  LkSecret *token;         /* of this client at a gateway, or NULL */
  const char *ca_file;     /* or NULL: the system's CAs */
  const char *pin;         /* SHA-256 of the server's certificate in hex, or NULL */
  const char *certificate; /* of this client, PEM, with its key; or NULL */
  LkSecret *certificate_key;
  const char *proxy; /* HTTP proxy URL without credentials, or NULL */
  guint timeout_s;   /* 0: 30 */
} LkBackendOptions;

/**
 * LkBackend:
 *
 * A client of a batch activation service, or of our gateway. Blocking; one thread at a time.
 */
typedef struct _LkBackend LkBackend;

LkBackend *lk_backend_new (const LkBackendOptions *options, GError **error);
void lk_backend_free (LkBackend *self);
/* "https://gateway.lab.test:8443", for messages. */
const char *lk_backend_get_peer (LkBackend *self);

/* Sends one batch and fills in the answers. @matched as lk_batch_match(); items not matched have an
 * unknown outcome. On error lk_error_was_sent() tells whether anything may have left: when it is
 * FALSE, it is proven that not one byte of the request did. G_IO_ERROR_CANCELLED comes only when
 * nothing left; a request interrupted later is LK_ERROR_UNREACHABLE. @raw, if given, receives what
 * came back of a failed exchange (up to 64 KiB, to be freed). */
gboolean lk_backend_send (LkBackend *self,
                          LkBatchType type,
                          GPtrArray *items,
                          guint8 *matched,
                          char **raw,
                          GCancellable *cancellable,
                          GError **error);

/* How far a conversation with a backend came; each stage was reached and failed, or is DONE. */
typedef enum
{
  LK_BACKEND_NAME,
  LK_BACKEND_TCP,
  LK_BACKEND_PROXY,
  LK_BACKEND_TLS,
  LK_BACKEND_HTTP,
  LK_BACKEND_TOKEN,
  LK_BACKEND_DIGEST,
  LK_BACKEND_SERVICE,
  LK_BACKEND_DONE,
} LkBackendStage;

const char *lk_backend_stage_to_word (LkBackendStage stage); /* "name", "tcp", … */

/* Asks for the remaining count of @epid, or of nothing when it is NULL; spends nothing. @stage is
 * where it failed, or LK_BACKEND_DONE. A gateway tells a wrong token (401) from a wrong digest
 * (403). @remaining, if given, is −1 when not told. */
gboolean lk_backend_check (LkBackend *self,
                           const char *epid,
                           LkBackendStage *stage,
                           gint64 *remaining,
                           GCancellable *cancellable,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkBackend, lk_backend_free)
