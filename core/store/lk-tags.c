/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/lk-tags.h"

#include "base/lk-error.h"
#include "domain/lk-tag.h"

#include <glib/gi18n-lib.h>

gboolean
lk_tags_add (LkDb *db, gint64 machine_id, char **tags, GError **error)
{
  gint64 n = 0;

  if (tags == NULL || tags[0] == NULL)
    return TRUE;
  for (guint i = 0; tags[i] != NULL; i++)
    if (!lk_db_run (db, error,
                    "INSERT OR IGNORE INTO machine_tag (machine_id, tag) VALUES (?1, ?2)", "is",
                    machine_id, tags[i]))
      return FALSE;

  if (!lk_db_get_int (db, &n, 0, error, "SELECT count (*) FROM machine_tag WHERE machine_id = ?1",
                      "i", machine_id))
    return FALSE;
  if (n <= LK_TAGS_MAX)
    return TRUE;
  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("Machine #%d would have %d tags; a machine has at most %d"), (int) machine_id,
               (int) n, LK_TAGS_MAX);
  return FALSE;
}

gboolean
lk_tags_copy (LkDb *db, gint64 from, gint64 to, GError **error)
{
  return lk_db_run (db, error,
                    "INSERT OR IGNORE INTO machine_tag (machine_id, tag)"
                    " SELECT ?2, tag FROM machine_tag WHERE machine_id = ?1",
                    "ii", from, to);
}

typedef struct
{
  GArray *machine_ids;
  char **add;
  char **remove;
} Change;

static gboolean
change (LkDb *db, gpointer user_data, GError **error)
{
  const Change *self = user_data;

  for (guint i = 0; i < self->machine_ids->len; i++)
    {
      gint64 id = g_array_index (self->machine_ids, gint64, i);

      for (guint j = 0; self->remove[j] != NULL; j++)
        if (!lk_db_run (db, error, "DELETE FROM machine_tag WHERE machine_id = ?1 AND tag = ?2",
                        "is", id, self->remove[j]))
          return FALSE;
      if (!lk_tags_add (db, id, self->add, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
lk_store_change_tags (LkStore *self, GArray *machine_ids, char **add, char **remove, GError **error)
{
  Change data = { machine_ids, add, remove };

  return lk_store_write (self, change, &data, error);
}
