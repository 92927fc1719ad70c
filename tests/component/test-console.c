/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-credentials.h"
#include "console/lk-console-keys.h"
#include "console/lk-console-private.h"
#include "console/lk-console-settings.h"
#include "console/lk-preview.h"
#include "domain/lk-job.h"
#include "domain/lk-practice.h"
#include "store/lk-facts.h"

#include <glib/gstdio.h>
#include <string.h>

/* What a person is told before anything is done, and what is kept sealed. */

#define IID "111111222222333333444444555555666666777777888888999999"
#define CID "123456123456123456123456123456123456123456123456"

typedef struct
{
  char *folder;
  char *path;
  LkConsole *console;
  gint64 n_machines;
  char *last_five; /* of the practice MAK that is owned */
  char *epid;      /* that a machine with it would show */
  char *key_identity;
} Fixture;

static void
add_practice_key (Fixture *f)
{
  g_autoptr (LkSecret) key = lk_practice_key_new (LK_KEY_MAK, 1);
  g_autoptr (LkKeyRow) row = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_new = FALSE;

  lk_console_add_key (f->console, key, "for tests", &row, &is_new, &error);
  g_assert_no_error (error);
  g_assert_true (is_new);
  f->last_five = g_strdup (row->last_five);
  f->key_identity = g_strdup (row->key_identity);
  f->epid = g_strdup_printf ("12345-%.5s-%.3s-%.6s-03-1033-20348.0000-1002026", row->key_identity,
                             row->key_identity + 6, row->key_identity + 9);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("latchkey-console-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "fleet.db", NULL);
  f->console = lk_console_new (f->path, NULL);
  lk_console_open (f->console, &error);
  g_assert_no_error (error);
  add_practice_key (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  const char *name;

  g_clear_pointer (&f->console, lk_console_free);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f->last_five);
  g_free (f->epid);
  g_free (f->key_identity);
}

static gint64
add_machine (Fixture *f)
{
  g_autofree char *name = g_strdup_printf ("pc-%d", (int) ++f->n_machines);
  const char *words[] = { name, NULL };
  g_autoptr (LkFileList) list = lk_file_list_from_words (words);
  guint n_added = 0;
  guint n_known = 0;

  g_assert_true (lk_console_add_machines (f->console, list, &n_added, &n_known, NULL));
  g_assert_cmpuint (n_added, ==, 1);
  return f->n_machines;
}

typedef struct
{
  gint64 machine_id;
  LkReading *reading;
  const Fixture *fixture;
} Fact;

static gboolean
write_reading (LkDb *db, gpointer user_data, GError **error)
{
  Fact *fact = user_data;
  g_autofree char *stranger = NULL;

  return lk_facts_apply_reading (db, fact->machine_id, fact->reading, 1000, &stranger, error);
}

/* A reading with one product; a test changes what it is about before it goes in. */
static LkReading *
make_reading (const char *partial_key, LkKeyKind kind, LkLicenseStatus status)
{
  LkReading *reading = lk_reading_new ();
  LkProduct *product = g_new0 (LkProduct, 1);

  product->application_id = g_strdup (LK_APPLICATION_WINDOWS);
  product->activation_id = g_strdup ("00000000-0000-0000-0000-000000000001");
  product->name = g_strdup ("Windows(R), Enterprise edition");
  product->partial_key = g_strdup (partial_key);
  product->key_kind = kind;
  product->status = status;
  reading->rearm_left = 3;
  g_ptr_array_add (reading->products, product);
  return reading;
}

static LkProduct *
product (LkReading *reading)
{
  return g_ptr_array_index (reading->products, 0);
}

/* Takes @reading. */
static void
add_read_machine (Fixture *f, LkReading *reading)
{
  g_autoptr (LkReading) owned = reading;
  Fact fact = { add_machine (f), reading, f };
  g_autoptr (GError) error = NULL;

  lk_store_write (lk_console_get_store (f->console, NULL), write_reading, &fact, &error);
  g_assert_no_error (error);
}

static LkPreview *
preview (Fixture *f, const char *plan, gboolean with_key, const LkChoice *choice)
{
  const LkChoice all = { 0 };
  LkOrder order = {
    .plan = plan,
    .key_ref = with_key ? f->last_five : NULL,
    .choice = choice != NULL ? *choice : all,
  };
  g_autoptr (GError) error = NULL;
  LkPreview *result = lk_console_preview (f->console, &order, NULL, &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_line (const LkPreview *result, guint n, LkFate fate, const char *reason)
{
  const LkPreviewLine *line;

  g_assert_cmpuint (n, <, result->lines->len);
  line = g_ptr_array_index (result->lines, n);
  g_assert_cmpstr (line->reason, ==, reason);
  g_assert_cmpint (line->fate, ==, fate);
  g_assert_true ((line->explanation != NULL) == (fate == LK_FATE_LEFT_OUT));
}

static const LkCost *
cost (const LkPreview *result, guint n)
{
  g_assert_cmpuint (n, <, result->costs->len);
  return g_ptr_array_index (result->costs, n);
}

static void
set_remaining (Fixture *f, gint64 remaining)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyRow) key = lk_console_set_remaining (f->console, f->last_five, remaining, &error);

  g_assert_no_error (error);
}

static void
test_left_out (Fixture *f, gconstpointer data)
{
  g_autoptr (LkPreview) result = NULL;
  g_autoptr (LkPreview) named = NULL;
  const char *names[] = { "pc-3", "pc-4", NULL };
  const LkChoice by_name = { .names = names };
  LkReading *reading;

  add_machine (f);
  add_read_machine (f, make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE));
  reading = make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE);
  reading->is_subscription = TRUE;
  add_read_machine (f, reading);
  reading = make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE);
  reading->has_oem_key = TRUE;
  add_read_machine (f, reading);
  add_read_machine (f, make_reading (f->last_five, LK_KEY_MAK, LK_LICENSE_LICENSED));
  reading = make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE);
  g_free (product (reading)->application_id);
  product (reading)->application_id = g_strdup (LK_APPLICATION_OFFICE);
  add_read_machine (f, reading);
  reading = make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE);
  product (reading)->is_addon = TRUE;
  add_read_machine (f, reading);

  result = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  assert_line (result, 0, LK_FATE_LEFT_OUT, "unread");
  assert_line (result, 1, LK_FATE_SPENDS, NULL);
  assert_line (result, 2, LK_FATE_LEFT_OUT, "subscription");
  assert_line (result, 3, LK_FATE_LEFT_OUT, "oem");
  assert_line (result, 4, LK_FATE_LEFT_OUT, "licensed");
  assert_line (result, 5, LK_FATE_LEFT_OUT, "application");
  assert_line (result, 6, LK_FATE_LEFT_OUT, "application");
  g_assert_cmpuint (result->n_included, ==, 1);
  g_assert_cmpuint (result->n_left_out, ==, 6);
  g_assert_cmpuint (cost (result, 0)->n_licensed, ==, 1);

  named = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, &by_name);
  assert_line (named, 0, LK_FATE_SPENDS, NULL);
  assert_line (named, 1, LK_FATE_SPENDS, NULL);
}

