/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-records.h"
#include "lk-fault-server.h"
#include "lk-site.h"

#include <string.h>

/* An upstream site in practice, and one that asks it. */
static void
join_upstream (LkSite *site, const LkSite *upstream)
{
  site->options.is_practice = FALSE;
  site->options.upstream.backend = (LkBackendOptions){
    .url = upstream->url,
    .digest_key = upstream->digest_key,
    .token = upstream->token,
  };
}

static void
test_upstream (void)
{
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GPtrArray) first = NULL;
  g_autoptr (GPtrArray) again = NULL;

  upstream->options.practice_pool = 4;
  lk_site_start (upstream);
  join_upstream (site, upstream);
  site->options.upstream.batch_size = 2;
  lk_site_start (site);

  first = lk_site_ask (site, 0, 5);
  for (guint i = 0; i < 4; i++)
    lk_site_assert_cid (first, i);
  lk_site_assert_code (first, 4, LK_BATCH_E_EXHAUSTED);
  g_assert_cmpint (lk_site_get_int (upstream, LK_SITE_CONFIRMED), ==, 4);
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, 4);
  g_assert_cmpint (lk_site_get_int (site,
                                    "SELECT count (*) FROM audit WHERE outcome = 'forwarded'"),
                   ==, 5);
  g_assert_cmpint (
      lk_site_get_int (site, "SELECT count (*) FROM audit WHERE outcome = 'upstream-confirmed'"),
      ==, 4);

  /* What is on record needs nobody. */
  lk_site_stop (upstream);
  again = lk_site_ask (site, 0, 4);
  for (guint i = 0; i < 4; i++)
    lk_site_assert_cid (again, i);
}

static void
test_upstream_concurrency (void)
{
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();

  lk_site_start (upstream);
  join_upstream (site, upstream);
  lk_site_start (site);
  /* Nobody is answered "later": whoever asks for what is under way waits for its end. */
  lk_site_ask_at_once (site);
  g_assert_cmpint (lk_site_get_int (upstream, "SELECT count (*) FROM audit"), ==, LK_SITE_N_SAME);
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, LK_SITE_N_SAME);
}

static void
test_upstream_count (void)
{
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (LkBackend) backend = NULL;
  g_autoptr (GError) error = NULL;
  LkBackendStage stage;
  gint64 remaining = 0;

  upstream->options.practice_pool = 77;
  lk_site_start (upstream);
  join_upstream (site, upstream);
  lk_site_start (site);
  backend = lk_site_connect (site);
  g_assert_true (lk_backend_check (backend, LK_SITE_EPID, &stage, &remaining, NULL, &error));
  g_assert_cmpint (remaining, ==, 77);
}

static char *
use_fault_server (LkSite *site, guint16 port)
{
  char *url = g_strdup_printf ("http://127.0.0.1:%u/", port);

  site->options.is_practice = FALSE;
  site->options.upstream.backend = (LkBackendOptions){ .url = url, .digest_key = site->digest_key };
  return url;
}

static void
ask_expecting_later (LkSite *site)
{
  g_autoptr (GPtrArray) items = lk_site_ask (site, 0, 1);

  lk_site_assert_code (items, 0, LK_BATCH_E_TOO_MANY);
}

/* Nobody knows whether an activation was spent: it is asked about once more, then a person has to
 * decide. */
static void
test_unknown_outcome (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_CLOSE, NULL, NULL);
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *url = use_fault_server (site, lk_fault_server_get_port (server));

  lk_site_start (site);
  ask_expecting_later (site);
  ask_expecting_later (site);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 1);
  g_assert_cmpint (lk_site_get_int (site, "SELECT count (*) FROM spend WHERE state = 'unknown'"),
                   ==, 1);

  lk_site_skip (site, 10 * LK_MINUTE + LK_SECOND);
  ask_expecting_later (site);
  ask_expecting_later (site);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 2);

  lk_site_skip (site, LK_DAY);
  ask_expecting_later (site);
  lk_site_stop (site);
  lk_site_start (site);
  lk_site_skip (site, LK_DAY);
  ask_expecting_later (site);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 2);
}

/* What a crash left as sent is not sent again before its time. */
static void
test_sent_at_start (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_CLOSE, NULL, NULL);
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *url = use_fault_server (site, lk_fault_server_get_port (server));

  lk_site_start (site);
  ask_expecting_later (site);
  lk_site_run (site, "UPDATE spend SET state = 'sent'");
  lk_site_stop (site);

  lk_site_start (site);
  ask_expecting_later (site);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 1);
  lk_site_skip (site, 10 * LK_MINUTE + LK_SECOND);
  ask_expecting_later (site);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 2);
}

static void
test_not_sent (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_CLOSE, NULL, NULL);
  guint16 port = lk_fault_server_get_port (server);
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *url = NULL;
  g_autoptr (GPtrArray) items = NULL;

  g_clear_pointer (&server, lk_fault_server_free); /* the port refuses now */
  url = use_fault_server (site, port);
  lk_site_start (site);
  ask_expecting_later (site);
  g_assert_cmpint (lk_site_get_int (site, "SELECT count (*) FROM spend WHERE state = 'reserved'"),
                   ==, 1);
  lk_site_stop (site);

  /* It was proven that nothing left, so the next ask goes out at once. */
  lk_site_start (upstream);
  join_upstream (site, upstream);
  lk_site_start (site);
  items = lk_site_ask (site, 0, 1);
  lk_site_assert_cid (items, 0);
}

