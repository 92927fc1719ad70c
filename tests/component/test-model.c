/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-test-fleet.h"

#include "base/lk-error.h"
#include "model/lk-diff.h"
#include "model/lk-row-list.h"
#include "store/lk-fleet.h"

/* The main list over a real store: order, filter, and what it tells when the store changes. */

#define N_MACHINES 30

typedef struct
{
  GMainContext *context;
  LkTestFleet *fleet;
  LkReader *reader;
  LkRowList *list;
  GString *changes; /* "position-removed+added " for each items-changed */
  guint n_loaded;
  guint n_filled;
  guint n_waited_for;
} Fixture;

static void
note_change (GListModel *model, guint position, guint n_removed, guint n_added, Fixture *f)
{
  g_string_append_printf (f->changes, "%u-%u+%u=%u ", position, n_removed, n_added,
                          g_list_model_get_n_items (model));
}

static void
note_loaded (Fixture *f)
{
  f->n_loaded++;
}

static void
note_filled (Fixture *f)
{
  f->n_filled++;
}

/* Every third machine was never read, every other has Office too; names do not follow ids. */
static void
fill_fleet (LkTestFleet *fleet)
{
  static const char *const domains[] = { "lab.test", "Alpha.test", NULL };
  static const char *const editions[] = { "Professional", "enterprise", "Education", NULL };

  for (guint i = 0; i < N_MACHINES; i++)
    {
      g_autofree char *name = g_strdup_printf (i % 2 == 0 ? "PC-%02u" : "pc-%02u", i * 7 % 30);
      gint64 id = lk_test_fleet_add (fleet, name, domains[i % 3]);
      LkReading *reading;
      LkProduct *windows;

      if (i % 3 == 2)
        continue;
      reading = lk_test_reading_new (id, name);
      windows = lk_test_reading_add (reading, FALSE, (LkLicenseStatus) (i % 7), i * 1009 % 50000);
      windows->grace_minutes = windows->status == LK_LICENSE_LICENSED ? 0 : windows->grace_minutes;
      g_free (windows->edition);
      windows->edition = g_strdup (editions[i % 4]);
      windows->key_kind = i % 2 == 0 ? LK_KEY_GVLK : LK_KEY_MAK;
      if (i % 2 == 0)
        lk_test_reading_add (reading, TRUE, LK_LICENSE_LICENSED, 0);
      lk_test_fleet_read (fleet, id, LK_TEST_NOW + i * 31 % 11, reading);
    }
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->context = g_main_context_new ();
  g_main_context_push_thread_default (f->context);
  f->fleet = lk_test_fleet_new ();
  if (data == NULL)
    fill_fleet (f->fleet);
  f->reader = lk_reader_new (f->fleet->path);
  f->list = lk_row_list_new (f->reader);
  f->changes = g_string_new (NULL);
  g_signal_connect (f->list, "items-changed", G_CALLBACK (note_change), f);
  g_signal_connect_swapped (f->list, "loaded", G_CALLBACK (note_loaded), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->list);
  g_clear_object (&f->reader);
  while (g_main_context_iteration (f->context, FALSE))
    continue;
  lk_test_fleet_free (f->fleet);
  g_main_context_pop_thread_default (f->context);
  g_main_context_unref (f->context);
  g_string_free (f->changes, TRUE);
}

static gboolean
has_loaded (gpointer data)
{
  Fixture *f = data;

  return f->n_loaded > f->n_waited_for;
}

static void
wait_loaded (Fixture *f)
{
  f->n_waited_for = f->n_loaded;
  lk_test_wait (has_loaded, f);
}

/* What a write leads to, with all that may follow from it. */
static void
wait_settled (Fixture *f)
{
  wait_loaded (f);
  lk_test_run_for (300);
}

static int
compare_texts (const char *a, const char *b)
{
  return g_ascii_strcasecmp (a != NULL ? a : "", b != NULL ? b : "");
}

static int
compare_numbers (gint64 a, gint64 b)
{
  return (a > b) - (a < b);
}

static gint64
get_minutes (const LkProduct *product)
{
  if (product->id == 0)
    return -1;
  return product->status != LK_LICENSE_LICENSED || product->grace_minutes > 0
             ? (gint64) product->grace_minutes
             : G_MAXINT64;
}

static const char *
get_kind (const LkProduct *product)
{
  return product->id != 0 ? lk_key_kind_to_word (product->key_kind) : NULL;
}