/* Money is spent on what works already: that is said. */
static void
test_licensed_elsewhere (Fixture *f, gconstpointer data)
{
  g_autoptr (LkPreview) result = NULL;
  g_autofree char *text = NULL;

  add_read_machine (f, make_reading ("GGGGG", LK_KEY_MAK, LK_LICENSE_LICENSED));
  add_read_machine (f, make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE));
  set_remaining (f, 5);

  result = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  g_assert_cmpuint (cost (result, 0)->n_spends, ==, 2);
  g_assert_cmpuint (cost (result, 0)->n_relicensed, ==, 1);
  text = lk_cost_to_text (cost (result, 0));
  g_assert_cmpstr (
      text, ==, "uses 2 of 5 activations, 1 of them for a product that another key has licensed");
}

static void
test_products (Fixture *f, gconstpointer data)
{
  g_autoptr (LkPreview) by_pattern = NULL;
  g_autoptr (LkPreview) by_selection = NULL;
  const LkChoice pattern = { .product = "*OFFICE*" };
  const LkChoice selection = { .select = "app=office" };
  LkReading *reading = make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE);

  g_free (product (reading)->application_id);
  g_free (product (reading)->name);
  product (reading)->application_id = g_strdup (LK_APPLICATION_OFFICE);
  product (reading)->name = g_strdup ("Office 16");
  add_read_machine (f, reading);
  add_read_machine (f, make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE));

  by_pattern = preview (f, LK_PLAN_INSTALL_KEY, TRUE, &pattern);
  g_assert_cmpuint (by_pattern->lines->len, ==, 1);
  assert_line (by_pattern, 0, LK_FATE_FREE, NULL);
  by_selection = preview (f, LK_PLAN_INSTALL_KEY, TRUE, &selection);
  assert_line (by_selection, 0, LK_FATE_FREE, NULL);
}

