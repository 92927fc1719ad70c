/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-trust.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static const LkCtlColumn accepted_columns[] = {
  { "machine_id", NULL, 'i' },
  { "machine", N_ ("Machine"), 's' },
  { "address", NULL, 's' },
  { "port", NULL, 'i' },
  { "names", N_ ("Names"), 's' },
  { "subject", NULL, 's' },
  { "issuer", NULL, 's' },
  { "self_signed", NULL, 'b' },
  { "not_before", NULL, 't' },
  { "not_after", NULL, 't' },
  { NULL, N_ ("Until"), 's' },
  { "state", N_ ("State"), 's' },
  { "key", NULL, 's' },
  { "accepted_at", N_ ("Accepted"), 't' },
  { "fingerprint", NULL, 's' },
  { NULL, N_ ("SHA-256"), 's' },
  { NULL, NULL, 0 },
};

static void
add_accepted (LkCtl *ctl, LkCtlList *list, const LkAcceptedCertificate *accepted)
{
  const LkCertificateFacts *facts = accepted->facts;
  g_autofree char *names = facts != NULL ? lk_certificate_facts_join_names (facts) : NULL;
  g_autofree char *until = facts != NULL ? lk_date_to_text (facts->not_after) : NULL;
  g_autofree char *state =
      lk_accepted_certificate_describe (accepted, lk_console_now (ctl->console));
  g_autofree char *pin = lk_pin_to_text (accepted->pin);

  lk_ctl_list_add (list, accepted->machine_id, accepted->name, accepted->host,
                   (gint64) accepted->port, names, facts != NULL ? facts->subject : NULL,
                   facts != NULL ? facts->issuer : NULL, facts != NULL && facts->is_self_signed,
                   facts != NULL ? facts->not_before : (gint64) 0,
                   facts != NULL ? facts->not_after : (gint64) 0, until, state,
                   facts != NULL ? facts->key : NULL, accepted->accepted_at, accepted->pin, pin);
}

static void
print_accepted (LkCtl *ctl, GPtrArray *certificates)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (accepted_columns);

  for (guint i = 0; i < certificates->len; i++)
    add_accepted (ctl, list, g_ptr_array_index (certificates, i));
  lk_ctl_list_print (list, ctl, "certificates");
}

static LkExit
list_accepted (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, FALSE, &status);
  g_autoptr (GPtrArray) certificates = NULL;

  if (rows == NULL)
    return status;
  certificates = lk_console_list_certificates (ctl->console, rows, &error);
  if (certificates == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  print_accepted (ctl, certificates);
  if (certificates->len == 0)
    lk_ctl_say (ctl, _ ("No certificate was accepted; the machines go by authorities"));
  return LK_EXIT_OK;
}

static LkExit
forget_accepted (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, TRUE, &status);
  g_autoptr (GPtrArray) certificates = NULL;
  g_autofree char *question = NULL;

  if (rows == NULL)
    return status;
  certificates = lk_console_list_certificates (ctl->console, rows, &error);
  if (certificates == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (certificates->len == 0)
    {
      lk_ctl_say (ctl, _ ("No certificate was accepted for these machines"));
      return LK_EXIT_NOTHING;
    }

  if (ctl->options.dry_run)
    {
      print_accepted (ctl, certificates);
      return LK_EXIT_OK;
    }
  question =
      g_strdup_printf (ngettext ("Forget the accepted certificate of %u machine? It goes by"
                                 " authorities then.",
                                 "Forget the accepted certificates of %u machines? They go by"
                                 " authorities then.",
                                 certificates->len),
                       certificates->len);
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;

  for (guint i = 0; i < certificates->len; i++)
    if (!lk_console_forget_certificate (ctl->console, g_ptr_array_index (certificates, i), &error))
      return lk_ctl_fail (ctl, g_steal_pointer (&error));
  lk_ctl_set_count (ctl, "forgotten", certificates->len);
  lk_ctl_print (ctl,
                ngettext ("The certificate of %u machine is forgotten\n",
                          "The certificates of %u machines are forgotten\n", certificates->len),
                certificates->len);
  return LK_EXIT_OK;
}

