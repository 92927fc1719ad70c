/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "licensing/lk-check.h"
#include "licensing/lk-licensing.h"
#include "lk-fake-machine.h"
#include "lk-test-login.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  LkFakeMachine *machine;
  LkLinkOptions options;
  LkLink *link;
  LkWsman *wsman;
  LkLicensing *licensing;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->machine = lk_fake_machine_new ();
  f->options.host = "127.0.0.1";
  f->options.port = lk_peer_get_port (f->machine->peer);
  f->link = lk_link_new (&f->options);
  f->wsman = lk_wsman_new (f->link);
  f->licensing = lk_licensing_new (f->wsman);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lk_licensing_free (f->licensing);
  lk_wsman_free (f->wsman);
  lk_link_free (f->link);
  lk_fake_machine_free (f->machine);
}

static LkReading *
read_all (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  LkReading *reading = lk_licensing_read (f->licensing, NULL, &error);

  g_assert_no_error (error);
  return reading;
}

static gboolean
install (Fixture *f, GError **error)
{
  g_autoptr (LkSecret) key = lk_secret_new ("BBBBB-CCCCC-DDDDD-FFFFF-GGGGG", -1);

  return lk_licensing_install_key (f->licensing, key, NULL, error);
}

static void
test_read (Fixture *f, gconstpointer data)
{
  g_autoptr (LkReading) reading = read_all (f);
  const LkProduct *product;

  g_assert_cmpuint (lk_fake_machine_count (f->machine), ==, 5); /* with Identify */
  g_assert_cmpuint (reading->products->len, ==, 1);
  product = reading->products->pdata[0];
  g_assert_cmpstr (product->activation_id, ==, "11111111-aaaa-4bbb-8ccc-000000000001");
  g_assert_cmpint (product->key_kind, ==, LK_KEY_MAK);
  g_assert_cmpint (product->status, ==, LK_LICENSE_OOB_GRACE);
  g_assert_cmphex (product->status_reason, ==, 0x4004F00C);
  g_assert_cmpuint (product->grace_minutes, ==, 43200);
  g_assert_cmpstr (product->iid, ==, "012345678");
  g_assert_cmpstr (product->kms_machine, ==, "kms01");
  g_assert_cmpuint (product->kms_port, ==, 1688);
  g_assert_cmpstr (reading->stack, ==, "3.0");
  g_assert_cmpstr (reading->os_version, ==, "10.0.20348");
  g_assert_cmpstr (reading->service_version, ==, "10.0.20348.2700");
  g_assert_cmpint (reading->rearm_left, ==, 1001);
  g_assert_true (reading->has_oem_key);
  g_assert_false (reading->is_subscription);
  g_assert_cmpstr (reading->identity->name, ==, "PC-7");
  g_assert_cmpstr (reading->identity->fqdn, ==, "pc-7.lab.test");
  g_assert_cmpstr (reading->identity->uuid, ==, "4C4C4544-0001-4D10-8000-B7C04F000001");
  g_assert_cmpstr (reading->identity->cmid, ==, "11111111-2222-4333-8444-555555555555");
}

static void
test_read_known_dialect (Fixture *f, gconstpointer data)
{
  g_autoptr (LkReading) reading = NULL;

  lk_wsman_set_dialect (f->wsman, LK_DIALECT_WMI, "3.0");
  reading = read_all (f);
  g_assert_cmpuint (lk_fake_machine_count (f->machine), ==, 4);
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "Identify"), ==, 0);
}

static void
test_never_asks_for_the_key (Fixture *f, gconstpointer data)
{
  static const char *const stacks[] = { "1.1", "2.0", "3.0" };

  for (guint i = 0; i < G_N_ELEMENTS (stacks); i++)
    {
      g_autoptr (LkLicensing) licensing = lk_licensing_new (f->wsman);
      g_autoptr (LkReading) reading = NULL;

      lk_wsman_set_dialect (f->wsman, LK_DIALECT_WMI, stacks[i]);
      reading = lk_licensing_read (licensing, NULL, NULL);
      g_assert_nonnull (reading);
    }
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "OA3xOriginalProductKey,"), ==, 0);
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "OA3xOriginalProductKey "), ==, 0);
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "SELECT *"), ==, 0);
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "transfer/Get"), ==, 0);
}

