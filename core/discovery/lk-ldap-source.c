/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-ldap-source.h"

#include "discovery/lk-ldap-filter.h"
#include "discovery/lk-ldap-root.h"
#include "discovery/lk-ldap-search.h"
#include "discovery/lk-ldap-servers.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define PAGE_SIZE     500
#define BATCH         500
#define MAX_FAULTS    100
#define MAX_REFERRALS 32                       /* that are followed */
#define MAX_SAID      100                      /* that are told of */
#define BIT_AND       "1.2.840.113556.1.4.803" /* MS-ADTS 3.1.1.3.4.4.1 */

/* One place to search. */
typedef struct
{
  char *host;
  guint16 port;
  LkLdapTls tls;
  char *base;
  int scope;
  char *filter;
} Target;

static void
target_free (Target *self)
{
  if (self == NULL)
    return;
  g_free (self->host);
  g_free (self->base);
  g_free (self->filter);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Target, target_free)

/* A query while it runs. */
typedef struct
{
  const LkLdapQuery *query;
  LkLdapReport *report;
  const LkLdapMap *map;
  LkLdapMap *own_map;
  char *asked; /* the server that a person meant */
  GPtrArray *batch;
  GQueue targets;   /* of Target: still to be searched */
  GHashTable *seen; /* places that were searched or will be */
  const Target *at; /* where it is now */
} Run;

void
lk_ldap_report_clear (LkLdapReport *self)
{
  g_clear_pointer (&self->peer, g_free);
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->filter, g_free);
  g_clear_pointer (&self->faults, g_ptr_array_unref);
  g_clear_pointer (&self->referrals, g_ptr_array_unref);
}

char *
lk_ldap_query_make_filter (const LkLdapQuery *query, const LkLdapMap *map, gboolean is_ad)
{
  const char *control = map->attributes[LK_LDAP_CONTROL];
  g_autofree char *pattern =
      query->name != NULL ? lk_ldap_filter_from_pattern (map->attributes[LK_LDAP_NAME], query->name)
                          : NULL;
  GString *filter = g_string_new ("(&");

  if (is_ad)
    g_string_append (filter, "(objectCategory=computer)");
  else if (query->filter == NULL)
    g_string_append (filter, "(|(objectClass=ipHost)(objectClass=device)(objectClass=computer))");
  /* Other servers may not know the rule, and would then find nothing at all. */
  if (is_ad && control != NULL && !query->with_disabled)
    g_string_append_printf (filter, "(!(%s:" BIT_AND ":=2))", control);
  if (pattern != NULL)
    g_string_append (filter, pattern);
  if (query->filter != NULL)
    g_string_append_printf (filter, *query->filter == '(' ? "%s" : "(%s)", query->filter);

  g_string_append_c (filter, ')');
  return g_string_free (filter, FALSE);
}

gboolean
lk_ldap_host_is_akin (const char *asked, const char *host)
{
  const char *domain = strchr (asked, '.');
  gsize length = domain != NULL ? strlen (domain) : 0;
  gsize n = strlen (host);

  if (g_ascii_strcasecmp (asked, host) == 0)
    return TRUE;
  /* A domain of one label would be everybody's. */
  return domain != NULL && !g_hostname_is_ip_address (asked) && strchr (domain + 1, '.') != NULL &&
         n > length && g_ascii_strcasecmp (host + n - length, domain) == 0;
}

static void
note_fault (LkLdapReport *report, LDAP *ldap, LDAPMessage *entry, const char *why)
{
  char *dn;

  report->n_left_out++;
  if (report->faults->len == MAX_FAULTS)
    return;
  dn = ldap_get_dn (ldap, entry);
  g_ptr_array_add (report->faults, g_strdup_printf ("%s: %s", dn != NULL ? dn : "?", why));
  ldap_memfree (dn);
}

/* Takes @machine. */
static void
keep (Run *run, LkLdapMachine *machine)
{
  LkLdapReport *report = run->report;

  report->n_disabled += machine->is_disabled ? 1 : 0;
  if (machine->is_disabled && !run->query->with_disabled)
    {
      lk_ldap_machine_free (machine);
      return;
    }

  report->n_found++;
  report->n_stale += machine->is_stale ? 1 : 0;
  g_ptr_array_add (run->batch, machine);
}