/* The answer is kept although the client was told to come back. */
static void
test_late_answer (void)
{
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GPtrArray) items = NULL;

  lk_site_start (upstream);
  join_upstream (site, upstream);
  site->options.answer_within_ms = 1;
  lk_site_start (site);
  do
    {
      g_clear_pointer (&items, g_ptr_array_unref);
      items = lk_site_ask (site, 0, 1);
    }
  while (((LkBatchItem *) items->pdata[0])->code == LK_BATCH_E_TOO_MANY);
  lk_site_assert_cid (items, 0);
  g_assert_cmpint (lk_site_get_int (upstream, "SELECT count (*) FROM audit"), ==, 1);
}

/* A person may decide what the gateway must not. */
static void
test_retry (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_CLOSE, NULL, NULL);
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *url = use_fault_server (site, lk_fault_server_get_port (server));
  g_autofree char *iid = lk_site_make_iid (0);
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  lk_site_start (site);
  ask_expecting_later (site);
  lk_site_stop (site);

  lk_site_start (upstream);
  join_upstream (site, upstream);
  lk_site_start (site);
  ask_expecting_later (site);
  g_assert_true (lk_gateway_retry (lk_gateway_get_state (site->gateway), iid, &n, &error));
  g_assert_cmpuint (n, ==, 1);
  items = lk_site_ask (site, 0, 1);
  lk_site_assert_cid (items, 0);

  g_assert_true (lk_gateway_retry (lk_gateway_get_state (site->gateway), iid, &n, &error));
  g_assert_cmpuint (n, ==, 0); /* what is confirmed stays so */
}

static char *
make_reply (const char *inner)
{
  g_autofree char *escaped = g_markup_escape_text (inner, -1);
  g_autofree char *body = g_strdup_printf ("<e><ResponseXml>%s</ResponseXml></e>", escaped);

  return g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %" G_GSIZE_FORMAT
                          "\r\nConnection: close\r\n\r\n%s",
                          strlen (body), body);
}

/* What the answer to a larger batch does not mention is asked for once more, singly. */
static void
test_not_mentioned (void)
{
  g_autofree char *reply = make_reply ("<Responses><Response/></Responses>");
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_REPLY, reply, NULL);
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *url = use_fault_server (site, lk_fault_server_get_port (server));

  site->options.upstream.batch_size = 10;
  lk_site_start (site);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GPtrArray) items = lk_site_ask (site, 0, 3);

      for (guint j = 0; j < 3; j++)
        lk_site_assert_code (items, j, LK_BATCH_E_TOO_MANY);
      g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 4);
      lk_site_skip (site, LK_DAY);
    }
}

/* A key that the service has blocked is not asked about again, until someone says so. */
static void
test_blocked_key (void)
{
  g_autofree char *reply = make_reply ("<a><ErrorInfo><ErrorCode>0x67</ErrorCode></ErrorInfo></a>");
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_REPLY, reply, NULL);
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *url = use_fault_server (site, lk_fault_server_get_port (server));
  g_autoptr (GError) error = NULL;

  lk_site_start (site);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GPtrArray) items = lk_site_ask (site, i, 1);

      lk_site_assert_code (items, 0, LK_BATCH_E_BLOCKED);
    }
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 1);

  lk_gateway_pool_set (lk_gateway_get_state (site->gateway), LK_SITE_KEY, 5, FALSE, &error);
  g_assert_no_error (error);
  g_ptr_array_unref (lk_site_ask (site, 0, 1));
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 2);
}

/* An answer that cannot be written yet is held, and written when it can be. */
static void
test_held_answer (void)
{
  g_autoptr (LkSite) upstream = lk_site_new ();
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GPtrArray) items = NULL;

  lk_site_start (upstream);
  join_upstream (site, upstream);
  site->options.answer_within_ms = 200;
  lk_site_start (site);
  lk_site_run (site, "CREATE TRIGGER full BEFORE INSERT ON confirmation BEGIN"
                     " SELECT raise (ABORT, 'no room'); END");
  ask_expecting_later (site);
  g_assert_cmpint (lk_site_get_int (upstream, LK_SITE_CONFIRMED), ==, 1);
  lk_site_run (site, "DROP TRIGGER full");
  do
    {
      g_clear_pointer (&items, g_ptr_array_unref);
      items = lk_site_ask (site, 0, 1);
    }
  while (((LkBatchItem *) items->pdata[0])->code == LK_BATCH_E_TOO_MANY);
  lk_site_assert_cid (items, 0);
  g_assert_cmpint (lk_site_get_int (upstream, "SELECT count (*) FROM audit"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are meant here */
  g_test_add_func ("/upstream/answers", test_upstream);
  g_test_add_func ("/upstream/concurrency", test_upstream_concurrency);
  g_test_add_func ("/upstream/count", test_upstream_count);
  g_test_add_func ("/upstream/unknown-outcome", test_unknown_outcome);
  g_test_add_func ("/upstream/sent-at-start", test_sent_at_start);
  g_test_add_func ("/upstream/not-sent", test_not_sent);
  g_test_add_func ("/upstream/late-answer", test_late_answer);
  g_test_add_func ("/upstream/retry", test_retry);
  g_test_add_func ("/upstream/not-mentioned", test_not_mentioned);
  g_test_add_func ("/upstream/blocked-key", test_blocked_key);
  g_test_add_func ("/upstream/held-answer", test_held_answer);
  return g_test_run ();
}
