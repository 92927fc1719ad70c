/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "gateway/lk-gateway-client.h"
#include "lk-site.h"
#include "lk-test-tls.h"

static void
test_practice (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GPtrArray) first = NULL;
  g_autoptr (GPtrArray) again = NULL;

  lk_site_start (site);
  first = lk_site_ask (site, 0, 3);
  for (guint i = 0; i < 3; i++)
    {
      lk_site_assert_cid (first, i);
      g_assert_cmpint (((LkBatchItem *) first->pdata[i])->remaining, ==, 9997);
    }
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, 3);

  /* Asked again, also by a process that knows only the file: the records answer. */
  lk_site_stop (site);
  lk_site_start (site);
  again = lk_site_ask (site, 1, 3);
  for (guint i = 0; i < 3; i++)
    lk_site_assert_cid (again, i);
  g_assert_cmpint (((LkBatchItem *) again->pdata[0])->remaining, ==, 9996);
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, 4);
  g_assert_cmpint (lk_site_get_int (site, "SELECT count (*) FROM audit WHERE client = 'console-1'"),
                   ==, 6);
  g_assert_cmpint (lk_site_get_int (site,
                                    "SELECT count (*) FROM audit WHERE outcome = 'on-record'"),
                   ==, 2);
}

static void
test_foreign_items (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (LkBackend) backend = NULL;
  g_autoptr (GPtrArray) items = lk_site_new_items ();
  g_autoptr (GError) error = NULL;
  g_autofree char *iid = lk_site_make_iid (1);
  guint8 matched[4];

  lk_site_start (site);
  backend = lk_site_connect (site);
  g_ptr_array_add (items,
                   lk_batch_item_new ("12345-00140-009-000002-03-1033-19045.0000-1942026", iid));
  g_ptr_array_add (items, lk_batch_item_new ("no ePID at all", iid));
  g_ptr_array_add (items, lk_batch_item_new (LK_SITE_EPID, "12345"));
  g_ptr_array_add (items, lk_batch_item_new (LK_SITE_EPID, iid));
  g_assert_true (lk_backend_send (backend, LK_BATCH_CONFIRM, items, matched, NULL, NULL, &error));
  g_assert_no_error (error);
  lk_site_assert_code (items, 0, LK_BATCH_E_INVALID_KEY);
  lk_site_assert_code (items, 1, LK_BATCH_E_INVALID_KEY);
  lk_site_assert_code (items, 2, LK_BATCH_E_BAD_IID);
  lk_site_assert_cid (items, 3);
  g_assert_cmpint (lk_site_get_int (site, "SELECT count (*) FROM spend"), ==, 1);
}

