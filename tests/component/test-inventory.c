/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "ledger/lk-ledger.h"
#include "lk-test-fleet.h"
#include "store/lk-inventory.h"
#include "store/lk-merge.h"
#include "store/lk-pins.h"
#include "transfer/lk-inventory.h"

#include <string.h>
#include <sys/resource.h>

/* Stores that go into files, and files that go into stores. */

#define NOW     LK_TEST_NOW
#define KEY     "90001-000000007"
#define EPID    "12345-90001-000-000007-03-1033-20348.0000-1002026"
#define IID(n)  "11111122222233333344444455555566666677777788888899999" #n
#define CID     "123456123456123456123456123456123456123456123456"
#define CID_2   "654321123456123456123456123456123456123456123456"
#define PIN     "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" /* of "hello" */
#define PIN_2   "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7" /* of "world" */
#define LAB_A   "aaaaaaaa-0000-4000-8000-000000000001"
#define LAB_B   "bbbbbbbb-0000-4000-8000-000000000002"
#define CORE    "cccccccc-0000-4000-8000-000000000003"
#define WINDOWS "3f1afc82-f8ac-4f6c-8005-1d233e606eee"

static gboolean
add_words (const char *kind,
           guint n,
           const char *const *fields,
           const char *const *values,
           gpointer user_data,
           GError **error)
{
  GString *text = user_data;

  g_string_append (text, kind);
  for (guint i = 0; i < n; i++)
    if (values[i] != NULL)
      g_string_append_printf (text, " %s=%s", fields[i], values[i]);
  g_string_append_c (text, '\n');
  return TRUE;
}

/* All of a store as text. */
static char *
dump (LkTestFleet *fleet)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);

  lk_store_read_inventory (fleet->store, TRUE, add_words, text, &error);
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

static char *
get_path (LkTestFleet *fleet, const char *name)
{
  return g_build_filename (fleet->folder, name, NULL);
}

static LkTransferHead
make_head (const char *store_id)
{
  return (LkTransferHead){ .kind = LK_TRANSFER_INVENTORY,
                           .id = (char *) "dddddddd-0000-4000-8000-000000000004",
                           .store_id = (char *) store_id,
                           .created_at = NOW + LK_HOUR };
}

static void
save (LkTestFleet *fleet, const char *store_id, const char *path)
{
  g_autoptr (GError) error = NULL;
  const LkTransferHead head = make_head (store_id);
  const LkInventoryOrder order = { .path = path, .head = &head };
  guint n = 0;

  lk_inventory_write (fleet->store, &order, &n, &error);
  g_assert_no_error (error);
}

static void
load_as (LkTestFleet *fleet,
         const char *store_id,
         const char *path,
         gboolean dry_run,
         LkIntakeTally *tally)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferReader) reader = lk_transfer_reader_open (path, NULL, FALSE, &error);
  const LkInventoryMerge merge = { .store_id = store_id, .now = NOW + LK_HOUR, .dry_run = dry_run };

  g_assert_no_error (error);
  lk_inventory_merge (fleet->store, reader, &merge, tally, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < tally->remarks->len; i++)
    g_test_message ("%s", (const char *) g_ptr_array_index (tally->remarks, i));
}

static void
load (LkTestFleet *fleet, const char *path, LkIntakeTally *tally)
{
  load_as (fleet, CORE, path, FALSE, tally);
}

/* Whether one of the remarks has these words. */
static gboolean
tells (const LkIntakeTally *tally, const char *words)
{
  for (guint i = 0; i < tally->remarks->len; i++)
    if (strstr (g_ptr_array_index (tally->remarks, i), words) != NULL)
      return TRUE;

  return FALSE;
}

/* A machine that answered; @hardware makes two of its identities. */
static gint64
add_read (LkTestFleet *fleet, const char *name, gint64 hardware, gint64 at)
{
  gint64 id = lk_test_fleet_add (fleet, name, NULL);
  LkReading *reading = lk_test_reading_new (hardware, name);
  LkProduct *product = lk_test_reading_add (reading, FALSE, LK_LICENSE_OOB_GRACE, 1000);

  product->epid = g_strdup (EPID);
  product->iid = g_strdup (IID (1));
  lk_test_fleet_read (fleet, id, at, reading);
  return id;
}