/* The order again, in another way: over whole rows. */
static int
compare_rows (const LkRow *a, const LkRow *b, LkRowSort sort)
{
  const LkProduct *p = a->product;
  const LkProduct *q = b->product;

  switch (sort)
    {
    case LK_SORT_MACHINE:
      return compare_texts (a->name, b->name);
    case LK_SORT_DOMAIN:
      return compare_texts (a->identity->domain, b->identity->domain);
    case LK_SORT_PRODUCT:
      return compare_texts (p->name, q->name);
    case LK_SORT_EDITION:
      return compare_texts (p->edition, q->edition);
    case LK_SORT_STATE:
      return compare_numbers (p->status, q->status);
    case LK_SORT_DAYS:
      return compare_numbers (get_minutes (p), get_minutes (q));
    case LK_SORT_KIND:
      return compare_texts (get_kind (p), get_kind (q));
    case LK_SORT_KEY:
      return compare_texts (p->partial_key, q->partial_key);
    case LK_SORT_READ:
      return compare_numbers (a->read_at, b->read_at);
    case LK_SORT_RESULT:
      return compare_texts (a->last_result, b->last_result);
    }
  g_assert_not_reached ();
}

/* Insertion, so that what is equal keeps its order. */
static void
sort_rows (GPtrArray *rows, LkRowSort sort, gboolean is_descending)
{
  for (guint i = 1; i < rows->len; i++)
    for (guint j = i; j > 0; j--)
      {
        int order = compare_rows (rows->pdata[j - 1], rows->pdata[j], sort);
        gpointer swap = rows->pdata[j];

        if (is_descending ? order >= 0 : order <= 0)
          break;
        rows->pdata[j] = rows->pdata[j - 1];
        rows->pdata[j - 1] = swap;
      }
}

static void
assert_list (Fixture *f, const char *text, LkRowSort sort, gboolean is_descending)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSelection) selection = lk_selection_parse (text, &error);
  g_autoptr (GPtrArray) rows = lk_store_list_rows (f->fleet->store, selection, &error);

  g_assert_no_error (error);
  sort_rows (rows, sort, is_descending);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->list)), ==, rows->len);
  for (guint i = 0; i < rows->len; i++)
    {
      gint64 key = lk_row_get_key (g_ptr_array_index (rows, i));

      g_assert_cmpint (lk_row_list_get_key (f->list, i), ==, key);
      g_assert_cmpuint (lk_row_list_find (f->list, key), ==, i);
    }
}

static void
test_sort (Fixture *f, gconstpointer data)
{
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+40=40 ");
  assert_list (f, "", LK_SORT_MACHINE, FALSE);

  for (guint sort = LK_SORT_MACHINE; sort <= LK_SORT_RESULT; sort++)
    for (guint is_descending = 1; is_descending < 3; is_descending++)
      {
        lk_row_list_set_order (f->list, (LkRowSort) sort, is_descending == 1);
        g_assert_true (lk_row_list_is_loading (f->list));
        wait_loaded (f);
        g_assert_false (lk_row_list_is_loading (f->list));
        assert_list (f, "", (LkRowSort) sort, is_descending == 1);
      }
}

static void
test_filter (Fixture *f, gconstpointer data)
{
  static const char *const selections[] = {
    "state=grace",
    "state=unread",
    "days<7",
    "kind=mak,state=licensed",
    "pc-1",
    "office",
    "domain=",
    "name=pc-0*|pc-2*,domain=alpha.test",
    "state=attention",
    "app=office",
    "edition=e*",
    "nothing has this name",
    "state!=licensed,p",
    "id<=4",
    "result=failed",
    "key=abc12,state=initial-grace",
    "stage=licensed",
    "stage=has-iid|has-cid|needs-key",
    "stage!=has-iid",
    "stage!=needs-key",
  };

  wait_loaded (f);
  for (guint i = 0; i < G_N_ELEMENTS (selections); i++)
    {
      g_assert_true (lk_row_list_set_selection (f->list, selections[i], NULL));
      wait_loaded (f);
      g_assert_cmpstr (lk_row_list_get_selection (f->list), ==, selections[i]);
      assert_list (f, selections[i], LK_SORT_MACHINE, FALSE);
    }
}

static void
test_bad_filter (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_row_list_set_selection (f->list, "state=grace", NULL));
  wait_loaded (f);
  g_string_truncate (f->changes, 0);
  g_assert_false (lk_row_list_set_selection (f->list, "state=happy", &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_INVALID);
  g_assert_cmpstr (lk_row_list_get_selection (f->list), ==, "state=grace");
  g_assert_false (lk_row_list_is_loading (f->list));
  lk_test_run_for (50);
  g_assert_cmpstr (f->changes->str, ==, "");
}

