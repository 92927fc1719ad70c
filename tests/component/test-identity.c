/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "ledger/lk-ledger.h"
#include "lk-test-fleet.h"
#include "store/lk-duplicates.h"
#include "store/lk-fleet.h"
#include "store/lk-jobs.h"
#include "store/lk-merge.h"
#include "store/lk-pins.h"
#include "store/lk-queue.h"
#include "store/lk-sources.h"
#include "store/lk-tags.h"

/* When rows are one machine: what a reading makes of it, what people merge and split. */

#define NOW    LK_TEST_NOW
#define UUID   "1B4E28BA-2FA1-11D2-883F-0016D3CCA427"
#define UUID_2 "2C4E28BA-2FA1-11D2-883F-0016D3CCA428"
#define ZERO   "00000000-0000-0000-0000-000000000000"
#define CMID   "aaaaaaaa-1111-4222-8333-444444444444"
#define CMID_2 "bbbbbbbb-1111-4222-8333-444444444444"
#define PIN    "1111111111111111111111111111111111111111111111111111111111111111"
#define PIN_2  "2222222222222222222222222222222222222222222222222222222222222222"
#define KEY    "90001-000000007"
#define EPID   "12345-90001-000-000007-03-1033-20348.0000-1002026"
#define IID    "111111222222333333444444555555666666777777888888999999"
#define CID    "123456123456123456123456123456123456123456123456"

static LkTestFleet *
fleet_new (gint64 *a, gint64 *b)
{
  LkTestFleet *fleet = lk_test_fleet_new ();

  *a = lk_test_fleet_add (fleet, "10.0.0.1", NULL);
  *b = lk_test_fleet_add (fleet, "10.0.0.2", NULL);
  return fleet;
}

static char *
get_text (LkTestFleet *fleet, const char *sql, gint64 id)
{
  g_autoptr (GError) error = NULL;
  LkDb *db = lk_store_borrow_reader (fleet->store, &error);
  g_autoptr (LkQuery) query = lk_db_query (db, &error, sql, "i", id);
  char *text = lk_query_next (query, &error) ? lk_query_dup (query, 0) : NULL;

  g_assert_no_error (error);
  g_clear_pointer (&query, lk_query_free);
  lk_store_return_reader (fleet->store, db);
  return text;
}

static gint64
file (LkTestFleet *fleet, gint64 a, gint64 b)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_target_free);
  g_autoptr (GError) error = NULL;
  const LkJobRequest request = { .plan = "refresh",
                                 .first_step = "refresh",
                                 .selection = "--all",
                                 .give_up_after = LK_HOUR,
                                 .targets = targets };
  const gint64 ids[] = { a, b };
  gint64 job = 0;
  gint64 open_job = 0;
  guint n_open = 0;

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    if (ids[i] != 0)
      {
        LkTarget *target = g_new0 (LkTarget, 1);

        target->machine_id = ids[i];
        g_ptr_array_add (targets, target);
      }
  lk_store_file_job (fleet->store, &request, NOW, &job, &n_open, &open_job, &error);
  g_assert_no_error (error);
  return job;
}

/* Claims the next item; it reads somebody of that name, or nobody when that is NULL. */
static gint64
answer (LkTestFleet *fleet, gint64 now, const char *name, const char *uuid, const char *cmid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkItem) item = lk_store_claim (fleet->store, 0, now, &error);
  g_auto (LkVerdict) verdict = { .item = item, .outcome = LK_OUTCOME_DONE };
  gint64 id;

  g_assert_no_error (error);
  g_assert_nonnull (item);
  id = item->machine_id;
  if (name != NULL)
    {
      verdict.reading = lk_reading_new ();
      verdict.reading->identity->name = g_strdup (name);
      verdict.reading->identity->fqdn = g_strconcat (name, ".lab.test", NULL);
      verdict.reading->identity->domain = g_strdup ("lab.test");
      verdict.reading->identity->uuid = g_strdup (uuid);
      verdict.reading->identity->cmid = g_strdup (cmid);
      lk_test_reading_add (verdict.reading, FALSE, LK_LICENSE_OOB_GRACE, 1000);
    }
  else
    {
      verdict.outcome = LK_OUTCOME_FAILED;
      verdict.error = lk_error_code_to_word (LK_ERROR_UNREACHABLE);
    }
  lk_store_settle (fleet->store, &verdict, NULL, now, NULL, &error);
  g_assert_no_error (error);
  return id;
}