/* A lab with some of everything. */
static LkTestFleet *
lab_new (void)
{
  LkTestFleet *fleet = lk_test_fleet_new ();

  add_read (fleet, "PC1", 1, NOW + 10);
  lk_test_fleet_add (fleet, "PC2", "lab.test");
  lk_test_fleet_exec (
      fleet,
      "UPDATE machine SET pin = '" PIN "', certificate = X'68656C6C6F', pinned_at = 1699999999000,"
      " address = '10.1.0.1', tried_at = 1700000000010, last_result = 'Line one' || char (10) ||"
      " 'and \"two\" <ä>', last_code = 4026531839, last_ok = 0 WHERE id = 1;"
      "INSERT INTO machine_alias (alias, machine_id) VALUES ('pc-one', 1);"
      "INSERT INTO machine_tag (machine_id, tag) VALUES (1, 'floor 2'), (1, 'lab');"
      "INSERT INTO machine_apart VALUES (1, 2);"
      "INSERT INTO spend (key_identity, iid, epid, method, state, code, message, attempts,"
      "  created_at, sent_at, settled_at) VALUES"
      " ('" KEY "', '" IID (
          1) "', '" EPID "', 'proxy', 'confirmed', 0, NULL, 1, 10, 20, 30),"
             " ('" KEY "', '" IID (
                 2) "', '" EPID "', 'proxy', 'refused', 3221549148, 'no', 1, 10, 20, 30),"
                    " ('" KEY "', '" IID (
                        3) "', '" EPID "', 'proxy', 'unknown', 0, 'lost', 1, 10, 20, 0),"
                           " ('" KEY "', '" IID (
                               4) "', '" EPID "', 'proxy', 'sent', 0, NULL, 1, 10, 20, 0),"
                                  " ('" KEY "', '" IID (
                                      5) "', '" EPID
                                         "', 'proxy', 'reserved', 0, NULL, 0, 10, 0, 0);"
                                         "INSERT INTO confirmation (key_identity, iid, cid, "
                                         "method, created_at)"
                                         " VALUES ('" KEY "', '" IID (
                                             1) "', '" CID "', 'proxy', 30);"
                                                "UPDATE pool SET remaining = 90, checked_at = "
                                                "1699999990000 WHERE key_identity = '" KEY "';"
                                                "INSERT INTO event (at, machine_id, job_id, "
                                                "step, outcome, message)"
                                                " VALUES (1699999999500, 1, 0, 'refresh', "
                                                "'done', 'read'),"
                                                " (1699999999600, 0, 0, 'reveal-key', 'done', "
                                                "'ABC12 somebody@there')");
  return fleet;
}

/* Everything arrives, but for what only the other store may go on with. */
static void
test_round_trip (void)
{
  g_autoptr (LkTestFleet) lab = lab_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) tally = { .n_bad = 0 };
  g_autofree char *there = NULL;
  g_autofree char *here = NULL;

  save (lab, LAB_A, path);
  load (core, path, &tally);
  g_assert_cmpuint (tally.n_machines_new, ==, 2);
  g_assert_cmpuint (tally.n_cids_new, ==, 1);
  g_assert_cmpuint (tally.n_bad + tally.n_conflicts, ==, 0);
  g_assert_cmpuint (tally.n_reserved, ==, 1);

  /* What was sent there is unknown here, and nobody here asks for it. */
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM spend WHERE state = 'unknown'"
                                              " AND due_at = 0"),
                   ==, 2);
  g_assert_cmpint (
      lk_test_fleet_count (core, "SELECT count (*) FROM spend WHERE state IN ('sent', 'reserved')"),
      ==, 0);

  lk_test_fleet_exec (
      lab,
      "DELETE FROM spend WHERE state = 'reserved';"
      "UPDATE spend SET state = 'unknown', message = 'same' WHERE state IN ('sent', 'unknown')");
  lk_test_fleet_exec (core, "UPDATE spend SET message = 'same' WHERE state = 'unknown'");
  there = dump (lab);
  here = dump (core);
  g_assert_cmpstr (here, ==, there);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT n_confirmed * 100 + n_open FROM pool"), ==,
                   102);
}

