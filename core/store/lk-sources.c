/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-sources.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_NAME 64

LkSource *
lk_source_new (const char *name, const char *kind)
{
  LkSource *self = g_new0 (LkSource, 1);

  self->name = g_strdup (name);
  self->kind = g_strdup (kind);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->values = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
lk_source_free (LkSource *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->kind);
  g_ptr_array_unref (self->names);
  g_ptr_array_unref (self->values);
  g_free (self);
}

void
lk_source_news_free (LkSourceNews *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->was);
  g_free (self->is);
  g_free (self);
}

void
lk_source_set (LkSource *self, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_ptr_array_add (self->names, g_strdup (name));
  g_ptr_array_add (self->values, g_strdup (value));
}

const char *
lk_source_get (const LkSource *self, const char *name)
{
  for (guint i = 0; i < self->names->len; i++)
    if (g_str_equal (self->names->pdata[i], name))
      return self->values->pdata[i];

  return NULL;
}

const char **
lk_source_list (const LkSource *self, const char *name)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  for (guint i = 0; i < self->names->len; i++)
    if (g_str_equal (self->names->pdata[i], name))
      g_ptr_array_add (list, self->values->pdata[i]);
  if (list->len == 0)
    return NULL;

  g_ptr_array_add (list, NULL);
  return (const char **) g_ptr_array_free (g_steal_pointer (&list), FALSE);
}

static gboolean
check_name (const char *name, GError **error)
{
  gboolean is_good = *name != '\0' && *name != '-' && strlen (name) <= MAX_NAME;

  for (const char *p = name; *p != '\0' && is_good; p++)
    is_good = g_ascii_isalnum (*p) || strchr ("-._", *p) != NULL;
  if (!is_good)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                 _ ("“%s” cannot name a saved source; use up to %d letters, digits, dashes, dots"
                    " and underscores"),
                 name, MAX_NAME);
  return is_good;
}

typedef struct
{
  const LkSource *source;
  const char *name;
  gboolean replaces;
  gint64 now;

  GPtrArray *sightings;
  gboolean is_complete;
  GPtrArray *news;
} Change;

static gboolean
write_parameters (LkDb *db, const LkSource *source, gint64 id, GError **error)
{
  if (!lk_db_run (db, error, "DELETE FROM source_parameter WHERE source_id = ?1", "i", id))
    return FALSE;
  for (guint i = 0; i < source->names->len; i++)
    if (!lk_db_run (db, error,
                    "INSERT INTO source_parameter (source_id, name, place, value)"
                    " VALUES (?1, ?2, ?3, ?4)",
                    "isis", id, (const char *) source->names->pdata[i], (gint64) i,
                    (const char *) source->values->pdata[i]))
      return FALSE;

  return TRUE;
}

static void
set_name_is_taken (const char *name, GError **error)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("There is a saved source “%s” already; remove it, or take another name"), name);
}

static gboolean
save (LkDb *db, gpointer user_data, GError **error)
{
  Change *change = user_data;
  const LkSource *source = change->source;
  gint64 id = 0;

  if (!lk_db_get_int (db, &id, 0, error, "SELECT id FROM source WHERE name = ?1", "s",
                      source->name))
    return FALSE;
  if (id != 0 && !change->replaces)
    {
      set_name_is_taken (source->name, error);
      return FALSE;
    }
  if (id != 0)
    return lk_db_run (db, error, "UPDATE source SET kind = ?2 WHERE id = ?1", "is", id,
                      source->kind) &&
           write_parameters (db, source, id, error);

  return lk_db_run (db, error, "INSERT INTO source (name, kind, created_at) VALUES (?1, ?2, ?3)",
                    "ssi", source->name, source->kind, change->now) &&
         write_parameters (db, source, lk_db_get_last_id (db), error);
}

gboolean
lk_store_save_source (LkStore *self,
                      const LkSource *source,
                      gboolean replaces,
                      gint64 now,
                      GError **error)
{
  Change change = { .source = source, .replaces = replaces, .now = now };

  return check_name (source->name, error) && lk_store_write (self, save, &change, error);
}

static gboolean
load_parameters (LkDb *db, LkSource *source, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT name, value FROM source_parameter WHERE source_id = ?1 ORDER BY place",
                   "i", source->id);

  while (query != NULL && lk_query_next (query, &local_error))
    lk_source_set (source, lk_query_text (query, 0), lk_query_text (query, 1));

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
load_all (LkDb *db, GPtrArray *sources, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT id, name, kind, created_at, run_at, (SELECT count (*)"
                   " FROM source_machine WHERE source_id = id) FROM source ORDER BY name",
                   "");

  while (query != NULL && lk_query_next (query, &local_error))
    {
      LkSource *source = lk_source_new (lk_query_text (query, 1), lk_query_text (query, 2));

      source->id = lk_query_int (query, 0);
      source->created_at = lk_query_int (query, 3);
      source->run_at = lk_query_int (query, 4);
      source->n_machines = (guint) lk_query_int (query, 5);
      g_ptr_array_add (sources, source);
    }
  g_clear_pointer (&query, lk_query_free);
  for (guint i = 0; i < sources->len && local_error == NULL; i++)
    load_parameters (db, g_ptr_array_index (sources, i), &local_error);

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

GPtrArray *
lk_store_list_sources (LkStore *self, GError **error)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_source_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = db != NULL && load_all (db, sources, error);

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&sources) : NULL;
}

