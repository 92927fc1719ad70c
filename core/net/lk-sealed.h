/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The multipart/encrypted body that carries one sealed message over plain HTTP (MS-WSMV
 * 2.2.9.1). Only the framing: what is inside belongs to lk-gss. */

/**
 * LkSealedForm:
 *
 * How a peer wants it. Windows wants each part's headers to begin with a tab; the foreign servers
 * that speak DMTF's dialect stumble over it.
 */
typedef enum
{
  LK_SEALED_WINDOWS,
  LK_SEALED_FOREIGN,
} LkSealedForm;

/* @protocol: "application/HTTP-SPNEGO-session-encrypted" or the one of Kerberos; to be freed. */
char *lk_sealed_make_type (const char *protocol);
gboolean lk_sealed_is_type (const char *content_type);

/* @type: of the message before it was sealed; @plain_length its length then. */
GByteArray *lk_sealed_write (LkSealedForm form,
                             const char *protocol,
                             const char *type,
                             gsize plain_length,
                             const GByteArray *header,
                             const GByteArray *sealed);

/**
 * LkSealedParts:
 *
 * What a body holds; @token (signature and message, one after the other) points into it.
 */
typedef struct
{
  gsize plain_length;
  const guint8 *token;
  gsize token_length;
  gsize header_length; /* of the signature, at most @token_length */
} LkSealedParts;

/* Takes both forms, and what is known of other servers' ways; LK_ERROR_BAD_REPLY for anything
 * else. */
gboolean lk_sealed_parse (const guint8 *body, gsize length, LkSealedParts *parts, GError **error);