static void
test_second_time (void)
{
  g_autoptr (LkTestFleet) lab = lab_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) rehearsal = { .n_bad = 0 };
  g_auto (LkIntakeTally) first = { .n_bad = 0 };
  g_auto (LkIntakeTally) second = { .n_bad = 0 };
  g_auto (LkIntakeTally) third = { .n_bad = 0 };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  save (lab, LAB_A, path);
  load_as (core, CORE, path, TRUE, &rehearsal);
  g_assert_cmpuint (rehearsal.n_machines_new, ==, 2);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM machine"), ==, 0);

  load (core, path, &first);
  g_assert_cmpuint (first.n_changed, ==, rehearsal.n_changed);
  before = dump (core);
  load (core, path, &second);
  after = dump (core);
  g_assert_cmpuint (second.n_changed, ==, 0);
  g_assert_cmpuint (second.n_machines_new, ==, 0);
  g_assert_cmpuint (second.n_machines_merged, ==, 2);
  g_assert_cmpstr (before, ==, after);

  /* What was renamed there is still the same row. */
  lk_test_fleet_exec (
      lab, "UPDATE machine SET name = 'OTHER', listed_as = 'OTHER', uuid = NULL, cmid = NULL,"
           " read_at = 1700000000500 WHERE id = 1");
  save (lab, LAB_A, path);
  load (core, path, &third);
  g_assert_cmpuint (third.n_machines_new, ==, 0);
  g_assert_cmpint (
      lk_test_fleet_count (core, "SELECT count (*) FROM machine WHERE id = 1 AND name = 'OTHER'"),
      ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core,
                                        "SELECT count (*) FROM machine_alias WHERE machine_id = 1"
                                        " AND alias = 'PC1'"),
                   ==, 1);
}

/* Row numbers of two labs are the same; machines are not, unless their hardware is. */
static void
test_two_labs (void)
{
  g_autoptr (LkTestFleet) a = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) b = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path_a = get_path (a, "a.xml");
  g_autofree char *path_b = get_path (b, "b.xml");
  g_auto (LkIntakeTally) from_a = { .n_bad = 0 };
  g_auto (LkIntakeTally) from_b = { .n_bad = 0 };
  g_auto (LkIntakeTally) again = { .n_bad = 0 };

  add_read (a, "PC1", 1, NOW + 10);
  add_read (a, "PC2", 2, NOW + 10);
  lk_test_fleet_add (a, "PC4", NULL);
  add_read (b, "PC1", 11, NOW + 20);  /* another machine of that name */
  add_read (b, "MOVED", 2, NOW + 20); /* the same as PC2 */
  add_read (b, "PC4", 4, NOW + 20);   /* read for the first time */
  lk_test_fleet_exec (b, "UPDATE product SET status = 1 WHERE machine_id = 2");

  save (a, LAB_A, path_a);
  save (b, LAB_B, path_b);
  load (core, path_a, &from_a);
  load (core, path_b, &from_b);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM machine"), ==, 4);
  g_assert_cmpuint (from_b.n_machines_new, ==, 1);
  g_assert_cmpuint (from_b.n_machines_merged, ==, 2);
  g_assert_cmpuint (from_b.n_conflicts, ==, 1);
  g_assert_true (tells (&from_b, "PC1"));
  g_assert_cmpint (
      lk_test_fleet_count (core, "SELECT status FROM product JOIN machine AS m ON m.id = machine_id"
                                 " WHERE m.name = 'MOVED' AND hidden = 0"),
      ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core,
                                        "SELECT count (*) FROM machine_alias WHERE alias = 'PC2'"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (
                       core, "SELECT count (*) FROM machine WHERE name = 'PC4' AND read_at > 0"),
                   ==, 1);

  /* Older data, taken after the newer: nothing moves back. */
  load (core, path_a, &again);
  g_assert_cmpuint (again.n_changed, ==, 0);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM machine WHERE name = 'MOVED'"),
                   ==, 1);
}

