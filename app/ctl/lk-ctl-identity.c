/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-identity.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static const LkCtlColumn duplicate_columns[] = {
  { "first_id", NULL, 'i' },
  { "first", N_ ("Machine"), 's' },
  { "first_address", N_ ("Address"), 's' },
  { "second_id", NULL, 'i' },
  { "second", N_ ("May be the same as"), 's' },
  { "second_address", N_ ("Address"), 's' },
  { "evidence", NULL, 's' },
  { "job", NULL, 'i' },
  { "reason", N_ ("Reason"), 's' },
  { NULL, NULL, 0 },
};

static const LkCtlColumn machine_columns[] = {
  { "id", NULL, 'i' },
  { "kept", NULL, 'b' },
  { NULL, N_ ("Row"), 's' },
  { "machine", N_ ("Machine"), 's' },
  { "address", N_ ("Address"), 's' },
  { "domain", N_ ("Domain"), 's' },
  { "uuid", N_ ("SMBIOS UUID"), 's' },
  { "cmid", N_ ("Client machine ID"), 's' },
  { "read_at", N_ ("Read"), 't' },
  { NULL, NULL, 0 },
};

static const LkCtlColumn merged_columns[] = {
  { "id", NULL, 'i' },
  { NULL, N_ ("Row"), 's' },
  { "machine", N_ ("Machine"), 's' },
  { "address", N_ ("Address"), 's' },
  { "merged_at", N_ ("Merged"), 't' },
  { "reason", N_ ("Reason"), 's' },
  { NULL, NULL, 0 },
};

static char *
make_number (gint64 id)
{
  return g_strdup_printf ("#%" G_GINT64_FORMAT, id);
}

static LkExit
list_duplicates (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) duplicates = lk_console_list_duplicates (ctl->console, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (duplicate_columns);

  if (duplicates == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < duplicates->len; i++)
    {
      const LkDuplicate *one = g_ptr_array_index (duplicates, i);
      g_autofree char *first = g_strdup_printf ("#%d %s", (int) one->first_id, one->first_name);
      g_autofree char *second = g_strdup_printf ("#%d %s", (int) one->second_id, one->second_name);

      lk_ctl_list_add (list, one->first_id, ctl->options.json ? one->first_name : first,
                       one->first_address, one->second_id,
                       ctl->options.json ? one->second_name : second, one->second_address,
                       one->evidence, one->common_job != 0 ? one->common_job : G_MININT64,
                       one->reason);
    }
  if (duplicates->len > 0 || ctl->options.json)
    lk_ctl_list_print (list, ctl, "duplicates");
  lk_ctl_say (ctl, duplicates->len > 0
                       ? _ ("To make one of two rows: latchkeyctl merge '#ID' '#ID'; if they are"
                            " two machines: latchkeyctl apart '#ID' '#ID'")
                       : _ ("No two rows look like one machine"));
  return LK_EXIT_OK;
}

static void
print_machines (LkCtl *ctl, GPtrArray *machines)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (machine_columns);

  for (guint i = 0; i < machines->len; i++)
    {
      const LkRow *row = g_ptr_array_index (machines, i);
      g_autofree char *number = make_number (row->machine_id);

      lk_ctl_list_add (list, row->machine_id, (int) (i == 0), number, row->name, row->address,
                       row->identity->domain, row->identity->uuid, row->identity->cmid,
                       row->read_at);
    }
  lk_ctl_list_print (list, ctl, "machines");
}

static LkExit
fail_with_one (LkCtl *ctl)
{
  return lk_ctl_fail_usage (ctl, _ ("That is one row only; rows of one name are told apart by their"
                                    " numbers, like '#12'; see: latchkeyctl duplicates"));
}

static LkExit
merge (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, TRUE, &status);
  g_autoptr (GPtrArray) machines = NULL;
  g_autofree char *question = NULL;
  g_autoptr (GError) error = NULL;
  const LkRow *kept;

  if (rows == NULL)
    return status;

  machines = lk_console_list_machines (rows, (const char *const *) ctl->args);
  if (machines->len < 2)
    return fail_with_one (ctl);

  kept = g_ptr_array_index (machines, 0);
  print_machines (ctl, machines);
  if (ctl->options.dry_run)
    {
      lk_ctl_say (ctl, _ ("#%d would be kept and the others merged into it; nothing was changed"),
                  (int) kept->machine_id);
      return LK_EXIT_OK;
    }
  question = g_strdup_printf (
      ngettext ("Merge %u row into #%d? Its activations, jobs and timeline go along.",
                "Merge %u rows into #%d? Their activations, jobs and timelines go along.",
                machines->len - 1),
      machines->len - 1, (int) kept->machine_id);
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_merge (ctl->console, machines, &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_BUSY, LK_EXIT_LOCKED, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "kept", kept->machine_id);
  lk_ctl_set_count (ctl, "merged", machines->len - 1);
  lk_ctl_print (ctl,
                ngettext ("%u row merged into #%d\n", "%u rows merged into #%d\n",
                          machines->len - 1),
                machines->len - 1, (int) kept->machine_id);
  return LK_EXIT_OK;
}

static LkExit
keep_apart (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, TRUE, &status);
  g_autoptr (GPtrArray) machines = NULL;
  g_autoptr (GError) error = NULL;

  if (rows == NULL)
    return status;

  machines = lk_console_list_machines (rows, (const char *const *) ctl->args);
  if (machines->len < 2)
    return fail_with_one (ctl);
  if (!lk_console_keep_apart (ctl->console, machines, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "apart", machines->len);
  lk_ctl_print (ctl, ngettext ("%u row is kept apart\n", "%u rows are kept apart\n", machines->len),
                machines->len);
  return LK_EXIT_OK;
}

