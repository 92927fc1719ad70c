/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-locale.h"
#include "console/lk-console-discover-network.h"
#include "ctl/lk-ctl-follow.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <inttypes.h>

static const LkCtlColumn found_columns[] = {
  { "name", N_ ("Machine"), 's' },   { "address", N_ ("Address"), 's' },
  { "port", N_ ("Port"), 'i' },      { "tls", N_ ("TLS"), 'b' },
  { "domain", N_ ("Domain"), 's' },  { "also", N_ ("Also known as"), 's' },
  { "means", N_ ("Found by"), 's' }, { NULL, NULL, 0 },
};

static const LkCtlColumn probe_columns[] = {
  { "address", N_ ("Address"), 's' },
  { "port", N_ ("Port"), 'i' },
  { "outcome", N_ ("Outcome"), 's' },
  { NULL, NULL, 0 },
};

static const LkCtlColumn fault_columns[] = {
  { "part", N_ ("Part"), 'i' },
  { "reason", N_ ("Reason"), 's' },
  { NULL, NULL, 0 },
};

typedef struct
{
  LkCtl *ctl;
  LkCtlList *probes; /* with --verbose, but for a stream */
} Search;

/* In the order of LkProbeOutcome. */
static const struct
{
  const char *word;  /* for programs */
  const char *title; /* before their number */
} outcomes[LK_PROBE_N_OUTCOMES] = {
  { "open", N_ ("open") },           { "answered", N_ ("answered") },
  { "other", N_ ("not HTTP") },      { "silent", N_ ("silent") },
  { "closed", N_ ("closed") },       { "filtered", N_ ("filtered") },
  { "absent", N_ ("nobody there") },
};

static void
add_found (LkCtlList *list, const LkSighting *sighting)
{
  g_autofree char *also = sighting->also != NULL ? g_strjoinv (" ", sighting->also) : NULL;
  gint64 port = sighting->port != 0 ? sighting->port : G_MININT64;

  lk_ctl_list_add (list, sighting->name, sighting->address, port, sighting->tls, sighting->domain,
                   also, sighting->means);
}

static void
on_found (const LkSighting *sighting, gpointer user_data)
{
  Search *self = user_data;
  g_autoptr (LkCtlList) list = NULL;

  if (!self->ctl->options.stream)
    return;
  list = lk_ctl_list_new (found_columns);
  add_found (list, sighting);
  lk_ctl_list_print_line (list, self->ctl, "found");
}

static void
on_probed (const LkAddress *address, LkProbeOutcome outcome, gboolean is_wsman, gpointer user_data)
{
  Search *self = user_data;
  g_autoptr (LkCtlList) one = NULL;
  LkCtlList *list = self->probes;
  g_autofree char *host = NULL;

  if (!self->ctl->options.verbose)
    return;
  if (self->ctl->options.stream)
    list = one = lk_ctl_list_new (probe_columns);
  host = lk_address_to_host (address);
  lk_ctl_list_add (list, host, (gint64) lk_address_get_port (address),
                   is_wsman ? "winrm" : outcomes[outcome].word);
  if (one != NULL)
    lk_ctl_list_print_line (one, self->ctl, "probe");
}

static char *
describe_machines (guint n)
{
  return g_strdup_printf (ngettext ("%u machine found", "%u machines found", n), n);
}

static void
on_progressed (const LkScanCounts *counts, gpointer user_data)
{
  Search *self = user_data;
  g_autofree char *machines = describe_machines (counts->n_machines);
  g_autofree char *text = g_strdup_printf (_ ("%s, probes ended: %" PRIu64 " of %" PRIu64),
                                           machines, counts->n_ended, counts->n_probes);

  lk_ctl_show_progress (self->ctl, text);
}

static void
tell_faults (LkCtl *ctl, const LkNetworkFinds *finds)
{
  g_autoptr (LkCtlList) faults = lk_ctl_list_new (fault_columns);

  for (guint i = 0; i < finds->faults->len; i++)
    {
      const LkLineFault *fault = g_ptr_array_index (finds->faults, i);

      lk_ctl_list_add (faults, (gint64) fault->line, fault->reason);
      lk_ctl_say (ctl, _ ("Part %u is left out: %s"), fault->line, fault->reason);
    }
  for (guint i = 0; i < finds->notes->len; i++)
    lk_ctl_say (ctl, "%s", (const char *) finds->notes->pdata[i]);
  if (finds->counts.n_left_out > 0)
    lk_ctl_say (ctl, _ ("More machines answered than there is room for; ask in smaller parts"));
  if (ctl->options.json)
    lk_ctl_list_print (faults, ctl, "faults");
}

/* What became of the probes: in JSON by word, for people in one line. */
static void
tell_outcomes (LkCtl *ctl, const LkScanCounts *counts)
{
  g_autoptr (GString) line = g_string_new (NULL);

  json_builder_set_member_name (ctl->json, "probes");
  json_builder_begin_object (ctl->json);
  lk_ctl_set_count (ctl, "all", (gint64) counts->n_ended);
  lk_ctl_set_count (ctl, "winrm", (gint64) counts->n_wsman);
  for (int i = 0; i < LK_PROBE_N_OUTCOMES; i++)
    {
      guint64 n = counts->outcomes[i];

      lk_ctl_set_count (ctl, outcomes[i].word, (gint64) n);
      if (n > 0)
        g_string_append_printf (line, "%s%s %" PRIu64, line->len > 0 ? ", " : "",
                                _ (outcomes[i].title), n);
    }
  json_builder_end_object (ctl->json);
  if (line->len > 0)
    lk_ctl_say (ctl, _ ("Ports: %s"), line->str);
}

