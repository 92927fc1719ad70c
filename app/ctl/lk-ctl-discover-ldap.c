/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-discover-ldap.h"
#include "ctl/lk-ctl-follow.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <stdio.h>

#define MAX_SAID 10

static const LkCtlColumn machine_columns[] = {
  { "name", N_ ("Machine"), 's' },
  { "address", N_ ("Address"), 's' },
  { "domain", N_ ("Domain"), 's' },
  { "os", N_ ("Operating system"), 's' },
  { "os_version", NULL, 's' },
  { "logon", N_ ("Last sign-in"), 't' },
  { "stale", N_ ("Stale"), 'b' },
  { "disabled", N_ ("Disabled"), 'b' },
  { "dn", NULL, 's' },
  { NULL, NULL, 0 },
};

static const LkCtlColumn text_columns[] = {
  { "text", NULL, 's' },
  { NULL, NULL, 0 },
};

/* One run of the verb. */
typedef struct
{
  LkCtl *ctl;
  LkCtlList *list; /* of what would be added, or NULL */
  guint n;
  GPtrArray *found; /* of LkSighting */
} Run;

/* A word of an option; the numbers are those of the enumeration. */
static gboolean
read_word (LkCtl *ctl, const char *option, const char *given, const char *const *words, guint *out)
{
  g_autofree char *all = g_strjoinv (", ", (char **) words);

  *out = 0;
  if (given == NULL)
    return TRUE;
  for (guint i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], given))
      {
        *out = i;
        return TRUE;
      }

  lk_ctl_fail_usage (ctl, _ ("%s takes one of: %s; “%s” is none of them"), option, all, given);
  return FALSE;
}

static gboolean
read_search (LkCtl *ctl, LkDirectorySearch *search)
{
  const LkCtlOptions *options = &ctl->options;
  g_autoptr (GError) error = NULL;
  guint scope, tls_way, bind, follow;

  if (!read_word (ctl, "--scope", options->scope, lk_directory_scopes, &scope) ||
      !read_word (ctl, "--tls", options->tls, lk_directory_tls_ways, &tls_way) ||
      !read_word (ctl, "--bind", options->bind, lk_directory_bind_ways, &bind) ||
      !read_word (ctl, "--referrals", options->referrals, lk_directory_referrals, &follow))
    return FALSE;
  if (options->stale_days < -1 || options->stale_days > 36500 || options->max < 0 ||
      options->max > LK_LDAP_MAX_MACHINES)
    {
      lk_ctl_fail_usage (ctl, _ ("--stale-days takes 0 to 36500, and --max 1 to %d"),
                         LK_LDAP_MAX_MACHINES);
      return FALSE;
    }

  *search = (LkDirectorySearch){
    .server = options->server,
    .domain = options->domain,
    .is_global = options->global_catalog,
    .base = options->base,
    .scope = (LkLdapScope) scope,
    .filter = options->filter,
    .name = options->name,
    .map = options->map,
    .with_disabled = options->disabled,
    .stale_days = options->stale_days < 0 ? LK_DIRECTORY_STALE_DAYS : (guint) options->stale_days,
    .follow = follow == 1,
    .max = (guint) options->max,
    .tls = (LkLdapTls) tls_way,
    .bind = (LkLdapBind) bind,
    .allow_clear = options->allow_clear,
    .ca_file = options->ca,
    .fingerprint = options->fingerprint,
    .credential = options->credential,
    .only_look = options->dry_run,
  };
  if (lk_directory_search_check (search, &error))
    return TRUE;
  lk_ctl_fail_usage (ctl, "%s", error->message);
  return FALSE;
}

static void
add_row (LkCtlList *list, const LkLdapMachine *machine)
{
  const LkSighting *sighting = machine->sighting;

  lk_ctl_list_add (list, sighting->name, sighting->address, sighting->domain, machine->os,
                   sighting->os_version, machine->logon, machine->is_stale, machine->is_disabled,
                   machine->dn);
}

