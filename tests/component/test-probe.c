/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "discovery/lk-probe.h"
#include "discovery/lk-range.h"
#include "lk-peer.h"
#include "lk-test-certificate.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 600

static const char question[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

typedef struct
{
  int n;
  LkProbeOutcome outcome;
  guint status;
} Result;

static void
on_probed (const LkProbe *probe,
           LkProbeOutcome outcome,
           const LkHttpMessage *answer,
           gpointer user_data)
{
  Result *result = probe->data;

  g_assert_true ((answer != NULL) == (outcome == LK_PROBE_ANSWERED));
  result->n++;
  result->outcome = outcome;
  result->status = answer != NULL ? answer->status : 0;
}

static void
run_to_end (LkProber *prober)
{
  while (lk_prober_get_open (prober) > 0)
    {
      struct pollfd fd = { .fd = lk_prober_get_fd (prober), .events = POLLIN };

      poll (&fd, 1, 20);
      lk_prober_run (prober);
    }
}

static Result
probe (guint16 port, gboolean tls, gboolean asks)
{
  g_autoptr (LkProber) prober = lk_prober_new (4, 2000, ANSWER_MS, on_probed, NULL);
  g_autoptr (GBytes) request = asks ? g_bytes_new_static (question, strlen (question)) : NULL;
  Result result = { 0 };
  LkProbe one = { .tls = tls, .question = request, .data = &result };

  lk_address_parse ("127.0.0.1", port, &one.address);
  g_assert_true (lk_prober_start (prober, &one));
  run_to_end (prober);
  g_assert_cmpint (result.n, ==, 1);
  return result;
}

static void
serve_answer (LkPeerConnection *connection, gpointer user_data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);

  if (request != NULL)
    lk_peer_answer (connection, 401, "who are you?");
}

static void
serve_text (LkPeerConnection *connection, gpointer user_data)
{
  lk_peer_write_text (connection, user_data);
  lk_peer_drain (connection);
}

static void
serve_nothing (LkPeerConnection *connection, gpointer user_data)
{
  lk_peer_drain (connection);
}

static void
serve_reset (LkPeerConnection *connection, gpointer user_data)
{
  struct linger now = { .l_onoff = 1 };

  setsockopt (connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void
test_outcomes (void)
{
  static const struct
  {
    LkPeerFunc serve;
    const char *text;
    gboolean asks;
    LkProbeOutcome outcome;
  } cases[] = {
    { serve_answer, NULL, TRUE, LK_PROBE_ANSWERED },
    { serve_nothing, NULL, FALSE, LK_PROBE_OPEN },
    { serve_nothing, NULL, TRUE, LK_PROBE_SILENT },
    { serve_text, "SSH-2.0-OpenSSH_9.2p1\r\n", TRUE, LK_PROBE_OTHER },
    { serve_text, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", TRUE, LK_PROBE_SILENT },
    { serve_text, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", TRUE, LK_PROBE_OTHER },
    { serve_reset, NULL, TRUE, LK_PROBE_CLOSED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkPeer) peer = lk_peer_new (NULL, cases[i].serve, (gpointer) cases[i].text);
      Result result = probe (lk_peer_get_port (peer), FALSE, cases[i].asks);

      g_test_message ("case %u", i);
      g_assert_cmpint (result.outcome, ==, cases[i].outcome);
    }
}

static void
test_closed (void)
{
  g_autoptr (LkPeer) peer = lk_peer_new (NULL, serve_nothing, NULL);
  guint16 port = lk_peer_get_port (peer);

  g_clear_pointer (&peer, lk_peer_free);
  g_assert_cmpint (probe (port, FALSE, TRUE).outcome, ==, LK_PROBE_CLOSED);
}

static void
test_tls (void)
{
  g_autoptr (LkTestCa) ca = lk_test_ca_new (); /* whom nobody trusts */
  g_autofree char *pin = NULL;
  gnutls_certificate_credentials_t credentials = lk_test_ca_issue (ca, "other.example", -1, &pin);
  LkPeer *peer = lk_peer_new (credentials, serve_answer, NULL);
  g_autoptr (LkPeer) plain = lk_peer_new (NULL, serve_nothing, NULL);
  Result result = probe (lk_peer_get_port (peer), TRUE, TRUE);

  g_assert_cmpint (result.outcome, ==, LK_PROBE_ANSWERED);
  g_assert_cmpuint (result.status, ==, 401);
  lk_peer_free (peer);
  gnutls_certificate_free_credentials (credentials);
  g_assert_cmpint (probe (lk_peer_get_port (plain), TRUE, TRUE).outcome, ==, LK_PROBE_SILENT);
}

/* No more sockets than were agreed on, and whoever still waits is dropped without a word. */
static void
test_bound (void)
{
  LkProber *prober = lk_prober_new (2, 2000, ANSWER_MS, on_probed, NULL);
  g_autoptr (GBytes) request = g_bytes_new_static (question, strlen (question));
  g_autoptr (LkPeer) peer = lk_peer_new (NULL, serve_nothing, NULL);
  Result result = { 0 };
  LkProbe one = { .question = request, .data = &result };

  lk_address_parse ("127.0.0.1", lk_peer_get_port (peer), &one.address);
  g_assert_true (lk_prober_start (prober, &one));
  g_assert_true (lk_prober_start (prober, &one));
  g_assert_false (lk_prober_start (prober, &one));
  g_assert_cmpuint (lk_prober_get_open (prober), ==, 2);
  lk_prober_free (prober);
  g_assert_cmpint (result.n, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe/outcomes", test_outcomes);
  g_test_add_func ("/probe/closed", test_closed);
  g_test_add_func ("/probe/tls", test_tls);
  g_test_add_func ("/probe/bound", test_bound);
  return g_test_run ();
}