/* A column that this build lacks costs one more question, once. */
static void
test_older_columns (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *unknown;
    guint first;
  } table[] = {
    { "SubscriptionType", 5 },
    { "ProductKeyChannel", 5 },
    { "OA3xOriginalProductKeyPkPn", 6 },
    { "KeyManagementServiceMachine", 6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (LkLicensing) licensing = lk_licensing_new (f->wsman);
      guint before = lk_fake_machine_count (f->machine);
      g_autoptr (LkReading) first = NULL;
      g_autoptr (LkReading) second = NULL;

      lk_wsman_set_dialect (f->wsman, LK_DIALECT_WMI, "3.0");
      f->machine->unknown = table[i].unknown;
      first = lk_licensing_read (licensing, NULL, NULL);
      g_assert_nonnull (first);
      g_assert_cmpuint (lk_fake_machine_count (f->machine) - before, ==, table[i].first);
      second = lk_licensing_read (licensing, NULL, NULL);
      g_assert_nonnull (second);
      g_assert_cmpuint (lk_fake_machine_count (f->machine) - before, ==, table[i].first + 4);
    }
}

static void
test_no_old_office (Fixture *f, gconstpointer data)
{
  g_autoptr (LkReading) first = NULL;
  g_autoptr (LkReading) second = NULL;

  f->machine->stack = "2.0";
  f->machine->unknown = "OfficeSoftwareProtectionProduct";
  first = read_all (f);
  second = read_all (f);
  g_assert_cmpuint (second->products->len, ==, 1);
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "OfficeSoftware"), ==, 1);
}

