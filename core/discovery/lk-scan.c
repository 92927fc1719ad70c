/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-scan.h"

#include "discovery/lk-neighbours.h"
#include "discovery/lk-wsd.h"
#include "net/lk-challenge.h"
#include "wsman/lk-wsman-names.h"
#include "wsman/lk-wsman-reply.h"
#include "wsman/lk-wsman-request.h"

#include <string.h>

/* The kernel gives up on a neighbour that is not there after 3.1 s, and waiting for that tells it
 * from a firewall. At high rates sockets are too dear for it. */
#define CONNECT_MS      3500
#define CONNECT_MS_FAST 1500
#define ANSWER_MS       4000

#define BURST         (G_USEC_PER_SEC / 10) /* what a late tick may make up for */
#define TICK_MS       5
#define IDLE_MS       50
#define PROGRESS      (G_USEC_PER_SEC / 5)
#define QUIET         G_USEC_PER_SEC /* after its last news a machine is handed out */
#define ASK_AGAIN     (700 * G_USEC_PER_SEC / 1000) /* everybody, since datagrams get lost */
#define LISTEN_ALL    (5 * G_USEC_PER_SEC / 2)      /* after the last question to everybody */
#define LISTEN_STATUS (1 * G_USEC_PER_SEC)          /* after the last one to a machine */
#define MAX_WAITING   16384                         /* probes that answers asked for */

typedef struct
{
  const LkScanOptions *options;
  const LkScanFuncs *funcs;
  LkScanCounts *counts;
  LkProber *prober;
  LkNeighbours *neighbours;
  LkSightings *sightings;
  LkRangeWalk walk;
  LkAddress at; /* the address that is being probed, length 0 for none yet */
  guint step;   /* its next port; with neighbours, 0 is its NetBIOS names */
  gboolean is_walked;
  GQueue waiting;      /* probes (LkProbe) that answers led to */
  GHashTable *errands; /* what those are for: an endpoint of WS-Discovery, or "" for a machine */
  GHashTable *probed;  /* addresses outside the ranges that were put there */
  gint64 tokens_at;
  double tokens;
  guint n_rounds; /* in which everybody was asked */
  gint64 started_at;
  gint64 listen_until;
  gint64 told_at;
} Scan;

static void
probe_free (gpointer data)
{
  LkProbe *probe = data;

  g_clear_pointer (&probe->question, g_bytes_unref);
  g_free (probe);
}

static void
add_evidence (const LkEvidence *evidence, gpointer user_data)
{
  Scan *self = user_data;

  if (!lk_sightings_add (self->sightings, evidence, g_get_monotonic_time ()))
    self->counts->n_left_out++;
}

/* An Identify that wants no credentials, as Windows has it: [MS-WSMV] 2.2.1 and DSP0226 11. */
static GBytes *
make_identify (const LkAddress *address, guint16 port)
{
  g_autoptr (GBytes) body = lk_wsman_write_identify ();
  LkAddress at = *address;
  g_autofree char *host = NULL;
  const char *headers[] = { "Host",
                            NULL,
                            "WSMANIDENTIFY",
                            "unauthenticated",
                            "Content-Type",
                            LK_WSMAN_CONTENT_TYPE,
                            "Connection",
                            "close",
                            NULL };
  gsize length;
  gconstpointer bytes = g_bytes_get_data (body, &length);

  lk_address_set_port (&at, port);
  host = lk_address_to_text (&at);
  headers[1] = host;
  return g_byte_array_free_to_bytes (
      lk_http_write_request ("POST", "/wsman", headers, bytes, length));
}

static GBytes *
make_get (const LkAddress *address, const char *path, const char *endpoint)
{
  g_autoptr (GBytes) body = lk_wsd_write_get (endpoint);
  g_autofree char *host = lk_address_to_text (address);
  const char *headers[] = { "Host",  host, "Content-Type", "application/soap+xml", "Connection",
                            "close", NULL };
  gsize length;
  gconstpointer bytes = g_bytes_get_data (body, &length);

  return g_byte_array_free_to_bytes (lk_http_write_request ("POST", path, headers, bytes, length));
}