/* What becomes of the machines of one `trust accept`. */
typedef struct
{
  GPtrArray *wanted;    /* LkShownCertificate, not owned */
  GHashTable *accepted; /* those of them that are accepted by now */
  char *fingerprint;    /* as given, or NULL */
  guint n_done_already;
  guint n_no_tls;
  guint n_refused; /* another fingerprint than the one that was given */
  guint n_failed;
  guint n_unreachable; /* of those */
} Acceptance;

static void
acceptance_clear (Acceptance *self)
{
  g_clear_pointer (&self->wanted, g_ptr_array_unref);
  g_clear_pointer (&self->accepted, g_hash_table_unref);
  g_clear_pointer (&self->fingerprint, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Acceptance, acceptance_clear)

static void
show_progress (guint n_done, guint n_all, gpointer user_data)
{
  g_autofree char *text = g_strdup_printf (_ ("Certificates: %u of %u"), n_done, n_all);

  lk_ctl_show_progress (user_data, text);
}

static void
print_facts (LkCtl *ctl, const LkShownCertificate *shown)
{
  const LkCertificateFacts *facts = shown->facts;
  g_autofree char *names = lk_certificate_facts_join_names (facts);
  g_autofree char *dates =
      lk_certificate_facts_describe_dates (facts, lk_console_now (ctl->console));
  g_autofree char *from = lk_date_to_text (facts->not_before);
  g_autofree char *until = lk_date_to_text (facts->not_after);
  g_autofree char *pin = lk_pin_to_text (facts->pin);
  g_autofree char *old_pin =
      shown->accepted_pin != NULL ? lk_pin_to_text (shown->accepted_pin) : NULL;

  lk_ctl_print (ctl, _ ("    SHA-256:     %s\n"), pin);
  if (shown->state == LK_SHOWN_CHANGED)
    lk_ctl_print (ctl, _ ("    Accepted:    %s\n"), old_pin);
  lk_ctl_print (ctl, _ ("    Names:       %s\n"), names);
  lk_ctl_print (ctl, _ ("    Issuer:      %s\n"),
                facts->is_self_signed   ? C_ ("issuer of a certificate", "itself")
                : facts->issuer != NULL ? facts->issuer
                                        : "?");
  lk_ctl_print (ctl, _ ("    Valid:       %s to %s%s%s\n"), from, until, dates != NULL ? ": " : "",
                dates != NULL ? dates : "");
  lk_ctl_print (ctl, _ ("    Key:         %s\n"), facts->key);
  lk_ctl_print (ctl, _ ("    Authorities: %s\n"),
                shown->is_ca_trusted ? _ ("would vouch for it") : _ ("do not vouch for it"));
  if (shown->change != NULL)
    lk_ctl_print (ctl, _ ("    Changed:     %s\n"), shown->change);
}

static const char *
get_title (LkShownState state)
{
  switch (state)
    {
    case LK_SHOWN_NEW:
      return _ ("nothing was accepted yet");
    case LK_SHOWN_CHANGED:
      return _ ("its certificate CHANGED since it was accepted");
    case LK_SHOWN_ACCEPTED:
      return _ ("this certificate is accepted already");
    case LK_SHOWN_TRUSTED:
      return _ ("authorities vouch for it; nothing needs to be accepted");
    case LK_SHOWN_NO_TLS:
      return _ ("left out: it is talked to without TLS");
    case LK_SHOWN_FAILED:
    default:
      return _ ("no certificate was shown");
    }
}

/* Decides what becomes of one machine, and says it. */
static void
sort_out (LkCtl *ctl, LkShownCertificate *shown, Acceptance *acceptance)
{
  /* What authorities vouch for may be renewed at any time; a pin would stop that machine then. */
  gboolean is_wanted = shown->state == LK_SHOWN_NEW || shown->state == LK_SHOWN_CHANGED ||
                       (shown->state == LK_SHOWN_TRUSTED && ctl->args[0] != NULL);

  lk_ctl_print (ctl, _ ("%s (%s port %u): %s\n"), shown->name, shown->host, shown->port,
                shown->error != NULL ? shown->error->message : get_title (shown->state));
  if (shown->state == LK_SHOWN_FAILED)
    {
      acceptance->n_failed++;
      acceptance->n_unreachable +=
          g_error_matches (shown->error, LK_ERROR, LK_ERROR_UNREACHABLE) ? 1 : 0;
      return;
    }
  if (shown->state == LK_SHOWN_NO_TLS)
    {
      acceptance->n_no_tls++;
      return;
    }
  if (!is_wanted)
    {
      acceptance->n_done_already++;
      return;
    }

  print_facts (ctl, shown);
  if (acceptance->fingerprint == NULL || g_str_equal (acceptance->fingerprint, shown->facts->pin))
    {
      g_ptr_array_add (acceptance->wanted, shown);
      return;
    }
  lk_ctl_print (ctl, _ ("    Refused: this is not the fingerprint that was given\n"));
  acceptance->n_refused++;
}

static const LkCtlColumn shown_columns[] = {
  { "machine_id", NULL, 'i' },
  { "machine", NULL, 's' },
  { "address", NULL, 's' },
  { "port", NULL, 'i' },
  { "state", NULL, 's' },
  { "accepted", NULL, 'b' },
  { "fingerprint", NULL, 's' },
  { "names", NULL, 's' },
  { "subject", NULL, 's' },
  { "issuer", NULL, 's' },
  { "self_signed", NULL, 'b' },
  { "not_before", NULL, 't' },
  { "not_after", NULL, 't' },
  { "key", NULL, 's' },
  { "ca_trusted", NULL, 'b' },
  { "ca_reason", NULL, 's' },
  { "accepted_fingerprint", NULL, 's' },
  { "change", NULL, 's' },
  { "message", NULL, 's' },
  { NULL, NULL, 0 },
};

static void
build_shown (LkCtl *ctl, GPtrArray *certificates, const Acceptance *acceptance)
{
  static const LkCertificateFacts none = { 0 };
  g_autoptr (LkCtlList) list = lk_ctl_list_new (shown_columns);

  for (guint i = 0; ctl->options.json && i < certificates->len; i++)
    {
      const LkShownCertificate *shown = g_ptr_array_index (certificates, i);
      const LkCertificateFacts *facts = shown->facts != NULL ? shown->facts : &none;
      g_autofree char *names =
          shown->facts != NULL ? lk_certificate_facts_join_names (shown->facts) : NULL;

      lk_ctl_list_add (list, shown->machine_id, shown->name, shown->host, (gint64) shown->port,
                       lk_shown_state_to_word (shown->state),
                       g_hash_table_contains (acceptance->accepted, shown), facts->pin, names,
                       facts->subject, facts->issuer, facts->is_self_signed, facts->not_before,
                       facts->not_after, facts->key, shown->is_ca_trusted, shown->ca_reason,
                       shown->accepted_pin, shown->change,
                       shown->error != NULL ? shown->error->message : NULL);
    }
  if (ctl->options.json)
    lk_ctl_list_print (list, ctl, "certificates");
  lk_ctl_set_count (ctl, "accepted", g_hash_table_size (acceptance->accepted));
}

static LkExit
judge_acceptance (const Acceptance *acceptance, guint n_all)
{
  if (n_all == acceptance->n_no_tls)
    return LK_EXIT_NOTHING;
  if (acceptance->n_unreachable == n_all)
    return LK_EXIT_UNREACHABLE;
  if (acceptance->n_refused == n_all)
    return LK_EXIT_DENIED;
  return acceptance->n_failed + acceptance->n_refused > 0 ? LK_EXIT_SOME_FAILED : LK_EXIT_OK;
}

/* Asks once for all of them. FALSE with the status to end with. */
static gboolean
confirm (LkCtl *ctl, const Acceptance *acceptance, LkExit *status)
{
  g_autofree char *question = NULL;

  if (acceptance->fingerprint != NULL)
    return TRUE; /* that is the answer */

  question =
      acceptance->wanted->len == 1
          ? g_strdup (_ ("Does the machine itself show this fingerprint? From now on this"
                         " certificate is trusted and no other. Accept it?"))
          : g_strdup_printf (ngettext ("Does the machine itself show this fingerprint? From now on "
                                       "this certificate is trusted and no other. Accept %u?",
                                       "Do the machines themselves show these fingerprints? From"
                                       " now on these certificates are trusted and no others."
                                       " Accept all %u?",
                                       acceptance->wanted->len),
                             acceptance->wanted->len);
  return lk_ctl_confirm (ctl, question, status);
}

static void
print_sum (LkCtl *ctl, const Acceptance *acceptance)
{
  guint n =
      ctl->options.dry_run ? acceptance->wanted->len : g_hash_table_size (acceptance->accepted);

  lk_ctl_print (ctl, ctl->options.dry_run ? _ ("would be accepted: %u\n") : _ ("accepted: %u\n"),
                n);
  lk_ctl_print (ctl,
                _ ("trusted already: %u, without TLS: %u, refused: %u, without an answer: %u\n"),
                acceptance->n_done_already, acceptance->n_no_tls, acceptance->n_refused,
                acceptance->n_failed);
}

static LkExit
accept_wanted (LkCtl *ctl, Acceptance *acceptance, guint n_all)
{
  LkExit status;
  g_autoptr (GError) error = NULL;

  if (acceptance->wanted->len > 0 && !ctl->options.dry_run && !confirm (ctl, acceptance, &status))
    return status;

  for (guint i = 0; !ctl->options.dry_run && i < acceptance->wanted->len; i++)
    {
      LkShownCertificate *shown = g_ptr_array_index (acceptance->wanted, i);

      if (!lk_console_accept_certificate (ctl->console, shown, shown->facts->pin, &error))
        return lk_ctl_fail (ctl, g_steal_pointer (&error));
      g_hash_table_add (acceptance->accepted, shown);
    }
  print_sum (ctl, acceptance);
  return judge_acceptance (acceptance, n_all);
}

static LkExit
accept (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GPtrArray) certificates = NULL;
  g_auto (Acceptance) acceptance = { 0 };

  if (ctl->options.fingerprint != NULL)
    acceptance.fingerprint = lk_console_parse_fingerprint (ctl->options.fingerprint, &error);
  if (error != NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  rows = lk_ctl_get_rows (ctl, TRUE, &status);
  if (rows == NULL)
    return status;
  if (rows->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing matched"));
      return LK_EXIT_NOTHING;
    }

  /* Nothing is written before the last answer, so an interrupt may just end the program. */
  certificates =
      lk_console_fetch_certificates (ctl->console, rows, show_progress, ctl, NULL, &error);
  lk_ctl_show_progress (ctl, NULL);
  if (certificates == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  acceptance.wanted = g_ptr_array_new ();
  acceptance.accepted = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < certificates->len; i++)
    sort_out (ctl, g_ptr_array_index (certificates, i), &acceptance);
  status = accept_wanted (ctl, &acceptance, certificates->len);
  build_shown (ctl, certificates, &acceptance);
  return status;
}

const LkCtlCommand lk_ctl_trust_commands[] = {
  { "trust list", N_ ("[NAME…]"), N_ ("List the certificates that were accepted for machines"),
    "trust list\ntrust list --csv --select domain=lab.test", LK_TAKES_ROWS | LK_TAKES_CSV, 0, -1,
    list_accepted },
  { "trust accept", N_ ("NAME…"),
    N_ ("Show the certificates of machines and, once you agree, trust these and no others; --yes"
        " accepts whatever is shown, --fingerprint only that one"),
    "trust accept pc-001\ntrust accept --select domain=lab.test --dry-run\ntrust accept pc-001"
    " --fingerprint 3A:07:…",
    LK_TAKES_ROWS | LK_TAKES_DRY_RUN | LK_TAKES_YES | LK_TAKES_PIN, 0, -1, accept },
  { "trust forget", N_ ("NAME…"), N_ ("Forget accepted certificates, to go by authorities again"),
    "trust forget pc-001\ntrust forget --select 'name=old-*' --yes",
    LK_TAKES_ROWS | LK_TAKES_DRY_RUN | LK_TAKES_YES, 0, -1, forget_accepted },
  { 0 },
};