static void
read_alone (LkTestFleet *fleet,
            gint64 id,
            gint64 now,
            const char *name,
            const char *uuid,
            const char *cmid)
{
  file (fleet, id, 0);
  g_assert_cmpint (answer (fleet, now, name, uuid, cmid), ==, id);
}

static GPtrArray *
list_duplicates (LkTestFleet *fleet)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *list = lk_store_list_duplicates (fleet->store, &error);

  g_assert_no_error (error);
  return list;
}

/* Two of three agree and they answered in two jobs: one row, with both its names. */
static void
test_two_of_three (void)
{
  static const struct
  {
    const char *name, *uuid, *cmid, *what;
    gboolean is_same;
  } second[] = {
    { "NEW", UUID, CMID, "renamed", TRUE },
    { "PC", UUID, CMID_2, "re-imaged", TRUE },
    { "PC", UUID_2, CMID, "new board", TRUE },
    { "PC", UUID_2, CMID_2, "only the name", FALSE },
    { "NEW", UUID_2, CMID, "only the client machine ID", FALSE },
    { "NEW", UUID, CMID_2, "only the board", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (second); i++)
    {
      gint64 a, b;
      g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
      g_autoptr (GPtrArray) left = NULL;

      g_test_message ("%s", second[i].what);
      read_alone (fleet, a, NOW + 1, "PC", UUID, CMID);
      read_alone (fleet, b, NOW + 2, second[i].name, second[i].uuid, second[i].cmid);
      left = list_duplicates (fleet);
      g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==,
                       second[i].is_same ? 1 : 2);
      g_assert_cmpuint (left->len, ==, second[i].is_same ? 0 : i == 3 ? 0 : 1);
      if (!second[i].is_same)
        continue;

      g_assert_cmpint (
          lk_test_fleet_count (fleet, "SELECT count (*) FROM machine_alias WHERE alias IN"
                                      " ('10.0.0.1', 'PC', 'PC.lab.test') AND machine_id = 2"),
          ==, 3);
      g_assert_cmpint (lk_test_fleet_count (fleet,
                                            "SELECT count (*) FROM product WHERE NOT hidden"),
                       ==, 1);
      g_assert_cmpint (lk_test_fleet_count (fleet,
                                            "SELECT count (*) FROM event WHERE machine_id = 2"
                                            " AND step = 'merge'"),
                       ==, 1);
    }
}

static void
test_rejoined (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  g_autoptr (LkItem) item = NULL;
  g_auto (LkVerdict) verdict = { .outcome = LK_OUTCOME_DONE };
  g_autofree char *domain = NULL;

  read_alone (fleet, a, NOW + 1, "PC", UUID, CMID);
  file (fleet, a, 0);
  verdict.item = item = lk_store_claim (fleet->store, 0, NOW + 2, NULL);
  verdict.reading = lk_reading_new ();
  verdict.reading->identity->name = g_strdup ("PC");
  verdict.reading->identity->fqdn = g_strdup ("pc.other.test");
  verdict.reading->identity->domain = g_strdup ("other.test");
  verdict.reading->identity->uuid = g_strdup (UUID);
  verdict.reading->identity->cmid = g_strdup (CMID);
  g_assert_true (lk_store_settle (fleet->store, &verdict, NULL, NOW + 2, NULL, NULL));
  domain = get_text (fleet, "SELECT domain FROM machine WHERE id = ?1", a);
  g_assert_cmpstr (domain, ==, "other.test");
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine WHERE last_ok"), ==,
                   2);
}

/* Clones are two machines, whatever they say, if both answered in one job. */
static void
test_clones (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  g_autoptr (GPtrArray) list = NULL;
  const LkDuplicate *pair;

  file (fleet, a, b);
  answer (fleet, NOW + 1, "PC-1", UUID, CMID);
  answer (fleet, NOW + 1, "PC-2", UUID, CMID);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 2);
  read_alone (fleet, a, NOW + 2, "PC-1", UUID, CMID);
  read_alone (fleet, b, NOW + 3, "PC-2", UUID, CMID);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 2);

  list = list_duplicates (fleet);
  g_assert_cmpuint (list->len, ==, 1);
  pair = g_ptr_array_index (list, 0);
  g_assert_cmpint (pair->first_id, ==, a);
  g_assert_cmpint (pair->second_id, ==, b);
  g_assert_cmpstr (pair->evidence, ==, "uuid cmid");
  g_assert_cmpint (pair->common_job, ==, 1);
  g_assert_nonnull (strstr (pair->reason, "job 1"));
}

