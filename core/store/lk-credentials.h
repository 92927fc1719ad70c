/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-credential.h"
#include "store/lk-store.h"

/* Credential sets: rows about secrets, never the secrets. */

/**
 * LkCredentialRow:
 */
typedef struct
{
  gint64 id;
  char *name;
  LkCredentialKind kind;
  LkScheme scheme;
  char *user;         /* empty for a ticket */
  char *scope;        /* pattern over name, full name, address and domain */
  char *file;         /* of a keytab, or NULL */
  char *certificate;  /* PEM, or NULL */
  GBytes *ciphertext; /* of the password, or of the certificate's key; NULL: nothing is kept */
  gint64 created_at;  /* or replaced, or put back in use: whoever works with it reads it anew */
  gint64 stopped_at;  /* 0: in use */
  char *stopped_why;
} LkCredentialRow;

void lk_credential_row_free (LkCredentialRow *self);

/* Adds a set or replaces the one of that name, which is in use again then. */
gboolean
lk_store_put_credential (LkStore *self, const LkCredentialRow *row, gint64 now, GError **error);
GPtrArray *lk_store_list_credentials (LkStore *self, GError **error);
gboolean lk_store_remove_credential (LkStore *self, const char *name, GError **error);
/* Takes a set out of use; @why NULL puts it back. @version: created_at of the one that is meant,
 * since a person may have replaced it meanwhile, which is then left as it is; 0: whichever there
 * is. From any thread. */
gboolean lk_store_stop_credential (LkStore *self,
                                   const char *name,
                                   gint64 version,
                                   const char *why,
                                   gint64 now,
                                   GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkCredentialRow, lk_credential_row_free)
