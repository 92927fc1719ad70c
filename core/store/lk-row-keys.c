/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-rows.h"

#include <string.h>

/* lk_store_list_keys_of_rows() of lk-rows.h. SQLite filters, and orders what an index orders; the
 * rest is left to whole numbers, because its joins and its sorter take 200 ms for a hundred
 * thousand rows:
 *
 *   1. machines and products side by side, each in the order of the machines' ids: the table, and
 * an index that has all that filters and columns ask for;
 *   2. the machines in the order of their names, from the index on these: the rows follow;
 *   3. a stable sort by what the column shows, as a number: words become their rank first. */

#define PAGE_CACHE "PRAGMA cache_size = -16384" /* KiB: the index of 100,000 rows */

typedef struct
{
  gint64 key;
  guint64 value;
} Entry;

/* The rows of one machine, side by side. */
typedef struct
{
  gint64 machine_id;
  guint first;
  guint n;
} Group;

/* @nothing: of a machine without a product. */
static const struct
{
  const char *machine;
  const char *product;
  gboolean is_text;
  gint64 nothing;
} columns[] = {
  [LK_SORT_MACHINE] = { "0", "0", FALSE, 0 },
  [LK_SORT_DOMAIN] = { "m.domain", NULL, TRUE, 0 },
  [LK_SORT_PRODUCT] = { NULL, "p.name", TRUE, 0 },
  [LK_SORT_EDITION] = { NULL, "p.edition", TRUE, 0 },
  [LK_SORT_STATE] = { NULL, "p.status", FALSE, -1 },
  [LK_SORT_DAYS] = { NULL,
                     "CASE WHEN p.status <> 1 OR p.grace_minutes > 0 THEN p.grace_minutes"
                     " ELSE 1 << 40 END",
                     FALSE, -1 },
  [LK_SORT_KIND] = { NULL, "p.key_kind", TRUE, 0 },
  [LK_SORT_KEY] = { NULL, "p.partial_key", TRUE, 0 },
  [LK_SORT_READ] = { "m.read_at", NULL, FALSE, 0 },
  [LK_SORT_RESULT] = { "m.last_result", NULL, TRUE, 0 },
};

/* Numbers for words: first in the order in which they are met, in the end by rank. */
typedef struct
{
  GHashTable *numbers; /* word → its number, from 1; 0 is no word */
  GPtrArray *words;
} Dictionary;

static guint64
look_up (Dictionary *self, const char *word)
{
  guint number;
  char *copy;

  if (word == NULL || *word == '\0')
    return 0;
  number = GPOINTER_TO_UINT (g_hash_table_lookup (self->numbers, word));
  if (number != 0)
    return number;

  copy = g_strdup (word);
  g_ptr_array_add (self->words, copy);
  g_hash_table_insert (self->numbers, copy, GUINT_TO_POINTER (self->words->len));
  return self->words->len;
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  const char *one = *(const char *const *) a;
  const char *other = *(const char *const *) b;
  int order = g_ascii_strcasecmp (one, other);

  return order != 0 ? order : strcmp (one, other);
}

/* Puts the words' ranks in the place of their numbers; words that differ in case alone share one.
 */
static void
rank (Dictionary *self, GArray *entries)
{
  g_autofree guint *ranks = g_new0 (guint, self->words->len + 1);
  const char *last = NULL;
  guint n = 0;

  g_ptr_array_sort (self->words, compare_words);
  for (guint i = 0; i < self->words->len; i++)
    {
      const char *word = g_ptr_array_index (self->words, i);

      if (last == NULL || g_ascii_strcasecmp (last, word) != 0)
        n++;
      ranks[GPOINTER_TO_UINT (g_hash_table_lookup (self->numbers, word))] = n;
      last = word;
    }

  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = &g_array_index (entries, Entry, i);

      entry->value = ranks[entry->value];
    }
}

/* A table being read, and where it stands. */
typedef struct
{
  LkQuery *query;
  gboolean is_there;
  gint64 machine_id;
} Cursor;