/* A row that answers while the job has yet to ask the other one is not taken for it. */
static void
test_other_is_yet_to_be_asked (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);

  read_alone (fleet, b, NOW + 1, "OLD", UUID, CMID);
  file (fleet, a, b);
  g_assert_cmpint (answer (fleet, NOW + 2, "NEW", UUID, CMID), ==, a);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 2);
  /* It is not there any more: then it is the same. */
  g_assert_cmpint (answer (fleet, NOW + 3, NULL, NULL, NULL), ==, b);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 1);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE machine_id = 1"),
                   ==, 3);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM job WHERE state = 'done'"),
                   ==, 2);
}

static void
test_boards_without_a_number (void)
{
  static const char *const shared[] = { ZERO, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                                        "03000200-0400-0500-0006-000700080009" };

  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    {
      gint64 a, b;
      g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
      g_autoptr (GPtrArray) list = NULL;

      read_alone (fleet, a, NOW + 1, "PC-1", shared[i], CMID);
      read_alone (fleet, b, NOW + 2, "PC-2", shared[i], CMID);
      g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 2);
      list = list_duplicates (fleet);
      g_assert_cmpuint (list->len, ==, 1);
      g_assert_cmpstr (((LkDuplicate *) list->pdata[0])->evidence, ==, "cmid");

      /* Nor is the one taken for the other, renamed. */
      file (fleet, a, 0);
      answer (fleet, NOW + 3, "PC-3", shared[i], CMID);
      g_assert_cmpint (lk_test_fleet_count (fleet,
                                            "SELECT count (*) FROM machine WHERE name = 'PC-3'"),
                       ==, 0);
    }
}

/* Each answers where the other was: both rows are right after one job. */
static void
test_swapped_addresses (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  g_autofree char *of_a = NULL;
  g_autofree char *of_b = NULL;
  guint n = 0;

  read_alone (fleet, a, NOW + 1, "PC-1", UUID, CMID);
  read_alone (fleet, b, NOW + 2, "PC-2", UUID_2, CMID_2);
  file (fleet, a, b);
  for (; lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE state = 'ready'") > 0 &&
         n < 10;
       n++)
    {
      g_autofree char *address = get_text (fleet,
                                           "SELECT address FROM machine WHERE id = (SELECT"
                                           " machine_id FROM item WHERE state = 'ready' AND ?1"
                                           " ORDER BY due_at, id LIMIT 1)",
                                           1);
      gboolean is_two = g_str_equal (address, "10.0.0.1"); /* they have swapped */

      answer (fleet, NOW + 3, is_two ? "PC-2" : "PC-1", is_two ? UUID_2 : UUID,
              is_two ? CMID_2 : CMID);
    }
  of_a = get_text (fleet, "SELECT address FROM machine WHERE id = ?1", a);
  of_b = get_text (fleet, "SELECT address FROM machine WHERE id = ?1", b);
  g_assert_cmpstr (of_a, ==, "10.0.0.2");
  g_assert_cmpstr (of_b, ==, "10.0.0.1");
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine WHERE last_ok"), ==,
                   2);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE state = 'failed'"),
                   ==, 0);
  g_assert_cmpuint (n, <=, 3);
}

static void
accept (LkTestFleet *fleet, gint64 id, const char *pin)
{
  g_autoptr (GError) error = NULL;
  gboolean changed = FALSE;

  lk_store_set_pin (fleet->store, id, pin, NULL, NOW, "accepted", &changed, &error);
  g_assert_no_error (error);
  g_assert_true (changed);
}

static void
see (LkTestFleet *fleet, const char *name, const char *address, gboolean tls)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GError) error = NULL;
  LkSighting *sighting = g_new0 (LkSighting, 1);
  guint n_added, n_known;

  sighting->name = g_strdup (name);
  sighting->address = g_strdup (address);
  sighting->domain = g_strdup ("lab.test");
  sighting->port = tls ? 5986 : 5985;
  sighting->tls = tls;
  sighting->serial = 1;
  g_ptr_array_add (sightings, sighting);
  lk_store_add_machines (fleet->store, sightings, NOW, &n_added, &n_known, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_known, ==, 1);
}