/* Typing: of what is asked one after another only the last is answered. */
static void
test_overtaken (Fixture *f, gconstpointer data)
{
  wait_loaded (f);
  lk_row_list_set_selection (f->list, "state=grace", NULL);
  g_main_context_iteration (f->context, FALSE); /* it is asked */
  lk_row_list_set_selection (f->list, "state=unread", NULL);
  g_main_context_iteration (f->context, FALSE);
  lk_row_list_set_selection (f->list, "app=office", NULL);
  lk_test_run_for (300);
  g_assert_cmpuint (f->n_loaded, ==, 2);
  assert_list (f, "app=office", LK_SORT_MACHINE, FALSE);
}

static gboolean
is_filled (gpointer item)
{
  return lk_row_item_get_row (item) != NULL;
}

static LkRowItem *
get_item (Fixture *f, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (f->list), position);
}

static void
test_fill (Fixture *f, gconstpointer data)
{
  g_autoptr (LkRowItem) first = NULL;
  g_autoptr (LkRowItem) again = NULL;
  g_autoptr (LkRowItem) last = NULL;

  wait_loaded (f);
  first = get_item (f, 0);
  again = get_item (f, 0);
  last = get_item (f, 39);
  g_assert_true (first == again);
  g_assert_null (get_item (f, 40));
  g_assert_null (lk_row_item_get_row (first));
  g_signal_connect_swapped (first, "filled", G_CALLBACK (note_filled), f);
  g_signal_connect_swapped (last, "filled", G_CALLBACK (note_filled), f);

  lk_test_wait (is_filled, first);
  g_assert_true (is_filled (last)); /* in one batch */
  g_assert_cmpuint (f->n_filled, ==, 2);
  g_assert_cmpstr (lk_row_item_get_row (first)->name, ==, "PC-00");
  g_assert_cmpint (lk_row_get_key (lk_row_item_get_row (last)), ==, lk_row_item_get_key (last));
}

/* Items may outlive their list, and go before they are filled. */
static void
test_short_lives (Fixture *f, gconstpointer data)
{
  g_autoptr (LkRowItem) item = NULL;

  wait_loaded (f);
  for (guint i = 0; i < 40; i++)
    g_object_unref (get_item (f, i));
  item = get_item (f, 3);
  lk_row_list_set_selection (f->list, "state=grace", NULL);
  g_main_context_iteration (f->context, FALSE); /* both are asked, and not waited for */
  g_clear_object (&f->list);
  lk_test_run_for (200);
  g_assert_null (lk_row_item_get_row (item));
  g_assert_cmpuint (f->n_loaded, ==, 1);
}

static void
read_again (Fixture *f, gint64 machine_id, LkLicenseStatus status)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("id=%d", (int) machine_id);
  g_autoptr (LkSelection) selection = lk_selection_parse (text, NULL);
  g_autoptr (GPtrArray) rows = lk_store_list_rows (f->fleet->store, selection, &error);
  const LkRow *row = g_ptr_array_index (rows, 0);
  LkReading *reading = lk_test_reading_new (machine_id, row->name);

  g_assert_no_error (error);
  lk_test_reading_add (reading, FALSE, status, 4000);
  if (rows->len == 2)
    lk_test_reading_add (reading, TRUE, LK_LICENSE_LICENSED, 0);
  lk_test_fleet_read (f->fleet, machine_id, row->read_at, reading);
}

static void
test_update (Fixture *f, gconstpointer data)
{
  g_autoptr (LkRowItem) item = NULL;
  g_autoptr (LkRowItem) other = NULL;
  g_autoptr (LkRowItem) unread = NULL;
  gint64 machine_id;

  wait_loaded (f);
  item = get_item (f, 1); /* Office is the first */
  other = get_item (f, 20);
  lk_test_wait (is_filled, item);
  g_assert_true (is_filled (other));
  machine_id = lk_row_item_get_row (item)->machine_id;
  g_string_truncate (f->changes, 0);
  g_signal_connect_swapped (item, "filled", G_CALLBACK (note_filled), f);
  g_signal_connect_swapped (other, "filled", G_CALLBACK (note_filled), f);

  read_again (f, machine_id, LK_LICENSE_NOTIFICATION);
  wait_settled (f);
  g_assert_cmpstr (f->changes->str, ==, ""); /* no item comes or goes */
  g_assert_cmpuint (f->n_filled, ==, 1);
  g_assert_cmpint (lk_row_item_get_row (item)->product->status, ==, LK_LICENSE_NOTIFICATION);
}

