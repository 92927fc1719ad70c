/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-keys.h"
#include "console/lk-console-phone.h"
#include "console/lk-console-private.h"
#include "console/lk-preview.h"
#include "domain/lk-identifiers.h"
#include "domain/lk-job.h"
#include "domain/lk-practice.h"
#include "store/lk-facts.h"
#include "store/lk-spends.h"

#include <glib/gstdio.h>
#include <string.h>

/* Rows that are chosen themselves, and activation by telephone. */

#define IID "111111222222333333444444555555666666777777888888999999"

typedef struct
{
  char *folder;
  LkConsole *console;
  char *last_five; /* of a practice MAK that is owned, with 10 activations */
  char *key_identity;
  char *epid;
  gint64 n_machines;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (LkSecret) key = lk_practice_key_new (LK_KEY_MAK, 1);
  g_autofree char *path = NULL;
  g_autoptr (LkKeyRow) row = NULL;
  g_autoptr (LkKeyRow) known = NULL;
  gboolean is_new = FALSE;

  f->folder = g_dir_make_tmp ("latchkey-phone-XXXXXX", NULL);
  path = g_build_filename (f->folder, "fleet.db", NULL);
  f->console = lk_console_new (path, NULL);
  g_assert_true (lk_console_add_key (f->console, key, NULL, &row, &is_new, NULL));
  f->last_five = g_strdup (row->last_five);
  f->key_identity = g_strdup (row->key_identity);
  f->epid = g_strdup_printf ("12345-%.5s-%.3s-%.6s-03-1033-20348.0000-1002026", row->key_identity,
                             row->key_identity + 6, row->key_identity + 9);
  known = lk_console_set_remaining (f->console, f->last_five, 10, NULL);
  g_assert_nonnull (known);
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
  g_free (f->last_five);
  g_free (f->key_identity);
  g_free (f->epid);
}

static LkProduct *
make_product (const Fixture *f, const char *application, LkKeyKind kind)
{
  LkProduct *product = g_new0 (LkProduct, 1);
  gboolean is_mak = kind == LK_KEY_MAK;

  product->application_id = g_strdup (application);
  product->activation_id = g_strdup_printf ("00000000-0000-0000-0000-00000000000%d", (int) kind);
  product->name =
      g_strdup (g_str_equal (application, LK_APPLICATION_WINDOWS) ? "Windows, Pro" : "Office 16");
  product->partial_key = g_strdup (is_mak ? f->last_five : "GGGGG");
  product->key_kind = kind;
  product->status = LK_LICENSE_NOTIFICATION;
  product->iid = g_strdup (IID);
  product->epid = g_strdup (f->epid);
  return product;
}

typedef struct
{
  gint64 machine_id;
  LkReading *reading;
} Fact;

static gboolean
write_reading (LkDb *db, gpointer user_data, GError **error)
{
  Fact *fact = user_data;
  g_autofree char *stranger = NULL;

  return lk_facts_apply_reading (db, fact->machine_id, fact->reading, 1000, &stranger, error);
}

/* Takes the products; @second may be NULL. */
static void
add_machine (Fixture *f, LkProduct *first, LkProduct *second)
{
  g_autofree char *name = g_strdup_printf ("pc-%d", (int) ++f->n_machines);
  const char *words[] = { name, NULL };
  g_autoptr (LkFileList) list = lk_file_list_from_words (words);
  g_autoptr (LkReading) reading = lk_reading_new ();
  Fact fact = { f->n_machines, reading };
  guint n_added = 0;
  guint n_known = 0;

  g_assert_true (lk_console_add_machines (f->console, list, &n_added, &n_known, NULL));
  if (first == NULL)
    return;
  g_ptr_array_add (reading->products, first);
  if (second != NULL)
    g_ptr_array_add (reading->products, second);
  g_assert_true (
      lk_store_write (lk_console_get_store (f->console, NULL), write_reading, &fact, NULL));
}

/* Keys of the rows of those conditions. */
static GArray *
find_keys (Fixture *f, const char *select)
{
  const LkChoice choice = { .select = select };
  g_autoptr (GPtrArray) rows = lk_console_list_rows (f->console, &choice, NULL, NULL);
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < rows->len; i++)
    {
      gint64 key = lk_row_get_key (rows->pdata[i]);

      g_array_append_val (keys, key);
    }
  return keys;
}

static LkPreview *
preview (Fixture *f, const char *plan, const char *key_ref, GArray *keys)
{
  const LkOrder order = {
    .plan = plan,
    .key_ref = key_ref,
    .choice = { .keys = (gint64 *) (gpointer) keys->data, .n_keys = keys->len },
    .is_swept = keys->len > 1,
  };
  g_autoptr (GError) error = NULL;
  LkPreview *result = lk_console_preview (f->console, &order, NULL, &error);

  g_assert_no_error (error);
  return result;
}