static gboolean
step (Cursor *cursor, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  cursor->is_there = lk_query_next (cursor->query, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  cursor->machine_id = cursor->is_there ? lk_query_int (cursor->query, 0) : G_MAXINT64;
  return TRUE;
}

/* The columns of both tables: machine id, key, value, which mixed conditions hold, whether all the
 * others do. */
enum
{
  COLUMN_KEY = 1,
  COLUMN_VALUE,
  COLUMN_ANY,
  COLUMN_MATCHES,
};

typedef struct
{
  LkRowSort sort;
  Dictionary dictionary;
  gint64 all;           /* bits of the mixed conditions */
  gboolean has_nothing; /* whether a machine without a product may match */
  gint64 any_nothing;   /* and which mixed conditions that alone fulfils */
  GArray *entries;
  GArray *groups;
} Reading;

static guint64
get_value (Reading *self, LkQuery *query)
{
  if (columns[self->sort].is_text)
    return look_up (&self->dictionary, lk_query_text (query, COLUMN_VALUE));

  /* The sign's bit turned, numbers below 0 come before the others. */
  return (guint64) lk_query_int (query, COLUMN_VALUE) ^ (G_GUINT64_CONSTANT (1) << 63);
}

static void
add_entry (Reading *self, gint64 machine_id, gint64 key, guint64 value)
{
  Group *group =
      self->groups->len > 0 ? &g_array_index (self->groups, Group, self->groups->len - 1) : NULL;
  const Entry entry = { key, value };

  if (group == NULL || group->machine_id != machine_id)
    {
      const Group fresh = { machine_id, self->entries->len, 0 };

      g_array_append_val (self->groups, fresh);
      group = &g_array_index (self->groups, Group, self->groups->len - 1);
    }
  group->n++;
  g_array_append_val (self->entries, entry);
}

/* The rows of the machine at which @machines stands; @products goes behind it. */
static gboolean
read_machine (Reading *self, Cursor *machines, Cursor *products, GError **error)
{
  gint64 any = lk_query_int (machines->query, COLUMN_ANY);
  gboolean is_by_machine = columns[self->sort].machine != NULL;
  guint64 value = is_by_machine ? get_value (self, machines->query) : 0;
  gboolean has_product = FALSE;

  while (products->machine_id < machines->machine_id)
    if (!step (products, error))
      return FALSE;

  while (products->machine_id == machines->machine_id)
    {
      has_product = TRUE;
      if (lk_query_int (products->query, COLUMN_MATCHES) != 0 &&
          (any | lk_query_int (products->query, COLUMN_ANY)) == self->all)
        add_entry (self, machines->machine_id, lk_query_int (products->query, COLUMN_KEY),
                   is_by_machine ? value : get_value (self, products->query));
      if (!step (products, error))
        return FALSE;
    }

  if (!is_by_machine)
    value = columns[self->sort].is_text
                ? 0
                : (guint64) columns[self->sort].nothing ^ (G_GUINT64_CONSTANT (1) << 63);
  if (!has_product && self->has_nothing && (any | self->any_nothing) == self->all)
    add_entry (self, machines->machine_id, -machines->machine_id, value);
  return TRUE;
}

static LkQuery *
query_half (LkDb *db, const LkSelectionHalf *half, const char *sql, GError **error)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();

  g_ptr_array_extend (values, half->any_values, NULL, NULL);
  g_ptr_array_extend (values, half->values, NULL, NULL);
  return lk_db_query_texts (db, error, sql, values);
}

static LkQuery *
query_machines (LkDb *db, const LkSelection *selection, LkRowSort sort, GError **error)
{
  const LkSelectionHalf *half = &selection->machine;
  g_autofree char *sql =
      g_strdup_printf ("SELECT m.id, 0, %s, %s FROM machine AS m WHERE %s ORDER BY m.id",
                       columns[sort].machine != NULL ? columns[sort].machine : "0", half->any,
                       half->where);

  return query_half (db, half, sql, error);
}

/* What does not match is needed too where a machine without products matches: to know those. */
static LkQuery *
query_products (LkDb *db,
                const LkSelection *selection,
                LkRowSort sort,
                gboolean with_others,
                GError **error)
{
  const LkSelectionHalf *half = &selection->product;
  g_autofree char *sql =
      g_strdup_printf ("SELECT p.machine_id, p.id, %s, %s, %s FROM product AS p INDEXED BY"
                       " product_row WHERE p.hidden = 0 AND %s"
                       " ORDER BY p.machine_id, p.is_addon, p.application_id, p.name",
                       columns[sort].product != NULL ? columns[sort].product : "0", half->any,
                       with_others ? half->where : "1", with_others ? "1" : half->where);

  return query_half (db, half, sql, error);
}

/* Whether no product at all would match, as it looks in a join. */
static gboolean
ask_about_nothing (LkDb *db, const LkSelection *selection, Reading *reading, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
      "SELECT %s, %s FROM (SELECT NULL AS id, NULL AS application_id, NULL AS name,"
      " NULL AS edition, NULL AS key_kind, NULL AS partial_key, NULL AS status,"
      " NULL AS grace_minutes, NULL AS hidden, NULL AS machine_id, NULL AS iid,"
      " NULL AS key_identity) AS p",
      selection->product.any, selection->product.where);
  g_autoptr (LkQuery) query = query_half (db, &selection->product, sql, error);

  if (query == NULL || !lk_query_next (query, error))
    return FALSE;

  reading->any_nothing = lk_query_int (query, 0);
  reading->has_nothing = lk_query_int (query, 1) != 0;
  return TRUE;
}