/* Two rows there that look like one here stay two; two here for one there are told. */
static void
test_ambiguous (void)
{
  g_autoptr (LkTestFleet) lab = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) first = { .n_bad = 0 };
  g_auto (LkIntakeTally) second = { .n_bad = 0 };

  add_read (lab, "CLONE1", 5, NOW + 10);
  add_read (lab, "CLONE2", 5, NOW + 10);
  add_read (lab, "TWIN", 6, NOW + 10);
  add_read (core, "CLONE", 5, NOW);
  add_read (core, "TWIN1", 6, NOW);
  add_read (core, "TWIN2", 6, NOW + 1);
  save (lab, LAB_A, path);
  load (core, path, &first);
  g_assert_cmpuint (first.n_machines_new, ==, 1);
  g_assert_cmpuint (first.n_machines_merged, ==, 2);
  g_assert_cmpuint (first.n_conflicts, ==, 1);
  g_assert_true (tells (&first, "TWIN: 2 machines"));
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT id FROM machine WHERE name = 'TWIN'"), ==, 3);

  load (core, path, &second);
  g_assert_cmpuint (second.n_changed, ==, 0);
}

static void
test_conflicts (void)
{
  g_autoptr (LkTestFleet) lab = lab_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) first = { .n_bad = 0 };
  g_auto (LkIntakeTally) second = { .n_bad = 0 };

  add_read (core, "PC1", 1, NOW + 100);
  lk_test_fleet_exec (core, "UPDATE machine SET pin = '" PIN_2 "', pinned_at = 1699999990000;"
                            "INSERT INTO confirmation (key_identity, iid, cid, method, created_at)"
                            " VALUES ('" KEY "', '" IID (1) "', '" CID_2 "', 'phone', 5)");
  save (lab, LAB_A, path);
  load (core, path, &first);
  g_assert_cmpuint (first.n_conflicts, ==, 2);
  g_assert_cmpuint (first.n_cids_differ, ==, 1);
  g_assert_true (tells (&first, "another confirmation ID"));
  g_assert_true (tells (&first, "another certificate"));
  g_assert_cmpint (lk_test_fleet_count (core,
                                        "SELECT count (*) FROM confirmation WHERE cid = '" CID_2
                                        "'"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM confirmation"), ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core,
                                        "SELECT count (*) FROM machine WHERE pin = '" PIN "'"),
                   ==, 1);
  /* What lost is in the timeline of the machine. */
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM event WHERE machine_id = 1 AND"
                                              " (message LIKE '%" CID "%' OR message LIKE '%" PIN_2
                                              "%')"),
                   ==, 2);

  load (core, path, &second);
  g_assert_cmpuint (second.n_changed, ==, 0);

  /* Trust that was taken away here later stays away. */
  lk_test_fleet_exec (
      core, "UPDATE machine SET pin = NULL, certificate = NULL, pinned_at = 0 WHERE id = 1;"
            "INSERT INTO event (at, machine_id, step, outcome) VALUES (1700000000100, 1,"
            " '" LK_STEP_FORGET_CERTIFICATE "', 'done')");
  {
    g_auto (LkIntakeTally) third = { .n_bad = 0 };

    load (core, path, &third);
    g_assert_cmpint (lk_test_fleet_count (core,
                                          "SELECT count (*) FROM machine WHERE pin IS NOT NULL"),
                     ==, 0);
  }
}