/* Claims the next item; the machine at its address shows @pin, made out to @name, and answers when
 * that is the one that was accepted for the row. */
static void
meet (LkTestFleet *fleet, const char *pin, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkItem) item = lk_store_claim (fleet->store, 0, NOW + 4, &error);
  g_auto (LkVerdict) verdict = { .item = item, .outcome = LK_OUTCOME_DONE };

  g_assert_no_error (error);
  g_assert_nonnull (item);
  if (!g_str_equal (item->pin, pin))
    {
      verdict.outcome = LK_OUTCOME_FAILED;
      verdict.error = lk_error_code_to_word (LK_ERROR_DENIED);
      verdict.shown_pin = g_strdup (pin);
      verdict.shown_names = g_strsplit (name, " ", -1);
    }
  lk_store_settle (fleet->store, &verdict, NULL, NOW + 4, NULL, &error);
  g_assert_no_error (error);
}

/* Whose certificate is accepted cannot be asked who it is when it shows another one: the
 * certificate tells, and goes with the machine, not with the address. */
static void
test_swapped_certificates (void)
{
  g_autoptr (LkTestFleet) fleet = lk_test_fleet_new ();
  gint64 a = lk_test_fleet_add (fleet, "pc-1", NULL);
  gint64 b = lk_test_fleet_add (fleet, "pc-2", NULL);
  guint n = 0;

  see (fleet, "pc-1", "10.0.0.1", TRUE);
  see (fleet, "pc-2", "10.0.0.2", TRUE);
  accept (fleet, a, PIN);
  accept (fleet, b, PIN_2);
  file (fleet, a, b);
  for (; lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE state = 'ready'") > 0 &&
         n < 10;
       n++)
    {
      g_autofree char *address = get_text (fleet,
                                           "SELECT address FROM machine WHERE id = (SELECT"
                                           " machine_id FROM item WHERE state = 'ready' AND ?1"
                                           " ORDER BY due_at, id LIMIT 1)",
                                           1);
      gboolean is_two = g_str_equal (address, "10.0.0.1"); /* they have swapped */

      meet (fleet, is_two ? PIN_2 : PIN, is_two ? "PC-2.lab.test" : "PC-1.lab.test");
    }
  g_assert_cmpuint (n, <=, 3);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE state = 'failed'"),
                   ==, 0);
  g_assert_cmpint (lk_test_fleet_count (fleet,
                                        "SELECT count (*) FROM machine WHERE (id = 1 AND"
                                        " address = '10.0.0.2' AND pin = '" PIN "') OR (id = 2 AND"
                                        " address = '10.0.0.1' AND pin = '" PIN_2 "')"),
                   ==, 2);
}

/* A certificate that machines share, or may share, says nothing of where they are. */
static void
test_shared_certificate (void)
{
  static const struct
  {
    const char *names;
    gboolean is_of_third; /* accepted for it as well */
  } cases[] = {
    { "*.lab.test", FALSE },
    { "pc-1.lab.test pc-2.lab.test", FALSE },
    { "pc-22.lab.test lab.test", FALSE },
    { "", FALSE },
    { "pc-2.lab.test", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LkTestFleet) fleet = lk_test_fleet_new ();
      gint64 a = lk_test_fleet_add (fleet, "pc-1", NULL);
      gint64 b = lk_test_fleet_add (fleet, "pc-2", NULL);

      see (fleet, "pc-1", "10.0.0.1", TRUE);
      see (fleet, "pc-2", "10.0.0.2", TRUE);
      accept (fleet, a, PIN);
      accept (fleet, b, PIN_2);
      if (cases[i].is_of_third)
        accept (fleet, lk_test_fleet_add (fleet, "10.0.0.3", NULL), PIN_2);
      file (fleet, a, 0);
      meet (fleet, PIN_2, cases[i].names);
      g_assert_cmpint (lk_test_fleet_count (fleet,
                                            "SELECT count (*) FROM item WHERE state = 'failed'"),
                       ==, 1);
      g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine WHERE id = 1"
                                                   " AND address = '10.0.0.1'"),
                       ==, 1);
    }
}

static void
keep_apart (LkTestFleet *fleet, gint64 a, gint64 b, LkError expected)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;

  g_array_append_val (ids, a);
  g_array_append_val (ids, b);
  g_assert_cmpint (lk_store_keep_apart (fleet->store, ids, NOW + 9, &error), ==, expected == 0);
  if (expected != 0)
    g_assert_error (error, LK_ERROR, (int) expected);
}