static gboolean
read_entries (LkDb *db, const LkSelection *selection, Reading *reading, GError **error)
{
  g_autoptr (LkQuery) machine_query = query_machines (db, selection, reading->sort, error);
  g_autoptr (LkQuery) product_query = NULL;
  Cursor machines = { machine_query, FALSE, 0 };
  Cursor products = { NULL, FALSE, 0 };

  if (machine_query == NULL || !ask_about_nothing (db, selection, reading, error))
    return FALSE;
  product_query = query_products (db, selection, reading->sort, reading->has_nothing, error);
  products.query = product_query;
  if (product_query == NULL || !step (&machines, error) || !step (&products, error))
    return FALSE;

  while (machines.is_there)
    if (!read_machine (reading, &machines, &products, error) || !step (&machines, error))
      return FALSE;

  if (columns[reading->sort].is_text)
    rank (&reading->dictionary, reading->entries);
  return TRUE;
}

static const Group *
find_group (GArray *groups, gint64 machine_id)
{
  guint low = 0;
  guint high = groups->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const Group *group = &g_array_index (groups, Group, middle);

      if (group->machine_id == machine_id)
        return group;
      if (group->machine_id < machine_id)
        low = middle + 1;
      else
        high = middle;
    }
  return NULL;
}

/* The entries again, by their machines' names. */
static GArray *
order_by_name (LkDb *db, GArray *entries, GArray *groups, gboolean is_descending, GError **error)
{
  g_autoptr (GArray) ordered = g_array_sized_new (FALSE, FALSE, sizeof (Entry), entries->len);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, error,
                   is_descending ? "SELECT id FROM machine ORDER BY name DESC, id DESC"
                                 : "SELECT id FROM machine ORDER BY name, id",
                   "");

  if (query == NULL)
    return NULL;
  while (ordered->len < entries->len && lk_query_next (query, &local_error))
    {
      const Group *group = find_group (groups, lk_query_int (query, 0));

      if (group != NULL)
        g_array_append_vals (ordered, &g_array_index (entries, Entry, group->first), group->n);
    }
  if (local_error == NULL)
    return g_steal_pointer (&ordered);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* Stable, byte by byte from the lowest; a byte that is the same in all costs nothing but a look. */
static void
sort_by_value (GArray *entries)
{
  g_autofree Entry *other = g_new (Entry, entries->len + 1);
  Entry *from = (Entry *) (gpointer) entries->data;
  Entry *to = other;

  for (guint shift = 0; shift < 64; shift += 8)
    {
      guint places[256] = { 0 };
      guint sum = 0;
      Entry *swap = from;

      for (guint i = 0; i < entries->len; i++)
        places[(from[i].value >> shift) & 0xff]++;
      if (places[(from[0].value >> shift) & 0xff] == entries->len)
        continue;

      for (guint i = 0; i < G_N_ELEMENTS (places); i++)
        {
          guint n = places[i];

          places[i] = sum;
          sum += n;
        }
      for (guint i = 0; i < entries->len; i++)
        to[places[(from[i].value >> shift) & 0xff]++] = from[i];
      from = to;
      to = swap;
    }

  if (from == other)
    memcpy (entries->data, other, entries->len * sizeof (Entry));
}

static GArray *
read_keys (LkDb *db,
           const LkSelection *selection,
           LkRowSort sort,
           gboolean is_descending,
           GError **error)
{
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (Group));
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);
  Reading reading = { .sort = sort,
                      .dictionary = { numbers, words },
                      .all = (gint64) ((G_GUINT64_CONSTANT (1) << selection->n_mixed) - 1),
                      .entries = entries,
                      .groups = groups };
  g_autoptr (GArray) ordered = NULL;
  g_autoptr (GArray) keys = NULL;

  if (!read_entries (db, selection, &reading, error))
    return NULL;
  ordered = order_by_name (db, entries, groups, is_descending && sort == LK_SORT_MACHINE, error);
  if (ordered == NULL)
    return NULL;

  for (guint i = 0; is_descending && i < ordered->len; i++)
    g_array_index (ordered, Entry, i).value = ~g_array_index (ordered, Entry, i).value;
  if (sort != LK_SORT_MACHINE && ordered->len > 1)
    sort_by_value (ordered);

  keys = g_array_sized_new (FALSE, FALSE, sizeof (gint64), ordered->len);
  for (guint i = 0; i < ordered->len; i++)
    g_array_append_val (keys, g_array_index (ordered, Entry, i).key);
  return g_steal_pointer (&keys);
}

GArray *
lk_store_list_keys_of_rows (LkStore *self,
                            const LkSelection *selection,
                            LkRowSort sort,
                            gboolean is_descending,
                            GError **error)
{
  g_autoptr (LkSelection) all = selection == NULL ? lk_selection_parse (NULL, NULL) : NULL;
  LkDb *db = lk_store_borrow_reader (self, error);
  GArray *keys = NULL;

  /* One state of the store for all queries. */
  if (db != NULL && lk_db_exec (db, PAGE_CACHE, error) && lk_db_exec (db, "BEGIN", error))
    {
      keys = read_keys (db, selection != NULL ? selection : all, sort, is_descending, error);
      lk_db_exec (db, "ROLLBACK", NULL);
    }

  lk_store_return_reader (self, db);
  return keys;
}
