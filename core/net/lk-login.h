/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "domain/lk-credential.h"
#include "net/lk-client-certificate.h"
#include "net/lk-gss.h"
#include "net/lk-io.h"

/**
 * LkLogin:
 *
 * One credential set in use: shared by all links that sign in with it, from any thread. It holds
 * the one GSSAPI credential of the set, and guards the account against being locked out: nobody
 * tries a password in parallel before a machine or the domain has taken it once.
 */
typedef struct _LkLogin LkLogin;

typedef struct
{
  const char *name; /* of the set, for messages */
  gint64 version;   /* of the set, for whoever writes down that it is stopped */
  LkCredentialKind kind;
  LkScheme scheme;
  const char *user;
  const LkSecret *password;         /* of PASSWORD and ASK */
  const char *keytab;               /* of KEYTAB: a file */
  LkClientCertificate *certificate; /* of CERTIFICATE */
  /* Called once, from any thread, when the set is stopped because it was refused too often. */
  void (*stopped) (const char *name, gint64 version, const char *why, gpointer user_data);
  gpointer user_data;
} LkLoginOptions;

LkLogin *lk_login_new (const LkLoginOptions *options);
LkLogin *lk_login_ref (LkLogin *self);
void lk_login_unref (LkLogin *self);

const char *lk_login_get_name (const LkLogin *self);
LkCredentialKind lk_login_get_kind (const LkLogin *self);
LkScheme lk_login_get_scheme (const LkLogin *self);
const char *lk_login_get_user (const LkLogin *self);
/* NULL when the set has none. */
const LkSecret *lk_login_get_password (const LkLogin *self);
/* The value of Authorization for Basic; the set's. LK_ERROR_INVALID when the user's name does not
 * allow it. */
const LkSecret *lk_login_get_basic (LkLogin *self, GError **error);
LkClientCertificate *lk_login_get_certificate (const LkLogin *self);
/* Whether the machine of these names vouches for the account itself. */
gboolean lk_login_is_local (const LkLogin *self, const char *const *names);

/* The set's Kerberos credential, asked for at the first call and when its ticket has run out; to be
 * unreferenced. @fqdn: of the machine, to know its realm, or NULL. A password that the domain
 * refuses stops the set at once; that no domain controller answered is remembered for half a
 * minute. */
LkGssCredential *
lk_login_get_kerberos (LkLogin *self, const char *fqdn, LkGssTrouble *trouble, GError **error);
/* The set's NTLM credential; to be unreferenced. */
LkGssCredential *lk_login_get_ntlm (LkLogin *self, LkGssTrouble *trouble, GError **error);

typedef enum
{
  LK_LOGIN_ACCEPTED,
  LK_LOGIN_REFUSED,           /* by a machine, which may have a trouble of its own */
  LK_LOGIN_REFUSED_BY_DOMAIN, /* by who vouches for the account: stops the set at once */
  LK_LOGIN_UNANSWERED,        /* the machine left, or the call was given up */
} LkLoginAnswer;

/* Before the password is proved to a machine that asks the domain about it: waits while another
 * machine is the first to be asked. @asker: who asks, no other at the same time. Each TRUE is
 * followed by one lk_login_tell() of the same. LK_ERROR_DENIED when the set is stopped; UNREACHABLE
 * when @patience ends. */
gboolean
lk_login_ask (LkLogin *self, gconstpointer asker, const LkPatience *patience, GError **error);
void lk_login_tell (LkLogin *self, gconstpointer asker, LkLoginAnswer answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLogin, lk_login_unref)
