/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-network.h"

#include <glib/gi18n.h>

typedef struct
{
  LkConsole *console;
  LkFind *find;
} Run;

void
lk_find_network_free (LkFindNetwork *self)
{
  g_strfreev (self->ranges);
  g_strfreev (self->interfaces);
  g_free (self->workgroup);
  g_free (self->pattern);
  g_free (self->ports);
  g_free (self);
}

static void
on_found (const LkSighting *sighting, gpointer user_data)
{
  Run *run = user_data;

  lk_find_add (run->find, run->console, sighting, NULL, 0);
}

static void
on_progressed (const LkScanCounts *counts, gpointer user_data)
{
  Run *run = user_data;

  lk_find_set_progress (run->find, counts->n_ended, counts->n_probes);
}

static void
note_finds (LkFind *find, const LkNetworkFinds *finds)
{
  for (guint i = 0; i < finds->faults->len; i++)
    lk_find_note (find, g_strdup (((LkLineFault *) finds->faults->pdata[i])->reason));
  for (guint i = 0; i < finds->notes->len; i++)
    lk_find_note (find, g_strdup (finds->notes->pdata[i]));
  if (finds->counts.n_left_out > 0)
    lk_find_note (find,
                  g_strdup (
                      _ ("More machines answered than there is room for; ask in smaller parts")));
}

gboolean
lk_find_network_search (LkConsole *console,
                        const LkNetworkSearch *search,
                        LkFind *find,
                        GPtrArray *seen,
                        gboolean *is_complete,
                        GCancellable *cancellable,
                        GError **error)
{
  Run run = { console, find };
  const LkScanFuncs funcs = { on_found, NULL, on_progressed, &run };
  g_autoptr (GError) cause = NULL;
  g_autoptr (LkNetworkFinds) finds =
      (search->ranges != NULL
           ? lk_console_discover_range
           : lk_console_discover_workgroup) (console, search, &funcs, cancellable, &cause);

  if (finds != NULL)
    note_finds (find, finds);
  for (guint i = 0; finds != NULL && seen != NULL && i < finds->sightings->len; i++)
    g_ptr_array_add (seen, lk_sighting_copy (finds->sightings->pdata[i]));
  *is_complete = cause == NULL && finds->counts.n_left_out == 0;
  if (cause == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static LkNetworkSearch
make_search (const LkFindNetwork *self)
{
  return (LkNetworkSearch){
    .ranges = (const char *const *) self->ranges,
    .interfaces = (const char *const *) self->interfaces,
    .workgroup = self->workgroup,
    .pattern = self->pattern,
    .ports = self->ports,
    .identify = TRUE,
    .dry_run = TRUE,
  };
}

gboolean
lk_find_network_run (LkConsole *console,
                     gpointer order,
                     LkFind *find,
                     GCancellable *cancellable,
                     GError **error)
{
  const LkNetworkSearch search = make_search (order);
  gboolean is_complete;

  return lk_find_network_search (console, &search, find, NULL, &is_complete, cancellable, error);
}

LkSource *
lk_find_network_make_source (const LkFindNetwork *self)
{
  const LkNetworkSearch search = make_search (self);

  return lk_source_from_network (&search);
}
