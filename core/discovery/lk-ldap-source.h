/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "discovery/lk-ldap-connection.h"
#include "discovery/lk-ldap-map.h"

/* Machines from a directory: Active Directory, or any LDAP server with a map of its attributes. */

#define LK_LDAP_MAX_MACHINES 1000000

typedef enum
{
  LK_LDAP_SUBTREE,
  LK_LDAP_ONE_LEVEL,
  LK_LDAP_BASE,
} LkLdapScope;

/* Takes what came since the last time (LkLdapMachine), some hundred at most; FALSE with an error
 * ends the search. */
typedef gboolean (*LkLdapFoundFunc) (GPtrArray *machines, gpointer user_data, GError **error);

/**
 * LkLdapQuery:
 *
 * What is asked, and of whom.
 */
typedef struct
{
  LkLdapWay way; /* lk_ldap_way_settle() has been done */
  const char *server;
  guint16 port;
  const char *domain; /* its controllers are asked for by DNS when there is no server */
  gboolean is_global; /* the global catalogue: the whole forest */
  const char *base;   /* NULL: the whole directory */
  LkLdapScope scope;
  const char *filter;   /* checked, or NULL */
  const char *name;     /* a pattern with “*”, or NULL */
  const LkLdapMap *map; /* NULL: as the server's kind has it */
  gboolean with_disabled;
  gint64 stale;    /* ms without a sign-in; 0: none is too long */
  gboolean follow; /* referrals */
  guint max;       /* machines; 0: LK_LDAP_MAX_MACHINES */
  guint page_size; /* 0: 500 */
  gint64 now;
  LkLdapFoundFunc found;
  gpointer user_data;
} LkLdapQuery;

/**
 * LkLdapReport:
 *
 * How it went, also when it failed.
 */
typedef struct
{
  char *peer; /* that answered last, or NULL */
  LkLdapStage stage;
  gboolean is_ad;
  char *base;   /* that was searched */
  char *filter; /* that was sent */
  guint n_found;
  guint n_stale;
  guint n_disabled;  /* of those found; without with_disabled, of those left out, where the server
                      * could not leave them out by itself */
  guint n_left_out;  /* entries that are no machine */
  GPtrArray *faults; /* why, the first of them: strings */
  guint n_referrals; /* that were not followed, or in vain */
  guint n_failed;    /* of those: in vain */
  GPtrArray *referrals; /* the first of them: strings */
  gboolean is_cut;      /* at @max */
} LkLdapReport;

void lk_ldap_report_clear (LkLdapReport *self);

/* Blocks until everything was found. What was handed on before an error stays found.
 * G_IO_ERROR_CANCELLED at any moment. @report: all zeros at first. */
gboolean lk_ldap_source_run (const LkLdapQuery *query, LkLdapReport *report, GError **error);

/* The filter that is sent, with all conditions of @query in it; to be freed. */
char *lk_ldap_query_make_filter (const LkLdapQuery *query, const LkLdapMap *map, gboolean is_ad);
/* Whether a password may go to @host when @asked was the server that a person meant. */
gboolean lk_ldap_host_is_akin (const char *asked, const char *host);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkLdapReport, lk_ldap_report_clear)
