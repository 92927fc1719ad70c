/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-rows.h"

#include <string.h>

/* lk_store_list_keys_of_rows() of lk-rows.h. SQLite filters, and orders what an index orders; the
 * rest is left to whole numbers, because its joins and its sorter take 200 ms for a hundred
 * thousand rows. Each table is read once, from an index that has all that filters and columns ask
 * for:
 *
 *   1. the machines, in the order of their names;
 *   2. the products that these and the filter leave, side by side for each machine;
 *   3. both put together, and a stable sort by what the column shows, as a number: words become
 * their rank first. */

#define PAGE_CACHE "PRAGMA cache_size = -32768" /* KiB: the indexes of 100,000 rows */

typedef struct
{
  gint64 key;
  guint64 value;
} Entry;

/* A machine or a product that may be shown, if a row of the two fulfils all. */
typedef struct
{
  Entry entry; /* of a machine: its id and value */
  gint64 any;  /* which mixed conditions it fulfils */
} Candidate;

/* The candidates of one machine that has products, side by side. */
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
  guint last; /* the number given last: the next word is often the same */
} Dictionary;

static guint64
look_up (Dictionary *self, const char *word)
{
  guint number;
  char *copy;

  if (word == NULL || *word == '\0')
    return 0;
  if (self->last != 0 && strcmp (g_ptr_array_index (self->words, self->last - 1), word) == 0)
    return self->last;
  number = GPOINTER_TO_UINT (g_hash_table_lookup (self->numbers, word));
  if (number != 0)
    return self->last = number;

  copy = g_strdup (word);
  g_ptr_array_add (self->words, copy);
  g_hash_table_insert (self->numbers, copy, GUINT_TO_POINTER (self->words->len));
  return self->last = self->words->len;
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

/* The columns of both queries: of the machine or the product, its value, which mixed conditions
 * hold. Of products also the machine, and whether all the other conditions hold. */
enum
{
  COLUMN_ID,
  COLUMN_VALUE,
  COLUMN_ANY,
  COLUMN_MACHINE,
  COLUMN_MATCHES,
};

typedef struct
{
  LkRowSort sort;
  Dictionary dictionary;
  gint64 all;           /* bits of the mixed conditions */
  gboolean has_nothing; /* whether a machine without a product may match */
  gint64 any_nothing;   /* and which mixed conditions that alone fulfils */
  gint64 any_machine;   /* those that some machine fulfils */
  gint64 first_id;      /* of the machines that may match */
  gint64 last_id;
  GArray *machines; /* in their order */
  GArray *products;
  GArray *groups;  /* of products, by machine id */
  GArray *entries; /* what is listed */
} Reading;

/* Of the machine if the column is its, else of the product. */
static guint64
get_value (Reading *self, LkQuery *query)
{
  if (columns[self->sort].is_text)
    return look_up (&self->dictionary, lk_query_text (query, COLUMN_VALUE));

  /* The sign's bit turned, numbers below 0 come before the others. */
  return (guint64) lk_query_int (query, COLUMN_VALUE) ^ (G_GUINT64_CONSTANT (1) << 63);
}

/* Which mixed conditions hold; there are seldom any. */
static gint64
get_any (Reading *self, LkQuery *query)
{
  return self->all != 0 ? lk_query_int (query, COLUMN_ANY) : 0;
}

static void
add_product (Reading *self, LkQuery *query)
{
  gint64 machine_id = lk_query_int (query, COLUMN_MACHINE);
  Group *group =
      self->groups->len > 0 ? &g_array_index (self->groups, Group, self->groups->len - 1) : NULL;
  Candidate candidate;

  if (group == NULL || group->machine_id != machine_id)
    {
      const Group fresh = { machine_id, self->products->len, 0 };

      g_array_append_val (self->groups, fresh);
      group = &g_array_index (self->groups, Group, self->groups->len - 1);
    }
  if (self->has_nothing && lk_query_int (query, COLUMN_MATCHES) == 0)
    return;

  candidate.entry.key = lk_query_int (query, COLUMN_ID);
  candidate.entry.value = columns[self->sort].product != NULL ? get_value (self, query) : 0;
  candidate.any = get_any (self, query);
  g_array_append_val (self->products, candidate);
  group->n++;
}

static const Group *
find_group (GArray *groups, gint64 machine_id)
{
  gint64 first = groups->len > 0 ? g_array_index (groups, Group, 0).machine_id : 0;
  guint low = 0;
  guint high = groups->len;

  /* Seldom is an id left out. */
  if (machine_id >= first && machine_id - first < groups->len &&
      g_array_index (groups, Group, machine_id - first).machine_id == machine_id)
    return &g_array_index (groups, Group, machine_id - first);

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

static void
add_machine (Reading *self, LkQuery *query)
{
  gboolean is_by_machine = columns[self->sort].machine != NULL;
  gint64 id = lk_query_int (query, COLUMN_ID);
  const Candidate machine = { { id, is_by_machine ? get_value (self, query) : 0 },
                              get_any (self, query) };

  self->any_machine |= machine.any;
  self->first_id = MIN (self->first_id, id);
  self->last_id = MAX (self->last_id, id);
  g_array_append_val (self->machines, machine);
}

/* The row of a machine of which no product is known. */
static void
list_nothing (Reading *self, const Candidate *machine)
{
  Entry entry = { -machine->entry.key, machine->entry.value };

  if (columns[self->sort].machine == NULL && !columns[self->sort].is_text)
    entry.value = (guint64) columns[self->sort].nothing ^ (G_GUINT64_CONSTANT (1) << 63);
  if ((machine->any | self->any_nothing) == self->all)
    g_array_append_val (self->entries, entry);
}

static void
list_machine (Reading *self, const Candidate *machine)
{
  const Group *group = find_group (self->groups, machine->entry.key);
  gboolean is_by_machine = columns[self->sort].machine != NULL;

  if (group == NULL && self->has_nothing)
    list_nothing (self, machine);
  for (guint i = 0; group != NULL && i < group->n; i++)
    {
      const Candidate *product = &g_array_index (self->products, Candidate, group->first + i);
      Entry entry = product->entry;

      if (is_by_machine)
        entry.value = machine->entry.value;
      if ((machine->any | product->any) == self->all)
        g_array_append_val (self->entries, entry);
    }
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
query_machines (LkDb *db,
                const LkSelection *selection,
                LkRowSort sort,
                gboolean is_descending,
                GError **error)
{
  const LkSelectionHalf *half = &selection->machine;
  g_autofree char *sql = g_strdup_printf (
      "SELECT m.id, %s, %s FROM machine AS m INDEXED BY machine_row WHERE %s ORDER BY %s",
      columns[sort].machine != NULL ? columns[sort].machine : "0", half->any, half->where,
      is_descending ? "m.name DESC, m.id DESC" : "m.name, m.id");

  return query_half (db, half, sql, error);
}

/* What does not match is needed too where a machine without products matches: to know those. A
 * mixed condition that no machine fulfils is the products' own: where all are, whatever SQL leaves
 * fulfils them all and need not say so again. */
static LkQuery *
query_products (LkDb *db, const LkSelection *selection, const Reading *reading, GError **error)
{
  const LkSelectionHalf *half = &selection->product;
  const char *value = columns[reading->sort].product;
  gboolean is_own = reading->any_machine == 0;
  g_autofree char *any = is_own ? g_strdup_printf ("%" G_GINT64_FORMAT, reading->all)
                                : g_strdup_printf ("%s AS any", half->any);
  g_autofree char *filter =
      reading->any_machine == reading->all
          ? g_strdup (half->where)
          : g_strdup_printf ("(%s) | %" G_GINT64_FORMAT " = %" G_GINT64_FORMAT " AND %s",
                             is_own ? half->any : "any", reading->any_machine, reading->all,
                             half->where);
  g_autofree char *sql =
      g_strdup_printf ("SELECT p.id, %s, %s, p.machine_id, %s FROM product AS p INDEXED BY"
                       " product_row WHERE p.hidden = 0 AND p.machine_id BETWEEN %" G_GINT64_FORMAT
                       " AND %" G_GINT64_FORMAT " AND %s"
                       " ORDER BY p.machine_id, p.is_addon, p.application_id, p.name",
                       value != NULL ? value : "0", any, reading->has_nothing ? filter : "1",
                       reading->first_id, reading->last_id, reading->has_nothing ? "1" : filter);

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
read_all (Reading *reading,
          LkQuery *query,
          void (*add) (Reading *reading, LkQuery *query),
          GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    add (reading, query);

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
read_entries (LkDb *db,
              const LkSelection *selection,
              gboolean is_descending,
              Reading *reading,
              GError **error)
{
  g_autoptr (LkQuery) machines = NULL;
  g_autoptr (LkQuery) products = NULL;

  machines = query_machines (db, selection, reading->sort, is_descending, error);
  if (!read_all (reading, machines, add_machine, error) ||
      !ask_about_nothing (db, selection, reading, error))
    return FALSE;
  if ((reading->any_machine | reading->any_nothing) != reading->all)
    reading->has_nothing = FALSE;
  products = query_products (db, selection, reading, error);
  if (!read_all (reading, products, add_product, error))
    return FALSE;

  for (guint i = 0; i < reading->machines->len; i++)
    list_machine (reading, &g_array_index (reading->machines, Candidate, i));
  if (columns[reading->sort].is_text)
    rank (&reading->dictionary, reading->entries);
  return TRUE;
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
  g_autoptr (GArray) machines = g_array_new (FALSE, FALSE, sizeof (Candidate));
  g_autoptr (GArray) products = g_array_new (FALSE, FALSE, sizeof (Candidate));
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (Group));
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);
  Reading reading = { .sort = sort,
                      .dictionary = { numbers, words, 0 },
                      .all = (gint64) ((G_GUINT64_CONSTANT (1) << selection->n_mixed) - 1),
                      .first_id = G_MAXINT64,
                      .last_id = G_MININT64,
                      .machines = machines,
                      .products = products,
                      .groups = groups,
                      .entries = entries };
  g_autoptr (GArray) keys = NULL;

  if (!read_entries (db, selection, is_descending && sort == LK_SORT_MACHINE, &reading, error))
    return NULL;

  for (guint i = 0; is_descending && i < entries->len; i++)
    g_array_index (entries, Entry, i).value = ~g_array_index (entries, Entry, i).value;
  if (sort != LK_SORT_MACHINE && entries->len > 1)
    sort_by_value (entries);

  keys = g_array_sized_new (FALSE, FALSE, sizeof (gint64), entries->len);
  for (guint i = 0; i < entries->len; i++)
    g_array_append_val (keys, g_array_index (entries, Entry, i).key);
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
