/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-sources.h"
#include "console/lk-source-search.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"
#include "domain/lk-job.h"

#include <glib/gi18n.h>
#include <string.h>

/* Saved sources: the words of a discover verb, kept. Whatever such a verb takes is kept by the
 * names of its options, so that a new verb need not know of it. */

#define PREFIX "discover "

static const LkCtlColumn source_columns[] = {
  { "name", N_ ("Name"), 's' },          { "kind", N_ ("Kind"), 's' },
  { "words", N_ ("Searches for"), 's' }, { "machines", N_ ("Machines"), 'i' },
  { "run_at", N_ ("Last run"), 't' },    { NULL, NULL, 0 },
};

static const LkCtlColumn news_columns[] = {
  { "kind", NULL, 's' },         { NULL, N_ ("News"), 's' },  { "name", N_ ("Machine"), 's' },
  { "was", N_ ("Was at"), 's' }, { "is", N_ ("Is at"), 's' }, { NULL, NULL, 0 },
};

/* In the order of LkNewsKind. */
static const struct
{
  const char *word;
  const char *title;
} news_kinds[] = {
  { "new", N_ ("new") },
  { "changed", N_ ("changed") },
  { "gone", N_ ("gone") },
};

/* What is said to this run alone is not kept. */
static gboolean
is_kept (const GOptionEntry *entry)
{
  static const char *const passing[] = { "db",   "json", "quiet",   "dry-run", "yes",
                                         "save", "read", "verbose", "stream",  NULL };

  return !g_strv_contains (passing, entry->long_name) &&
         !g_str_has_suffix (entry->long_name, "-fd") &&
         !g_str_has_suffix (entry->long_name, "-file");
}

/* The run's value of the same option, beside the default. */
static gconstpointer
get_default (LkCtl *ctl, const GOptionEntry *entry)
{
  gsize offset = (gsize) ((const char *) entry->arg_data - (const char *) &ctl->options);

  return (const char *) &ctl->defaults + offset;
}

static void
keep_option (LkCtl *ctl, LkSource *source, const GOptionEntry *entry)
{
  g_autofree char *text = NULL;

  switch (entry->arg)
    {
    case G_OPTION_ARG_NONE:
      if (*(gboolean *) entry->arg_data)
        lk_source_set (source, entry->long_name, "yes");
      break;
    case G_OPTION_ARG_INT:
      if (*(int *) entry->arg_data != *(const int *) get_default (ctl, entry))
        text = g_strdup_printf ("%d", *(int *) entry->arg_data);
      break;
    case G_OPTION_ARG_INT64:
      if (*(gint64 *) entry->arg_data != *(const gint64 *) get_default (ctl, entry))
        text = g_strdup_printf ("%" G_GINT64_FORMAT, *(gint64 *) entry->arg_data);
      break;
    case G_OPTION_ARG_STRING_ARRAY:
      for (char **p = *(char ***) entry->arg_data; p != NULL && *p != NULL; p++)
        lk_source_set (source, entry->long_name, *p);
      break;
    case G_OPTION_ARG_FILENAME:
      if (*(char **) entry->arg_data != NULL)
        text = g_canonicalize_filename (*(char **) entry->arg_data, NULL);
      break;
    case G_OPTION_ARG_STRING:
      text = g_strdup (*(char **) entry->arg_data);
      break;
    case G_OPTION_ARG_CALLBACK:
    case G_OPTION_ARG_FILENAME_ARRAY:
    case G_OPTION_ARG_DOUBLE:
      g_assert_not_reached (); /* no option is like that */
    }
  lk_source_set (source, entry->long_name, text);
}

static LkSource *
make_source (LkCtl *ctl)
{
  LkSource *source = lk_source_new (ctl->options.save, ctl->command->name + strlen (PREFIX));
  g_autofree GOptionEntry *entries = lk_ctl_make_entries (ctl->command->takes, &ctl->options);
  gboolean is_file = g_str_equal (source->kind, "file");

  for (guint i = 0; ctl->args[i] != NULL; i++)
    {
      g_autofree char *path = is_file ? g_canonicalize_filename (ctl->args[i], NULL) : NULL;

      lk_source_set (source, LK_SOURCE_ARGUMENT, is_file ? path : ctl->args[i]);
    }
  for (guint i = 0; entries[i].long_name != NULL; i++)
    if (is_kept (&entries[i]))
      keep_option (ctl, source, &entries[i]);
  return source;
}