/* Without a key it is the installed one that counts. */
static void
test_installed_key (Fixture *f, gconstpointer data)
{
  g_autoptr (LkPreview) result = NULL;
  LkReading *reading = make_reading (f->last_five, LK_KEY_MAK, LK_LICENSE_OOB_GRACE);

  product (reading)->epid = g_strdup (f->epid);
  add_read_machine (f, reading);
  add_read_machine (f, make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE));
  add_read_machine (f, make_reading (f->last_five, LK_KEY_MAK, LK_LICENSE_LICENSED));
  set_remaining (f, 5);

  result = preview (f, LK_PLAN_ACTIVATE_PROXY, FALSE, NULL);
  assert_line (result, 0, LK_FATE_SPENDS, NULL);
  assert_line (result, 1, LK_FATE_LEFT_OUT, "kms-client");
  assert_line (result, 2, LK_FATE_LEFT_OUT, "licensed");
  g_assert_cmpuint (result->costs->len, ==, 1);
  g_assert_true (cost (result, 0)->is_known);
  g_assert_cmpint (cost (result, 0)->left, ==, 5);
  g_assert_cmpint (result->obstacle, ==, LK_OBSTACLE_NONE);
}

static gboolean
confirm (LkDb *db, gpointer user_data, GError **error)
{
  const Fixture *f = user_data;

  return lk_ledger_confirm (db, f->key_identity, IID, f->epid, CID, LK_METHOD_PROXY, 1000, error);
}

static void
test_on_record (Fixture *f, gconstpointer data)
{
  g_autoptr (LkPreview) activate = NULL;
  g_autoptr (LkPreview) deposit = NULL;
  g_autofree char *text = NULL;
  LkReading *reading = make_reading (f->last_five, LK_KEY_MAK, LK_LICENSE_NOTIFICATION);

  product (reading)->epid = g_strdup (f->epid);
  product (reading)->iid = g_strdup (IID);
  add_read_machine (f, reading);
  add_read_machine (f, make_reading (f->last_five, LK_KEY_MAK, LK_LICENSE_NOTIFICATION));
  g_assert_true (lk_store_write (lk_console_get_store (f->console, NULL), confirm, f, NULL));
  set_remaining (f, 1);

  activate = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  assert_line (activate, 0, LK_FATE_ON_RECORD, NULL);
  assert_line (activate, 1, LK_FATE_SPENDS, NULL);
  g_assert_cmpint (activate->obstacle, ==, LK_OBSTACLE_NONE); /* one is spent, and one is left */
  g_assert_cmpuint (cost (activate, 0)->n_on_record, ==, 1);
  text = lk_cost_to_text (cost (activate, 0));
  g_assert_nonnull (strstr (text, "uses 1 of 1 activation,"));
  g_assert_nonnull (strstr (text, "costs nothing"));

  deposit = preview (f, LK_PLAN_DEPOSIT, FALSE, NULL);
  assert_line (deposit, 0, LK_FATE_FREE, NULL);
  assert_line (deposit, 1, LK_FATE_LEFT_OUT, "no-cid");
  g_assert_cmpuint (deposit->costs->len, ==, 0);
}