static void
print_line (const LkLdapMachine *machine)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (machine_columns);
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  add_row (list, machine);
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "type");
  json_builder_add_string_value (json, "found");
  lk_ctl_list_build_row (list, 0, json);
  json_builder_end_object (json);
  node = json_builder_get_root (json);
  text = json_to_string (node, FALSE);
  printf ("%s\n", text);
}

static void
on_found (GPtrArray *machines, gpointer user_data)
{
  Run *run = user_data;
  g_autofree char *text = NULL;

  for (guint i = 0; i < machines->len; i++)
    {
      const LkLdapMachine *machine = g_ptr_array_index (machines, i);

      g_ptr_array_add (run->found, lk_sighting_copy (machine->sighting));
    }
  for (guint i = 0; i < machines->len; i++)
    if (run->ctl->options.stream)
      print_line (g_ptr_array_index (machines, i));
    else if (run->list != NULL)
      add_row (run->list, g_ptr_array_index (machines, i));
  if (run->ctl->options.stream)
    fflush (stdout);

  run->n += machines->len;
  text = g_strdup_printf (ngettext ("%u machine found", "%u machines found", run->n), run->n);
  lk_ctl_show_progress (run->ctl, text);
}

/* @what: of one text. */
static void
tell_texts (LkCtl *ctl, GPtrArray *texts, guint n_all, const char *name, const char *what)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (text_columns);

  for (guint i = 0; texts != NULL && i < texts->len; i++)
    {
      const char *text = g_ptr_array_index (texts, i);
      g_autofree char *clean = lk_ctl_clean (text);

      lk_ctl_list_add (list, text);
      if (i < MAX_SAID)
        lk_ctl_say (ctl, "%s %s", what, clean);
    }
  if (n_all > MAX_SAID)
    lk_ctl_say (ctl, ngettext ("… and %u more", "… and %u more", n_all - MAX_SAID),
                n_all - MAX_SAID);
  if (ctl->options.json)
    lk_ctl_list_print (list, ctl, name);
}

static void
print_report (LkCtl *ctl, const LkDirectoryResult *result)
{
  const LkLdapReport *report = &result->report;

  lk_ctl_set_text (ctl, "server", report->peer);
  lk_ctl_set_text (ctl, "stage", lk_ldap_stage_to_word (report->stage));
  lk_ctl_set_text (ctl, "base", report->base);
  lk_ctl_set_text (ctl, "filter", report->filter);
  lk_ctl_set_count (ctl, "machines", report->n_found);
  lk_ctl_set_count (ctl, "added", result->n_added);
  lk_ctl_set_count (ctl, "known", result->n_known);
  lk_ctl_set_count (ctl, "stale", report->n_stale);
  lk_ctl_set_count (ctl, "disabled", report->n_disabled);
  lk_ctl_set_count (ctl, "left_out", report->n_left_out);
  tell_texts (ctl, report->faults, report->n_left_out, "faults", _ ("An entry is left out:"));
  if (ctl->options.json || report->n_failed > 0 || report->n_found == 0)
    tell_texts (ctl, report->referrals, report->n_referrals, "referrals",
                report->n_failed > 0 ? _ ("Not searched:")
                                     : _ ("Another server has this part (--referrals follow):"));
}

static void
print_counts (LkCtl *ctl, const LkDirectoryResult *result)
{
  const LkLdapReport *report = &result->report;

  lk_ctl_print (ctl,
                ngettext ("%u machine found in the directory\n",
                          "%u machines found in the directory\n", report->n_found),
                report->n_found);
  if (!ctl->options.dry_run)
    {
      lk_ctl_print (ctl, ngettext ("%u is new\n", "%u are new\n", result->n_added),
                    result->n_added);
      lk_ctl_print (ctl,
                    ngettext ("%u was known already\n", "%u were known already\n", result->n_known),
                    result->n_known);
    }
  if (report->n_stale > 0)
    lk_ctl_print (ctl,
                  ngettext ("%u is stale: it has not signed in for long\n",
                            "%u are stale: they have not signed in for long\n", report->n_stale),
                  report->n_stale);
}