static LkProbe *
make_probe (const Scan *self, const LkAddress *address, const LkScanPort *port)
{
  LkProbe *probe = g_new0 (LkProbe, 1);

  probe->address = *address;
  lk_address_set_port (&probe->address, port->port);
  probe->tls = port->tls;
  if (self->options->identify)
    probe->question = make_identify (address, port->port);
  return probe;
}

/* Identify's answer; or the demand to sign in, as a server gives that does not let strangers ask.
 */
static gboolean
is_wsman (const LkHttpMessage *answer)
{
  const char *server = lk_http_message_get_header (answer, "Server");
  g_autoptr (LkWsmanReply) reply = NULL;

  if (answer->status == 401)
    return lk_challenge_find (answer, "Negotiate", NULL) ||
           lk_challenge_find (answer, "Kerberos", NULL) ||
           (server != NULL && strstr (server, "Microsoft-HTTPAPI") != NULL);

  reply = lk_wsman_reply_parse (answer->body->data, answer->body->len, NULL, NULL);
  return reply != NULL && reply->content != NULL &&
         lk_xml_is (reply->content, LK_NS_IDENTITY, "IdentifyResponse");
}

static void
take_metadata (Scan *self, const LkProbe *probe, const LkHttpMessage *answer)
{
  g_autoptr (LkWsdComputer) computer = NULL;
  LkEvidence evidence = { .means = LK_MEANS_WSD, .endpoint = probe->data };

  if (answer != NULL)
    computer = lk_wsd_read_computer ((const char *) answer->body->data, answer->body->len);
  if (computer == NULL)
    return;

  evidence.address = &probe->address;
  evidence.name = computer->name;
  evidence.group = computer->group;
  add_evidence (&evidence, self);
}

/* A machine was found by its port: it is asked for its name. */
static void
take_machine (Scan *self, const LkProbe *probe, LkMeans means)
{
  g_autofree char *host = lk_address_to_host (&probe->address);
  LkEvidence evidence = { .means = means, .address = &probe->address, .tls = probe->tls };

  evidence.port = lk_address_get_port (&probe->address);
  if (self->options->host_names != NULL)
    evidence.asked_as = g_hash_table_lookup (self->options->host_names, host);
  add_evidence (&evidence, self);
  if (lk_neighbours_ask_status (self->neighbours, &probe->address))
    self->listen_until = MAX (self->listen_until, g_get_monotonic_time () + LISTEN_STATUS);
}

static void
on_probed (const LkProbe *probe,
           LkProbeOutcome outcome,
           const LkHttpMessage *answer,
           gpointer user_data)
{
  Scan *self = user_data;
  const char *errand = probe->data; /* NULL: a probe of the ranges */
  gboolean speaks_wsman;

  if (errand != NULL && *errand != '\0')
    take_metadata (self, probe, answer);
  else
    {
      speaks_wsman = outcome == LK_PROBE_ANSWERED && is_wsman (answer);
      if (speaks_wsman || outcome == LK_PROBE_OPEN)
        take_machine (self, probe, speaks_wsman ? LK_MEANS_WINRM : LK_MEANS_PORT);
      self->counts->n_wsman += speaks_wsman;
      if (errand == NULL)
        {
          self->counts->n_ended++;
          self->counts->outcomes[outcome]++;
          if (self->funcs->probed != NULL)
            self->funcs->probed (&probe->address, outcome, speaks_wsman, self->funcs->user_data);
        }
    }
  if (errand != NULL)
    g_hash_table_remove (self->errands, errand);
}

static void
wait_in_line (Scan *self, LkProbe *probe, const char *endpoint)
{
  if (self->waiting.length == MAX_WAITING)
    {
      probe_free (probe);
      return;
    }
  probe->data = g_strdup (endpoint);
  g_hash_table_add (self->errands, probe->data);
  g_queue_push_tail (&self->waiting, probe);
}

/* Somebody answered otherwise: whether WS-Management does is seen at once, unless the ranges have
 * that address anyway. */
static void
on_address (const LkAddress *address, gpointer user_data)
{
  Scan *self = user_data;

  if ((self->options->ranges != NULL && lk_ranges_contains (self->options->ranges, address)) ||
      g_hash_table_size (self->probed) >= MAX_WAITING ||
      !g_hash_table_add (self->probed, lk_address_to_host (address)))
    return;
  for (guint i = 0; i < self->options->n_ports; i++)
    wait_in_line (self, make_probe (self, address, &self->options->ports[i]), "");
}

