/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-duplicates.h"

#include "domain/lk-machine.h"
#include "store/lk-identity.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

typedef enum
{
  MARK_UUID,
  MARK_CMID,
  MARK_IID,
  MARK_FQDN,
  MARK_NAME,
  MARK_ADDRESS,
  N_MARKS,
} Mark;

/* A name or an address may pass from one machine to another. */
#define WEAK_MARKS (1u << MARK_FQDN | 1u << MARK_NAME | 1u << MARK_ADDRESS)

/* Each gives values and the ids of those that share one, beside each other. */
#define SHARED(value)                                                                              \
  "SELECT " value ", id FROM machine WHERE " value " IN (SELECT " value                            \
  " FROM machine WHERE " value " IS NOT NULL GROUP BY " value                                      \
  " HAVING count (*) > 1) ORDER BY " value ", id"

static const struct
{
  const char *word;
  const char *title;
  const char *sql;
} marks[N_MARKS] = {
  [MARK_UUID] = { "uuid", N_ ("same SMBIOS UUID"), SHARED ("uuid") },
  [MARK_CMID] = { "cmid", N_ ("same client machine ID"), SHARED ("cmid") },
  [MARK_IID] = { "iid", N_ ("same installation ID"),
                 "SELECT DISTINCT iid, machine_id FROM product WHERE iid IN (SELECT iid"
                 " FROM product WHERE iid <> '' GROUP BY iid"
                 " HAVING count (DISTINCT machine_id) > 1) ORDER BY iid, machine_id" },
  [MARK_FQDN] = { "fqdn", N_ ("same full name"), SHARED ("fqdn") },
  [MARK_NAME] = { "name", N_ ("same name"), /* up to the first dot */
                  "WITH short AS MATERIALIZED (SELECT id, lower (substr (name, 1,"
                  "  instr (name || '.', '.') - 1)) AS name, name AS whole FROM machine)"
                  " SELECT CASE WHEN instr (whole, ':') OR whole NOT GLOB '*[^0-9.]*'"
                  "  THEN lower (whole) ELSE name END AS value, id FROM short"
                  " WHERE name IN (SELECT name FROM short GROUP BY name HAVING count (*) > 1)"
                  " ORDER BY value, id" },
  [MARK_ADDRESS] = { "address", N_ ("same address"), SHARED ("address || ' ' || port") },
};

typedef struct
{
  gint64 first_id; /* with the next the key of the hash table */
  gint64 second_id;
  guint marks;
} Pair;

static guint
hash_pair (gconstpointer pair)
{
  const Pair *self = pair;

  return g_int64_hash (&self->first_id) * 31 + g_int64_hash (&self->second_id);
}

static gboolean
equal_pairs (gconstpointer a, gconstpointer b)
{
  const Pair *x = a;
  const Pair *y = b;

  return x->first_id == y->first_id && x->second_id == y->second_id;
}

static int
compare_pairs (gconstpointer a, gconstpointer b)
{
  const Pair *x = *(const Pair *const *) a;
  const Pair *y = *(const Pair *const *) b;

  if (x->first_id != y->first_id)
    return x->first_id < y->first_id ? -1 : 1;
  return (x->second_id > y->second_id) - (x->second_id < y->second_id);
}

void
lk_duplicate_free (LkDuplicate *self)
{
  if (self == NULL)
    return;
  g_free (self->first_name);
  g_free (self->first_address);
  g_free (self->second_name);
  g_free (self->second_address);
  g_free (self->evidence);
  g_free (self->reason);
  g_free (self);
}

static void
add_pair (GHashTable *pairs, gint64 first_id, gint64 second_id, Mark mark)
{
  const Pair key = { first_id, second_id, 0 };
  Pair *pair = g_hash_table_lookup (pairs, &key);

  if (pair == NULL)
    {
      pair = g_memdup2 (&key, sizeof key);
      g_hash_table_add (pairs, pair);
    }
  pair->marks |= 1u << mark;
}

static gboolean
is_usable (Mark mark, const char *value)
{
  return (mark != MARK_UUID && mark != MARK_CMID) || lk_uuid_get_usable (value) != NULL;
}

