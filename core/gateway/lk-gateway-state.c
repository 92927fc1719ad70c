/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "gateway/lk-gateway-state.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct _LkGatewayState
{
  char *path;
  const LkClock *clock;
  LkWriter *writer;
  LkDb *reader;
  GMutex reader_lock;
  int lock_fd;
};

static gboolean
migrate (LkDb *db, GError **error)
{
  const char *const migrations[] = {
    lk_db_get_sql ("ledger/schema/0001-ledger.sql"),
    lk_db_get_sql ("gateway/schema/0001-gateway.sql"),
    lk_db_get_sql ("gateway/schema/0002-sign-in.sql"),
    lk_db_get_sql ("ledger/schema/0002-salvaged.sql"),
  };

  return lk_db_migrate (db, migrations, G_N_ELEMENTS (migrations), error);
}

LkGatewayState *
lk_gateway_state_open (const char *path, const LkClock *clock, GError **error)
{
  g_autoptr (LkGatewayState) self = g_new0 (LkGatewayState, 1);
  g_autoptr (LkDb) db = NULL;

  self->path = g_strdup (path);
  self->clock = clock;
  self->lock_fd = -1;
  g_mutex_init (&self->reader_lock);
  db = lk_db_open (path, LK_DB_READ_WRITE, error);
  if (db == NULL || !migrate (db, error))
    return NULL;

  self->writer = lk_writer_new (g_steal_pointer (&db));
  self->reader = lk_db_open (path, LK_DB_READ_ONLY, error);
  return self->reader != NULL ? g_steal_pointer (&self) : NULL;
}

void
lk_gateway_state_free (LkGatewayState *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->reader, lk_db_free);
  g_clear_pointer (&self->writer, lk_writer_free);
  g_mutex_clear (&self->reader_lock);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->path);
  g_free (self);
}

gboolean
lk_gateway_state_lock (LkGatewayState *self, GError **error)
{
  g_autofree char *path = g_strconcat (self->path, ".lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_STORE, _ ("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return FALSE;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    {
      self->lock_fd = fd;
      return TRUE;
    }

  close (fd);
  g_set_error (error, LK_ERROR, LK_ERROR_BUSY, _ ("Another gateway serves from “%s”"), self->path);
  return FALSE;
}

gint64
lk_gateway_state_now (LkGatewayState *self)
{
  return lk_clock_now (self->clock);
}

gboolean
lk_gateway_state_has_space (LkGatewayState *self, guint64 bytes)
{
  struct statvfs info;

  return statvfs (self->path, &info) == 0 &&
         (guint64) info.f_bavail * (guint64) info.f_frsize >= bytes;
}

gboolean
lk_gateway_state_write (LkGatewayState *self, LkWriteFunc func, gpointer user_data, GError **error)
{
  return lk_writer_write (self->writer, func, user_data, error);
}

gboolean
lk_gateway_state_read (LkGatewayState *self, LkWriteFunc func, gpointer user_data, GError **error)
{
  gboolean done;

  g_mutex_lock (&self->reader_lock);
  done = func (self->reader, user_data, error);
  g_mutex_unlock (&self->reader_lock);
  return done;
}

typedef struct
{
  const char *name;
  const char *value;
  char *found;
} Setting;

static gboolean
read_setting (LkDb *db, gpointer user_data, GError **error)
{
  Setting *setting = user_data;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (LkQuery) query =
      lk_db_query (db, &local_error, "SELECT value FROM setting WHERE name = ?1", "s",
                   setting->name);

  if (query != NULL && lk_query_next (query, &local_error))
    setting->found = lk_query_dup (query, 0);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
write_setting (LkDb *db, gpointer user_data, GError **error)
{
  const Setting *setting = user_data;

  return lk_db_run (db, error,
                    "INSERT INTO setting (name, value) VALUES (?1, ?2)"
                    " ON CONFLICT (name) DO UPDATE SET value = ?2",
                    "ss", setting->name, setting->value);
}

char *
lk_gateway_state_get_setting (LkGatewayState *self, const char *name, GError **error)
{
  Setting setting = { .name = name };

  return lk_gateway_state_read (self, read_setting, &setting, error) ? setting.found : NULL;
}

gboolean
lk_gateway_state_set_setting (LkGatewayState *self,
                              const char *name,
                              const char *value,
                              GError **error)
{
  Setting setting = { .name = name, .value = value };

  return lk_gateway_state_write (self, write_setting, &setting, error);
}
