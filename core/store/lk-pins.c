/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-pins.h"

#include "store/lk-fleet.h"

void
lk_pin_row_free (LkPinRow *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->address);
  g_free (self->pin);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_free (self);
}

/* Of one machine, or of all with @machine_id 0. */
static GPtrArray *
list_pins (LkStore *self, gint64 machine_id, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_pin_row_free);
  g_autoptr (GError) local_error = NULL;
  LkDb *db = lk_store_borrow_reader (self, error);

  if (db == NULL)
    return NULL;
  {
    g_autoptr (LkQuery) query =
        lk_db_query (db, &local_error,
                     "SELECT id, name, address, port, tls, pin, certificate, pinned_at"
                     " FROM machine WHERE pin IS NOT NULL AND (?1 = 0 OR id = ?1)"
                     " ORDER BY name, id",
                     "i", machine_id);

    while (query != NULL && lk_query_next (query, &local_error))
      {
        LkPinRow *row = g_new0 (LkPinRow, 1);

        row->machine_id = lk_query_int (query, 0);
        row->name = lk_query_dup (query, 1);
        row->address = lk_query_dup (query, 2);
        row->port = (guint16) lk_query_int (query, 3);
        row->tls = lk_query_int (query, 4) != 0;
        row->pin = lk_query_dup (query, 5);
        row->certificate = lk_query_bytes (query, 6);
        row->pinned_at = lk_query_int (query, 7);
        g_ptr_array_add (rows, row);
      }
  }

  lk_store_return_reader (self, db);
  if (local_error == NULL)
    return g_steal_pointer (&rows);

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

GPtrArray *
lk_store_list_pins (LkStore *self, GError **error)
{
  return list_pins (self, 0, error);
}

LkPinRow *
lk_store_get_pin (LkStore *self, gint64 machine_id, GError **error)
{
  g_autoptr (GPtrArray) rows = list_pins (self, machine_id, error);

  return rows != NULL && rows->len > 0 ? g_ptr_array_steal_index (rows, 0) : NULL;
}

typedef struct
{
  gint64 machine_id;
  const char *pin;
  GBytes *certificate;
  gint64 now;
  const char *note;
  gboolean changed;
} Pin;

static gboolean
write_pin (LkDb *db, gpointer user_data, GError **error)
{
  Pin *pin = user_data;
  gboolean accepts = pin->pin != NULL;

  if (!lk_db_run (db, error,
                  "UPDATE machine SET pin = ?2, certificate = ?3, pinned_at = ?4"
                  " WHERE id = ?1 AND (?2 IS NOT NULL OR pin IS NOT NULL)",
                  "isbi", pin->machine_id, pin->pin, pin->certificate,
                  accepts ? pin->now : (gint64) 0))
    return FALSE;

  pin->changed = lk_db_get_changes (db) > 0;
  return !pin->changed ||
         lk_event_note (db, pin->now, pin->machine_id, 0,
                        accepts ? LK_STEP_ACCEPT_CERTIFICATE : LK_STEP_FORGET_CERTIFICATE, "done",
                        pin->note, 0, error);
}

gboolean
lk_store_set_pin (LkStore *self,
                  gint64 machine_id,
                  const char *pin,
                  GBytes *certificate,
                  gint64 now,
                  const char *note,
                  gboolean *changed,
                  GError **error)
{
  Pin write = { machine_id, pin, certificate, now, note, FALSE };
  gboolean done = lk_store_write (self, write_pin, &write, error);

  *changed = done && write.changed;
  return done;
}