/* Field group by field group, whichever store has the newer one. */
static void
test_newer_wins (void)
{
  g_autoptr (LkTestFleet) lab = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) tally = { .n_bad = 0 };

  add_read (lab, "PC1", 1, NOW + 10);
  add_read (core, "PC1", 1, NOW + 20);
  /* Its reading is older, its last try is newer, and it knows an old product. */
  lk_test_fleet_exec (
      lab,
      "UPDATE machine SET tried_at = 1700000000030, last_result = 'later', os_version = '1';"
      "UPDATE product SET status = 5;"
      "INSERT INTO product (machine_id, application_id, activation_id, partial_key, status,"
      " read_at) VALUES (1, '0ff1ce15-a989-479d-af46-f275c6370663', '" WINDOWS "', 'XYZ99', 1,"
      " 1700000000010);"
      "INSERT INTO spend (key_identity, iid, epid, method, state, created_at, sent_at)"
      " VALUES ('" KEY "', '" IID (
          1) "', '" EPID "', 'proxy', 'unknown', 1, 2),"
             " ('" KEY "', '" IID (
                 2) "', '" EPID "', 'proxy', 'unknown', 1, 2),"
                    " ('" KEY "', '" IID (
                        3) "', '" EPID "', 'proxy', 'refused', 1, 2);"
                           "UPDATE pool SET remaining = 5, checked_at = 100, blocked_code = 7");
  lk_test_fleet_exec (
      core,
      "UPDATE machine SET tried_at = 1700000000020, last_result = 'earlier';"
      "INSERT INTO spend (key_identity, iid, epid, method, state, created_at, settled_at)"
      " VALUES ('" KEY
      "', '" IID (1) "', '" EPID "', 'proxy', 'reserved', 50, 0),"
                     " ('" KEY
                     "', '" IID (2) "', '" EPID "', 'proxy', 'confirmed', 1, 60),"
                                    " ('" KEY "', '" IID (
                                        3) "', '" EPID "', 'proxy', 'reserved', 50, 0);"
                                           "UPDATE pool SET remaining = 50, checked_at = 200");
  save (lab, LAB_A, path);
  load (core, path, &tally);
  g_assert_cmpint (
      lk_test_fleet_count (core, "SELECT count (*) FROM machine WHERE read_at = 1700000000020"
                                 " AND last_result = 'later' AND os_version = '1'"),
      ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT status FROM product WHERE hidden = 0"), ==,
                   LK_LICENSE_OOB_GRACE);
  /* The older reading's product has no key any more, but is not gone. */
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM product WHERE hidden = 1"
                                              " AND partial_key IS NULL"),
                   ==, 1);
  /* What was sent there must not be sent from here as well. */
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM spend WHERE iid = '" IID (
                                                  1) "'"
                                                     " AND state = 'unknown' AND due_at = 0"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM spend WHERE iid = '" IID (
                                                  2) "'"
                                                     " AND state = 'confirmed'"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM spend WHERE iid = '" IID (
                                                  3) "'"
                                                     " AND state = 'reserved'"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT remaining FROM pool WHERE blocked_code = 0"),
                   ==, 50);

  /* A newer reading that does not name the product hides it. */
  lk_test_fleet_exec (lab, "UPDATE machine SET read_at = 1700000000050;"
                           "DELETE FROM product WHERE activation_id = '" WINDOWS "'"
                           " AND application_id LIKE '55%';"
                           "UPDATE product SET read_at = 1700000000050;"
                           "UPDATE pool SET checked_at = 300");
  save (lab, LAB_A, path);
  {
    g_auto (LkIntakeTally) second = { .n_bad = 0 };

    load (core, path, &second);
  }
  g_assert_cmpint (
      lk_test_fleet_count (core, "SELECT count (*) FROM product WHERE hidden = 0"
                                 " AND application_id LIKE '0ff%' AND partial_key = 'XYZ99'"),
      ==, 1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM product WHERE hidden = 1"), ==,
                   1);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT remaining * 10 + blocked_code FROM pool"), ==,
                   57);
}

/* An older state of this very store brings nothing back. */
static void
test_own_older (void)
{
  g_autoptr (LkTestFleet) lab = lab_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) tally = { .n_bad = 0 };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;
  gint64 other = add_read (lab, "OTHER", 3, NOW + 10);

  save (lab, LAB_A, path);
  g_array_append_val (others, other);
  lk_store_merge (lab->store, 1, others, NOW + 20, &error);
  g_assert_no_error (error);
  lk_test_fleet_exec (
      lab, "UPDATE machine SET name = 'NEW', read_at = 1700000000500 WHERE id = 1;"
           "UPDATE spend SET state = 'refused', settled_at = 40 WHERE state IN ('unknown');"
           "UPDATE spend SET state = 'reserved' WHERE iid = '" IID (
               2) "';"
                  "UPDATE pool SET remaining = 70, checked_at = 1699999999999");
  before = dump (lab);
  load_as (lab, LAB_A, path, FALSE, &tally);
  after = dump (lab);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (tally.n_changed, ==, 0);
  g_assert_cmpuint (tally.n_machines_new, ==, 0);
}

