/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "net/lk-http.h"

/**
 * LkAuth:
 *
 * How a link says who asks: one object for one connection at a time. A scheme is a table of
 * functions; whatever it leaves NULL does nothing.
 */
typedef struct _LkAuth LkAuth;

typedef struct
{
  const char *name;     /* "Basic" */
  gboolean is_readable; /* shows the password to whoever listens */
  /* Authorization of the next request, in guarded memory; NULL without an error: none is needed. */
  LkSecret *(*authorize) (LkAuth *self, GError **error);
  /* Seals a body; gives its new type, to be freed, and puts the sealed bytes in place. */
  char *(*seal) (LkAuth *self, const char *content_type, GByteArray *body, GError **error);
  /* Opens an answer's body in place. */
  gboolean (*open) (LkAuth *self, LkHttpMessage *answer, GError **error);
  /* The connection is gone, and with it everything that was agreed on it. */
  void (*reset) (LkAuth *self);
  void (*free) (LkAuth *self);
} LkAuthScheme;

struct _LkAuth
{
  const LkAuthScheme *scheme;
};

/* RFC 7617, with UTF-8. */
LkAuth *lk_auth_new_basic (const char *user, const LkSecret *password);
void lk_auth_free (LkAuth *self);

/* For all of these a NULL @self means no authentication. */
gboolean lk_auth_is_readable (const LkAuth *self);
/* A POST in one piece, sealed if @seal and the scheme can. It holds the Authorization, so whoever
 * asked for it wipes it. */
GByteArray *lk_auth_write_request (LkAuth *self,
                                   gboolean seal,
                                   const char *host,
                                   const char *path,
                                   const char *content_type,
                                   const void *body,
                                   gsize length,
                                   GError **error);
gboolean lk_auth_open (LkAuth *self, LkHttpMessage *answer, GError **error);
void lk_auth_reset (LkAuth *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAuth, lk_auth_free)
