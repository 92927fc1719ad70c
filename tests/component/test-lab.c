/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "domain/lk-identifiers.h"
#include "domain/lk-practice.h"
#include "lab/lk-lab-control.h"
#include "lab/lk-lab-truth.h"
#include "licensing/lk-licensing.h"

#include "lk-test-login.h"

#include <glib/gstdio.h>
#include <string.h>

/* The lab, asked by the real client over real sockets. */

typedef struct
{
  LkLab *lab;
  LkLink *link;
  LkWsman *wsman;
  LkLicensing *licensing;
} Talk;

static LkLab *
open_lab (const char *mix, const char *faults, const char *state_path, const char *password)
{
  g_autoptr (LkSecret) secret = password != NULL ? lk_secret_new (password, -1) : NULL;
  const LkLabOptions options = {
    .fleet = { .n_machines = 40,
               .seed = 11,
               .profile_mix = mix,
               .faults = faults,
               .state_path = state_path },
    .door = { .password = secret },
  };
  g_autoptr (GError) error = NULL;
  LkLab *lab = lk_lab_new (&options, &error);

  g_assert_no_error (error);
  return lab;
}

static Talk *
talk_to (LkLab *lab, guint place, const char *password)
{
  guint32 address = lk_lab_fleet_get_address (place);
  g_autofree char *host = g_strdup_printf ("127.1.%u.%u", address >> 8 & 0xFF, address & 0xFF);
  g_autoptr (LkLogin) login =
      password != NULL ? lk_test_login_new ("Administrator", password, LK_SCHEME_AUTO) : NULL;
  const LkLinkOptions options = {
    .host = host,
    .port = lk_lab_get_port (lab),
    .path = "/wsman",
    .login = login,
    .connect_ms = 500,
    .first_byte_ms = 1000,
  };
  Talk *talk = g_new0 (Talk, 1);

  talk->lab = lab;
  talk->link = lk_link_new (&options);
  talk->wsman = lk_wsman_new (talk->link);
  talk->licensing = lk_licensing_new (talk->wsman);
  return talk;
}

static void
talk_free (Talk *talk)
{
  lk_licensing_free (talk->licensing);
  lk_wsman_free (talk->wsman);
  lk_link_free (talk->link);
  g_free (talk);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Talk, talk_free)

/* The first machine whose Windows waits for a licence under a setup key. */
static guint
find_unlicensed (LkLab *lab)
{
  LkLabFleet *fleet = lk_lab_get_fleet (lab);

  for (guint i = 0; i < lk_lab_fleet_get_n_machines (fleet); i++)
    {
      LkLabView view;

      lk_lab_fleet_view (fleet, i, &view);
      if (view.state.products[0].license.key_kind == LK_KEY_GVLK &&
          view.state.products[0].license.status != LK_LICENSE_LICENSED)
        return i;
    }
  g_assert_not_reached ();
}

static LkProduct *
read_windows (Talk *talk, GPtrArray **products)
{
  g_autoptr (GError) error = NULL;

  *products = lk_licensing_read_products (talk->licensing, LK_APPLICATION_WINDOWS, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < (*products)->len; i++)
    if (!((LkProduct *) (*products)->pdata[i])->is_addon)
      return (*products)->pdata[i];
  g_assert_not_reached ();
}