static void
on_metadata (const LkAddress *address, const char *path, const char *endpoint, gpointer user_data)
{
  LkProbe *probe = g_new0 (LkProbe, 1);

  probe->address = *address;
  probe->question = make_get (address, path, endpoint);
  wait_in_line (user_data, probe, endpoint);
}

static gboolean
is_wanted_name (GPatternSpec *pattern, const char *name)
{
  g_autofree char *folded = g_ascii_strdown (name, -1);

  return g_pattern_spec_match_string (pattern, folded);
}

static gboolean
is_wanted (const LkScanOptions *options, const LkSighting *sighting)
{
  g_autofree char *folded = NULL;
  g_autoptr (GPatternSpec) pattern = NULL;

  if (options->workgroup != NULL &&
      (sighting->domain == NULL || g_ascii_strcasecmp (options->workgroup, sighting->domain) != 0))
    return FALSE;
  if (options->pattern == NULL)
    return TRUE;

  folded = g_ascii_strdown (options->pattern, -1);
  pattern = g_pattern_spec_new (folded);
  if (is_wanted_name (pattern, sighting->name))
    return TRUE;
  for (guint i = 0; sighting->also != NULL && sighting->also[i] != NULL; i++)
    if (is_wanted_name (pattern, sighting->also[i]))
      return TRUE;
  return FALSE;
}

static void
on_sighting (const LkSighting *sighting, gpointer user_data)
{
  Scan *self = user_data;

  if (is_wanted (self->options, sighting) && self->funcs->found != NULL)
    self->funcs->found (sighting, self->funcs->user_data);
}

/* What became of an attempt to send the next thing. */
typedef enum
{
  SENT,
  NO_ROOM,
  NOTHING,
} Sending;

static Sending
send_waiting (Scan *self)
{
  LkProbe *probe = g_queue_peek_head (&self->waiting);

  if (probe == NULL)
    return NOTHING;
  if (!lk_prober_start (self->prober, probe))
    return NO_ROOM;

  g_queue_pop_head (&self->waiting);
  probe_free (probe); /* the prober holds the question */
  return SENT;
}

static guint
count_steps (const Scan *self)
{
  return self->options->n_ports + (self->options->interfaces != NULL ? 1 : 0);
}

static Sending
send_step (Scan *self)
{
  gboolean has_names = self->options->interfaces != NULL;
  LkProbe *probe;
  gboolean started;

  if (has_names && self->step == 0)
    {
      self->step++;
      if (!lk_neighbours_ask_status (self->neighbours, &self->at))
        return SENT;
      self->listen_until = MAX (self->listen_until, g_get_monotonic_time () + LISTEN_STATUS);
      return SENT;
    }

  probe = make_probe (self, &self->at, &self->options->ports[self->step - (has_names ? 1 : 0)]);
  started = lk_prober_start (self->prober, probe);
  probe_free (probe);
  if (!started)
    return NO_ROOM;
  self->step++;
  return SENT;
}

static Sending
send_walk (Scan *self)
{
  if (self->is_walked || self->options->ranges == NULL)
    return NOTHING;
  if (self->at.length == 0 || self->step == count_steps (self))
    {
      self->step = 0;
      if (!lk_ranges_next (self->options->ranges, &self->walk, &self->at))
        {
          self->is_walked = TRUE;
          return NOTHING;
        }
    }

  return send_step (self);
}

static Sending
send_next (Scan *self)
{
  Sending sending;

  if (lk_neighbours_send_next (self->neighbours))
    {
      self->listen_until = MAX (self->listen_until, g_get_monotonic_time () + LISTEN_ALL);
      return SENT;
    }

  sending = send_waiting (self);
  return sending != NOTHING ? sending : send_walk (self);
}