static gboolean
collect (LkDb *db, Mark mark, GHashTable *pairs, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (db, &local_error, marks[mark].sql, "");
  g_autofree char *value = NULL;
  gint64 first_id = 0;

  while (query != NULL && lk_query_next (query, &local_error))
    {
      const char *next = lk_query_text (query, 0);
      gint64 id = lk_query_int (query, 1);

      if (value != NULL && g_ascii_strcasecmp (value, next) == 0)
        {
          if (is_usable (mark, value))
            add_pair (pairs, first_id, id, mark);
          continue;
        }
      g_free (value);
      value = g_strdup (next);
      first_id = id;
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Each that has been read and says that it is a machine of its own. */
static gboolean
are_different (LkQuery *query)
{
  const char *uuid[] = { lk_uuid_get_usable (lk_query_text (query, 4)),
                         lk_uuid_get_usable (lk_query_text (query, 5)) };
  const char *cmid[] = { lk_query_text (query, 6), lk_query_text (query, 7) };

  return uuid[0] != NULL && uuid[1] != NULL && g_ascii_strcasecmp (uuid[0], uuid[1]) != 0 &&
         g_strcmp0 (cmid[0], cmid[1]) != 0;
}

static void
describe (LkDuplicate *self, guint which)
{
  g_autoptr (GString) words = g_string_new (NULL);
  g_autoptr (GString) reason = g_string_new (NULL);

  for (guint i = 0; i < N_MARKS; i++)
    if ((which & 1u << i) != 0)
      {
        g_string_append_printf (words, "%s%s", words->len > 0 ? " " : "", marks[i].word);
        g_string_append_printf (reason, "%s%s", reason->len > 0 ? ", " : "", _ (marks[i].title));
      }
  if (self->common_job != 0)
    g_string_append_printf (reason, _ ("; but both answered in job %d: two ways to one, or clones"),
                            (int) self->common_job);
  self->evidence = g_string_free (g_steal_pointer (&words), FALSE);
  self->reason = g_string_free (g_steal_pointer (&reason), FALSE);
}

/* NULL without an error for a pair that is none after all. */
static LkDuplicate *
load (LkDb *db, const Pair *pair, GError **error)
{
  g_autoptr (LkDuplicate) self = NULL;
  g_autoptr (LkQuery) query = lk_db_query (
      db, error,
      "SELECT a.name, coalesce (a.address, a.listed_as), b.name, coalesce (b.address, b.listed_as),"
      " a.uuid, b.uuid, a.cmid, b.cmid, EXISTS (SELECT 1 FROM machine_apart"
      "  WHERE first_id = min (?1, ?2) AND second_id = max (?1, ?2))"
      " FROM machine AS a, machine AS b WHERE a.id = ?1 AND b.id = ?2",
      "ii", pair->first_id, pair->second_id);

  if (query == NULL || !lk_query_next (query, error) || lk_query_int (query, 8) != 0 ||
      ((pair->marks & ~WEAK_MARKS) == 0 && are_different (query)))
    return NULL;

  self = g_new0 (LkDuplicate, 1);
  self->first_id = pair->first_id;
  self->second_id = pair->second_id;
  self->first_name = lk_query_dup (query, 0);
  self->first_address = lk_query_dup (query, 1);
  self->second_name = lk_query_dup (query, 2);
  self->second_address = lk_query_dup (query, 3);
  g_clear_pointer (&query, lk_query_free);
  if (!lk_identity_get_common_job (db, pair->first_id, pair->second_id, &self->common_job, error))
    return NULL;
  describe (self, pair->marks);
  return g_steal_pointer (&self);
}

static GPtrArray *
list_keys (GHashTable *pairs)
{
  GPtrArray *keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer pair;

  g_hash_table_iter_init (&iter, pairs);
  while (g_hash_table_iter_next (&iter, &pair, NULL))
    g_ptr_array_add (keys, pair);
  return keys;
}

static gboolean
list_all (LkDb *db, GPtrArray *list, GError **error)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (hash_pair, equal_pairs, g_free, NULL);
  g_autoptr (GPtrArray) sorted = NULL;
  g_autoptr (GError) local_error = NULL;

  for (Mark mark = 0; mark < N_MARKS; mark++)
    if (!collect (db, mark, pairs, error))
      return FALSE;

  sorted = list_keys (pairs);
  g_ptr_array_sort (sorted, compare_pairs);
  for (guint i = 0; i < sorted->len && local_error == NULL; i++)
    {
      LkDuplicate *duplicate = load (db, g_ptr_array_index (sorted, i), &local_error);

      if (duplicate != NULL)
        g_ptr_array_add (list, duplicate);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

GPtrArray *
lk_store_list_duplicates (LkStore *self, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_duplicate_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && list_all (db, list, error);

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&list) : NULL;
}
