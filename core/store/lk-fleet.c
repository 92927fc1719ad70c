/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-fleet.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"

#include <glib/gi18n-lib.h>

void
lk_event_free (LkEvent *self)
{
  if (self == NULL)
    return;
  g_free (self->step);
  g_free (self->outcome);
  g_free (self->message);
  g_free (self);
}

static gboolean
forget_all (LkDb *db, gpointer user_data, GError **error)
{
  GArray *ids = user_data;

  for (guint i = 0; i < ids->len; i++)
    {
      gint64 id = g_array_index (ids, gint64, i);
      gint64 job = 0;

      if (!lk_db_get_int (db, &job, 0, error,
                          "SELECT job_id FROM item WHERE machine_id = ?1"
                          " AND state IN ('ready', 'running', 'parked', 'paused')",
                          "i", id))
        return FALSE;
      if (job != 0)
        {
          g_set_error (
              error, LK_ERROR, LK_ERROR_INVALID,
              _ ("Machine #%d is still being worked on by job %d; cancel that first. Nothing"
                 " was forgotten"),
              (int) id, (int) job);
          return FALSE;
        }
      if (!lk_db_run (db, error, "DELETE FROM machine WHERE id = ?1", "i", id))
        return FALSE;
    }

  return TRUE;
}

gboolean
lk_store_forget (LkStore *self, GArray *machine_ids, GError **error)
{
  return lk_store_write (self, forget_all, machine_ids, error);
}

gboolean
lk_event_note (LkDb *db,
               gint64 now,
               gint64 machine_id,
               gint64 job_id,
               const char *step,
               const char *outcome,
               const char *message,
               guint32 code,
               GError **error)
{
  return lk_db_run (db, error,
                    "INSERT INTO event (at, machine_id, job_id, step, outcome, message, code)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    "iiisssi", now, machine_id, job_id, step, outcome, message, (gint64) code);
}

#define EVENT_COLUMNS                                                                              \
  "at, coalesce (machine_id, 0), coalesce (job_id, 0), step, outcome, message, code, id"

static gboolean
read_events (LkQuery *query, GPtrArray *events, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  while (lk_query_next (query, &local_error))
    {
      LkEvent *event = g_new0 (LkEvent, 1);

      event->at = lk_query_int (query, 0);
      event->machine_id = lk_query_int (query, 1);
      event->job_id = lk_query_int (query, 2);
      event->step = lk_query_dup (query, 3);
      event->outcome = lk_query_dup (query, 4);
      event->message = lk_query_dup (query, 5);
      event->code = (guint32) lk_query_int (query, 6);
      event->id = lk_query_int (query, 7);
      g_ptr_array_add (events, event);
    }

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

GPtrArray *
lk_store_list_events (LkStore *self, gint64 machine_id, guint max, GError **error)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_event_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = FALSE;

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error,
                       "SELECT " EVENT_COLUMNS " FROM event WHERE ?1 = 0 OR machine_id = ?1"
                       " ORDER BY at DESC, id DESC LIMIT ?2",
                       "ii", machine_id, (gint64) max);

      done = query != NULL && read_events (query, events, error);
    }

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&events) : NULL;
}

GPtrArray *
lk_store_list_own_events (LkStore *self, const char *step, const char *prefix, GError **error)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_event_free);
  LkDb *db = lk_store_borrow_reader (self, error);
  gboolean done = FALSE;

  if (db != NULL)
    {
      g_autoptr (LkQuery) query =
          lk_db_query (db, error,
                       "SELECT " EVENT_COLUMNS " FROM event WHERE machine_id = 0 AND step = ?1"
                       " AND substr (message, 1, length (?2)) = ?2 ORDER BY at DESC, id DESC",
                       "ss", step, prefix);

      done = query != NULL && read_events (query, events, error);
    }

  lk_store_return_reader (self, db);
  return done ? g_steal_pointer (&events) : NULL;
}

typedef struct
{
  gint64 now;
  const char *step;
  const char *outcome;
  const char *message;
} OwnEvent;

static gboolean
note_own_event (LkDb *db, gpointer user_data, GError **error)
{
  OwnEvent *event = user_data;

  return lk_event_note (db, event->now, 0, 0, event->step, event->outcome, event->message, 0,
                        error);
}

gboolean
lk_store_note_event (LkStore *self,
                     gint64 now,
                     const char *step,
                     const char *outcome,
                     const char *message,
                     GError **error)
{
  OwnEvent event = { now, step, outcome, message };

  return lk_store_write (self, note_own_event, &event, error);
}

static gboolean
delete_old_events (LkDb *db, gpointer user_data, GError **error)
{
  gint64 *now = user_data;

  return lk_db_run (db, error, "DELETE FROM event WHERE at < ?1", "i", *now - LK_EVENT_LIFETIME);
}

gboolean
lk_store_trim_events (LkStore *self, gint64 now, GError **error)
{
  return lk_store_write (self, delete_old_events, &now, error);
}