/* Every generation, read by the client's own column lists. */
static void
test_read (void)
{
  static const char *const mixes[] = { "vista", "2008", "7", "2008r2", "2012r2", "10", "2022" };

  for (guint i = 0; i < G_N_ELEMENTS (mixes); i++)
    {
      g_autoptr (LkLab) lab = open_lab (mixes[i], NULL, NULL, NULL);
      guint place = find_unlicensed (lab);
      g_autoptr (Talk) talk = talk_to (lab, place, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (LkReading) reading = lk_licensing_read (talk->licensing, NULL, &error);
      LkLabView view;
      g_autofree char *uuid = NULL;
      g_autofree char *cmid = NULL;
      g_autofree char *iid = NULL;
      LkProduct *product;

      g_test_message ("%s", mixes[i]);
      g_assert_no_error (error);
      lk_lab_fleet_view (lk_lab_get_fleet (lab), place, &view);
      uuid = lk_lab_machine_dup_uuid (view.traits, &view.state);
      cmid = lk_lab_machine_dup_cmid (view.traits, &view.state);
      iid = lk_lab_product_dup_iid (view.traits, &view.state, &view.state.products[0]);

      g_assert_cmpstr (reading->identity->uuid, ==, uuid);
      g_assert_cmpstr (reading->identity->cmid, ==, cmid);
      g_assert_cmpstr (reading->service_version, ==, view.traits->generation->service_version);
      g_assert_cmpstr (reading->stack, ==, view.traits->generation->stack);
      g_assert_cmpuint (reading->products->len, ==, view.state.n_products);
      product = reading->products->pdata[0];
      g_assert_cmpstr (product->iid, ==, iid);
      g_assert_cmpuint (strlen (iid), ==, view.traits->generation->n_iid_digits);
      g_assert_cmpint (product->status, ==, view.state.products[0].license.status);
      g_assert_cmpint (product->key_kind, ==, LK_KEY_GVLK);
      g_assert_cmpstr (product->partial_key, ==, view.state.products[0].last_five);
    }
}

/* The main job: another activation ID, an IID under the new key, a CID that only fits it. */
static void
test_proxy_activation (void)
{
  g_autoptr (LkLab) lab = open_lab (NULL, NULL, NULL, "sesame");
  g_autoptr (Talk) talk = talk_to (lab, find_unlicensed (lab), "sesame");
  g_autoptr (LkSecret) key = lk_lab_key_new (LK_KEY_MAK, LK_LAB_WINDOWS, 0);
  g_autoptr (LkSecret) real = lk_secret_new ("BCDFG-HJKMP-QRTVW-XY234-6789B", -1);
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) between = NULL;
  g_autoptr (GPtrArray) after = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *identity = NULL;
  g_autofree char *cid = NULL;
  g_autofree char *spends = NULL;
  LkProduct *old = read_windows (talk, &before);
  LkProduct *product;

  g_assert_false (lk_licensing_install_key (talk->licensing, real, NULL, &error));
  g_assert_cmphex (lk_error_get_remote_code (error), ==, 0xC004F050);
  g_clear_error (&error);

  g_assert_true (lk_licensing_install_key (talk->licensing, key, NULL, &error));
  g_assert_no_error (error);
  product = read_windows (talk, &between);
  g_assert_cmpstr (product->activation_id, !=, old->activation_id);
  g_assert_cmpstr (product->iid, !=, old->iid);
  g_assert_cmpint (product->key_kind, ==, LK_KEY_MAK);
  g_assert_cmpint (product->status, !=, LK_LICENSE_LICENSED);

  identity = lk_key_identity_from_epid (product->epid);
  cid = lk_practice_cid (product->iid, identity);
  cid[0] = cid[0] == '9' ? '0' : cid[0] + 1;
  g_assert_false (lk_licensing_deposit (talk->licensing, product, product->iid, cid, NULL, &error));
  g_assert_cmphex (lk_error_get_remote_code (error), ==, 0xC004F04D);
  g_clear_error (&error);
  cid[0] = cid[0] == '0' ? '9' : cid[0] - 1;
  g_assert_true (lk_licensing_deposit (talk->licensing, product, product->iid, cid, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (lk_licensing_refresh_status (talk->licensing, NULL, &error));
  g_assert_no_error (error);

  product = read_windows (talk, &after);
  g_assert_cmpint (product->status, ==, LK_LICENSE_LICENSED);
  spends = lk_lab_truth_dup_spends (lk_lab_get_fleet (lab));
  g_assert_cmpstr (spends, ==, "[]");
}

static void
test_online_activation (void)
{
  g_autoptr (LkLab) lab = open_lab (NULL, NULL, NULL, NULL);
  g_autoptr (Talk) talk = talk_to (lab, find_unlicensed (lab), NULL);
  g_autoptr (LkSecret) key = lk_lab_key_new (LK_KEY_MAK, LK_LAB_WINDOWS, 0);
  g_autoptr (GPtrArray) before = NULL;
  g_autoptr (GPtrArray) between = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *spends = NULL;
  LkProduct *product = read_windows (talk, &before);

  /* No KMS can be found. */
  g_assert_false (lk_licensing_activate (talk->licensing, product, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECTED);
  g_clear_error (&error);

  g_assert_true (lk_licensing_install_key (talk->licensing, key, NULL, &error));
  product = read_windows (talk, &between);
  g_assert_true (lk_licensing_activate (talk->licensing, product, NULL, &error));
  g_assert_true (lk_licensing_activate (talk->licensing, product, NULL, &error));
  g_assert_no_error (error);

  spends = lk_lab_truth_dup_spends (lk_lab_get_fleet (lab));
  g_assert_nonnull (strstr (spends, product->iid));
  g_assert_nonnull (strstr (spends, "\"count\":2"));
}

/* An effect is on disk before it is answered: another lab on the same file knows it. */
static void
test_resume (void)
{
  g_autofree char *dir = g_dir_make_tmp ("lab-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "lab.db", NULL);
  g_autoptr (LkSecret) key = lk_lab_key_new (LK_KEY_MAK, LK_LAB_WINDOWS, 0);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;
  const LkLabFleetOptions other = { .n_machines = 41, .seed = 11, .state_path = path };

  {
    g_autoptr (LkLab) lab = open_lab (NULL, NULL, path, NULL);
    g_autoptr (Talk) talk = talk_to (lab, find_unlicensed (lab), NULL);
    g_autoptr (GPtrArray) products = NULL;

    g_assert_true (lk_licensing_install_key (talk->licensing, key, NULL, &error));
    g_assert_true (
        lk_licensing_activate (talk->licensing, read_windows (talk, &products), NULL, &error));
    g_assert_no_error (error);
    g_assert_true (lk_lab_fleet_advance (lk_lab_get_fleet (lab), 12345, &error));
    g_assert_true (lk_lab_fleet_swap_places (lk_lab_get_fleet (lab), 1, 2, &error));
    first = lk_lab_truth_dup_machines (lk_lab_get_fleet (lab), G_MAXUINT);
  }
  {
    g_autoptr (LkLab) lab = open_lab (NULL, NULL, path, NULL);
    g_autofree char *spends = lk_lab_truth_dup_spends (lk_lab_get_fleet (lab));

    second = lk_lab_truth_dup_machines (lk_lab_get_fleet (lab), G_MAXUINT);
    g_assert_cmpstr (first, ==, second);
    g_assert_nonnull (strstr (spends, "\"count\":1"));
  }

  g_assert_null (lk_lab_fleet_new (&other, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
}

static void
test_same_seed (void)
{
  const LkLabFleetOptions options = { .n_machines = 300, .seed = 5, .faults = "slow=10%:5ms" };
  g_autoptr (LkLabFleet) one = lk_lab_fleet_new (&options, NULL);
  g_autoptr (LkLabFleet) other = lk_lab_fleet_new (&options, NULL);
  guint n_slow = 0;

  g_assert_nonnull (one);
  g_assert_nonnull (other);
  for (guint i = 0; i < options.n_machines; i++)
    {
      g_autofree char *a = lk_lab_truth_dup_machines (one, i);
      g_autofree char *b = lk_lab_truth_dup_machines (other, i);

      g_assert_cmpstr (a, ==, b);
      if (lk_lab_fault_set_get_value (lk_lab_fleet_get_faults (one), i, LK_LAB_SLOW) == 5)
        n_slow++;
    }
  g_assert_cmpuint (n_slow, >, 10);
  g_assert_cmpuint (n_slow, <, 60);
}

static GError *
identify_with_fault (LkLab *lab, LkLabFault fault)
{
  g_autoptr (Talk) talk = talk_to (lab, 3, "sesame");
  g_autoptr (GError) failure = NULL;
  GError *error = NULL;

  g_assert_true (lk_lab_put_fault (lab, 3, fault, TRUE, 1, &failure));
  g_assert_false (lk_wsman_identify (talk->wsman, NULL, &error));
  g_assert_true (lk_lab_put_fault (lab, 3, fault, FALSE, 1, &failure));
  g_assert_no_error (failure);
  return error;
}

static void
test_faults (void)
{
  static const struct
  {
    LkLabFault fault;
    LkError code;
  } cases[] = {
    { LK_LAB_DEAD, LK_ERROR_UNREACHABLE },   { LK_LAB_REFUSING, LK_ERROR_UNREACHABLE },
    { LK_LAB_SILENT, LK_ERROR_UNREACHABLE }, { LK_LAB_BREAK, LK_ERROR_UNREACHABLE },
    { LK_LAB_GARBAGE, LK_ERROR_BAD_REPLY },  { LK_LAB_BAD_XML, LK_ERROR_BAD_REPLY },
    { LK_LAB_ENDLESS, LK_ERROR_BAD_REPLY },  { LK_LAB_WRONG_PASSWORD, LK_ERROR_DENIED },
  };
  g_autoptr (LkLab) lab = open_lab (NULL, NULL, NULL, "sesame");
  g_autoptr (Talk) talk = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) failure = identify_with_fault (lab, cases[i].fault);

      g_test_message ("%s: %s", lk_lab_fault_to_word (cases[i].fault), failure->message);
      g_assert_error (failure, LK_ERROR, (int) cases[i].code);
    }

  /* And it is well again. */
  talk = talk_to (lab, 3, "sesame");
  g_assert_true (lk_wsman_identify (talk->wsman, NULL, &error));
  g_assert_no_error (error);
}

static void
test_act_then_timeout (void)
{
  g_autoptr (LkLab) lab = open_lab (NULL, NULL, NULL, NULL);
  guint place = find_unlicensed (lab);
  g_autoptr (Talk) talk = talk_to (lab, place, NULL);
  g_autoptr (LkSecret) key = lk_lab_key_new (LK_KEY_MAK, LK_LAB_WINDOWS, 0);
  g_autoptr (GPtrArray) products = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_lab_put_fault (lab, place, LK_LAB_ACT_THEN_TIMEOUT, TRUE, 1, &error));
  g_assert_false (lk_licensing_install_key (talk->licensing, key, NULL, &error));
  g_assert_cmphex (lk_error_get_remote_code (error), ==, LK_WSMAN_E_TIMED_OUT);
  g_assert_cmpint (read_windows (talk, &products)->key_kind, ==, LK_KEY_MAK);
}

/* Between the reading of the installation ID and the deposit another machine stands there. */
static void
test_surprises (void)
{
  static const LkLabFault surprises[] = { LK_LAB_REIMAGED, LK_LAB_REFITTED, LK_LAB_TAKEOVER };

  for (guint i = 0; i < G_N_ELEMENTS (surprises); i++)
    {
      g_autoptr (LkLab) lab = open_lab (NULL, NULL, NULL, NULL);
      guint place = find_unlicensed (lab);
      g_autoptr (Talk) talk = talk_to (lab, place, NULL);
      g_autoptr (LkSecret) key = lk_lab_key_new (LK_KEY_MAK, LK_LAB_WINDOWS, 0);
      g_autoptr (GPtrArray) unarmed = NULL;
      g_autoptr (GPtrArray) first = NULL;
      g_autoptr (GPtrArray) second = NULL;
      g_autoptr (GError) error = NULL;
      LkProduct *before;
      LkProduct *after;

      g_assert_true (lk_lab_put_fault (lab, place, surprises[i], TRUE, 1, &error));
      read_windows (talk, &unarmed);
      g_assert_true (lk_licensing_install_key (talk->licensing, key, NULL, &error));
      before = read_windows (talk, &first);
      after = read_windows (talk, &second);
      g_test_message ("%s", lk_lab_fault_to_word (surprises[i]));
      g_assert_cmpint (before->key_kind, ==, LK_KEY_MAK);
      g_assert_cmpstr (before->iid, !=, after->iid);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lab/read", test_read);
  g_test_add_func ("/lab/proxy-activation", test_proxy_activation);
  g_test_add_func ("/lab/online-activation", test_online_activation);
  g_test_add_func ("/lab/resume", test_resume);
  g_test_add_func ("/lab/same-seed", test_same_seed);
  g_test_add_func ("/lab/faults", test_faults);
  g_test_add_func ("/lab/act-then-timeout", test_act_then_timeout);
  g_test_add_func ("/lab/surprises", test_surprises);

  return g_test_run ();
}