/* A machine that was merged with another one here, or split from it, is found again. */
static void
test_merged_since (void)
{
  g_autoptr (LkTestFleet) lab = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) made = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;
  gint64 id;

  add_read (lab, "PC1", 1, NOW + 10);
  add_read (lab, "PC2", 2, NOW + 20);
  save (lab, LAB_A, path);
  for (guint i = 0; i < 3; i++)
    {
      g_auto (LkIntakeTally) tally = { .n_bad = 0 };

      load (core, path, &tally);
      g_assert_cmpuint (tally.n_machines_new, ==, i == 0 ? 2 : 0);
      /* Merging left one of two equal products, which the file brings back after the split. */
      g_assert_cmpuint (tally.n_changed, ==, i == 0 ? 4 : i - 1);
      g_array_set_size (ids, 0);
      id = i == 0 ? 2 : 1;
      g_array_append_val (ids, id);
      if (i == 0)
        lk_store_merge (core->store, 1, ids, NOW + 30, &error);
      else if (i == 1)
        lk_store_split (core->store, 1, ids, NOW + 40, made, &error);
      g_assert_no_error (error);
      g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (DISTINCT machine_id) FROM origin"),
                       ==, i == 0 ? 1 : 2);
    }
}

/* Row numbers are used again. */
static void
test_number_used_again (void)
{
  g_autoptr (LkTestFleet) lab = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) first = { .n_bad = 0 };
  g_auto (LkIntakeTally) second = { .n_bad = 0 };

  add_read (lab, "PC1", 1, NOW + 10);
  save (lab, LAB_A, path);
  load (core, path, &first);
  lk_test_fleet_exec (lab, "DELETE FROM machine");
  g_assert_cmpint (add_read (lab, "PC9", 9, NOW + 20), ==, 1);
  lk_test_fleet_exec (lab, "UPDATE machine SET created_at = created_at + 5");
  save (lab, LAB_A, path);
  load (core, path, &second);
  g_assert_cmpuint (second.n_machines_new, ==, 1);
  g_assert_cmpint (
      lk_test_fleet_count (core, "SELECT count (*) FROM machine WHERE name IN ('PC1', 'PC9')"), ==,
      2);
}

/* Sets or takes away (NULL) one field of a record of an otherwise good file. */
static void
save_bent (LkTestFleet *fleet,
           const char *path,
           const char *kind,
           const char *field,
           const char *value)
{
  static const char *const machine[] = { "id",          "1",          "name",       "PC1",
                                         "listed-as",   "PC1",        "address",    "10.0.0.1",
                                         "port",        "5985",       "pin",        PIN,
                                         "certificate", "68656c6c6f", "read-at",    "1700000000000",
                                         "created-at",  "1",          "rearm-left", "3",
                                         "failed",      "1",          NULL };
  static const char *const product[] = { "machine",     "1",
                                         "application", LK_APPLICATION_WINDOWS,
                                         "activation",  WINDOWS,
                                         "kind",        "mak",
                                         "last-five",   "ABC12",
                                         "iid",         IID (1),
                                         "epid",        EPID,
                                         "status",      "1",
                                         "read-at",     "1700000000000",
                                         NULL };
  static const char *const pool[] = { "key", KEY, "remaining", "10", "checked-at", "5", NULL };
  static const char *const spend[] = { "key",        KEY,     "iid",       IID (1),      "method",
                                       "proxy",      "state", "confirmed", "created-at", "1",
                                       "settled-at", "2",     NULL };
  static const char *const confirmation[] = { "key",    KEY,     "iid",        IID (1), "cid", CID,
                                              "method", "proxy", "created-at", "2",     NULL };
  static const char *const event[] = { "machine", "1",       "at",      "1700000000000",
                                       "step",    "refresh", "outcome", "done",
                                       "message", "read",    NULL };
  static const struct
  {
    const char *kind;
    const char *const *fields;
  } records[] = { { "machine", machine }, { "product", product },           { "pool", pool },
                  { "spend", spend },     { "confirmation", confirmation }, { "event", event } };
  g_autoptr (GError) error = NULL;
  const LkTransferHead head = make_head (LAB_A);
  g_autoptr (LkTransferWriter) writer = lk_transfer_writer_new (path, &head, NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_autoptr (LkRecord) record = lk_record_new (records[i].kind);

      for (const char *const *p = records[i].fields; *p != NULL; p += 2)
        if (!g_str_equal (records[i].kind, kind) || !g_str_equal (*p, field))
          lk_record_set (record, p[0], p[1]);
      if (g_str_equal (records[i].kind, kind) && value != NULL)
        lk_record_set (record, field, value);
      lk_transfer_writer_add (writer, record, &error);
      g_assert_no_error (error);
    }
  lk_transfer_writer_finish (writer, &error);
  g_assert_no_error (error);
}