/* Whom a person called another machine is not listed any more, and not merged when all agrees; the
 * others that look like it are. */
static void
test_kept_apart (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  gint64 c = lk_test_fleet_add (fleet, "10.0.0.3", NULL);
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GPtrArray) left = NULL;
  const LkDuplicate *pair;

  read_alone (fleet, a, NOW + 1, "PC-1", ZERO, CMID);
  read_alone (fleet, b, NOW + 2, "PC-2", ZERO, CMID);
  read_alone (fleet, c, NOW + 3, "PC-3", ZERO, CMID);
  all = list_duplicates (fleet);
  g_assert_cmpuint (all->len, ==, 2);

  keep_apart (fleet, b, a, 0);
  left = list_duplicates (fleet);
  g_assert_cmpuint (left->len, ==, 1);
  keep_apart (fleet, a, c, 0);
  g_clear_pointer (&left, g_ptr_array_unref);
  left = list_duplicates (fleet);
  g_assert_cmpuint (left->len, ==, 1);
  pair = left->pdata[0];
  g_assert_cmpint (pair->first_id, ==, b);
  g_assert_cmpint (pair->second_id, ==, c);

  read_alone (fleet, b, NOW + 4, "PC-1", UUID, CMID);
  read_alone (fleet, a, NOW + 5, "PC-1", UUID, CMID);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 3);
  keep_apart (fleet, a, 99, LK_ERROR_INVALID);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM event WHERE step = 'apart'"),
                   ==, 4);
}

/* What a person accepted goes with the machine: to an address where a scan sees it, and into the
 * row that it is merged with, unless the way there goes by CAs. */
static void
test_certificate_goes_along (void)
{
  for (guint tls = 0; tls < 2; tls++)
    {
      gint64 a, b;
      g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
      g_autofree char *address = NULL;
      g_autofree char *pin = NULL;

      accept (fleet, a, PIN);
      read_alone (fleet, a, NOW + 1, "PC-1", UUID, CMID);
      see (fleet, "PC-1", "10.0.0.9", TRUE);
      address = get_text (fleet, "SELECT address FROM machine WHERE id = ?1", a);
      pin = get_text (fleet, "SELECT pin FROM machine WHERE id = ?1", a);
      g_assert_cmpstr (address, ==, "10.0.0.9");
      g_assert_cmpstr (pin, ==, PIN);
      g_free (g_steal_pointer (&pin));

      see (fleet, "10.0.0.2", NULL, tls == 1);
      read_alone (fleet, b, NOW + 2, "PC-1", UUID, CMID); /* takes in the other row */
      g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 1);
      pin = get_text (fleet, "SELECT pin FROM machine WHERE id = ?1", b);
      g_assert_cmpstr (pin, ==, tls == 1 ? NULL : PIN);
    }
}

static void
merge (LkTestFleet *fleet, gint64 kept, gint64 other, LkError expected)
{
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;

  g_array_append_val (others, other);
  lk_store_merge (fleet->store, kept, others, NOW + 10, &error);
  if (expected == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, LK_ERROR, (int) expected);
}

static gboolean
confirm (LkDb *db, gpointer user_data, GError **error)
{
  LkReservation reservation;

  return lk_ledger_reserve (db, KEY, IID, EPID, LK_METHOD_PROXY, TRUE, FALSE, NOW, &reservation,
                            error) &&
         lk_ledger_confirm (db, KEY, IID, EPID, CID, LK_METHOD_PROXY, NOW, error) &&
         lk_db_run (db, error,
                    "UPDATE product SET key_identity = ?1, iid = ?2, epid = ?3"
                    " WHERE machine_id = 1",
                    "sss", KEY, IID, EPID);
}

static void
give_tag (LkTestFleet *fleet, gint64 machine_id, const char *tag)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  char *add[] = { (char *) tag, NULL };
  char *none[] = { NULL };

  g_array_append_val (ids, machine_id);
  g_assert_true (lk_store_change_tags (fleet->store, ids, add, none, NULL));
}

