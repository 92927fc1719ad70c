/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-login.h"
#include "store/lk-credentials.h"

/**
 * LkLogins:
 *
 * The credential sets that are in use in this process, one LkLogin for each, so that all machines
 * share what a set has learnt; and the passwords that a person gave for this run only. From any
 * thread.
 */
typedef struct _LkLogins LkLogins;

LkLogins *lk_logins_new (void);
void lk_logins_free (LkLogins *self);

/* The login of a row as it stands now, a reference, or NULL: a replaced row needs a new one. */
LkLogin *lk_logins_find (LkLogins *self, const LkCredentialRow *row);
/* Keeps a reference for the next who asks; gives back the one that is kept, which another thread
 * may have been first with. */
LkLogin *lk_logins_keep (LkLogins *self, const LkCredentialRow *row, LkLogin *login);

/* The password of an “ask” set for this run, to be freed, or NULL. Another answer needs a new
 * login. */
LkSecret *lk_logins_get_answer (LkLogins *self, const char *name);
void lk_logins_set_answer (LkLogins *self, const char *name, const LkSecret *password);

/* From now on somebody can be asked at any time. */
void lk_logins_expect_answers (LkLogins *self);
/* Notes that an answer is missing; FALSE when nobody can be asked. */
gboolean lk_logins_want_answer (LkLogins *self, const char *name);
/* Names of the sets that are waited for, sorted, NULL-terminated; to be freed. */
char **lk_logins_list_wanted (LkLogins *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLogins, lk_logins_free)