static void
test_no_service (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->machine->unknown = "SoftwareLicensingService";
  g_assert_null (lk_licensing_read (f->licensing, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECTED);
}

static void
test_identity_is_remembered (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint n;

  g_assert_nonnull (lk_licensing_read_identity (f->licensing, NULL, &error));
  n = lk_fake_machine_count (f->machine);
  g_assert_nonnull (lk_licensing_read_identity (f->licensing, NULL, &error));
  g_assert_cmpuint (lk_fake_machine_count (f->machine), ==, n);
}

static void
test_install (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (lk_licensing_read_identity (f->licensing, NULL, &error));
  g_assert_true (install (f, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (lk_fake_machine_count_with (
                        f->machine, "<p:ProductKey>BBBBB-CCCCC-DDDDD-FFFFF-GGGGG</p:ProductKey>"),
                    ==, 1);
  g_assert_cmpuint (lk_fake_machine_count_with (
                        f->machine, "<w:Selector Name=\"Version\">10.0.20348.2700</w:Selector>"),
                    ==, 1);
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 1);
}

static void
test_refused_key (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->machine->fault = "3221549136";
  g_assert_false (install (f, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECTED);
  g_assert_cmphex (lk_error_get_remote_code (error), ==, 0xC004F050);
  g_assert_false (lk_error_was_sent (error)); /* it answered: nothing is in doubt */
  g_assert_null (strstr (error->message, "CCCCC"));
}

static void
assert_in_doubt (Fixture *f, LkError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (install (f, &error));
  g_assert_error (error, LK_ERROR, (int) code);
  g_assert_true (lk_error_was_sent (error));
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "InstallProductKey_INPUT"), ==, 1);
}

static void
test_time_out_there (Fixture *f, gconstpointer data)
{
  f->machine->fault = "2150858793";
  assert_in_doubt (f, LK_ERROR_UNREACHABLE);
}

static void
test_hung_up (Fixture *f, gconstpointer data)
{
  f->machine->hangs_up = TRUE;
  assert_in_doubt (f, LK_ERROR_UNREACHABLE);
}

static void
test_answer_to_another (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (lk_licensing_read_identity (f->licensing, NULL, &error));
  f->machine->misrelates = TRUE;
  assert_in_doubt (f, LK_ERROR_BAD_REPLY);
}

/* Four questions identify the machine; then the connection ends, and behind the address stands
 * another one (or the same). */
static void
identify_and_lose_connection (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->machine->drop_after = 4;
  g_assert_nonnull (lk_licensing_read_identity (f->licensing, NULL, &error));
  while (lk_link_is_fresh (f->link))
    g_usleep (1000);
  f->machine->drop_after = 0;
}

static void
test_same_machine_again (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  identify_and_lose_connection (f);
  g_assert_true (install (f, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (lk_link_get_serial (f->link), ==, 2);
}

static void
test_another_machine (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  identify_and_lose_connection (f);
  f->machine->uuid = "4c4c4544-0002-4d10-8000-b7c04f000002";
  g_assert_false (install (f, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECTED);
  g_assert_nonnull (strstr (error->message, "another machine"));
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "_INPUT"), ==, 0);
}

static void
test_endless_rows (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (lk_wsman_query (f->wsman, "Endless", "SELECT a FROM Endless", 25, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_BAD_REPLY);
  g_assert_cmpuint (lk_fake_machine_count_with (f->machine, "n:Release"), ==, 1);
}

/* ---- check ---- */

static const LkCheckResult *
get_last (const GPtrArray *results)
{
  for (guint i = 0; i < results->len; i++)
    {
      const LkCheckResult *result = results->pdata[i];

      g_test_message ("%s: %s: %s", lk_check_stage_to_word (result->stage),
                      result->ok ? "ok" : "failed", result->text);
      g_assert_cmpint (result->ok, ==, i + 1 < results->len || result->remedy == NULL);
    }

  return results->pdata[results->len - 1];
}

static void
test_check_good (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) results = lk_check_machine (&f->options, NULL);
  const LkCheckResult *last = get_last (results);

  g_assert_cmpuint (results->len, ==, 7); /* no TLS */
  g_assert_cmpint (last->cause, ==, LK_CAUSE_READY);
  g_assert_null (last->script);
  g_assert_cmpint (last->stage, ==, LK_CHECK_LICENSING);
  g_assert_true (last->ok);
}

static void
test_check_winrm_off (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) results = NULL;
  const LkCheckResult *last;
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  f->options.port = ntohs (address.sin_port);
  results = lk_check_machine (&f->options, NULL);
  last = get_last (results);
  g_assert_cmpint (last->stage, ==, LK_CHECK_TCP);
  g_assert_cmpint (last->cause, ==, LK_CAUSE_NO_SERVICE);
  g_assert_nonnull (strstr (last->script, "New-NetFirewallRule"));
  g_assert_nonnull (strstr (last->remedy, "winrm quickconfig"));
  g_assert_nonnull (strstr (last->remedy, "Allow remote server management through WinRM"));
  close (fd);
}

static void
serve_status (LkPeerConnection *connection, gpointer data)
{
  g_autoptr (LkHttpMessage) request = lk_peer_read (connection);

  lk_peer_answer (connection, GPOINTER_TO_UINT (data), "");
}

static void
test_check_statuses (Fixture *f, gconstpointer data)
{
  static const struct
  {
    guint status;
    LkCheckStage stage;
    LkCheckCause cause;
    const char *words;
  } table[] = {
    { 401, LK_CHECK_AUTH, LK_CAUSE_PASSWORD, "password" },
    { 404, LK_CHECK_HTTP, LK_CAUSE_NOT_WINRM, "URL prefix" },
    { 503, LK_CHECK_HTTP, LK_CAUSE_BUSY, "later" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      LkPeer *peer = lk_peer_new (NULL, serve_status, GUINT_TO_POINTER (table[i].status));
      g_autoptr (GPtrArray) results = NULL;
      const LkCheckResult *last;

      f->options.port = lk_peer_get_port (peer);
      results = lk_check_machine (&f->options, NULL);
      last = get_last (results);
      g_assert_cmpint (last->stage, ==, table[i].stage);
      g_assert_cmpint (last->cause, ==, table[i].cause);
      g_assert_nonnull (strstr (last->remedy, table[i].words));
      lk_peer_free (peer);
    }
}

/* Whatever is wrong, a person is told what to do, and no script has a blank left in it. */
static void
test_check_advice (Fixture *f, gconstpointer data)
{
  const LkCheckPlace place = { 5985, "10.0.0.0/24" };
  const LkCheckPlace lost = { 5986, NULL };
  g_autofree char *rule = lk_check_write_script (LK_CAUSE_FIREWALL, &place);
  g_autofree char *nowhere = lk_check_write_script (LK_CAUSE_FIREWALL, &lost);
  g_autofree char *https = lk_check_write_script (LK_CAUSE_CLEAR, &place);

  for (LkCheckCause cause = LK_CAUSE_READY; cause < LK_N_CAUSES; cause++)
    {
      g_autofree char *advice = lk_check_advise (cause, &place);
      g_autofree char *script = lk_check_write_script (cause, &place);
      gboolean says_all = cause == LK_CAUSE_READY || cause == LK_CAUSE_NO_CREDENTIAL ||
                          cause == LK_CAUSE_CANCELLED || cause == LK_CAUSE_OTHER;

      g_test_message ("%s", lk_check_cause_to_word (cause));
      g_assert_cmpint (advice == NULL, ==, says_all);
      if (script == NULL)
        continue;
      g_assert_nonnull (advice);
      g_assert_true (g_str_is_ascii (script));
      g_assert_null (strchr (script, '@'));
    }

  g_assert_nonnull (strstr (rule, "-RemoteAddress '10.0.0.0/24'"));
  g_assert_nonnull (strstr (rule, "-LocalPort 5985"));
  g_assert_nonnull (strstr (nowhere, "-RemoteAddress 'LocalSubnet'"));
  g_assert_nonnull (strstr (https, "-Port 5986"));
}

static void
test_check_unsafe (Fixture *f, gconstpointer data)
{
  g_autoptr (LkLogin) login = lk_test_login_new ("admin", "password", LK_SCHEME_BASIC);
  g_autoptr (GPtrArray) results = NULL;
  const LkCheckResult *last;

  f->options.host = "192.0.2.1";
  f->options.login = login;
  results = lk_check_machine (&f->options, NULL);
  last = get_last (results);
  g_assert_cmpint (last->stage, ==, LK_CHECK_AUTH);
  g_assert_cmpuint (results->len, ==, 2);
}

static void
test_check_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) results = NULL;

  g_cancellable_cancel (cancellable);
  results = lk_check_machine (&f->options, cancellable);
  g_assert_false (((LkCheckResult *) results->pdata[results->len - 1])->ok);
  g_assert_cmpuint (lk_fake_machine_count (f->machine), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add (name, Fixture, NULL, set_up, func, tear_down)
  ADD ("/licensing/read", test_read);
  ADD ("/licensing/read-known-dialect", test_read_known_dialect);
  ADD ("/licensing/never-asks-for-the-key", test_never_asks_for_the_key);
  ADD ("/licensing/older-columns", test_older_columns);
  ADD ("/licensing/no-old-office", test_no_old_office);
  ADD ("/licensing/no-service", test_no_service);
  ADD ("/licensing/identity-is-remembered", test_identity_is_remembered);
  ADD ("/licensing/install", test_install);
  ADD ("/licensing/refused-key", test_refused_key);
  ADD ("/licensing/time-out-there", test_time_out_there);
  ADD ("/licensing/hung-up", test_hung_up);
  ADD ("/licensing/answer-to-another", test_answer_to_another);
  ADD ("/licensing/same-machine-again", test_same_machine_again);
  ADD ("/licensing/another-machine", test_another_machine);
  ADD ("/wsman/endless-rows", test_endless_rows);
  ADD ("/check/good", test_check_good);
  ADD ("/check/winrm-off", test_check_winrm_off);
  ADD ("/check/statuses", test_check_statuses);
  ADD ("/check/advice", test_check_advice);
  ADD ("/check/unsafe", test_check_unsafe);
  ADD ("/check/cancelled", test_check_cancelled);
  return g_test_run ();
}
