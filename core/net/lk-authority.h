/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-certificate.h"

/**
 * LkAuthority:
 *
 * A certificate authority for one house: it vouches for a gateway towards its consoles, and for
 * the consoles towards it. It keeps no list of what it issued.
 */
typedef struct _LkAuthority LkAuthority;

/* How long its certificates are good for if nobody says otherwise: what public CAs keep to. */
#define LK_AUTHORITY_DAYS 398

/* A new one with a new key, for ten years. */
LkAuthority *lk_authority_new (const char *name, GError **error);
/* One that exists; both in PEM and copied. LK_ERROR_INVALID when they do not belong together. */
LkAuthority *lk_authority_load (const char *certificate, const LkSecret *key, GError **error);
void lk_authority_free (LkAuthority *self);

/* In PEM, valid as long as @self. */
const char *lk_authority_get_certificate (const LkAuthority *self);
const LkSecret *lk_authority_get_key (const LkAuthority *self);

/* Issues a server's certificate for @names (DNS names and IP addresses, at least one), good for
 * @days; negative: it was over that long ago. @reused is its private key, or NULL for a new one,
 * which @key gets. What is given out is PEM, to be freed. LK_ERROR_INVALID when a name is
 * unusable. */
gboolean lk_authority_issue_server (const LkAuthority *self,
                                    const char *const *names,
                                    int days,
                                    const LkSecret *reused,
                                    char **certificate,
                                    LkSecret **key,
                                    GError **error);
/* The same for a client that is called @name, always with a new key. */
gboolean lk_authority_issue_client (const LkAuthority *self,
                                    const char *name,
                                    int days,
                                    char **certificate,
                                    LkSecret **key,
                                    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAuthority, lk_authority_free)