static void
test_denied (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (LkSecret) wrong = lk_secret_new ("not the right one at all", -1);
  const LkBackendStage expected[] = { LK_BACKEND_TOKEN, LK_BACKEND_DIGEST, LK_BACKEND_TOKEN };

  lk_site_start (site);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      LkBackendOptions options = {
        .url = site->url,
        .digest_key = i == 1 ? wrong : site->digest_key,
        .token = i == 0   ? wrong
                 : i == 2 ? NULL
                          : site->token,
      };
      g_autoptr (GError) error = NULL;
      g_autoptr (LkBackend) backend = lk_backend_new (&options, &error);
      LkBackendStage stage = LK_BACKEND_DONE;

      g_assert_no_error (error);
      g_assert_false (lk_backend_check (backend, LK_SITE_EPID, &stage, NULL, NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
      g_assert_cmpstr (lk_backend_stage_to_word (stage), ==,
                       lk_backend_stage_to_word (expected[i]));
      lk_site_skip (site, 2 * LK_SECOND);
    }
  g_assert_cmpint (lk_site_get_int (site, "SELECT count (*) FROM audit"), ==, 3);
  g_assert_cmpint (lk_site_get_int (site, "SELECT count (*) FROM audit WHERE client = 'console-1'"
                                          " AND outcome = 'digest-refused'"),
                   ==, 1);
}

static void
test_removed_client (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (LkBackend) backend = NULL;
  LkBackendStage stage = LK_BACKEND_DONE;
  gint64 remaining = 0;

  lk_site_start (site);
  backend = lk_site_connect (site);
  g_assert_true (lk_backend_check (backend, LK_SITE_EPID, &stage, &remaining, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (remaining, ==, 10000);
  g_assert_true (
      lk_gateway_client_remove (lk_gateway_get_state (site->gateway), "console-1", &error));
  g_assert_false (lk_backend_check (backend, LK_SITE_EPID, &stage, &remaining, NULL, &error));
  g_assert_cmpint (stage, ==, LK_BACKEND_TOKEN);
}

static void
test_exhaustion (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autoptr (GPtrArray) first = NULL;
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GPtrArray) blocked = NULL;

  site->options.practice_pool = 2;
  lk_site_start (site);
  first = lk_site_ask (site, 0, 3);
  lk_site_assert_cid (first, 0);
  lk_site_assert_cid (first, 1);
  lk_site_assert_code (first, 2, LK_BATCH_E_EXHAUSTED);
  g_assert_cmpint (((LkBatchItem *) first->pdata[0])->remaining, ==, 0);

  lk_site_run (site, "UPDATE pool SET remaining = 5, checked_at = 0");
  again = lk_site_ask (site, 0, 3);
  lk_site_assert_cid (again, 2);

  lk_site_run (site, "UPDATE pool SET blocked_code = 0x67");
  blocked = lk_site_ask (site, 2, 2);
  lk_site_assert_cid (blocked, 0); /* what is on record is answered for ever */
  lk_site_assert_code (blocked, 1, LK_BATCH_E_BLOCKED);
}

static void
test_concurrency (void)
{
  g_autoptr (LkSite) site = lk_site_new ();

  lk_site_start (site);
  lk_site_ask_at_once (site);
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, LK_SITE_N_SAME);
  g_assert_cmpint (lk_site_get_int (site,
                                    "SELECT count (*) FROM audit WHERE outcome = 'confirmed'"),
                   ==, LK_SITE_N_SAME);
}

static void
test_tls (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  g_autofree char *ca_file = g_build_filename (site->directory, "ca.pem", NULL);
  g_autofree char *certificate = g_build_filename (site->directory, "cert.pem", NULL);
  g_autofree char *key = g_build_filename (site->directory, "key.pem", NULL);
  g_autoptr (LkBackend) backend = NULL;
  g_autoptr (GError) error = NULL;
  LkBackendOptions options = { .ca_file = ca_file };
  LkBackendStage stage = LK_BACKEND_DONE;

  lk_test_make_certificates (site->directory);
  site->options.tls_certificate = certificate;
  site->options.tls_key = key;
  lk_site_start (site);

  options.url = site->url;
  options.digest_key = site->digest_key;
  options.token = site->token;
  backend = lk_backend_new (&options, &error);
  g_assert_no_error (error);
  lk_backend_check (backend, LK_SITE_EPID, &stage, NULL, NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&backend, lk_backend_free);

  options.ca_file = NULL; /* the system's CAs know nothing of it */
  backend = lk_backend_new (&options, &error);
  g_assert_false (lk_backend_check (backend, LK_SITE_EPID, &stage, NULL, NULL, &error));
  g_assert_cmpint (stage, ==, LK_BACKEND_TLS);
}

static void
test_start_is_refused (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  LkGatewayOptions options = site->options;
  g_autoptr (GError) error = NULL;

  options.address = "0.0.0.0";
  g_assert_null (lk_gateway_new (&options, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_clear_error (&error);

  lk_site_start (site);
  g_assert_null (lk_gateway_new (&site->options, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BUSY);
  g_clear_error (&error);

  /* Practice answers must not get mixed with real ones. */
  lk_site_stop (site);
  site->options.is_practice = FALSE;
  g_assert_null (lk_gateway_new (&site->options, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

/* FALSE when the gateway says that it cannot answer now. */
static gboolean
is_answered (const LkSite *site, guint machine)
{
  g_autoptr (LkBackend) backend = lk_site_connect (site);
  g_autoptr (GPtrArray) items = lk_site_new_items ();
  g_autofree char *iid = lk_site_make_iid (machine);
  g_autoptr (GError) error = NULL;
  guint8 matched = 0;

  g_ptr_array_add (items, lk_batch_item_new (LK_SITE_EPID, iid));
  if (lk_backend_send (backend, LK_BATCH_CONFIRM, items, &matched, NULL, NULL, &error))
    {
      lk_site_assert_cid (items, 0);
      return TRUE;
    }

  g_assert_error (error, LK_ERROR, LK_ERROR_BUSY);
  return FALSE;
}

static void
test_fails_closed (void)
{
  g_autoptr (LkSite) site = lk_site_new ();
  guint n_answered = 0;

  /* The disk is full: what is not on record afterwards was not answered either. */
  lk_site_start (site);
  lk_site_run (site, "PRAGMA max_page_count = 1"); /* no more than there are */
  while (is_answered (site, n_answered))
    n_answered++;
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, n_answered);
  g_assert_false (is_answered (site, n_answered));
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, n_answered);

  lk_site_run (site, "PRAGMA max_page_count = 1000000");
  g_assert_true (is_answered (site, n_answered));
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, n_answered + 1);

  /* The records are gone. */
  lk_site_run (site, "DROP TABLE confirmation");
  g_assert_false (is_answered (site, 0));
  g_assert_cmpint (lk_site_get_int (site, LK_SITE_CONFIRMED), ==, n_answered + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are meant here */
  g_test_add_func ("/gateway/practice", test_practice);
  g_test_add_func ("/gateway/foreign-items", test_foreign_items);
  g_test_add_func ("/gateway/denied", test_denied);
  g_test_add_func ("/gateway/removed-client", test_removed_client);
  g_test_add_func ("/gateway/exhaustion", test_exhaustion);
  g_test_add_func ("/gateway/concurrency", test_concurrency);
  g_test_add_func ("/gateway/tls", test_tls);
  g_test_add_func ("/gateway/start-is-refused", test_start_is_refused);
  g_test_add_func ("/gateway/fails-closed", test_fails_closed);
  return g_test_run ();
}