/* What came before an error is kept, and the person is told so. */
static LkExit
judge_error (LkCtl *ctl, const LkDirectoryResult *result, GError *error)
{
  guint n = result->report.n_found;
  LkExit status = lk_exit_from_error (error);
  g_autofree char *rest = NULL;

  if (n == 0)
    return lk_ctl_fail_as (ctl, status, error);

  rest = g_strdup_printf (ctl->options.dry_run
                              ? ngettext ("%u machine was found before that",
                                          "%u machines were found before that", n)
                              : ngettext ("%u machine was found before that, and is kept",
                                          "%u machines were found before that, and are kept", n),
                          n);
  g_prefix_error (&error, "%s: ", _ ("The search is not complete"));
  lk_ctl_say (ctl, "%s", rest);
  return lk_ctl_fail_as (ctl, status == LK_EXIT_ERROR ? LK_EXIT_SOME_FAILED : status, error);
}

static LkExit
judge (LkCtl *ctl, const LkDirectoryResult *result)
{
  const LkLdapReport *report = &result->report;

  if (report->is_cut)
    lk_ctl_say (ctl, _ ("There are more; the search ended at %u machines (--max)"),
                report->n_found);
  if (report->n_failed > 0 || (report->is_cut && ctl->options.max == 0))
    return LK_EXIT_SOME_FAILED;
  if (report->n_found > 0)
    return LK_EXIT_OK;

  lk_ctl_say (ctl, _ ("Nothing matched: %s below %s"), report->filter,
              *report->base != '\0' ? report->base : _ ("the root"));
  return LK_EXIT_NOTHING;
}

static gboolean
ask_password (LkCtl *ctl, const LkDirectorySearch *search, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *name = lk_console_find_directory_question (ctl->console, search, &cause);
  g_autofree char *prompt = NULL;
  g_autoptr (LkSecret) password = NULL;

  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (name == NULL)
    return TRUE;

  prompt = g_strdup_printf (_ ("Password of the credential set %s"), name);
  password = lk_ctl_ask_secret (prompt, error);
  if (password != NULL)
    lk_console_answer_credential (ctl->console, name, password);
  return password != NULL;
}

static LkExit
discover_ldap (LkCtl *ctl)
{
  g_autoptr (GCancellable) cancellable = lk_ctl_watch_signals ();
  g_autoptr (LkCtlList) list =
      ctl->options.dry_run && !ctl->options.stream ? lk_ctl_list_new (machine_columns) : NULL;
  g_auto (LkDirectoryResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  LkDirectorySearch search;
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  Run run = { .ctl = ctl, .list = list, .found = found };
  LkExit status;
  gboolean ok;

  if (!read_search (ctl, &search))
    return LK_EXIT_USAGE;
  if (!ask_password (ctl, &search, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  ok = lk_console_discover_directory (ctl->console, &search, &result, on_found, &run, cancellable,
                                      &error);
  lk_ctl_show_progress (ctl, NULL);
  if (list != NULL)
    lk_ctl_list_print (list, ctl, "found");
  print_report (ctl, &result);
  if (ok || result.report.n_found > 0)
    print_counts (ctl, &result);
  status = ok ? judge (ctl, &result) : judge_error (ctl, &result, g_steal_pointer (&error));
  return lk_ctl_end_discovery (ctl, found,
                               ok && !result.report.is_cut && result.report.n_failed == 0, status);
}

const LkCtlCommand lk_ctl_discover_ldap_commands[] = {
  { "discover ldap", "", N_ ("Add machines from Active Directory, or from another LDAP directory"),
    "discover ldap --domain lab.test --dry-run\n"
    "discover ldap --domain lab.test --base 'ou=pcs,dc=lab,dc=test' --name 'pc-*'\n"
    "discover ldap --server dc1.lab.test --credential corp --ca /etc/ssl/lab-ca.pem\n"
    "discover ldap --server ldaps://ldap.lab.test --bind anonymous --base dc=lab,dc=test"
    " --map name=cn,address=ipHostNumber",
    LK_TAKES_DIRECTORY | LK_TAKES_STREAM | LK_TAKES_PIN | LK_TAKES_DRY_RUN | LK_TAKES_CSV |
        LK_TAKES_SAVE | LK_TAKES_READ,
    0, 0, discover_ldap },
  { 0 },
};