/* A person merges and splits: the ledger stays, work and timeline go along and come back. */
static void
test_merge_and_split (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  g_autoptr (GArray) merges = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) made = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) merged = NULL;
  g_autoptr (GPtrArray) duplicates = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  g_autofree char *name = NULL;

  read_alone (fleet, a, NOW + 1, "PC-1", UUID, CMID);
  g_assert_true (lk_store_write (fleet->store, confirm, NULL, NULL));
  read_alone (fleet, b, NOW + 2, "PC-2", UUID_2, CMID_2);
  file (fleet, a, b);
  give_tag (fleet, a, "lab");
  give_tag (fleet, b, "floor 2");
  merge (fleet, a, b, 0);

  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 1);
  name = get_text (fleet, "SELECT name FROM machine WHERE id = ?1", a);
  g_assert_cmpstr (name, ==, "PC-2"); /* the last that was read */
  g_assert_cmpint (lk_test_fleet_count (fleet,
                                        "SELECT count (*) FROM spend WHERE state = 'confirmed'"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM confirmation"), ==, 1);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE machine_id = 1"),
                   ==, 4);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE state = 'ready'"),
                   ==, 1);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM event WHERE machine_id = 1"),
                   ==, 3);

  merged = lk_store_list_merged (fleet->store, a, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (merged->len, ==, 1);
  g_assert_cmpstr (((LkMerged *) merged->pdata[0])->name, ==, "PC-2");
  g_array_append_val (merges, ((LkMerged *) merged->pdata[0])->id);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine_tag"), ==, 2);
  g_assert_true (lk_store_split (fleet->store, a, merges, NOW + 20, made, &error));
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine_tag"), ==,
                   4); /* none is lost */
  g_assert_no_error (error);
  g_assert_cmpuint (made->len, ==, 1);
  g_assert_cmpint (g_array_index (made, gint64, 0), ==, b);
  address = get_text (fleet, "SELECT address FROM machine WHERE id = ?1", b);
  g_assert_cmpstr (address, ==, "10.0.0.2");
  g_assert_cmpint (
      lk_test_fleet_count (fleet, "SELECT count (*) FROM machine WHERE id = 1 AND name = 'PC-1'"
                                  " AND uuid = '" UUID "' AND address = '10.0.0.1'"),
      ==, 1);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM item WHERE machine_id = 2"),
                   ==, 2);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM event WHERE machine_id = 2"),
                   ==, 2);
  g_assert_cmpint (lk_test_fleet_count (fleet,
                                        "SELECT count (*) FROM machine_alias WHERE machine_id = 1"),
                   ==, 0);

  /* And they stay two, although nothing tells them apart. */
  answer (fleet, NOW + 30, "PC-1", UUID, CMID);
  read_alone (fleet, b, NOW + 31, "PC-2", UUID_2, CMID_2);
  read_alone (fleet, b, NOW + 32, "PC-2", UUID_2, CMID);
  read_alone (fleet, b, NOW + 33, "PC-2", UUID, CMID);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 2);
  duplicates = list_duplicates (fleet);
  g_assert_cmpuint (duplicates->len, ==, 0);
  merge (fleet, a, b, 0);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 1);
}

static void
test_not_while_a_step_runs (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  g_autoptr (LkItem) item = NULL;

  file (fleet, b, 0);
  item = lk_store_claim (fleet->store, 0, NOW, NULL);
  g_assert_nonnull (item);
  merge (fleet, a, b, LK_ERROR_BUSY);
  merge (fleet, b, a, LK_ERROR_BUSY);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine"), ==, 2);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM merged"), ==, 0);
}

/* Merged twice over, each comes back. */
static void
test_split_of_several (void)
{
  gint64 a, b;
  g_autoptr (LkTestFleet) fleet = fleet_new (&a, &b);
  gint64 c = lk_test_fleet_add (fleet, "10.0.0.3", NULL);
  g_autoptr (GArray) merges = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) made = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) merged = NULL;

  read_alone (fleet, c, NOW + 1, "PC-3", UUID, CMID);
  merge (fleet, b, c, 0);
  merge (fleet, a, b, 0);
  merged = lk_store_list_merged (fleet->store, a, NULL);
  g_assert_cmpuint (merged->len, ==, 2);
  for (guint i = 0; i < merged->len; i++)
    g_array_append_val (merges, ((LkMerged *) merged->pdata[i])->id);
  g_assert_true (lk_store_split (fleet->store, a, merges, NOW + 20, made, NULL));
  for (gint64 id = 1; id <= 3; id++)
    {
      g_autofree char *address = get_text (fleet, "SELECT address FROM machine WHERE id = ?1", id);
      g_autofree char *expected = g_strdup_printf ("10.0.0.%d", (int) id);

      g_assert_cmpstr (address, ==, expected);
    }
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT count (*) FROM machine_apart"), ==, 3);
  g_assert_cmpint (lk_test_fleet_count (fleet, "SELECT machine_id FROM product"), ==, c);
}

