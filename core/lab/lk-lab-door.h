/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "net/lk-server.h"

/**
 * LkLabDoor:
 *
 * Who may talk to the lab's machines, and how: the schemes that WinRM offers, sealed messages, and
 * what a connection has agreed on. A connection's state hangs on the connection.
 */
typedef struct _LkLabDoor LkLabDoor;

/* The schemes that are offered. */
typedef enum
{
  LK_LAB_BASIC = 1 << 0,
  LK_LAB_NEGOTIATE = 1 << 1, /* Kerberos and NTLM, as far as keytab and password allow */
  LK_LAB_KERBEROS = 1 << 2,  /* without SPNEGO around it */
  LK_LAB_CERTIFICATE = 1 << 3,
} LkLabSchemes;

/* "basic,negotiate", or FALSE with an error that names the wrong word. */
gboolean lk_lab_schemes_parse (const char *text, guint *schemes, GError **error);

typedef struct
{
  guint schemes;            /* 0: Basic; nobody has to log in when there is no password either */
  const LkSecret *password; /* of “administrator”, for Basic and NTLM; or NULL */
  const char *keytab;       /* for Kerberos, or NULL */
  gboolean allows_clear;    /* messages in the clear after Negotiate (AllowUnencrypted) */
  gboolean wants_binding; /* only contexts bound to their TLS channel (CbtHardeningLevel Strict) */
  guint life_ms;          /* of what was agreed on a connection; 0: as long as it lasts */
  gboolean is_foreign;    /* sealed messages and errors as OMI has them */
} LkLabDoorOptions;

LkLabDoor *lk_lab_door_new (const LkLabDoorOptions *options, GError **error);
void lk_lab_door_free (LkLabDoor *self);

typedef enum
{
  LK_LAB_ENTERED,  /* the request may be served */
  LK_LAB_STRANGER, /* nobody, or somebody without a right to be here */
  LK_LAB_ANSWERED, /* the exchange has ended: it was about signing in only */
} LkLabEntry;

/* Looks at a request. @is_locked: this machine takes nobody's word. @body gets what it says, opened
 * if it was sealed; a reference of the caller. */
LkLabEntry
lk_lab_door_enter (LkLabDoor *self, LkExchange *exchange, gboolean is_locked, GByteArray **body);

/* Ends the exchange with an answer, sealed if the request was. */
void lk_lab_door_reply (LkLabDoor *self, LkExchange *exchange, guint status, GBytes *body);
/* The same, broken off in the middle. */
void lk_lab_door_break (LkLabDoor *self, LkExchange *exchange, guint status, GBytes *body);
/* An answer without a body; 401 says what is offered. */
void lk_lab_door_reply_status (LkLabDoor *self, LkExchange *exchange, guint status);

/* For the beginning of a program, before there are threads: keeps the account where gss-ntlmssp
 * looks for it, in a file that only we may read, and names that in the environment. Gives the file,
 * for the program to remove at its end. */
char *lk_lab_door_publish_account (const LkSecret *password, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabDoor, lk_lab_door_free)