static gboolean
hand_on (gpointer user_data, GError **error)
{
  Run *run = user_data;
  gboolean ok =
      run->batch->len == 0 || run->query->found (run->batch, run->query->user_data, error);

  g_ptr_array_set_size (run->batch, 0);
  return ok;
}

static gboolean
on_entry (LDAP *ldap, LDAPMessage *entry, gpointer user_data, GError **error)
{
  Run *run = user_data;
  LkLdapReport *report = run->report;
  char *values[LK_LDAP_N_FIELDS] = { NULL };
  g_autoptr (GError) reason = NULL;
  LkLdapMachine *machine = NULL;
  const char *why = NULL;
  char *dn = NULL;

  if (report->n_found == (run->query->max != 0 ? run->query->max : LK_LDAP_MAX_MACHINES))
    {
      report->is_cut = TRUE;
      return FALSE;
    }

  for (guint i = 0; why == NULL && i < LK_LDAP_N_FIELDS; i++)
    if (run->map->attributes[i] != NULL)
      values[i] = lk_ldap_entry_get_text (ldap, entry, run->map->attributes[i], &why);
  dn = ldap_get_dn (ldap, entry);
  if (why == NULL && (dn == NULL || !g_utf8_validate (dn, -1, NULL)))
    why = _ ("its place in the directory cannot be read");
  if (why == NULL)
    machine = lk_ldap_machine_new (dn, (const char *const *) values, run->query->now,
                                   run->query->stale, &reason);
  if (machine != NULL)
    keep (run, machine);
  else
    note_fault (report, ldap, entry, why != NULL ? why : reason->message);

  for (guint i = 0; i < LK_LDAP_N_FIELDS; i++)
    g_free (values[i]);
  ldap_memfree (dn);
  return run->batch->len < BATCH || hand_on (run, error);
}

static void
note_referral (Run *run, const char *url, const char *why)
{
  LkLdapReport *report = run->report;
  g_autofree char *text = g_utf8_make_valid (url, -1);

  report->n_referrals++;
  report->n_failed += why != NULL ? 1 : 0;
  if (report->referrals->len < MAX_SAID)
    g_ptr_array_add (report->referrals,
                     why != NULL ? g_strdup_printf ("%s: %s", text, why) : g_steal_pointer (&text));
}

static char *
spell_place (const Target *target)
{
  g_autofree char *place =
      g_strdup_printf ("%s:%u/%s?%d", target->host, lk_ldap_port (target->port, target->tls),
                       target->base, target->scope);

  return g_utf8_casefold (place, -1);
}

/* What @url leaves out is as it was (RFC 4511 4.5.3). NULL when it leads nowhere. */
static Target *
target_from_url (const Run *run, const char *url)
{
  LDAPURLDesc *parts = NULL;
  Target *target = NULL;
  gboolean is_ldaps;

  if (ldap_url_parse (url, &parts) != LDAP_URL_SUCCESS)
    return NULL;

  is_ldaps = g_strcmp0 (parts->lud_scheme, "ldaps") == 0;
  if (parts->lud_host != NULL && lk_host_is_plausible (parts->lud_host) &&
      (is_ldaps || g_strcmp0 (parts->lud_scheme, "ldap") == 0) && parts->lud_port >= 0 &&
      parts->lud_port <= G_MAXUINT16 && parts->lud_crit_exts == 0)
    {
      target = g_new0 (Target, 1);
      target->host = g_strdup (parts->lud_host);
      target->base = g_strdup (parts->lud_dn != NULL ? parts->lud_dn : run->at->base);
      target->scope = parts->lud_scope >= 0 ? parts->lud_scope : run->at->scope;
      target->filter = g_strdup (parts->lud_filter != NULL &&
                                         lk_ldap_filter_check (parts->lud_filter, NULL, NULL)
                                     ? parts->lud_filter
                                     : run->at->filter);
      target->tls = is_ldaps ? LK_LDAP_TLS_LDAPS : run->query->way.tls;
      /* libldap fills in the scheme's usual port. */
      if (strstr (url, parts->lud_host)[strlen (parts->lud_host)] == ':')
        target->port = (guint16) parts->lud_port;
      if (!is_ldaps && target->port != 0 && target->tls == LK_LDAP_TLS_LDAPS)
        target->tls = LK_LDAP_TLS_START;
    }
  ldap_free_urldesc (parts);
  return target;
}