gboolean
lk_store_check_source_name (LkStore *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) sources = NULL;

  if (!check_name (name, error))
    return FALSE;
  sources = lk_store_list_sources (self, error);
  if (sources == NULL)
    return FALSE;
  for (guint i = 0; i < sources->len; i++)
    if (g_ascii_strcasecmp (((LkSource *) g_ptr_array_index (sources, i))->name, name) == 0)
      {
        set_name_is_taken (name, error);
        return FALSE;
      }

  return TRUE;
}

static void
set_no_source (const char *name, GError **error)
{
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("No source is saved as “%s”; see: latchkeyctl discover saved"), name);
}

LkSource *
lk_store_get_source (LkStore *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) sources = lk_store_list_sources (self, error);

  if (sources == NULL)
    return NULL;
  for (guint i = 0; i < sources->len; i++)
    {
      LkSource *source = g_ptr_array_index (sources, i);

      if (g_ascii_strcasecmp (source->name, name) == 0)
        return g_ptr_array_steal_index (sources, i);
    }

  set_no_source (name, error);
  return NULL;
}

static gboolean
remove_source (LkDb *db, gpointer user_data, GError **error)
{
  Change *change = user_data;

  if (!lk_db_run (db, error, "DELETE FROM source WHERE name = ?1", "s", change->name))
    return FALSE;
  if (lk_db_get_changes (db) > 0)
    return TRUE;

  set_no_source (change->name, error);
  return FALSE;
}

gboolean
lk_store_remove_source (LkStore *self, const char *name, GError **error)
{
  Change change = { .name = name };

  return lk_store_write (self, remove_source, &change, error);
}

/* Where it was found, as a person would write it. */
static char *
describe (const LkSighting *sighting)
{
  guint port = sighting->port != 0 ? sighting->port : (sighting->tls ? 5986 : 5985);
  const char *host = sighting->address != NULL ? sighting->address : sighting->name;
  gboolean is_ipv6 = strchr (host, ':') != NULL;

  return g_strdup_printf ("%s%s%s%s:%u%s%s", sighting->tls ? "https://" : "", is_ipv6 ? "[" : "",
                          host, is_ipv6 ? "]" : "", port, sighting->domain != NULL ? " " : "",
                          sighting->domain != NULL ? sighting->domain : "");
}

static void
add_news (GPtrArray *news, LkNewsKind kind, const char *name, const char *was, const char *is)
{
  LkSourceNews *one = g_new0 (LkSourceNews, 1);

  one->kind = kind;
  one->name = g_strdup (name);
  one->was = g_strdup (was);
  one->is = g_strdup (is);
  g_ptr_array_add (news, one);
}

static char *
look_up (LkDb *db, gint64 source_id, const char *name, GError **error)
{
  g_autoptr (LkQuery) query =
      lk_db_query (db, error, "SELECT facts FROM source_machine WHERE source_id = ?1 AND name = ?2",
                   "is", source_id, name);

  return query != NULL && lk_query_next (query, error) ? lk_query_dup (query, 0) : NULL;
}

static gboolean
note_one (LkDb *db, Change *change, const LkSighting *sighting, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gint64 id = change->source->id;
  g_autofree char *was = look_up (db, id, sighting->name, &local_error);
  g_autofree char *is = describe (sighting);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (was == NULL || !g_str_equal (was, is))
    add_news (change->news, was == NULL ? LK_NEWS_NEW : LK_NEWS_CHANGED, sighting->name, was, is);
  return lk_db_run (db, error,
                    "INSERT INTO source_machine (source_id, name, facts, seen_at)"
                    " VALUES (?1, ?2, ?3, ?4)"
                    " ON CONFLICT (source_id, name) DO UPDATE SET facts = ?3, seen_at = ?4",
                    "issi", id, sighting->name, is, change->now);
}

static gboolean
note_gone (LkDb *db, Change *change, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gint64 id = change->source->id;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error,
                   "SELECT name, facts FROM source_machine WHERE source_id = ?1 AND seen_at <> ?2",
                   "ii", id, change->now);

  while (query != NULL && lk_query_next (query, &local_error))
    add_news (change->news, LK_NEWS_GONE, lk_query_text (query, 0), lk_query_text (query, 1), NULL);
  g_clear_pointer (&query, lk_query_free);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  return lk_db_run (db, error, "DELETE FROM source_machine WHERE source_id = ?1 AND seen_at <> ?2",
                    "ii", id, change->now) &&
         lk_db_run (db, error, "UPDATE source SET run_at = ?2 WHERE id = ?1", "ii", id,
                    change->now);
}

static gboolean
note_all (LkDb *db, gpointer user_data, GError **error)
{
  Change *change = user_data;

  g_ptr_array_set_size (change->news, 0);
  for (guint i = 0; i < change->sightings->len; i++)
    if (!note_one (db, change, g_ptr_array_index (change->sightings, i), error))
      return FALSE;

  return !change->is_complete || note_gone (db, change, error);
}

static int
compare_news (gconstpointer a, gconstpointer b)
{
  const LkSourceNews *x = *(const LkSourceNews *const *) a;
  const LkSourceNews *y = *(const LkSourceNews *const *) b;

  return g_ascii_strcasecmp (x->name, y->name);
}

GPtrArray *
lk_store_note_run (LkStore *self,
                   const LkSource *source,
                   GPtrArray *sightings,
                   gboolean is_complete,
                   gint64 now,
                   GError **error)
{
  g_autoptr (GPtrArray) news =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lk_source_news_free);
  Change change = {
    .source = source, .sightings = sightings, .is_complete = is_complete, .now = now, .news = news
  };

  if (!lk_store_write (self, note_all, &change, error))
    return NULL;

  g_ptr_array_sort (news, compare_news);
  return g_steal_pointer (&news);
}