gboolean
lk_ctl_check_save (LkCtl *ctl, LkExit *status)
{
  g_autoptr (GError) error = NULL;

  if (ctl->options.save == NULL)
    return TRUE;
  if (ctl->options.dry_run || g_strcmp0 (ctl->args[0], "-") == 0)
    {
      *status = lk_ctl_fail_usage (ctl, ctl->options.dry_run
                                            ? _ ("With --dry-run nothing is done, so --save keeps"
                                                 " nothing")
                                            : _ ("What came on standard input cannot be searched"
                                                 " again, so --save needs a file"));
      return FALSE;
    }
  if (lk_console_check_source_name (ctl->console, ctl->options.save, &error))
    return TRUE;

  *status = lk_ctl_fail (ctl, g_steal_pointer (&error));
  return FALSE;
}

static void
tell_news (LkCtl *ctl, GPtrArray *news, gboolean is_first)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (news_columns);
  guint counts[G_N_ELEMENTS (news_kinds)] = { 0 };

  for (guint i = 0; i < news->len; i++)
    {
      const LkSourceNews *one = g_ptr_array_index (news, i);

      counts[one->kind]++;
      lk_ctl_list_add (list, news_kinds[one->kind].word, _ (news_kinds[one->kind].title), one->name,
                       one->was, one->is);
    }
  for (guint i = 0; i < G_N_ELEMENTS (news_kinds); i++)
    lk_ctl_set_count (ctl, news_kinds[i].word, counts[i]);
  /* Everything is new to a first run, which is no news to a person. */
  if (!ctl->options.stream && (ctl->options.json || (news->len > 0 && !is_first)))
    lk_ctl_list_print (list, ctl, "news");
  if (!is_first)
    lk_ctl_say (ctl, _ ("Since the last run: new %u, changed %u, gone %u"), counts[LK_NEWS_NEW],
                counts[LK_NEWS_CHANGED], counts[LK_NEWS_GONE]);
}

static gboolean
note_run (LkCtl *ctl, GPtrArray *found, gboolean is_complete, GError **error)
{
  g_autoptr (GPtrArray) news =
      lk_console_note_run (ctl->console, ctl->source, found, is_complete, error);

  if (news == NULL)
    return FALSE;

  tell_news (ctl, news, ctl->source->run_at == 0);
  return TRUE;
}

/* The id of what was saved is needed to note its run. */
static gboolean
save (LkCtl *ctl, GError **error)
{
  g_autoptr (LkSource) source = make_source (ctl);

  if (!lk_console_save_source (ctl->console, source, error))
    return FALSE;

  ctl->source = lk_console_get_source (ctl->console, ctl->options.save, error);
  if (ctl->source == NULL)
    return FALSE;

  lk_ctl_set_text (ctl, "source", ctl->options.save);
  lk_ctl_say (ctl, _ ("Saved; search again with: latchkeyctl discover saved %s"),
              ctl->options.save);
  return TRUE;
}

static LkExit
read_found (LkCtl *ctl, GPtrArray *found)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) keys = lk_console_list_found (ctl->console, found, &error);
  LkOrder order = { .plan = LK_PLAN_REFRESH, .is_swept = TRUE };

  if (keys == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (keys->len == 0)
    return LK_EXIT_OK;

  order.choice.keys = (const gint64 *) (void *) keys->data;
  order.choice.n_keys = keys->len;
  return lk_ctl_run_order (ctl, &order);
}

LkExit
lk_ctl_end_discovery (LkCtl *ctl, GPtrArray *found, gboolean is_complete, LkExit status)
{
  g_autoptr (GError) error = NULL;
  LkExit read_status;

  if (ctl->options.dry_run)
    return status;
  if ((ctl->options.save != NULL && ctl->source == NULL && !save (ctl, &error)) ||
      (ctl->source != NULL && !note_run (ctl, found, is_complete, &error)))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (!ctl->options.read || !is_complete || found->len == 0)
    return status;

  read_status = read_found (ctl, found);
  return read_status != LK_EXIT_OK ? read_status : status;
}

static LkExit
list_saved (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) sources = lk_console_list_sources (ctl->console, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (source_columns);

  if (sources == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < sources->len; i++)
    {
      const LkSource *source = g_ptr_array_index (sources, i);
      g_autoptr (GString) words = g_string_new (NULL);

      for (guint j = 0; j < source->names->len; j++)
        {
          const char *name = g_ptr_array_index (source->names, j);
          gboolean is_argument = g_str_equal (name, LK_SOURCE_ARGUMENT);

          g_string_append_printf (words, "%s%s%s%s%s", j > 0 ? " " : "", is_argument ? "" : "--",
                                  is_argument ? "" : name, is_argument ? "" : "=",
                                  (const char *) source->values->pdata[j]);
        }
      lk_ctl_list_add (list, source->name, source->kind, words->str, (gint64) source->n_machines,
                       source->run_at);
    }
  lk_ctl_list_print (list, ctl, "sources");
  if (sources->len == 0)
    lk_ctl_say (ctl, _ ("No source is saved; add --save NAME to a search"));
  return LK_EXIT_OK;
}