/* The record is left out and told, with what belongs to it; the others are taken. */
static void
test_hostile_fields (void)
{
  static const struct
  {
    const char *kind, *field, *value;
    guint n_bad;
  } cases[] = {
    { "machine", "unknown", "ignored", 0 },
    { "machine", "id", "0", 3 }, /* and so are its product and its event */
    { "machine", "id", NULL, 3 },
    { "machine", "name", NULL, 3 },
    { "machine", "address", "10.0.0.1; rm", 3 },
    { "machine", "port", "65536", 3 },
    { "machine", "port", "-1", 3 },
    { "machine", "pin", "abc", 3 },
    { "machine", "pin", PIN_2, 3 }, /* not that of the certificate */
    { "machine", "certificate", "xyz", 3 },
    { "machine", "read-at", "9999999999999", 3 }, /* lies in the future of the file */
    { "machine", "created-at", "-5", 3 },
    { "machine", "failed", "2", 3 },
    { "product", "application", "{55C92734-D682-4D71-983E-D6EC3F16059F}", 1 },
    { "product", "activation", "' OR 1", 1 },
    { "product", "iid", "123", 1 },
    { "product", "iid", "11111122222233333344444455555566666677777788888899999x", 1 },
    { "product", "status", "7", 1 },
    { "product", "kind", "key", 1 },
    { "product", "kind", "", 1 },
    { "product", "last-five", "ABC123", 1 },
    { "product", "machine", "2", 1 },
    { "pool", "key", "90001", 1 },
    { "pool", "remaining", "99999999999999999999", 1 },
    { "spend", "state", "free", 1 },
    { "spend", "method", "proxy online", 1 },
    { "confirmation", "cid", "12345612345612345612345612345612345612345612345", 1 },
    { "confirmation", "key", "90001-000000007'", 1 },
    { "event", "step", NULL, 1 },
    { "event", "code", "4294967296", 1 },
    { "event", "outcome", "a\nb", 1 },
  };
  g_autofree char *name = g_strnfill (256, 'n');

  for (guint i = 0; i <= G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
      g_autofree char *path = get_path (core, "bent.xml");
      g_auto (LkIntakeTally) tally = { .n_bad = 0 };
      gboolean is_last = i == G_N_ELEMENTS (cases);
      guint n_bad = is_last ? 3 : cases[i].n_bad;

      g_test_message ("%s %s", is_last ? "machine" : cases[i].kind,
                      is_last ? "long" : cases[i].field);
      save_bent (core, path, is_last ? "machine" : cases[i].kind, is_last ? "name" : cases[i].field,
                 is_last ? name : cases[i].value);
      load (core, path, &tally);
      g_assert_cmpuint (tally.n_bad, ==, n_bad);
      g_assert_cmpuint (tally.remarks->len, ==, n_bad);
      g_assert_cmpint (lk_test_fleet_count (core, "SELECT (SELECT count (*) FROM machine)"
                                                  " + (SELECT count (*) FROM product)"
                                                  " + (SELECT count (*) FROM spend)"
                                                  " + (SELECT count (*) FROM confirmation)"
                                                  " + (SELECT count (*) FROM pool)"
                                                  " + (SELECT count (*) FROM event)"),
                       >=, 6 - n_bad);
    }
}

