/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/lk-backend.h"

#include "base/lk-error.h"
#include "lk-fault-server.h"
#include "lk-test-tls.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#define EPID "12345-90001-009-000002-03-1033-5384.0000-1942006"
#define IID  "000963843315259493598506854253663081409973656140419231"
#define CID  "111111222222333333444444555555666666777777888888"

typedef struct
{
  char *directory;
  char *ca_file;
  char *cert_file;
  GTlsCertificate *certificate;
} World;

static World world;

static char *
make_answer (guint status, const char *extra, gboolean with_item)
{
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  LkBatchItem *item = lk_batch_item_new (EPID, IID);
  g_autoptr (GBytes) body = NULL;

  item->cid = g_strdup (CID);
  item->remaining = 9;
  if (with_item)
    g_ptr_array_add (items, item);
  else
    lk_batch_item_free (item);
  body = lk_batch_write_response (LK_BATCH_CONFIRM, items);
  return g_strdup_printf (
      "HTTP/1.1 %u X\r\n%sContent-Type: text/xml\r\nContent-Length: %" G_GSIZE_FORMAT
      "\r\nConnection: close\r\n\r\n%.*s",
      status, extra, g_bytes_get_size (body), (int) g_bytes_get_size (body),
      (const char *) g_bytes_get_data (body, NULL));
}

typedef struct
{
  GError *error;
  char *cid;
  char *raw;
  gboolean matched;
  gboolean done;
} Outcome;

static void
outcome_free (Outcome *self)
{
  g_clear_error (&self->error);
  g_free (self->cid);
  g_free (self->raw);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outcome, outcome_free)

static Outcome *
send_one (LkBackendOptions options, GCancellable *cancellable)
{
  g_autoptr (LkSecret) key = lk_secret_new ("a digest key of the test", -1);
  g_autoptr (GPtrArray) items =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_batch_item_free);
  g_autoptr (LkBackend) backend = NULL;
  Outcome *outcome = g_new0 (Outcome, 1);
  LkBatchItem *item = lk_batch_item_new (EPID, IID);
  guint8 matched = 0;

  g_ptr_array_add (items, item);
  options.digest_key = key;
  backend = lk_backend_new (&options, &outcome->error);
  g_assert_no_error (outcome->error);
  outcome->done = lk_backend_send (backend, LK_BATCH_CONFIRM, items, &matched, &outcome->raw,
                                   cancellable, &outcome->error);
  g_assert_true (outcome->done == (outcome->error == NULL));
  outcome->matched = matched != 0;
  outcome->cid = g_strdup (item->cid);
  return outcome;
}

static char *
make_url (const char *scheme, guint16 port)
{
  return g_strdup_printf ("%s://127.0.0.1:%u/BatchActivation.asmx", scheme, port);
}

static guint16
find_refused_port (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_CLOSE, NULL, NULL);

  return lk_fault_server_get_port (server);
}

static void
test_answer (void)
{
  g_autofree char *answer = make_answer (200, "", TRUE);
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_REPLY, answer, NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  g_autoptr (LkSecret) token = lk_secret_new ("token-of-the-test", -1);
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url, .token = token }, NULL);
  g_autofree char *head = lk_fault_server_dup_head (server);

  g_assert_no_error (outcome->error);
  g_assert_true (outcome->matched);
  g_assert_cmpstr (outcome->cid, ==, CID);
  g_assert_null (outcome->raw);
  g_assert_nonnull (strstr (head, "Authorization: Bearer token-of-the-test"));
  g_assert_nonnull (
      strstr (head, "SOAPAction: http://www.microsoft.com/BatchActivationService/BatchActivate"));
  g_assert_nonnull (strstr (head, "Content-Type: text/xml; charset=\"utf-8\""));
  g_assert_nonnull (strstr (head, "POST /BatchActivation.asmx HTTP/1.1"));
}

