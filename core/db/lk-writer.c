/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "db/lk-writer.h"

#include "base/lk-error.h"

#include <glib/gi18n-lib.h>

typedef struct
{
  LkWriteFunc func;
  gpointer user_data;
  GError *error;
  gboolean done;
  GCond called; /* it is done, or its turn to lead has come */
} Write;

/* Whoever finds nobody writing becomes the leader: takes all that wait, commits them together and
 * wakes their threads, and one of those that came meanwhile, to lead the next group. Each waits on
 * a condition of its own, so that nobody is woken for nothing. */
struct _LkWriter
{
  LkDb *db;
  GMutex lock;
  GPtrArray *waiting; /* of Write, on their threads' stacks */
  gboolean is_writing;
};

LkWriter *
lk_writer_new (LkDb *db)
{
  LkWriter *self = g_new0 (LkWriter, 1);

  self->db = db;
  self->waiting = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  return self;
}

void
lk_writer_free (LkWriter *self)
{
  if (self == NULL)
    return;
  g_assert (self->waiting->len == 0 && !self->is_writing);
  g_ptr_array_unref (self->waiting);
  g_mutex_clear (&self->lock);
  lk_db_free (self->db);
  g_free (self);
}

static gboolean
run_one (LkDb *db, Write *write)
{
  if (!lk_db_run (db, &write->error, "SAVEPOINT write", ""))
    return FALSE;

  if (write->func (db, write->user_data, &write->error))
    return lk_db_run (db, &write->error, "RELEASE write", "");

  if (write->error == NULL)
    g_set_error (&write->error, LK_ERROR, LK_ERROR_STORE, _ ("A write failed without saying why"));
  /* Out of disk, SQLite may have given up the whole transaction. */
  if (!sqlite3_get_autocommit (lk_db_get_handle (db)))
    {
      lk_db_run (db, NULL, "ROLLBACK TO write", "");
      lk_db_run (db, NULL, "RELEASE write", "");
    }
  return FALSE;
}

static void
fail_all (GPtrArray *group, const GError *error)
{
  for (guint i = 0; i < group->len; i++)
    {
      Write *write = g_ptr_array_index (group, i);

      if (write->error == NULL)
        write->error = g_error_copy (error);
    }
}

static void
commit_group (LkDb *db, GPtrArray *group)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkTransaction) transaction = lk_transaction_begin (db, &error);
  guint n_done = 0;

  for (guint i = 0; transaction != NULL && i < group->len; i++)
    {
      n_done += run_one (db, g_ptr_array_index (group, i)) ? 1 : 0;
      if (sqlite3_get_autocommit (lk_db_get_handle (db)))
        {
          g_set_error (&error, LK_ERROR, LK_ERROR_STORE,
                       _ ("The database “%s” gave up a group of writes (is the disk full?)"),
                       lk_db_get_path (db));
          break;
        }
    }

  if (error != NULL || (n_done > 0 && !lk_transaction_commit (&transaction, &error)))
    fail_all (group, error);
}

/* Takes all that wait and commits them. Called with the lock, which it gives up meanwhile. */
static void
lead (LkWriter *self)
{
  g_autoptr (GPtrArray) group = self->waiting;

  self->waiting = g_ptr_array_new ();
  self->is_writing = TRUE;
  g_mutex_unlock (&self->lock);

  commit_group (self->db, group);

  g_mutex_lock (&self->lock);
  self->is_writing = FALSE;
  for (guint i = 0; i < group->len; i++)
    {
      Write *write = g_ptr_array_index (group, i);

      write->done = TRUE;
      g_cond_signal (&write->called);
    }
  if (self->waiting->len > 0)
    g_cond_signal (&((Write *) g_ptr_array_index (self->waiting, 0))->called);
}

gboolean
lk_writer_write (LkWriter *self, LkWriteFunc func, gpointer user_data, GError **error)
{
  Write write = { .func = func, .user_data = user_data };

  g_cond_init (&write.called);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->waiting, &write);
  while (!write.done && self->is_writing)
    g_cond_wait (&write.called, &self->lock);
  if (!write.done)
    lead (self);
  g_mutex_unlock (&self->lock);
  g_cond_clear (&write.called);

  if (write.error == NULL)
    return TRUE;

  g_propagate_error (error, write.error);
  return FALSE;
}
