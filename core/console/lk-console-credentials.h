/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"
#include "net/lk-login.h"
#include "store/lk-credentials.h"

#include <gio/gio.h>

/* Named credential sets, each for the machines whose name, full name, address or domain its scope
 * matches; of several that match, the most specific one is used. Where none does, the ticket in the
 * Kerberos cache is. */

/**
 * LkCredentialDraft:
 *
 * A set as a person describes it.
 */
typedef struct
{
  const char *name;
  LkCredentialKind kind;
  LkScheme scheme;
  const char *user;        /* NULL for a ticket or a certificate */
  const char *scope;       /* a pattern with * and ?, NULL for "*" */
  const char *keytab;      /* the whole path of the file */
  const char *certificate; /* PEM */
  const LkSecret *secret;  /* the password, or the certificate's key */
} LkCredentialDraft;

/* Whether lk_console_put_credential() would take it; opens no store. */
gboolean lk_credential_draft_check (const LkCredentialDraft *draft, GError **error);
/* Adds a set, or replaces the one of that name. */
gboolean
lk_console_put_credential (LkConsole *self, const LkCredentialDraft *draft, GError **error);
/* LkCredentialRow, by name. */
GPtrArray *lk_console_list_credentials (LkConsole *self, GError **error);
gboolean lk_console_remove_credential (LkConsole *self, const char *name, GError **error);

/* How a set stands, in words: whether it is stopped, until when its ticket or its certificate is
 * good. Asks no domain. To be freed. */
char *lk_console_describe_credential (LkConsole *self, const LkCredentialRow *row);
/* What a person should know before work begins: tickets that end within the hour, certificates that
 * end within a month, sets that are stopped. Strings. */
GPtrArray *lk_console_list_credential_warnings (LkConsole *self, GError **error);

/* Names of the “ask” sets that the chosen rows need and whose passwords are not known yet. */
GPtrArray *lk_console_list_unanswered (LkConsole *self, const LkChoice *choice, GError **error);
/* Somebody is there who can be asked at any time: jobs that this console runs wait for the password
 * of an “ask” set, instead of failing for it. From any thread, as what follows. */
void lk_console_expect_answers (LkConsole *self);
/* The sets whose passwords are waited for, NULL-terminated; to be freed. */
char **lk_console_list_wanted (LkConsole *self);
/* For this run only. */
void lk_console_answer_credential (LkConsole *self, const char *name, const LkSecret *password);

/* What a machine calls itself, to find the set for it. */
typedef struct
{
  const char *name;
  const char *fqdn;
  const char *address;
  const char *domain;
} LkMachineNames;

/* The set for a machine, a reference, from any thread; LK_ERROR_DENIED when none fits and there is
 * no ticket, or the set is stopped, or its password was not given. */
LkLogin *lk_console_get_login (LkConsole *self, const LkMachineNames *names, GError **error);

/* The same of the set of that name, whatever its scope. */
LkLogin *lk_console_get_named_login (LkConsole *self, const char *name, GError **error);
/* Which “ask” set has to be answered before one of these is used: the set @name, or (NULL) the one
 * for @names; to be freed. NULL without an error when none has. */
char *lk_console_find_question (LkConsole *self,
                                const char *name,
                                const LkMachineNames *names,
                                GError **error);

/* Tries a set, also a stopped one: with the domain when @machine is NULL, else by signing in to
 * that machine (a known one, or any address). @report gets what happened, several lines, to be
 * freed. A set that is proved is in use again. */
gboolean lk_console_test_credential (LkConsole *self,
                                     const char *name,
                                     const char *machine,
                                     char **report,
                                     GCancellable *cancellable,
                                     GError **error);

/* How well a scope fits: 0 not at all, else the more the closer. */
guint lk_scope_match (const char *scope, const LkMachineNames *names);