/* Nothing of a file that is not whole is taken. */
static void
test_broken (void)
{
  g_autoptr (LkTestFleet) lab = lab_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_autofree char *text = NULL;
  gsize length = 0;
  g_auto (LkIntakeTally) tally = { .n_bad = 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransferReader) reader = NULL;
  const LkInventoryMerge merge = { .store_id = CORE, .now = NOW };

  save (lab, LAB_A, path);
  g_file_get_contents (path, &text, &length, &error);
  g_file_set_contents (path, text, (gssize) length - 200, &error);
  g_assert_no_error (error);
  reader = lk_transfer_reader_open (path, NULL, TRUE, &error);
  g_assert_no_error (error);
  g_assert_false (lk_inventory_merge (core->store, reader, &merge, &tally, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM machine"), ==, 0);
}

static double
get_cpu_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* 3,000 products with all that belongs to them: 12,000 records. */
static void
test_many (void)
{
  g_autoptr (LkTestFleet) lab = lk_test_fleet_new ();
  g_autoptr (LkTestFleet) core = lk_test_fleet_new ();
  g_autofree char *path = get_path (lab, "lab.xml");
  g_auto (LkIntakeTally) first = { .n_bad = 0 };
  g_auto (LkIntakeTally) second = { .n_bad = 0 };
  double start;

  lk_test_fleet_exec (
      lab,
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
      " INSERT INTO machine (name, listed_as, address, domain, uuid, cmid, created_at, read_at,"
      "  tried_at, last_result)"
      " SELECT printf ('PC%05d', i), printf ('PC%05d', i), printf ('10.0.%d.%d', i / 250,"
      "  i % 250 + 1), 'lab.test', printf ('1B4E28BA-2FA1-11D2-883F-%012d', i),"
      "  printf ('aaaaaaaa-1111-4222-8333-%012d', i), i, 1700000000000, 1700000000000, 'Read' "
      "FROM n;"
      "INSERT INTO product (machine_id, application_id, activation_id, name, key_kind,"
      "  partial_key, epid, key_identity, iid, status, read_at)"
      " SELECT id, a, '" WINDOWS "', 'Windows Professional', 'mak', 'ABC12', '" EPID "', '" KEY "',"
      "  printf ('%054d', id * 2 + (a > '1')), 1, 1700000000000 FROM machine,"
      "  (SELECT '" LK_APPLICATION_WINDOWS "' AS a UNION SELECT '" LK_APPLICATION_OFFICE "');"
      "INSERT INTO spend (key_identity, iid, epid, method, state, created_at, settled_at)"
      " SELECT key_identity, iid, epid, 'proxy', 'confirmed', 1, 2 FROM product;"
      "INSERT INTO confirmation (key_identity, iid, cid, method, created_at)"
      " SELECT key_identity, iid, '" CID "', 'proxy', 2 FROM product;"
      "INSERT INTO event (at, machine_id, step, outcome) SELECT 1700000000000, id, 'refresh', "
      "'done'"
      " FROM machine");
  start = get_cpu_time ();
  save (lab, LAB_A, path);
  g_test_message ("written in %.2f s of the processor", get_cpu_time () - start);
  start = get_cpu_time ();
  load (core, path, &first);
  g_test_message ("taken in %.2f s of the processor", get_cpu_time () - start);
  start = get_cpu_time ();
  load (core, path, &second);
  g_test_message ("taken again in %.2f s of the processor", get_cpu_time () - start);
  g_assert_cmpuint (first.n_machines_new, ==, 1500);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM product"), ==, 3000);
  g_assert_cmpint (lk_test_fleet_count (core, "SELECT count (*) FROM confirmation"), ==, 3000);
  g_assert_cmpuint (second.n_changed, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/inventory/round-trip", test_round_trip);
  g_test_add_func ("/inventory/second-time", test_second_time);
  g_test_add_func ("/inventory/two-labs", test_two_labs);
  g_test_add_func ("/inventory/ambiguous", test_ambiguous);
  g_test_add_func ("/inventory/conflicts", test_conflicts);
  g_test_add_func ("/inventory/newer-wins", test_newer_wins);
  g_test_add_func ("/inventory/own-older", test_own_older);
  g_test_add_func ("/inventory/merged-since", test_merged_since);
  g_test_add_func ("/inventory/number-used-again", test_number_used_again);
  g_test_add_func ("/inventory/hostile-fields", test_hostile_fields);
  g_test_add_func ("/inventory/broken", test_broken);
  g_test_add_func ("/inventory/many", test_many);
  return g_test_run ();
}