static void
tell_machines (LkCtl *ctl, const LkNetworkFinds *finds)
{
  g_autofree char *machines = describe_machines (finds->sightings->len);
  g_autoptr (GString) text = g_string_new (machines);

  if (ctl->options.dry_run)
    lk_text_add_part (text, _ ("nothing was added"));
  else
    {
      lk_text_add_part (text, ngettext ("%u added", "%u added", finds->n_added), finds->n_added);
      lk_text_add_part (text, ngettext ("%u known already", "%u known already", finds->n_known),
                        finds->n_known);
    }
  lk_ctl_say (ctl, "%s", text->str);
}

static void
print_finds (Search *self, const LkNetworkFinds *finds)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (found_columns);
  LkCtl *ctl = self->ctl;

  for (guint i = 0; i < finds->sightings->len; i++)
    add_found (list, g_ptr_array_index (finds->sightings, i));
  tell_faults (ctl, finds);
  tell_outcomes (ctl, &finds->counts);
  if (!ctl->options.stream && self->probes != NULL)
    lk_ctl_list_print (self->probes, ctl, "probed");
  if (!ctl->options.stream && (finds->sightings->len > 0 || ctl->options.json))
    lk_ctl_list_print (list, ctl, "found");
  lk_ctl_set_count (ctl, "machines", finds->sightings->len);
  lk_ctl_set_count (ctl, "added", finds->n_added);
  lk_ctl_set_count (ctl, "known", finds->n_known);
  tell_machines (ctl, finds);
}

static gboolean
read_options (LkCtl *ctl, LkNetworkSearch *search)
{
  const LkCtlOptions *options = &ctl->options;

  if (options->rate < 0 || options->rate > LK_SCAN_MAX_RATE || options->max_addresses < 0)
    {
      lk_ctl_fail_usage (ctl, _ ("--rate takes 1 to %d probes a second, --max-addresses a number"),
                         LK_SCAN_MAX_RATE);
      return FALSE;
    }

  search->rate = (guint) options->rate;
  search->max_addresses = (guint64) options->max_addresses;
  search->ports = options->ports;
  search->pattern = options->pattern;
  search->interfaces = (const char *const *) options->interfaces;
  search->dry_run = options->dry_run;
  return TRUE;
}

typedef LkNetworkFinds *(*Discover) (LkConsole *console,
                                     const LkNetworkSearch *search,
                                     const LkScanFuncs *funcs,
                                     GCancellable *cancellable,
                                     GError **error);

static LkExit
discover (LkCtl *ctl, LkNetworkSearch *search, Discover how)
{
  g_autoptr (GCancellable) cancellable = NULL;
  g_autoptr (LkNetworkFinds) finds = NULL;
  g_autoptr (LkCtlList) probes = NULL;
  g_autoptr (GError) error = NULL;
  Search self = { .ctl = ctl };
  const LkScanFuncs funcs = { on_found, on_probed, on_progressed, &self };

  if (!read_options (ctl, search))
    return LK_EXIT_USAGE;
  if (ctl->options.verbose && !ctl->options.stream)
    self.probes = probes = lk_ctl_list_new (probe_columns);

  cancellable = lk_ctl_watch_signals ();
  finds = how (ctl->console, search, &funcs, cancellable, &error);
  lk_ctl_show_progress (ctl, NULL);
  if (finds != NULL)
    print_finds (&self, finds);
  if (error != NULL)
    {
      LkExit status = lk_ctl_fail (ctl, g_steal_pointer (&error));

      return finds != NULL ? lk_ctl_end_discovery (ctl, finds->sightings, FALSE, status) : status;
    }

  if (finds->faults->len > finds->n_duplicates)
    return lk_ctl_end_discovery (ctl, finds->sightings, TRUE, LK_EXIT_USAGE);
  return lk_ctl_end_discovery (ctl, finds->sightings, finds->counts.n_left_out == 0,
                               finds->sightings->len > 0 ? LK_EXIT_OK : LK_EXIT_NOTHING);
}

static LkExit
discover_range (LkCtl *ctl)
{
  LkNetworkSearch search = { .ranges = (const char *const *) ctl->args,
                             .identify = ctl->options.identify };

  return discover (ctl, &search, lk_console_discover_range);
}

static LkExit
discover_workgroup (LkCtl *ctl)
{
  LkNetworkSearch search = { .workgroup = ctl->args[0], .identify = TRUE };

  return discover (ctl, &search, lk_console_discover_workgroup);
}

#define TAKES_SEARCH                                                                               \
  (LK_TAKES_DRY_RUN | LK_TAKES_SEARCH | LK_TAKES_STREAM | LK_TAKES_VERBOSE | LK_TAKES_SAVE |       \
   LK_TAKES_READ)

const LkCtlCommand lk_ctl_network_commands[] = {
  { "discover range", N_ ("RANGE…"), N_ ("Probe addresses for WinRM and add what answers"),
    "discover range 10.0.0.0/24 10.0.1.20-90 --identify\ndiscover range fd00::/120 --rate 1000\n"
    "discover range 10.0.0.0/22 --dry-run --stream",
    TAKES_SEARCH | LK_TAKES_RANGE, 1, -1, discover_range },
  { "discover workgroup", N_ ("[NAME]"),
    N_ ("Ask the local networks who is there, by NetBIOS, WS-Discovery, mDNS and WinRM"),
    "discover workgroup\ndiscover workgroup OFFICE --pattern 'pc-*'\n"
    "discover workgroup --interface eth0 --dry-run",
    TAKES_SEARCH | LK_TAKES_INTERFACE, 0, 1, discover_workgroup },
  { 0 },
};