static const LkPreviewLine *
line (const LkPreview *result, guint n)
{
  g_assert_cmpuint (n, <, result->lines->len);
  return result->lines->pdata[n];
}

static const LkPreviewLine *
line_of (const LkPreview *result, const char *product)
{
  guint n = 0;

  while (!g_str_equal (line (result, n)->row->product->name, product))
    n++;
  return line (result, n);
}

/* The rows of the list are products: choosing one of a machine is not choosing the other. */
static void
test_rows_are_products (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) office = NULL;
  g_autoptr (GArray) all = NULL;
  g_autoptr (LkPreview) by_itself = NULL;
  g_autoptr (LkPreview) with_key = NULL;
  g_autoptr (LkPreview) mixed = NULL;
  g_autoptr (LkPreview) installed = NULL;
  g_autoptr (LkPreview) reading = NULL;

  add_machine (f, make_product (f, LK_APPLICATION_WINDOWS, LK_KEY_GVLK),
               make_product (f, LK_APPLICATION_OFFICE, LK_KEY_MAK));
  office = find_keys (f, "app=office");
  all = find_keys (f, NULL);
  g_assert_cmpuint (all->len, ==, 2);

  by_itself = preview (f, LK_PLAN_ACTIVATE_PROXY, NULL, office);
  g_assert_cmpuint (by_itself->lines->len, ==, 1);
  g_assert_cmpstr (line (by_itself, 0)->row->product->name, ==, "Office 16");
  g_assert_cmpint (line (by_itself, 0)->fate, ==, LK_FATE_SPENDS);
  with_key = preview (f, LK_PLAN_INSTALL_KEY, f->last_five, office);
  g_assert_cmpstr (line (with_key, 0)->reason, ==, "installed");

  /* A key is for one application. */
  mixed = preview (f, LK_PLAN_ACTIVATE_PROXY, f->last_five, all);
  g_assert_cmpint (line_of (mixed, "Windows, Pro")->fate, ==, LK_FATE_SPENDS);
  g_assert_cmpstr (line_of (mixed, "Office 16")->reason, ==, "other-application");
  installed = preview (f, LK_PLAN_ACTIVATE_PROXY, NULL, all);
  g_assert_cmpstr (line_of (installed, "Windows, Pro")->reason, ==, "kms-client");
  g_assert_cmpint (line_of (installed, "Office 16")->fate, ==, LK_FATE_SPENDS);

  /* What is about machines is done once for each. */
  reading = preview (f, LK_PLAN_REFRESH, NULL, all);
  g_assert_cmpuint (reading->n_included, ==, 1);
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 gone = 4711;
  g_autoptr (LkPreview) result = NULL;

  g_array_append_val (keys, gone);
  result = preview (f, LK_PLAN_REFRESH, NULL, keys);
  g_assert_cmpuint (result->rows->len, ==, 0);
}

static GPtrArray *
list (Fixture *f)
{
  const LkChoice all = { 0 };
  g_autoptr (GError) error = NULL;
  GPtrArray *lines = lk_console_list_phone (f->console, &all, NULL, &error);

  g_assert_no_error (error);
  return lines;
}

static void
add_mak_machine (Fixture *f)
{
  add_machine (f, make_product (f, LK_APPLICATION_WINDOWS, LK_KEY_MAK), NULL);
}

static void
test_lines (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *cost = NULL;
  const LkPhoneLine *first;

  add_mak_machine (f);
  add_machine (f, make_product (f, LK_APPLICATION_WINDOWS, LK_KEY_GVLK), NULL);
  add_machine (f, NULL, NULL);
  lines = list (f);
  g_assert_cmpuint (lines->len, ==, 3);

  first = lines->pdata[0];
  g_assert_cmpint (first->state, ==, LK_PHONE_WAITING);
  g_assert_cmpstr (first->iid, ==, IID);
  g_assert_cmpstr (first->key_identity, ==, f->key_identity);
  g_assert_cmpint (first->left, ==, 10);
  cost = lk_phone_line_describe_cost (first);
  g_assert_nonnull (strstr (cost, "one of 10 activations"));
  g_assert_cmpint (((LkPhoneLine *) lines->pdata[1])->state, ==, LK_PHONE_NO_IID);
  g_assert_cmpint (((LkPhoneLine *) lines->pdata[2])->state, ==, LK_PHONE_NO_IID);
}

static void
assert_spend (Fixture *f, const char *cid, LkSpendState state)
{
  g_autofree char *on_record = NULL;
  g_autoptr (LkSpend) spend = NULL;
  LkMethod method = LK_METHOD_PROXY;

  g_assert_true (lk_store_find_spend (lk_console_get_store (f->console, NULL), f->key_identity, IID,
                                      &on_record, &method, &spend, NULL));
  g_assert_cmpstr (on_record, ==, cid);
  g_assert_cmpint (method, ==, LK_METHOD_PHONE);
  g_assert_cmpint (spend->method, ==, LK_METHOD_PHONE);
  g_assert_cmpint (spend->state, ==, state);
}