static GPtrArray *
run_source (LkTestFleet *fleet, const LkSource *source, gboolean is_complete, gint64 now, ...)
{
  g_autoptr (GPtrArray) sightings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (GError) error = NULL;
  GPtrArray *news;
  const char *text;
  va_list args;

  va_start (args, now);
  while ((text = va_arg (args, const char *)) != NULL)
    g_ptr_array_add (sightings, lk_sighting_parse (text, NULL));
  va_end (args);
  news = lk_store_note_run (fleet->store, source, sightings, is_complete, now, &error);
  g_assert_no_error (error);
  return news;
}

static void
test_saved_source (void)
{
  g_autoptr (LkTestFleet) fleet = lk_test_fleet_new ();
  g_autoptr (LkSource) source = lk_source_new ("office", "file");
  g_autoptr (LkSource) bad = lk_source_new ("../x", "file");
  g_autoptr (LkSource) saved = NULL;
  g_autoptr (GPtrArray) first = NULL;
  g_autoptr (GPtrArray) second = NULL;
  g_autoptr (GPtrArray) third = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree const char **paths = NULL;

  lk_source_set (source, "path", "/a");
  lk_source_set (source, "path", "/b");
  g_assert_false (lk_store_save_source (fleet->store, bad, FALSE, NOW, NULL));
  g_assert_true (lk_store_save_source (fleet->store, source, FALSE, NOW, NULL));
  g_assert_false (lk_store_save_source (fleet->store, source, FALSE, NOW, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  saved = lk_store_get_source (fleet->store, "OFFICE", NULL);
  g_assert_nonnull (saved);
  paths = lk_source_list (saved, "path");
  g_assert_cmpstr (paths[0], ==, "/a");
  g_assert_cmpstr (paths[1], ==, "/b");

  first = run_source (fleet, saved, TRUE, NOW + 1, "pc-1", "pc-2", "pc-3", NULL);
  g_assert_cmpuint (first->len, ==, 3);
  second = run_source (fleet, saved, FALSE, NOW + 2, "pc-1:5986", "pc-4", NULL);
  g_assert_cmpuint (second->len, ==, 2); /* broken off: nothing is gone */
  g_assert_cmpint (((LkSourceNews *) second->pdata[0])->kind, ==, LK_NEWS_CHANGED);
  g_assert_cmpint (((LkSourceNews *) second->pdata[1])->kind, ==, LK_NEWS_NEW);
  third = run_source (fleet, saved, TRUE, NOW + 3, "pc-1:5986", "pc-4", NULL);
  g_assert_cmpuint (third->len, ==, 2);
  g_assert_cmpint (((LkSourceNews *) third->pdata[0])->kind, ==, LK_NEWS_GONE);
  g_assert_cmpstr (((LkSourceNews *) third->pdata[0])->name, ==, "pc-2");
  g_assert_true (lk_store_remove_source (fleet->store, "office", NULL));
  g_assert_false (lk_store_remove_source (fleet->store, "office", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/identity/two-of-three", test_two_of_three);
  g_test_add_func ("/identity/rejoined", test_rejoined);
  g_test_add_func ("/identity/clones", test_clones);
  g_test_add_func ("/identity/other-is-yet-to-be-asked", test_other_is_yet_to_be_asked);
  g_test_add_func ("/identity/boards-without-a-number", test_boards_without_a_number);
  g_test_add_func ("/identity/swapped-addresses", test_swapped_addresses);
  g_test_add_func ("/identity/swapped-certificates", test_swapped_certificates);
  g_test_add_func ("/identity/shared-certificate", test_shared_certificate);
  g_test_add_func ("/identity/certificate-goes-along", test_certificate_goes_along);
  g_test_add_func ("/identity/kept-apart", test_kept_apart);
  g_test_add_func ("/identity/merge-and-split", test_merge_and_split);
  g_test_add_func ("/identity/not-while-a-step-runs", test_not_while_a_step_runs);
  g_test_add_func ("/identity/split-of-several", test_split_of_several);
  g_test_add_func ("/identity/saved-source", test_saved_source);
  return g_test_run ();
}
