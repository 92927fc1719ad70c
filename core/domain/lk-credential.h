/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What a credential set consists of. The words are those of the store and of JSON. */
typedef enum
{
  LK_CREDENTIAL_PASSWORD,    /* "password": kept, sealed */
  LK_CREDENTIAL_ASK,         /* "ask": a password that is asked for at run time and not kept */
  LK_CREDENTIAL_TICKET,      /* "ticket": what is in the Kerberos cache */
  LK_CREDENTIAL_KEYTAB,      /* "keytab": a file with the account's Kerberos key */
  LK_CREDENTIAL_CERTIFICATE, /* "certificate": a TLS client certificate and its key */
} LkCredentialKind;

const char *lk_credential_kind_to_word (LkCredentialKind kind);
gboolean lk_credential_kind_parse (const char *word, LkCredentialKind *kind);

/* The one way of signing in that a set allows. */
typedef enum
{
  LK_SCHEME_AUTO, /* "auto": by the rule, see net/lk-auth.h */
  LK_SCHEME_KERBEROS,
  LK_SCHEME_NTLM,
  LK_SCHEME_BASIC,
  LK_SCHEME_CERTIFICATE,
} LkScheme;

const char *lk_scheme_to_word (LkScheme scheme);
gboolean lk_scheme_parse (const char *word, LkScheme *scheme);

/**
 * LkAccount:
 *
 * A user name as people write it: "bob", ".\bob", "LAB\bob", "bob@lab.test".
 */
typedef struct
{
  char *user;            /* without the domain */
  char *domain;          /* "LAB", "lab.test", or NULL: an account of the machine itself */
  gboolean is_principal; /* written with an @ */
} LkAccount;

LkAccount *lk_account_parse (const char *text);
void lk_account_free (LkAccount *self);
/* Whether the machine itself vouches for it, not a domain. @names: what the machine is called, or
 * NULL. */
gboolean lk_account_is_local (const LkAccount *self, const char *const *names);
/* user@REALM for a machine of that full name (or NULL), where @default_realm is this computer's (or
 * NULL); to be freed. NULL when no realm follows from the name. */
char *
lk_account_make_principal (const LkAccount *self, const char *fqdn, const char *default_realm);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkAccount, lk_account_free)
