/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-directory.h"

#include <glib/gi18n.h>

#define MAX_NOTED 3

typedef struct
{
  LkConsole *console;
  LkFind *find;
  GPtrArray *seen; /* or NULL */
} Run;

void
lk_find_directory_free (LkFindDirectory *self)
{
  g_free (self->domain);
  g_free (self->server);
  g_free (self->base);
  g_free (self->filter);
  g_free (self->name);
  g_free (self->credential);
  g_free (self->ca_file);
  g_free (self->fingerprint);
  g_free (self->map);
  g_free (self);
}

static LkDirectorySearch
make_search (const LkFindDirectory *self)
{
  /* Who says so may do without TLS where there is nothing to be kept secret. */
  gboolean is_clear = self->is_anonymous && self->server != NULL &&
                      g_ascii_strncasecmp (self->server, "ldap://", 7) == 0;

  return (LkDirectorySearch){
    .domain = self->domain,
    .server = self->server,
    .base = self->base,
    .filter = self->filter,
    .name = self->name,
    .credential = self->credential,
    .ca_file = self->ca_file,
    .fingerprint = self->fingerprint,
    .map = self->map,
    .bind = self->is_anonymous ? LK_LDAP_BIND_ANONYMOUS : LK_LDAP_BIND_AUTO,
    .tls = is_clear ? LK_LDAP_TLS_NONE : LK_LDAP_TLS_AUTO,
    .with_disabled = self->with_disabled,
    .stale_days = LK_DIRECTORY_STALE_DAYS,
    .max = self->is_test ? 1 : 0,
    .only_look = TRUE,
  };
}

gboolean
lk_find_directory_check (const LkFindDirectory *self, GError **error)
{
  const LkDirectorySearch search = make_search (self);

  return lk_directory_search_check (&search, error);
}

static void
on_found (GPtrArray *machines, gpointer user_data)
{
  Run *run = user_data;

  for (guint i = 0; i < machines->len; i++)
    {
      const LkLdapMachine *machine = machines->pdata[i];
      LkFoundMarks marks =
          (machine->is_stale ? LK_FOUND_STALE : 0) | (machine->is_disabled ? LK_FOUND_DISABLED : 0);

      lk_find_add (run->find, run->console, machine->sighting, machine->os, marks);
      if (run->seen != NULL)
        g_ptr_array_add (run->seen, lk_sighting_copy (machine->sighting));
    }
}

static void
note_nothing (LkFind *find, const LkLdapReport *report)
{
  lk_find_note (find,
                g_strdup_printf (_ ("Nothing matched: %s below %s"), report->filter,
                                 report->base != NULL && *report->base != '\0' ? report->base
                                                                               : _ ("the root")));
}

static void
note_texts (LkFind *find, GPtrArray *texts, const char *what)
{
  for (guint i = 0; texts != NULL && i < MIN (texts->len, MAX_NOTED); i++)
    lk_find_note (find, g_strdup_printf ("%s %s", what, (const char *) texts->pdata[i]));
}

static void
note_report (LkFind *find, const LkLdapReport *report)
{
  guint n = report->n_left_out;

  if (report->is_cut)
    lk_find_note (find,
                  g_strdup_printf (ngettext ("There are more; the search ended at %u machine",
                                             "There are more; the search ended at %u machines",
                                             report->n_found),
                                   report->n_found));
  if (n > 0)
    lk_find_note (find,
                  g_strdup_printf (ngettext ("%u entry is left out", "%u entries are left out", n),
                                   n));
  note_texts (find, report->faults, _ ("An entry is left out:"));
  note_texts (find, report->referrals,
              report->n_failed > 0 ? _ ("Not searched:") : _ ("Another server has this part:"));
}

static void
note_test (LkFind *find, const LkLdapReport *report)
{
  /* Translators: a server's name and port */
  lk_find_note (find, g_strdup_printf (_ ("%s answers, accepts the sign-in and can be searched"),
                                       report->peer));
  if (report->n_found == 0)
    note_nothing (find, report);
}

gboolean
lk_find_directory_search (LkConsole *console,
                          const LkDirectorySearch *search,
                          LkFind *find,
                          GPtrArray *seen,
                          gboolean *is_complete,
                          GCancellable *cancellable,
                          GError **error)
{
  g_auto (LkDirectoryResult) result = { 0 };
  Run run = { console, find, seen };
  gboolean done =
      lk_console_discover_directory (console, search, &result, on_found, &run, cancellable, error);

  note_report (find, &result.report);
  if (done && result.report.n_found == 0)
    note_nothing (find, &result.report);
  *is_complete = done && !result.report.is_cut && result.report.n_failed == 0;
  return done;
}

static gboolean
test (LkConsole *console,
      const LkDirectorySearch *search,
      LkFind *find,
      GCancellable *cancellable,
      GError **error)
{
  g_auto (LkDirectoryResult) result = { 0 };

  if (!lk_console_discover_directory (console, search, &result, NULL, NULL, cancellable, error))
    return FALSE;
  note_test (find, &result.report);
  return TRUE;
}

gboolean
lk_find_directory_run (LkConsole *console,
                       gpointer order,
                       LkFind *find,
                       GCancellable *cancellable,
                       GError **error)
{
  const LkFindDirectory *self = order;
  const LkDirectorySearch search = make_search (self);
  gboolean is_complete;

  if (self->is_test)
    return test (console, &search, find, cancellable, error);
  return lk_find_directory_search (console, &search, find, NULL, &is_complete, cancellable, error);
}

LkSource *
lk_find_directory_make_source (const LkFindDirectory *self)
{
  const LkDirectorySearch search = make_search (self);

  return lk_source_from_directory (&search);
}