static gboolean
file (Fixture *f, const LkPreview *result, gboolean spends_unknown, gint64 *job, GError **error)
{
  const LkFiling filing = { .is_person_waiting = TRUE, .spends_unknown = spends_unknown };
  guint n_open = 0;

  return lk_console_file (f->console, result, &filing, job, &n_open, error);
}

static void
test_pool (Fixture *f, gconstpointer data)
{
  g_autoptr (LkPreview) unknown = NULL;
  g_autoptr (LkPreview) short_of_one = NULL;
  g_autoptr (LkPreview) enough = NULL;
  g_autoptr (LkPreview) planned = NULL;
  const char *first[] = { "pc-1", NULL };
  const LkChoice one = { .names = first };
  g_autoptr (LkPreview) of_one = NULL;
  g_autoptr (GError) error = NULL;
  gint64 job = 0;

  for (guint i = 0; i < 3; i++)
    add_read_machine (f, make_reading ("GGGGG", LK_KEY_GVLK, LK_LICENSE_OOB_GRACE));

  unknown = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  g_assert_cmpint (unknown->obstacle, ==, LK_OBSTACLE_UNKNOWN_POOL);
  g_assert_false (file (f, unknown, FALSE, &job, &error)); /* nobody agreed to it */
  g_assert_nonnull (error);
  g_clear_error (&error);

  set_remaining (f, 2);
  short_of_one = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  g_assert_cmpint (short_of_one->obstacle, ==, LK_OBSTACLE_POOL);
  g_assert_false (file (f, short_of_one, TRUE, &job, &error)); /* agreed or not */
  g_clear_error (&error);

  set_remaining (f, 3);
  enough = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  g_assert_cmpint (enough->obstacle, ==, LK_OBSTACLE_NONE);

  of_one = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, &one);
  g_assert_true (file (f, of_one, FALSE, &job, &error));
  set_remaining (f, 2);
  planned = preview (f, LK_PLAN_ACTIVATE_PROXY, TRUE, NULL);
  assert_line (planned, 0, LK_FATE_LEFT_OUT, "open-work");
  g_assert_cmpint (cost (planned, 0)->left, ==, 1); /* the other job will take one of the two */
  g_assert_cmpint (planned->obstacle, ==, LK_OBSTACLE_POOL);
}

static void
test_unknown_name (Fixture *f, gconstpointer data)
{
  const char *names[] = { "pc-1", "pc-9", NULL };
  const LkChoice choice = { .names = names };
  gboolean is_unknown = FALSE;
  g_autoptr (GError) error = NULL;

  add_machine (f);
  g_assert_null (lk_console_list_rows (f->console, &choice, &is_unknown, &error));
  g_assert_true (is_unknown);
  g_assert_nonnull (strstr (error->message, "pc-9"));
}

static void
test_same_key (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSecret) key = lk_practice_key_new (LK_KEY_MAK, 1);
  g_autoptr (LkKeyRow) row = NULL;
  g_autoptr (GPtrArray) keys = NULL;
  gboolean is_new = TRUE;

  g_assert_true (lk_console_add_key (f->console, key, NULL, &row, &is_new, NULL));
  g_assert_false (is_new);
  keys = lk_console_list_keys (f->console, NULL);
  g_assert_cmpuint (keys->len, ==, 1);
}