static gboolean
is_meant (const LkMerged *merged, const char *name)
{
  g_autofree char *number = make_number (merged->former_id);

  return g_str_equal (number, name) || g_ascii_strcasecmp (merged->name, name) == 0 ||
         (merged->address != NULL && g_ascii_strcasecmp (merged->address, name) == 0);
}

/* Leaves those that are named; all when none is. FALSE when a name is none of them. */
static gboolean
choose_merged (LkCtl *ctl, GPtrArray *merged, char **names)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new ();

  if (*names == NULL)
    return TRUE;
  for (; *names != NULL; names++)
    {
      guint before = left->len;

      for (guint i = 0; i < merged->len; i++)
        if (is_meant (g_ptr_array_index (merged, i), *names) &&
            !g_ptr_array_find (left, g_ptr_array_index (merged, i), NULL))
          g_ptr_array_add (left, g_ptr_array_index (merged, i));
      if (left->len == before)
        {
          lk_ctl_fail_usage (ctl, _ ("“%s” was not merged into it; --dry-run shows what was"),
                             *names);
          return FALSE;
        }
    }

  for (guint i = merged->len; i > 0; i--)
    if (!g_ptr_array_find (left, g_ptr_array_index (merged, i - 1), NULL))
      g_ptr_array_remove_index (merged, i - 1);
  return TRUE;
}

static void
print_merged (LkCtl *ctl, GPtrArray *merged)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (merged_columns);

  for (guint i = 0; i < merged->len; i++)
    {
      const LkMerged *one = g_ptr_array_index (merged, i);
      g_autofree char *number = make_number (one->former_id);

      lk_ctl_list_add (list, one->former_id, number, one->name, one->address, one->at, one->reason);
    }
  lk_ctl_list_print (list, ctl, "parts");
}

static LkExit
split_off (LkCtl *ctl, const LkRow *row, GPtrArray *merged)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GString) numbers = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (!lk_console_split (ctl->console, row->machine_id, merged, ids, &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_BUSY, LK_EXIT_LOCKED, g_steal_pointer (&error));

  json_builder_set_member_name (ctl->json, "machines");
  json_builder_begin_array (ctl->json);
  for (guint i = 0; i < ids->len; i++)
    {
      g_string_append_printf (numbers, " '#%d'", (int) g_array_index (ids, gint64, i));
      json_builder_add_int_value (ctl->json, g_array_index (ids, gint64, i));
    }
  json_builder_end_array (ctl->json);
  lk_ctl_print (ctl, ngettext ("%u row split off\n", "%u rows split off\n", ids->len), ids->len);
  lk_ctl_say (ctl, _ ("Read them again: latchkeyctl refresh '#%d'%s"), (int) row->machine_id,
              numbers->str);
  return LK_EXIT_OK;
}

static LkExit
split (LkCtl *ctl)
{
  const char *names[] = { ctl->args[0], NULL };
  const LkChoice choice = { .names = names };
  gboolean is_unknown = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = lk_console_list_rows (ctl->console, &choice, &is_unknown, &error);
  g_autoptr (GPtrArray) machines = NULL;
  g_autoptr (GPtrArray) merged = NULL;
  g_autofree char *question = NULL;
  const LkRow *row;
  LkExit status;

  if (rows == NULL)
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, g_steal_pointer (&error));
  machines = lk_console_list_machines (rows, names);
  if (machines->len > 1)
    return lk_ctl_fail_usage (ctl,
                              _ ("Several rows go by “%s”; name one by its number, like '#12'"),
                              names[0]);
  row = g_ptr_array_index (machines, 0);
  merged = lk_console_list_merged (ctl->console, row->machine_id, &error);
  if (merged == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (merged->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing was merged into %s"), row->name);
      return LK_EXIT_NOTHING;
    }
  if (!choose_merged (ctl, merged, ctl->args + 1))
    return LK_EXIT_USAGE;

  print_merged (ctl, merged);
  if (ctl->options.dry_run)
    return LK_EXIT_OK;
  question = g_strdup_printf (ngettext ("Split %u row off %s again?", "Split %u rows off %s again?",
                                        merged->len),
                              merged->len, row->name);
  return lk_ctl_confirm (ctl, question, &status) ? split_off (ctl, row, merged) : status;
}

const LkCtlCommand lk_ctl_identity_commands[] = {
  { "duplicates", "", N_ ("List rows that may be one machine, and why"),
    "duplicates\nduplicates --json", 0, 0, 0, list_duplicates },
  { "merge", N_ ("NAME NAME…"), N_ ("Make one row of several, the first one named"),
    "merge '#12' '#40' --dry-run\nmerge pc-001 10.0.0.7 --yes", LK_TAKES_DRY_RUN | LK_TAKES_YES, 1,
    -1, merge },
  { "apart", N_ ("NAME NAME…"), N_ ("Keep rows apart: they are different machines"),
    "apart '#12' '#40'", 0, 1, -1, keep_apart },
  { "split", N_ ("NAME [MERGED…]"), N_ ("Split a row again into those that it was merged from"),
    "split pc-001 --dry-run\nsplit pc-001 '#40'", LK_TAKES_DRY_RUN | LK_TAKES_YES, 1, -1, split },
  { 0 },
};