/* Why a person's credentials must not go there; NULL: they may. */
static const char *
find_danger (const Run *run, const Target *target)
{
  const LkLdapWay *way = &run->query->way;
  gboolean is_ntlm =
      way->bind == LK_LDAP_BIND_SPNEGO &&
      lk_login_get_scheme (way->login) == LK_SCHEME_NTLM; /* guessed from, at leisure */

  if ((way->bind != LK_LDAP_BIND_SIMPLE && !is_ntlm) ||
      g_ascii_strcasecmp (run->asked, target->host) == 0)
    return NULL;
  if (target->tls == LK_LDAP_TLS_NONE && !is_ntlm)
    return _ ("the password is not sent there in the clear");
  if (!lk_ldap_host_is_akin (run->asked, target->host))
    return _ ("the password is not given to a server of another domain; ask it with --server");
  return NULL;
}

static void
on_reference (const char *url, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (Target) target = run->query->follow ? target_from_url (run, url) : NULL;
  g_autofree char *place = target != NULL ? spell_place (target) : NULL;
  const char *danger = target != NULL ? find_danger (run, target) : NULL;

  if (!run->query->follow)
    note_referral (run, url, NULL);
  else if (target == NULL)
    note_referral (run, url, _ ("it leads to no LDAP server"));
  else if (danger != NULL)
    note_referral (run, url, danger);
  else if (g_hash_table_contains (run->seen, place))
    g_debug ("referral to a place that is known: %s", url);
  else if (g_hash_table_size (run->seen) > MAX_REFERRALS)
    note_referral (run, url, _ ("there are too many referrals; search that server by itself"));
  else
    {
      g_hash_table_add (run->seen, g_steal_pointer (&place));
      g_queue_push_tail (&run->targets, g_steal_pointer (&target));
    }
}

static int
get_scope (LkLdapScope scope)
{
  return scope == LK_LDAP_BASE        ? LDAP_SCOPE_BASE
         : scope == LK_LDAP_ONE_LEVEL ? LDAP_SCOPE_ONELEVEL
                                      : LDAP_SCOPE_SUBTREE;
}

static gboolean
search (Run *run, LkLdapConnection *connection, const Target *target, GError **error)
{
  char *attributes[LK_LDAP_N_FIELDS + 1] = { NULL };
  guint n = 0;
  const LkLdapSearch request = {
    .base = target->base,
    .scope = target->scope,
    .filter = target->filter,
    .attributes = attributes,
    .page_size = run->query->page_size != 0 ? run->query->page_size : PAGE_SIZE,
    .entry = on_entry,
    .page = hand_on,
    .reference = on_reference,
    .user_data = run,
  };

  for (guint i = 0; i < LK_LDAP_N_FIELDS; i++)
    if (run->map->attributes[i] != NULL)
      attributes[n++] = run->map->attributes[i];
  run->at = target;
  return lk_ldap_search_run (&request, connection, error);
}

/* Learns what the server is, and searches it. */
static gboolean
search_first (Run *run, LkLdapConnection *connection, GError **error)
{
  const LkLdapQuery *query = run->query;
  LkLdapReport *report = run->report;
  g_auto (LkLdapRoot) root = { 0 };
  g_autoptr (Target) target = g_new0 (Target, 1);
  g_autofree char *place = NULL;

  if (!lk_ldap_root_read (&root, connection, error))
    return FALSE;
  report->is_ad = root.is_ad;
  report->base = query->base != NULL
                     ? g_strdup (query->base)
                     : lk_ldap_root_choose_base (&root, connection, query->is_global, error);
  if (report->base == NULL)
    return FALSE;

  if (query->map == NULL)
    run->own_map = lk_ldap_map_new (root.is_ad);
  run->map = query->map != NULL ? query->map : run->own_map;
  report->filter = lk_ldap_query_make_filter (query, run->map, root.is_ad);
  target->host = g_strdup (lk_ldap_connection_get_host (connection));
  target->port = lk_ldap_connection_get_port (connection);
  target->base = g_strdup (report->base);
  target->scope = get_scope (query->scope);
  target->filter = g_strdup (report->filter);
  place = spell_place (target);
  g_hash_table_add (run->seen, g_steal_pointer (&place));
  return search (run, connection, target, error);
}