static void
test_not_matched_keeps_raw (void)
{
  g_autofree char *answer = make_answer (200, "", FALSE);
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_REPLY, answer, NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url }, NULL);

  g_assert_no_error (outcome->error);
  g_assert_false (outcome->matched);
  g_assert_nonnull (strstr (outcome->raw, "ResponseXml"));
}

static void
assert_not_sent (Outcome *outcome, LkError code)
{
  g_assert_error (outcome->error, LK_ERROR, (int) code);
  g_assert_false (lk_error_was_sent (outcome->error));
}

static void
assert_sent (Outcome *outcome, LkError code)
{
  g_assert_error (outcome->error, LK_ERROR, (int) code);
  g_assert_true (lk_error_was_sent (outcome->error));
}

static void
test_refused (void)
{
  g_autofree char *url = make_url ("http", find_refused_port ());
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url }, NULL);

  assert_not_sent (outcome, LK_ERROR_UNREACHABLE);
}

static void
test_unknown_name (void)
{
  g_autoptr (Outcome) outcome =
      send_one ((LkBackendOptions){ .url = "https://nobody.invalid/x" }, NULL);

  assert_not_sent (outcome, LK_ERROR_UNREACHABLE);
}

static void
test_untrusted (void)
{
  g_autofree char *answer = make_answer (200, "", TRUE);
  g_autoptr (LkFaultServer) server =
      lk_fault_server_new (LK_FAULT_REPLY, answer, world.certificate);
  g_autofree char *url = make_url ("https", lk_fault_server_get_port (server));
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url }, NULL);

  assert_not_sent (outcome, LK_ERROR_DENIED);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 0);
}

static void
test_trusted_ca (void)
{
  g_autofree char *answer = make_answer (200, "", TRUE);
  g_autoptr (LkFaultServer) server =
      lk_fault_server_new (LK_FAULT_REPLY, answer, world.certificate);
  g_autofree char *url = make_url ("https", lk_fault_server_get_port (server));
  g_autoptr (Outcome) outcome =
      send_one ((LkBackendOptions){ .url = url, .ca_file = world.ca_file }, NULL);

  g_assert_no_error (outcome->error);
  g_assert_cmpstr (outcome->cid, ==, CID);
}

static void
test_pin (void)
{
  g_autofree char *answer = make_answer (200, "", TRUE);
  g_autoptr (LkFaultServer) server =
      lk_fault_server_new (LK_FAULT_REPLY, answer, world.certificate);
  g_autofree char *url = make_url ("https", lk_fault_server_get_port (server));
  g_autofree char *pin = lk_test_dup_fingerprint (world.cert_file);
  g_autoptr (Outcome) right = send_one ((LkBackendOptions){ .url = url, .pin = pin }, NULL);
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Outcome) wrong = NULL;

  g_assert_no_error (right->error);
  g_assert_cmpstr (right->cid, ==, CID);

  pin[0] = pin[0] == '0' ? '1' : '0';
  /* That the system's CAs would vouch for the certificate does not help: the pin decides alone. */
  database = g_tls_file_database_new (world.ca_file, &error);
  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
  wrong = send_one ((LkBackendOptions){ .url = url, .pin = pin }, NULL);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), NULL);
  assert_not_sent (wrong, LK_ERROR_DENIED);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 1);
}

static void
test_closes_after_reading (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_CLOSE, NULL, NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url }, NULL);

  assert_sent (outcome, LK_ERROR_UNREACHABLE);
  g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 1); /* and not a second time */
}

static void
test_silence (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_SILENT, NULL, NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url, .timeout_s = 1 }, NULL);

  assert_sent (outcome, LK_ERROR_UNREACHABLE);
}

