/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-rows.h"

#include <string.h>

/* lk_store_list_keys_of_rows() of lk-rows.h. SQLite filters, and orders what an index orders; the
 * rest is left to whole numbers, because its own sorter takes 200 ms for a hundred thousand rows:
 *
 *   1. the rows that match, in the order of the machines' ids, from an index that has all that the
 *      filters and the columns ask for;
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

static const struct
{
  const char *sql;
  gboolean is_text;
} columns[] = {
  [LK_SORT_MACHINE] = { "0", FALSE },
  [LK_SORT_DOMAIN] = { "m.domain", TRUE },
  [LK_SORT_PRODUCT] = { "p.name", TRUE },
  [LK_SORT_EDITION] = { "p.edition", TRUE },
  [LK_SORT_STATE] = { "coalesce (p.status, -1)", FALSE },
  [LK_SORT_DAYS] = { "CASE WHEN p.id IS NULL THEN -1"
                     " WHEN p.status <> 1 OR p.grace_minutes > 0 THEN p.grace_minutes"
                     " ELSE 1 << 40 END",
                     FALSE },
  [LK_SORT_KIND] = { "p.key_kind", TRUE },
  [LK_SORT_KEY] = { "p.partial_key", TRUE },
  [LK_SORT_READ] = { "m.read_at", FALSE },
  [LK_SORT_RESULT] = { "m.last_result", TRUE },
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

static gboolean
read_entries (LkDb *db,
              const LkSelection *selection,
              LkRowSort sort,
              GArray *entries,
              GArray *groups,
              GError **error)
{
  g_autofree char *sql =
      g_strdup_printf ("SELECT m.id, coalesce (p.id, -m.id), %s FROM machine AS m"
                       " LEFT JOIN product AS p ON p.machine_id = m.id AND p.hidden = 0"
                       " WHERE %s ORDER BY m.id, p.is_addon, p.application_id, p.name",
                       columns[sort].sql, selection != NULL ? selection->where : "1");
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);
  Dictionary dictionary = { numbers, words };
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query_texts (db, error, sql, selection != NULL ? selection->values : NULL);
  Group group = { 0 };

  if (query == NULL)
    return FALSE;
  while (lk_query_next (query, &local_error))
    {
      gint64 machine_id = lk_query_int (query, 0);
      /* The sign's bit turned, numbers below 0 come before the others. */
      Entry entry = { lk_query_int (query, 1),
                      columns[sort].is_text
                          ? look_up (&dictionary, lk_query_text (query, 2))
                          : (guint64) lk_query_int (query, 2) ^ (G_GUINT64_CONSTANT (1) << 63) };

      if (machine_id != group.machine_id)
        {
          if (group.n > 0)
            g_array_append_val (groups, group);
          group = (Group){ machine_id, entries->len, 0 };
        }
      group.n++;
      g_array_append_val (entries, entry);
    }
  if (group.n > 0)
    g_array_append_val (groups, group);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (columns[sort].is_text)
    rank (&dictionary, entries);
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
  g_autoptr (GArray) ordered = NULL;
  g_autoptr (GArray) keys = NULL;

  if (!read_entries (db, selection, sort, entries, groups, error))
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
  LkDb *db = lk_store_borrow_reader (self, error);
  GArray *keys = NULL;

  /* One state of the store for both queries. */
  if (db != NULL && lk_db_exec (db, PAGE_CACHE, error) && lk_db_exec (db, "BEGIN", error))
    {
      keys = read_keys (db, selection, sort, is_descending, error);
      lk_db_exec (db, "ROLLBACK", NULL);
    }

  lk_store_return_reader (self, db);
  return keys;
}