static void
note_connection (Run *run, LkLdapConnection *connection)
{
  g_free (run->report->peer);
  run->report->peer = g_strdup (lk_ldap_connection_get_peer (connection));
  run->report->stage = lk_ldap_connection_get_stage (connection);
}

/* The first server that answers; one that refuses us is an answer. */
static gboolean
ask_servers (Run *run, GPtrArray *servers, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gboolean ok = FALSE;

  for (guint i = 0; i < servers->len; i++)
    {
      const LkLdapServer *server = g_ptr_array_index (servers, i);
      g_autoptr (LkLdapConnection) connection =
          lk_ldap_connection_new (&run->query->way, server->host, server->port);
      gboolean is_open;

      g_clear_error (&cause);
      g_free (run->asked);
      run->asked = g_strdup (server->host);
      is_open = lk_ldap_connection_open (connection, &cause);
      ok = is_open && search_first (run, connection, &cause);
      note_connection (run, connection);
      if (is_open || !g_error_matches (cause, LK_ERROR, LK_ERROR_UNREACHABLE))
        break;
    }

  if (!ok)
    g_propagate_error (error, g_steal_pointer (&cause));
  return ok;
}

/* Where a referral leads; what goes wrong there is told, and ends nothing but itself. */
static gboolean
follow_one (Run *run, const Target *target, GError **error)
{
  LkLdapWay way = run->query->way;
  g_autoptr (LkLdapConnection) connection = NULL;
  g_autoptr (GError) cause = NULL;
  g_autofree char *url = g_strdup_printf ("ldap://%s/%s", target->host, target->base);
  gboolean is_open;

  way.tls = target->tls;
  if (g_ascii_strcasecmp (run->asked, target->host) != 0)
    way.pin = NULL; /* that was another server's */
  connection = lk_ldap_connection_new (&way, target->host, target->port);
  is_open = lk_ldap_connection_open (connection, &cause);
  if (is_open && search (run, connection, target, &cause))
    return TRUE;
  if (g_error_matches (cause, LK_ERROR, LK_ERROR_UNREACHABLE) ||
      g_error_matches (cause, LK_ERROR, LK_ERROR_DENIED) ||
      g_error_matches (cause, LK_ERROR, LK_ERROR_REJECTED))
    {
      note_referral (run, url, cause->message);
      return TRUE;
    }

  note_connection (run, connection);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static gboolean
follow_all (Run *run, GError **error)
{
  gboolean ok = TRUE;

  while (ok && !run->report->is_cut)
    {
      g_autoptr (Target) target = g_queue_pop_head (&run->targets);

      if (target == NULL)
        break;
      ok = follow_one (run, target, error);
      run->at = NULL;
    }

  return ok;
}

static gboolean
run_all (Run *run, GError **error)
{
  const LkLdapQuery *query = run->query;
  g_autoptr (GPtrArray) servers = NULL;

  run->report->stage = LK_LDAP_STAGE_NAME;
  servers = lk_ldap_servers_find (query, error);
  if (servers == NULL || !ask_servers (run, servers, error))
    return FALSE;

  run->report->stage = LK_LDAP_STAGE_SEARCH;
  return follow_all (run, error);
}

gboolean
lk_ldap_source_run (const LkLdapQuery *query, LkLdapReport *report, GError **error)
{
  Run run = { .query = query, .report = report };
  gboolean ok;

  report->faults = g_ptr_array_new_with_free_func (g_free);
  report->referrals = g_ptr_array_new_with_free_func (g_free);
  run.batch = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_ldap_machine_free);
  run.seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&run.targets);

  ok = run_all (&run, error);

  g_queue_clear_full (&run.targets, (GDestroyNotify) target_free);
  g_hash_table_unref (run.seen);
  g_ptr_array_unref (run.batch);
  g_clear_pointer (&run.own_map, lk_ldap_map_free);
  g_free (run.asked);
  return ok;
}