/* Each byte would begin a socket's time-out anew. */
static void
test_drip (void)
{
  g_autoptr (LkFaultServer) server =
      lk_fault_server_new (LK_FAULT_DRIP,
                           "HTTP/1.1 200 OK\r\nX-Long: 0123456789012345678901234567890123456789",
                           NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url, .timeout_s = 1 }, NULL);

  assert_sent (outcome, LK_ERROR_UNREACHABLE);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2500 * 1000);
}

static gpointer
cancel_when_read (gpointer user_data)
{
  gpointer *pair = user_data;

  while (lk_fault_server_get_requests (pair[0]) == 0)
    g_thread_yield ();
  g_cancellable_cancel (pair[1]);
  return NULL;
}

static void
test_cancel (void)
{
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_SILENT, NULL, NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  g_autoptr (GCancellable) before = g_cancellable_new ();
  g_autoptr (GCancellable) meanwhile = g_cancellable_new ();
  gpointer pair[] = { server, meanwhile };
  g_autoptr (Outcome) early = NULL;
  g_autoptr (Outcome) late = NULL;
  GThread *thread;

  g_cancellable_cancel (before);
  early = send_one ((LkBackendOptions){ .url = url }, before);
  g_assert_error (early->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  thread = g_thread_new ("cancel", cancel_when_read, pair);
  late = send_one ((LkBackendOptions){ .url = url }, meanwhile);
  g_thread_join (thread);
  assert_sent (late, LK_ERROR_UNREACHABLE);
}

static void
test_proxy (void)
{
  g_autoptr (LkFaultServer) refusing =
      lk_fault_server_new (LK_FAULT_REPLY,
                           "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                           NULL);
  g_autoptr (LkFaultServer) asking = lk_fault_server_new (
      LK_FAULT_REPLY,
      "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n",
      NULL);
  g_autofree char *refusing_url =
      g_strdup_printf ("http://127.0.0.1:%u", lk_fault_server_get_port (refusing));
  g_autofree char *asking_url =
      g_strdup_printf ("http://127.0.0.1:%u", lk_fault_server_get_port (asking));
  g_autofree char *gone_url = g_strdup_printf ("http://127.0.0.1:%u", find_refused_port ());
  g_autoptr (LkSecret) token = lk_secret_new ("token-of-the-test", -1);
  g_autoptr (Outcome) refused = send_one ((LkBackendOptions){ .url = "https://far.invalid/",
                                                              .proxy = refusing_url,
                                                              .token = token },
                                          NULL);
  g_autoptr (Outcome) asked =
      send_one ((LkBackendOptions){ .url = "https://far.invalid/", .proxy = asking_url }, NULL);
  g_autoptr (Outcome) gone =
      send_one ((LkBackendOptions){ .url = "https://far.invalid/", .proxy = gone_url }, NULL);
  g_autofree char *head = lk_fault_server_dup_head (refusing);

  g_assert_nonnull (refused->error);
  g_assert_false (lk_error_was_sent (refused->error));
  assert_not_sent (asked, LK_ERROR_DENIED);
  assert_not_sent (gone, LK_ERROR_UNREACHABLE);
  g_assert_true (g_str_has_prefix (head, "CONNECT far.invalid:443"));
  g_assert_null (strstr (head, "Bearer"));
}

/* Only the options name a proxy. */
static void
test_environment_is_ignored (void)
{
  g_autofree char *answer = make_answer (200, "", TRUE);
  g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_REPLY, answer, NULL);
  g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
  g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url }, NULL);

  g_assert_cmpstr (g_getenv ("http_proxy"), ==, "http://127.0.0.1:9");
  g_assert_no_error (outcome->error);
}