/* Nothing secret is in any file of the store but the key file, and without that nothing opens. */
static void
test_sealed (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSecret) password = lk_secret_new ("Sesame-1234567", -1);
  g_autoptr (LkSecret) key = lk_practice_key_new (LK_KEY_MAK, 1);
  g_autofree char *key_file = g_strconcat (f->path, ".key", NULL);
  static const char *const suffixes[] = { "", "-wal" };
  const LkMachineNames names = { .name = "pc-1" };
  const LkCredentialDraft draft = { .name = "lab", .user = "admin", .secret = password };
  g_autoptr (LkLogin) login = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_console_put_credential (f->console, &draft, &error));
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (f->path, suffixes[i], NULL);
      g_autofree char *bytes = NULL;
      gsize length = 0;

      if (!g_file_get_contents (path, &bytes, &length, NULL))
        continue;
      g_assert_null (memmem (bytes, length, lk_secret_peek (password), 14));
      g_assert_null (memmem (bytes, length, lk_secret_peek (key), 29));
    }
  login = lk_console_get_login (f->console, &names, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lk_secret_peek (lk_login_get_password (login)), ==, "Sesame-1234567");

  g_clear_pointer (&f->console, lk_console_free);
  g_assert_cmpint (g_unlink (key_file), ==, 0);
  f->console = lk_console_new (f->path, NULL);
  g_assert_null (lk_console_get_login (f->console, &names, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
  g_assert_false (g_file_test (key_file, G_FILE_TEST_EXISTS));

  /* Nor does another store's key do. */
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (key_file, "0123456789abcdef0123456789abcdef", 32, NULL));
  g_assert_cmpint (g_chmod (key_file, 0600), ==, 0);
  g_assert_false (lk_console_put_credential (f->console, &draft, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_DENIED);
}

static void
test_scopes (void)
{
  const LkMachineNames names = {
    .name = "PC-001", .fqdn = "pc-001.lab.test", .address = "10.0.0.1", .domain = "lab.test"
  };
  /* From the widest to the narrowest. */
  static const char *const scopes[] = { "*", "*.test", "lab.test", "pc-*", "pc-00?", "pc-001" };

  g_assert_cmpuint (lk_scope_match ("srv-*", &names), ==, 0);
  g_assert_cmpuint (lk_scope_match ("10.0.0.1", &names), >, lk_scope_match ("10.*", &names));
  for (guint i = 0; i < G_N_ELEMENTS (scopes); i++)
    if (!g_str_equal (scopes[i], "*.test") && i > 0)
      g_assert_cmpuint (lk_scope_match (scopes[i], &names), >,
                        lk_scope_match (scopes[i == 2 ? 0 : i - 1], &names));
}

static void
test_settings (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name;
    const char *value;
    gboolean ok;
  } cases[] = {
    { "backend.url", "https://gateway.lab.test:8443", TRUE },
    { "backend.url", "http://127.0.0.1:8080/", TRUE },
    { "backend.url", "http://gateway.lab.test/", FALSE }, /* in clear over the network */
    { "backend.url", "https://user:word@gateway/", FALSE },
    { "backend.url", "ftp://gateway/", FALSE },
    { "backend.proxy", "http://proxy:3128", TRUE },
    { "backend.proxy", "http://me:word@proxy:3128", FALSE },
    { "backend.batch-size", "1000", TRUE },
    { "backend.batch-size", "0", FALSE },
    { "backend.batch-size", "ten", FALSE },
    { "backend.kind", "service", TRUE },
    { "backend.kind", "other", FALSE },
    { "backend.pin", "abcd", FALSE },
    { "backend.digest-key", "00112233445566778899aabbccddeeff", FALSE }, /* never an argument */
    { "runner.first-back-off", "50ms", TRUE },
    { "runner.first-back-off", "-1s", FALSE },
    { "runner.first-back-off", "99999999999999999999d", FALSE },
    { "machines.ca", "/nowhere/ca.pem", FALSE },
    { "no.such", "x", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean ok = lk_console_set_setting (f->console, cases[i].name, cases[i].value, &error);

      if (ok != cases[i].ok)
        g_test_message ("%s = %s", cases[i].name, cases[i].value);
      g_assert_cmpint (ok, ==, cases[i].ok);
      g_assert_true (ok || g_error_matches (error, LK_ERROR, LK_ERROR_INVALID));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/preview/left-out", test_left_out);
  ADD ("/preview/licensed-elsewhere", test_licensed_elsewhere);
  ADD ("/preview/products", test_products);
  ADD ("/preview/installed-key", test_installed_key);
  ADD ("/preview/on-record", test_on_record);
  ADD ("/preview/pool", test_pool);
  ADD ("/preview/unknown-name", test_unknown_name);
  ADD ("/console/same-key", test_same_key);
  ADD ("/console/sealed", test_sealed);
  ADD ("/console/settings", test_settings);
#undef ADD
  g_test_add_func ("/console/scopes", test_scopes);
  return g_test_run ();
}
