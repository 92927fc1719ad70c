/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "discovery/lk-ldap-source.h"

/* Machines from Active Directory and other LDAP directories. */

#define LK_DIRECTORY_STALE_DAYS 90 /* unless a person says otherwise */

/* The words for what can be chosen, in the order of the enumerations (of referrals: report,
 * follow); NULL-terminated. */
extern const char *const lk_directory_scopes[];
extern const char *const lk_directory_tls_ways[];
extern const char *const lk_directory_bind_ways[];
extern const char *const lk_directory_referrals[];

/**
 * LkDirectorySearch:
 *
 * A search as a person describes it. NULL and 0 stand for the usual.
 */
typedef struct
{
  const char *server; /* "HOST", "HOST:PORT", with or without "ldap://" or "ldaps://" */
  const char *domain; /* instead: its controllers, by DNS */
  gboolean is_global; /* the global catalogue */
  const char *base;   /* a distinguished name */
  LkLdapScope scope;
  const char *filter; /* RFC 4515 */
  const char *name;   /* a pattern with “*” */
  const char *map;    /* of attributes, see lk_ldap_map_parse() */
  gboolean with_disabled;
  guint stale_days; /* without a sign-in; 0: none are marked */
  gboolean follow;  /* referrals */
  guint max;        /* machines */
  LkLdapTls tls;
  LkLdapBind bind;
  gboolean allow_clear;    /* a password without TLS */
  const char *ca_file;     /* PEM; else that of the machines, else the system's */
  const char *fingerprint; /* of the one certificate that is accepted */
  const char *credential;  /* a set's name; else by scope, else the ticket in the cache */
  gboolean only_look;      /* add nothing */
} LkDirectorySearch;

/**
 * LkDirectoryResult:
 *
 * How it went, also when it failed half-way.
 */
typedef struct
{
  LkLdapReport report;
  guint n_added;
  guint n_known;
} LkDirectoryResult;

void lk_directory_result_clear (LkDirectoryResult *self);

/* Some more machines (LkLdapMachine) were found and, unless only looked at, added: their
 * transaction has ended. */
typedef void (*LkDirectoryFunc) (GPtrArray *machines, gpointer user_data);

/* Whether the search can be done as it is described: LK_ERROR_INVALID says what is wrong with it.
 * Opens nothing and asks nobody. */
gboolean lk_directory_search_check (const LkDirectorySearch *search, GError **error);
/* The “ask” set whose password has to be given first (lk_console_answer_credential()), to be freed;
 * NULL without an error when there is none. */
char *lk_console_find_directory_question (LkConsole *self,
                                          const LkDirectorySearch *search,
                                          GError **error);

/* Searches, and adds what is found batch by batch, so that what came before an error or a
 * cancellation is kept. Blocking. @result: all zeros at first. */
gboolean lk_console_discover_directory (LkConsole *self,
                                        const LkDirectorySearch *search,
                                        LkDirectoryResult *result,
                                        LkDirectoryFunc found,
                                        gpointer user_data,
                                        GCancellable *cancellable,
                                        GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkDirectoryResult, lk_directory_result_clear)