static void
test_statuses (void)
{
  static const struct
  {
    guint status;
    LkError code;
  } cases[] = {
    { 401, LK_ERROR_DENIED },      { 403, LK_ERROR_DENIED },    { 407, LK_ERROR_DENIED },
    { 429, LK_ERROR_BUSY },        { 503, LK_ERROR_BUSY },      { 500, LK_ERROR_UNREACHABLE },
    { 502, LK_ERROR_UNREACHABLE }, { 404, LK_ERROR_BAD_REPLY }, { 302, LK_ERROR_BAD_REPLY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *answer =
          make_answer (cases[i].status, "Location: http://127.0.0.1:9/\r\n", TRUE);
      g_autoptr (LkFaultServer) server = lk_fault_server_new (LK_FAULT_REPLY, answer, NULL);
      g_autofree char *url = make_url ("http", lk_fault_server_get_port (server));
      g_autoptr (Outcome) outcome = send_one ((LkBackendOptions){ .url = url }, NULL);

      assert_sent (outcome, cases[i].code);
      g_assert_nonnull (outcome->raw);
      g_assert_cmpuint (lk_fault_server_get_requests (server), ==, 1);
    }
}

static void
test_too_large (void)
{
  g_autoptr (GString) answer = g_string_new ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  g_autoptr (LkFaultServer) server = NULL;
  g_autofree char *url = NULL;
  g_autoptr (Outcome) outcome = NULL;

  for (guint i = 0; i < LK_BATCH_MAX_BYTES / 16 + 1; i++)
    g_string_append (answer, "0123456789abcdef");
  server = lk_fault_server_new (LK_FAULT_REPLY, answer->str, NULL);
  url = make_url ("http", lk_fault_server_get_port (server));
  outcome = send_one ((LkBackendOptions){ .url = url }, NULL);
  assert_sent (outcome, LK_ERROR_BAD_REPLY);
}

static void
test_options (void)
{
  g_autoptr (LkSecret) key = lk_secret_new ("a digest key of the test", -1);
  const LkBackendOptions wrong[] = {
    { .url = "http://far.lab.test/", .digest_key = key },
    { .url = "https://user:password@far.lab.test/", .digest_key = key },
    { .url = "ftp://far.lab.test/", .digest_key = key },
    { .url = "nonsense", .digest_key = key },
    { .url = "https://far.lab.test/", .digest_key = key, .proxy = "socks://x" },
    { .url = "https://far.lab.test/", .digest_key = key, .proxy = "http://u:p@x" },
    { .url = "https://far.lab.test/", .digest_key = key, .pin = "12" },
    { .url = "https://far.lab.test/", .digest_key = key, .ca_file = "ca.pem" },
    { .url = "https://far.lab.test/", .digest_key = key, .ca_file = "/nonexistent/ca.pem" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_backend_new (&wrong[i], &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
      g_assert_null (strstr (error->message, "password"));
    }
}

static void
check_stage (LkBackendOptions options, LkBackendStage expected)
{
  g_autoptr (LkSecret) key = lk_secret_new ("a digest key of the test", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkBackend) backend = NULL;
  LkBackendStage stage = LK_BACKEND_DONE;

  options.digest_key = key;
  backend = lk_backend_new (&options, &error);
  g_assert_no_error (error);
  g_assert_true (lk_backend_check (backend, NULL, &stage, NULL, NULL, &error) ==
                 (expected == LK_BACKEND_DONE));
  g_assert_cmpstr (lk_backend_stage_to_word (stage), ==, lk_backend_stage_to_word (expected));
}

static void
test_check (void)
{
  g_autofree char *fine = make_answer (200, "", FALSE);
  g_autofree char *no_token = make_answer (401, "", FALSE);
  g_autofree char *no_digest = make_answer (403, "", FALSE);
  g_autoptr (LkFaultServer) good = lk_fault_server_new (LK_FAULT_REPLY, fine, NULL);
  g_autoptr (LkFaultServer) token = lk_fault_server_new (LK_FAULT_REPLY, no_token, NULL);
  g_autoptr (LkFaultServer) digest = lk_fault_server_new (LK_FAULT_REPLY, no_digest, NULL);
  g_autoptr (LkFaultServer) web = lk_fault_server_new (
      LK_FAULT_REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<html/>",
      NULL);
  g_autoptr (LkFaultServer) tls = lk_fault_server_new (LK_FAULT_REPLY, fine, world.certificate);
  g_autoptr (LkFaultServer) proxy =
      lk_fault_server_new (LK_FAULT_REPLY,
                           "HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                           NULL);
  const struct
  {
    LkFaultServer *server;
    const char *scheme;
    LkBackendStage stage;
  } cases[] = {
    { good, "http", LK_BACKEND_DONE },     { token, "http", LK_BACKEND_TOKEN },
    { digest, "http", LK_BACKEND_DIGEST }, { web, "http", LK_BACKEND_SERVICE },
    { tls, "https", LK_BACKEND_TLS },
  };
  g_autofree char *refused = make_url ("http", find_refused_port ());
  g_autofree char *proxy_url =
      g_strdup_printf ("http://127.0.0.1:%u", lk_fault_server_get_port (proxy));

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *url = make_url (cases[i].scheme, lk_fault_server_get_port (cases[i].server));

      check_stage ((LkBackendOptions){ .url = url }, cases[i].stage);
    }
  check_stage ((LkBackendOptions){ .url = refused }, LK_BACKEND_TCP);
  check_stage ((LkBackendOptions){ .url = "https://nobody.invalid/" }, LK_BACKEND_NAME);
  check_stage ((LkBackendOptions){ .url = "https://far.invalid/", .proxy = proxy_url },
               LK_BACKEND_PROXY);
}

static void
world_set_up (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *key_file = NULL;

  world.directory = g_dir_make_tmp ("latchkey-backend-XXXXXX", &error);
  g_assert_no_error (error);
  lk_test_make_certificates (world.directory);
  world.ca_file = g_build_filename (world.directory, "ca.pem", NULL);
  world.cert_file = g_build_filename (world.directory, "cert.pem", NULL);
  key_file = g_build_filename (world.directory, "key.pem", NULL);
  world.certificate = g_tls_certificate_new_from_files (world.cert_file, key_file, &error);
  g_assert_no_error (error);
  g_unlink (key_file);
}

static void
world_tear_down (void)
{
  g_unlink (world.ca_file);
  g_unlink (world.cert_file);
  g_rmdir (world.directory);
  g_object_unref (world.certificate);
  g_free (world.ca_file);
  g_free (world.cert_file);
  g_free (world.directory);
}

int
main (int argc, char **argv)
{
  int status;

  g_unsetenv ("GIO_USE_PROXY_RESOLVER");
  g_setenv ("http_proxy", "http://127.0.0.1:9", TRUE);
  g_setenv ("https_proxy", "http://127.0.0.1:9", TRUE);
  g_test_init (&argc, &argv, NULL);
  world_set_up ();
  g_test_add_func ("/backend/answer", test_answer);
  g_test_add_func ("/backend/not-matched", test_not_matched_keeps_raw);
  g_test_add_func ("/backend/refused", test_refused);
  g_test_add_func ("/backend/unknown-name", test_unknown_name);
  g_test_add_func ("/backend/untrusted", test_untrusted);
  g_test_add_func ("/backend/trusted-ca", test_trusted_ca);
  g_test_add_func ("/backend/pin", test_pin);
  g_test_add_func ("/backend/closes-after-reading", test_closes_after_reading);
  g_test_add_func ("/backend/silence", test_silence);
  g_test_add_func ("/backend/drip", test_drip);
  g_test_add_func ("/backend/cancel", test_cancel);
  g_test_add_func ("/backend/proxy", test_proxy);
  g_test_add_func ("/backend/environment", test_environment_is_ignored);
  g_test_add_func ("/backend/statuses", test_statuses);
  g_test_add_func ("/backend/too-large", test_too_large);
  g_test_add_func ("/backend/options", test_options);
  g_test_add_func ("/backend/check", test_check);
  status = g_test_run ();
  world_tear_down ();
  return status;
}