/* As if it had been typed. */
static gboolean
take_parameter (const GOptionEntry *entries, const char *name, const char *value)
{
  for (; entries->long_name != NULL; entries++)
    if (g_str_equal (entries->long_name, name))
      break;
  if (entries->long_name == NULL || !is_kept (entries))
    return FALSE;

  switch (entries->arg)
    {
    case G_OPTION_ARG_NONE:
      *(gboolean *) entries->arg_data = TRUE;
      return TRUE;
    case G_OPTION_ARG_INT:
      *(int *) entries->arg_data = (int) g_ascii_strtoll (value, NULL, 10);
      return TRUE;
    case G_OPTION_ARG_INT64:
      *(gint64 *) entries->arg_data = g_ascii_strtoll (value, NULL, 10);
      return TRUE;
    case G_OPTION_ARG_STRING_ARRAY:
      {
        char ***list = entries->arg_data;
        guint n = *list != NULL ? g_strv_length (*list) : 0;

        *list = g_renew (char *, *list, n + 2);
        (*list)[n] = g_strdup (value);
        (*list)[n + 1] = NULL;
        return TRUE;
      }
    case G_OPTION_ARG_FILENAME:
    case G_OPTION_ARG_STRING:
      g_free (*(char **) entries->arg_data);
      *(char **) entries->arg_data = g_strdup (value);
      return TRUE;
    case G_OPTION_ARG_CALLBACK:
    case G_OPTION_ARG_FILENAME_ARRAY:
    case G_OPTION_ARG_DOUBLE:
      break;
    }

  return FALSE;
}

static gboolean
take_parameters (LkCtl *ctl, const LkCtlCommand *command)
{
  g_autofree GOptionEntry *entries = lk_ctl_make_entries (command->takes, &ctl->options);
  const LkSource *source = ctl->source;

  for (guint i = 0; i < source->names->len; i++)
    if (!g_str_equal (source->names->pdata[i], LK_SOURCE_ARGUMENT) &&
        !take_parameter (entries, source->names->pdata[i], source->values->pdata[i]))
      return FALSE;

  return TRUE;
}

static LkExit
run_saved (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *verb = NULL;
  g_autofree const char **words = NULL;
  char *none[] = { NULL };
  char **typed = ctl->args;
  const LkCtlCommand *command;
  LkExit status;

  ctl->source = lk_console_get_source (ctl->console, ctl->args[0], &error);
  if (ctl->source == NULL)
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));
  verb = g_strconcat (PREFIX, ctl->source->kind, NULL);
  command = lk_ctl_find_command (verb);
  if (command == NULL || (command->takes & LK_TAKES_SAVE) == 0 || !take_parameters (ctl, command))
    return lk_ctl_fail_usage (ctl,
                              _ ("“%s” was saved by a newer version, and cannot be searched by"
                                 " this one"),
                              ctl->source->name);

  words = lk_source_list (ctl->source, LK_SOURCE_ARGUMENT);
  lk_ctl_set_text (ctl, "source", ctl->source->name);
  ctl->args = words != NULL ? (char **) words : none;
  status = command->run (ctl);
  ctl->args = typed;
  return status;
}

static LkExit
discover_saved (LkCtl *ctl)
{
  return ctl->args[0] != NULL ? run_saved (ctl) : list_saved (ctl);
}

static LkExit
remove_saved (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;

  if (!lk_console_remove_source (ctl->console, ctl->args[0], &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("The source “%s” is removed; its machines stay\n"), ctl->args[0]);
  return LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_source_commands[] = {
  { "discover saved", N_ ("[NAME]"),
    N_ ("Search a saved source again and say what is new, gone and changed; or list them"),
    "discover saved\ndiscover saved office --read\ndiscover saved office --dry-run --json",
    LK_TAKES_DRY_RUN | LK_TAKES_READ, 0, 1, discover_saved },
  { "discover remove", N_ ("NAME"), N_ ("Remove a saved source; its machines stay"),
    "discover remove office", 0, 1, 1, remove_saved },
  { 0 },
};