/* Kept as a spend of its own, once; then a deposit finds it. */
static void
test_taken (Fixture *f, gconstpointer data)
{
  g_autofree char *cid = lk_practice_cid (IID, f->key_identity);
  g_autofree char *other = lk_practice_cid (IID, "12345-123456789");
  g_autofree char *groups = lk_digits_to_groups (cid);
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) after = NULL;
  g_autoptr (GArray) keys = NULL;
  g_autoptr (LkPreview) deposit = NULL;
  g_autoptr (GPtrArray) events = NULL;
  g_autoptr (GError) error = NULL;
  LkTaken taken;
  const LkPhoneLine *now;

  add_mak_machine (f);
  before = list (f);
  g_assert_true (lk_console_take_cid (f->console, before->pdata[0], groups, &taken, &error));
  g_assert_no_error (error);
  g_assert_cmpint (taken, ==, LK_TAKEN_NEW);
  assert_spend (f, cid, LK_SPEND_CONFIRMED);

  after = list (f);
  now = after->pdata[0];
  g_assert_cmpint (now->state, ==, LK_PHONE_ON_RECORD);
  g_assert_true (now->is_typed);
  g_assert_cmpint (now->left, ==, 9);
  events = lk_console_list_events (f->console, now->machine_id, 1, NULL);
  g_assert_cmpstr (((LkEvent *) events->pdata[0])->step, ==, LK_STEP_TAKE_CID);

  /* The same again, and another one in its place, cost nothing. */
  g_assert_true (lk_console_take_cid (f->console, now, cid, &taken, NULL));
  g_assert_cmpint (taken, ==, LK_TAKEN_KNOWN);
  g_assert_true (lk_console_take_cid (f->console, now, other, &taken, NULL));
  g_assert_cmpint (taken, ==, LK_TAKEN_CORRECTED);
  assert_spend (f, other, LK_SPEND_CONFIRMED);

  keys = find_keys (f, NULL);
  deposit = preview (f, LK_PLAN_DEPOSIT, NULL, keys);
  g_assert_cmpuint (deposit->n_included, ==, 1);
  g_assert_cmpuint (deposit->n_spends, ==, 0);
}

static void
test_wrong (Fixture *f, gconstpointer data)
{
  g_autofree char *cid = lk_practice_cid (IID, f->key_identity);
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) after = NULL;
  g_autoptr (GError) error = NULL;
  LkTaken taken;

  add_mak_machine (f);
  add_machine (f, NULL, NULL);
  before = list (f);
  cid[14] = cid[14] == '9' ? '0' : (char) (cid[14] + 1); /* in the third group */
  g_assert_false (lk_console_take_cid (f->console, before->pdata[0], cid, &taken, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "Group 3"));
  g_clear_error (&error);
  cid[14] = cid[14] == '0' ? '9' : (char) (cid[14] - 1);
  g_assert_false (lk_console_take_cid (f->console, before->pdata[1], cid, &taken, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  after = list (f);
  g_assert_cmpint (((LkPhoneLine *) after->pdata[0])->state, ==, LK_PHONE_WAITING);
}

static void
test_answers (Fixture *f, gconstpointer data)
{
  g_autofree char *cid = lk_practice_cid (IID, f->key_identity);
  g_autofree char *groups = lk_digits_to_groups (cid);
  g_autofree char *text =
      g_strdup_printf ("# by Anna\n\nIID " IID " -> CID %s\r\n%s\n", groups, cid);
  g_autofree char *cut = g_strndup (text, strlen (text) - 2);
  g_autoptr (GPtrArray) answers = lk_phone_answers_parse (text, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (answers->len, ==, 2);
  g_assert_cmpstr (((LkPhoneAnswer *) answers->pdata[0])->iid, ==, IID);
  g_assert_cmpstr (((LkPhoneAnswer *) answers->pdata[0])->cid, ==, cid);
  g_assert_null (((LkPhoneAnswer *) answers->pdata[1])->iid);
  g_assert_cmpstr (((LkPhoneAnswer *) answers->pdata[1])->cid, ==, cid);

  g_assert_null (lk_phone_answers_parse (cut, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "Line 4 has 47 digits"));
  g_clear_error (&error);
  g_assert_null (lk_phone_answers_parse ("nothing\n", &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/choice/rows-are-products", test_rows_are_products);
  ADD ("/choice/gone", test_gone);
  ADD ("/phone/lines", test_lines);
  ADD ("/phone/taken", test_taken);
  ADD ("/phone/wrong", test_wrong);
  ADD ("/phone/answers", test_answers);
#undef ADD
  return g_test_run ();
}
