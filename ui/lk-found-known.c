/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-found-known.h"

#include "console/lk-console-machines.h"
#include "ui/lk-found.h"

typedef struct
{
  GPtrArray *found;     /* of the main thread, but for their end */
  GPtrArray *sightings; /* copies for the console's thread */
  gboolean *known;
} Asking;

static void
asking_clear (gpointer data)
{
  Asking *self = data;

  g_ptr_array_unref (self->found);
  g_ptr_array_unref (self->sightings);
  g_free (self->known);
}

static void
asking_unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, asking_clear);
}

static gpointer
find_known (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  Asking *asking = question;

  if (!lk_console_find_known (console, asking->sightings, asking->known, error))
    return NULL;
  return g_atomic_rc_box_acquire (asking);
}

static void
on_known (gpointer answer, const GError *error, gpointer user_data)
{
  Asking *asking = answer;

  if (asking == NULL)
    return;
  for (guint i = 0; i < asking->found->len; i++)
    lk_found_set_known (asking->found->pdata[i], asking->known[i]);
  asking_unref (asking);
  lk_found_list_count (user_data);
}

void
lk_found_ask_known (LkDesk *desk, GPtrArray *found, GCancellable *cancellable, LkFoundList *list)
{
  Asking *asking = g_atomic_rc_box_new0 (Asking);

  asking->found = g_ptr_array_new_with_free_func (g_object_unref);
  asking->sightings = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  asking->known = g_new0 (gboolean, found->len + 1);
  for (guint i = 0; i < found->len; i++)
    {
      g_ptr_array_add (asking->found, g_object_ref (found->pdata[i]));
      g_ptr_array_add (asking->sightings,
                       lk_sighting_copy (lk_found_get_sighting (found->pdata[i])));
    }
  lk_desk_call (desk, find_known, asking, asking_unref, asking_unref, cancellable, on_known, list);
}
