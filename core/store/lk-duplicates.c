/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-duplicates.h"

#include "base/lk-error.h"
#include "base/lk-locale.h"
#include "domain/lk-machine.h"
#include "store/lk-fleet.h"
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

static Pair *
find_pair (GHashTable *pairs, gint64 first_id, gint64 second_id)
{
  const Pair key = { first_id, second_id, 0 };

  return g_hash_table_lookup (pairs, &key);
}

static void
add_pair (GHashTable *pairs, gint64 first_id, gint64 second_id, Mark mark)
{
  const Pair key = { first_id, second_id, 0 };
  Pair *pair = find_pair (pairs, first_id, second_id);

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

/* Those that a person said are two machines. */
static gboolean
list_apart (LkDb *db, GHashTable *apart, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error, "SELECT first_id, second_id FROM machine_apart", "");

  while (query != NULL && lk_query_next (query, &local_error))
    add_pair (apart, lk_query_int (query, 0), lk_query_int (query, 1), 0);

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* With the first of those before it that it is not kept apart from. */
static void
pair_up (GHashTable *pairs, GHashTable *apart, const GArray *before, gint64 id, Mark mark)
{
  for (guint i = 0; i < before->len; i++)
    {
      gint64 first_id = g_array_index (before, gint64, i);

      if (find_pair (apart, first_id, id) == NULL)
        {
          add_pair (pairs, first_id, id, mark);
          return;
        }
    }
}

static gboolean
collect (LkDb *db, Mark mark, GHashTable *apart, GHashTable *pairs, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query = lk_db_query (db, &local_error, marks[mark].sql, "");
  g_autoptr (GArray) group = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *value = NULL;

  while (query != NULL && lk_query_next (query, &local_error))
    {
      const char *next = lk_query_text (query, 0);
      gint64 id = lk_query_int (query, 1);

      if (value == NULL || g_ascii_strcasecmp (value, next) != 0)
        {
          g_free (value);
          value = g_strdup (next);
          g_array_set_size (group, 0);
        }
      if (is_usable (mark, value))
        pair_up (pairs, apart, group, id, mark);
      g_array_append_val (group, id);
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
        lk_text_add_part (reason, "%s", _ (marks[i].title));
      }
  if (self->common_job != 0)
    lk_text_add_part (reason, _ ("but both answered in job %d: two ways to one, or clones"),
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
      " a.uuid, b.uuid, a.cmid, b.cmid FROM machine AS a, machine AS b WHERE a.id = ?1 AND b.id = "
      "?2",
      "ii", pair->first_id, pair->second_id);

  if (query == NULL || !lk_query_next (query, error) ||
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
  g_autoptr (GHashTable) apart = g_hash_table_new_full (hash_pair, equal_pairs, g_free, NULL);
  g_autoptr (GPtrArray) sorted = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!list_apart (db, apart, error))
    return FALSE;
  for (Mark mark = 0; mark < N_MARKS; mark++)
    if (!collect (db, mark, apart, pairs, error))
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

typedef struct
{
  GArray *ids;
  gint64 now;
} Apart;

static gboolean
keep_apart (LkDb *db, gpointer user_data, GError **error)
{
  const Apart *apart = user_data;
  g_autoptr (GString) numbers = g_string_new (NULL);
  g_autofree char *message = NULL;

  for (guint i = 0; i < apart->ids->len; i++)
    g_string_append_printf (numbers, i > 0 ? ", #%d" : "#%d",
                            (int) g_array_index (apart->ids, gint64, i));
  message = g_strdup_printf (_ ("Not one machine: %s"), numbers->str);
  for (guint i = 0; i < apart->ids->len; i++)
    {
      gint64 id = g_array_index (apart->ids, gint64, i);
      gint64 n = 0;

      if (!lk_db_get_int (db, &n, 0, error, "SELECT count (*) FROM machine WHERE id = ?1", "i", id))
        return FALSE;
      if (n == 0)
        {
          g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Machine #%d is gone"), (int) id);
          return FALSE;
        }
      if (!lk_event_note (db, apart->now, id, 0, "apart", "done", message, 0, error))
        return FALSE;
    }

  return lk_identity_keep_apart (db, apart->ids, error);
}

gboolean
lk_store_keep_apart (LkStore *self, GArray *machine_ids, gint64 now, GError **error)
{
  Apart apart = { machine_ids, now };

  return lk_store_write (self, keep_apart, &apart, error);
}