/* As much as the rate allows. TRUE when there may be more to send soon. */
static gboolean
send_all (Scan *self, gint64 now)
{
  double rate = self->options->rate;
  double most = MAX (1, rate * BURST / G_USEC_PER_SEC);
  Sending sending = SENT;

  self->tokens =
      MIN (most, self->tokens + rate * (double) (now - self->tokens_at) / G_USEC_PER_SEC);
  self->tokens_at = now;
  while (sending == SENT && self->tokens >= 1)
    {
      sending = send_next (self);
      if (sending == SENT)
        self->tokens--;
    }

  return sending != NOTHING;
}

static void
ask_everybody (Scan *self, gint64 now)
{
  if (self->options->interfaces == NULL || self->n_rounds == 2 ||
      now < self->started_at + (gint64) self->n_rounds * ASK_AGAIN)
    return;

  lk_neighbours_ask_all (self->neighbours, self->options->workgroup);
  self->n_rounds++;
}

static void
tell_progress (Scan *self, gint64 now)
{
  self->counts->n_machines = lk_sightings_count (self->sightings);
  if (now - self->told_at < PROGRESS || self->funcs->progressed == NULL)
    return;
  self->told_at = now;
  self->funcs->progressed (self->counts, self->funcs->user_data);
}

static void
wait_for_news (Scan *self, GCancellable *cancellable, gboolean is_sending)
{
  struct pollfd fds[LK_NEIGHBOURS_MAX_SOCKETS + 2];
  guint n = lk_neighbours_get_fds (self->neighbours, fds);
  int cancel_fd = g_cancellable_get_fd (cancellable);

  fds[n++] = (struct pollfd){ .fd = lk_prober_get_fd (self->prober), .events = POLLIN };
  if (cancel_fd >= 0)
    fds[n++] = (struct pollfd){ .fd = cancel_fd, .events = POLLIN };
  poll (fds, n, is_sending ? TICK_MS : IDLE_MS);
  if (cancel_fd >= 0)
    g_cancellable_release_fd (cancellable);
}

static void
run (Scan *self, GCancellable *cancellable)
{
  gboolean is_over = FALSE;

  while (!is_over && !g_cancellable_is_cancelled (cancellable))
    {
      gint64 now = g_get_monotonic_time ();
      gboolean is_sending;

      ask_everybody (self, now);
      is_sending = send_all (self, now);
      lk_prober_run (self->prober);
      lk_neighbours_receive (self->neighbours);
      lk_sightings_hand_out (self->sightings, now - QUIET, on_sighting, self);
      tell_progress (self, now);
      is_over = !is_sending && lk_prober_get_open (self->prober) == 0 && now > self->listen_until &&
                (self->options->interfaces == NULL || self->n_rounds == 2);
      if (!is_over)
        wait_for_news (self, cancellable, is_sending);
    }

  lk_sightings_hand_out (self->sightings, G_MAXINT64, on_sighting, self);
}

gboolean
lk_scan_run (const LkScanOptions *options,
             const LkScanFuncs *funcs,
             LkScanCounts *counts,
             GCancellable *cancellable,
             GError **error)
{
  guint connect_ms = options->rate <= LK_SCAN_RATE ? CONNECT_MS : CONNECT_MS_FAST;
  Scan self = { .options = options, .funcs = funcs, .counts = counts };
  LkNeighbourFuncs on_news = { add_evidence, on_address, on_metadata, &self };

  memset (counts, 0, sizeof *counts);
  self.neighbours = lk_neighbours_new (options->interfaces, &on_news, error);
  if (self.neighbours == NULL)
    return FALSE;

  if (options->ranges != NULL)
    counts->n_probes = lk_ranges_count (options->ranges) * options->n_ports;
  self.prober = lk_prober_new (LK_SCAN_MAX_OPEN, connect_ms, ANSWER_MS, on_probed, &self);
  self.sightings = lk_sightings_new ();
  self.probed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.errands = g_hash_table_new_full (NULL, NULL, g_free, NULL);
  self.started_at = self.tokens_at = g_get_monotonic_time ();
  g_queue_init (&self.waiting);

  run (&self, cancellable);
  counts->n_machines = lk_sightings_count (self.sightings);

  g_queue_clear_full (&self.waiting, probe_free);
  lk_prober_free (self.prober);
  lk_neighbours_free (self.neighbours);
  lk_sightings_free (self.sightings);
  g_hash_table_unref (self.probed);
  g_hash_table_unref (self.errands);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}