static void
test_come_and_go (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (LkRowItem) item = NULL;
  g_autoptr (LkRowItem) moved = NULL;
  g_autoptr (GError) error = NULL;
  gint64 id;

  wait_loaded (f);
  item = get_item (f, 39);
  g_string_truncate (f->changes, 0);
  id = lk_test_fleet_add (f->fleet, "aaa", NULL);
  g_array_append_val (ids, id);
  wait_settled (f);
  g_assert_cmpstr (f->changes->str, ==, "0-0+1=41 ");
  assert_list (f, "", LK_SORT_MACHINE, FALSE);
  moved = get_item (f, 40);
  g_assert_true (moved == item);

  g_string_truncate (f->changes, 0);
  lk_store_forget (f->fleet->store, ids, &error);
  g_assert_no_error (error);
  wait_settled (f);
  g_assert_cmpstr (f->changes->str, ==, "0-1+0=40 ");

  /* The first reading of a machine: its row gives way to the product's. */
  lk_row_list_set_selection (f->list, "id=3|5|6", NULL);
  wait_loaded (f);
  g_assert_cmpint (lk_row_list_get_key (f->list, 1), ==, -3);
  g_string_truncate (f->changes, 0);
  read_again (f, 3, LK_LICENSE_LICENSED);
  wait_settled (f);
  g_assert_cmpstr (f->changes->str, ==, "1-1+1=4 ");
}

/* One that moves is one that goes and one that comes. */
static void
test_move (Fixture *f, gconstpointer data)
{
  gint64 key;

  lk_row_list_set_order (f->list, LK_SORT_STATE, FALSE);
  wait_loaded (f);
  g_string_truncate (f->changes, 0);
  key = lk_row_list_get_key (f->list, 12);
  g_assert_cmpint (key, >, 0);
  {
    g_autoptr (LkRowItem) item = get_item (f, 12);

    lk_test_wait (is_filled, item);
    read_again (f, lk_row_item_get_row (item)->machine_id, LK_LICENSE_EXTENDED_GRACE);
  }
  wait_settled (f);
  g_assert_cmpuint (lk_row_list_find (f->list, key), >, 12);
  assert_list (f, "", LK_SORT_STATE, FALSE);
  g_assert_true (g_str_has_prefix (f->changes->str, "12-1+0=39 "));
  g_assert_true (g_str_has_suffix (f->changes->str, "-0+1=40 "));
}

static void
test_many (Fixture *f, gconstpointer data)
{
  wait_loaded (f);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("new-%03u", i);

      lk_test_fleet_add (f->fleet, name, NULL);
    }
  lk_test_run_for (3000);
  g_string_truncate (f->changes, 0);
  lk_row_list_set_order (f->list, LK_SORT_MACHINE, TRUE);
  wait_loaded (f);
  g_assert_cmpstr (f->changes->str, ==, "0-140+140=140 ");
  assert_list (f, "", LK_SORT_MACHINE, TRUE);
}

static void
test_diff (void)
{
  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr (GArray) old = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_autoptr (GArray) new = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_autoptr (GArray) hunks = NULL;
      guint n = (guint) g_test_rand_int_range (0, 200);
      gint64 fresh = 1000;

      for (gint64 key = 0; key < n; key++)
        {
          g_array_append_val (old, key);
          if (g_test_rand_int_range (0, 40) == 0)
            g_array_append_vals (new, (gint64[]){ fresh, fresh + 1 }, 2);
          fresh += 2;
          if (g_test_rand_int_range (0, 20) != 0)
            g_array_append_val (new, key);
        }
      hunks = lk_diff_keys (old, new);
      for (guint i = 0; hunks != NULL && i < hunks->len; i++)
        {
          const LkHunk *hunk = &g_array_index (hunks, LkHunk, i);

          g_assert_cmpuint (hunk->n_removed + hunk->n_added, >, 0);
          g_array_remove_range (old, hunk->position, hunk->n_removed);
          if (hunk->n_added > 0)
            g_array_insert_vals (old, hunk->position, &g_array_index (new, gint64, hunk->position),
                                 hunk->n_added);
        }
      if (hunks == NULL)
        continue;
      g_assert_cmpmem (old->data, old->len * sizeof (gint64), new->data,
                       new->len * sizeof (gint64));
    }
}

#define ADD(name, func) g_test_add ("/model/rows/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/diff", test_diff);
  ADD ("sort", test_sort);
  ADD ("filter", test_filter);
  ADD ("bad-filter", test_bad_filter);
  ADD ("overtaken", test_overtaken);
  ADD ("fill", test_fill);
  ADD ("short-lives", test_short_lives);
  ADD ("update", test_update);
  ADD ("come-and-go", test_come_and_go);
  ADD ("move", test_move);
  ADD ("many", test_many);
  return g_test_run ();
}
