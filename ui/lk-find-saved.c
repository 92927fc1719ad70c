/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-saved.h"

#include "base/lk-error.h"
#include "console/lk-console-machines.h"
#include "console/lk-console-sources.h"
#include "console/lk-source-search.h"
#include "ui/lk-add-machines-call.h"
#include "ui/lk-find-directory.h"
#include "ui/lk-find-network.h"

#include <glib/gi18n.h>

#define MAX_NAMED 20 /* of each kind of news */

typedef gboolean (*Search) (LkConsole *console,
                            const LkSource *source,
                            LkFind *find,
                            GPtrArray *seen,
                            gboolean *is_complete,
                            GCancellable *cancellable,
                            GError **error);

static gboolean
search_directory (LkConsole *console,
                  const LkSource *source,
                  LkFind *find,
                  GPtrArray *seen,
                  gboolean *is_complete,
                  GCancellable *cancellable,
                  GError **error)
{
  LkDirectorySearch search;

  return lk_source_to_directory (source, &search, error) &&
         lk_find_directory_search (console, &search, find, seen, is_complete, cancellable, error);
}

static gboolean
search_network (LkConsole *console,
                const LkSource *source,
                LkFind *find,
                GPtrArray *seen,
                gboolean *is_complete,
                GCancellable *cancellable,
                GError **error)
{
  LkNetworkSearch search = { 0 };
  gboolean done =
      lk_source_to_network (source, &search, error) &&
      lk_find_network_search (console, &search, find, seen, is_complete, cancellable, error);

  g_free ((gpointer) search.ranges);
  g_free ((gpointer) search.interfaces);
  return done;
}

static void
take_list (LkConsole *console, LkFind *find, LkFileList *list, GPtrArray *seen)
{
  for (guint i = 0; i < list->sightings->len; i++)
    lk_find_add (find, console, list->sightings->pdata[i], NULL, 0);
  if (list->faults->len > 0)
    lk_find_note (find, g_strdup_printf (ngettext ("%u line is left out", "%u lines are left out",
                                                   list->faults->len),
                                         list->faults->len));
  g_ptr_array_extend_and_steal (seen, g_steal_pointer (&list->sightings));
  list->sightings = g_ptr_array_new ();
  lk_file_list_free (list);
}

static gboolean
search_file (LkConsole *console,
             const LkSource *source,
             LkFind *find,
             GPtrArray *seen,
             gboolean *is_complete,
             GCancellable *cancellable,
             GError **error)
{
  const char *path = lk_source_get (source, LK_SOURCE_ARGUMENT);
  LkFileList *list = lk_add_machines_call_read (console, (gpointer) (path != NULL ? path : ""),
                                                cancellable, error);

  if (list != NULL)
    take_list (console, find, list, seen);
  *is_complete = list != NULL;
  return *is_complete;
}

static gboolean
search_addresses (LkConsole *console,
                  const LkSource *source,
                  LkFind *find,
                  GPtrArray *seen,
                  gboolean *is_complete,
                  GCancellable *cancellable,
                  GError **error)
{
  static const char *const none[] = { NULL };
  g_autofree const char **words = lk_source_list (source, LK_SOURCE_ARGUMENT);

  take_list (console, find,
             lk_file_list_from_words (words != NULL ? (const char *const *) words : none), seen);
  *is_complete = TRUE;
  return TRUE;
}

static const struct
{
  const char *kind;
  Search search;
} searches[] = {
  { LK_SOURCE_KIND_DIRECTORY, search_directory }, { LK_SOURCE_KIND_RANGE, search_network },
  { LK_SOURCE_KIND_WORKGROUP, search_network },   { LK_SOURCE_KIND_FILE, search_file },
  { LK_SOURCE_KIND_ADDRESS, search_addresses },
};

/* "pc-1, pc-2 (10.0.0.2 → 10.0.0.7)" */
static char *
list_news (GPtrArray *news, LkNewsKind kind, guint *n)
{
  GString *text = g_string_new (NULL);

  *n = 0;
  for (guint i = 0; i < news->len; i++)
    {
      const LkSourceNews *one = news->pdata[i];

      if (one->kind != kind || ++*n > MAX_NAMED)
        continue;
      g_string_append_printf (text, "%s%s", *n > 1 ? ", " : "", one->name);
      if (kind == LK_NEWS_CHANGED)
        g_string_append_printf (text, " (%s → %s)", one->was, one->is);
    }
  if (*n > MAX_NAMED)
    g_string_append (text, ", …");
  return g_string_free (text, FALSE);
}

static void
note_news (LkFind *find, GPtrArray *news)
{
  guint n_fresh, n_changed, n_gone;
  g_autofree char *fresh = list_news (news, LK_NEWS_NEW, &n_fresh);
  g_autofree char *changed = list_news (news, LK_NEWS_CHANGED, &n_changed);
  g_autofree char *gone = list_news (news, LK_NEWS_GONE, &n_gone);

  lk_find_note (find, g_strdup_printf (_ ("Since the last time: new %u, changed %u, gone %u"),
                                       n_fresh, n_changed, n_gone));
  if (n_fresh > 0)
    lk_find_note (find, g_strdup_printf (_ ("New: %s"), fresh));
  if (n_changed > 0)
    lk_find_note (find, g_strdup_printf (_ ("Changed: %s"), changed));
  if (n_gone > 0)
    lk_find_note (find, g_strdup_printf (_ ("Gone: %s"), gone));
}

static gboolean
search (LkConsole *console,
        const LkSource *source,
        LkFind *find,
        GPtrArray *seen,
        gboolean *is_complete,
        GCancellable *cancellable,
        GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (searches); i++)
    if (g_str_equal (searches[i].kind, source->kind))
      return searches[i].search (console, source, find, seen, is_complete, cancellable, error);

  g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
               _ ("“%s” was saved by a newer version, and cannot be searched by this one"),
               source->name);
  return FALSE;
}

gboolean
lk_find_saved_run (LkConsole *console,
                   gpointer order,
                   LkFind *find,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GPtrArray) seen = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_sighting_free);
  g_autoptr (LkSource) source = lk_console_get_source (console, order, error);
  g_autoptr (GPtrArray) news = NULL;
  gboolean is_complete = FALSE;

  /* Half a search says nothing of what is new or gone. */
  if (source == NULL || !search (console, source, find, seen, &is_complete, cancellable, error))
    return FALSE;
  news = lk_console_note_run (console, source, seen, is_complete, error);
  if (news == NULL)
    return FALSE;
  if (source->run_at != 0) /* everything is new to the first run */
    note_news (find, news);
  return TRUE;
}
