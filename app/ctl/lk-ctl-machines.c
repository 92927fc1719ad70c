/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "base/lk-locale.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <unistd.h>

#define MAX_FAULTS_SAID 20

static const LkCtlColumn found_columns[] = {
  { "name", N_ ("Machine"), 's' }, { "address", N_ ("Address"), 's' }, { "port", N_ ("Port"), 'i' },
  { "tls", N_ ("TLS"), 'b' },      { "domain", N_ ("Domain"), 's' },   { NULL, NULL, 0 },
};

static const LkCtlColumn fault_columns[] = {
  { "line", N_ ("Line"), 'i' },
  { "reason", N_ ("Reason"), 's' },
  { NULL, NULL, 0 },
};

static void
print_found (LkCtl *ctl, const LkFileList *list)
{
  g_autoptr (LkCtlList) found = lk_ctl_list_new (found_columns);

  for (guint i = 0; i < list->sightings->len; i++)
    {
      const LkSighting *sighting = g_ptr_array_index (list->sightings, i);
      gint64 port = sighting->port != 0 ? sighting->port : (sighting->tls ? 5986 : 5985);

      lk_ctl_list_add (found, sighting->name, sighting->address, port, sighting->tls,
                       sighting->domain);
    }
  lk_ctl_list_print (found, ctl, "found");
}

static void
tell_faults (LkCtl *ctl, const LkFileList *list)
{
  g_autoptr (LkCtlList) faults = lk_ctl_list_new (fault_columns);

  for (guint i = 0; i < list->faults->len; i++)
    {
      const LkLineFault *fault = g_ptr_array_index (list->faults, i);

      lk_ctl_list_add (faults, (gint64) fault->line, fault->reason);
      if (i < MAX_FAULTS_SAID)
        lk_ctl_say (ctl, _ ("Line %u is left out: %s"), fault->line, fault->reason);
    }
  if (list->faults->len > MAX_FAULTS_SAID)
    lk_ctl_say (ctl,
                ngettext ("… and %u more line; --json lists them all",
                          "… and %u more lines; --json lists them all",
                          list->faults->len - MAX_FAULTS_SAID),
                list->faults->len - MAX_FAULTS_SAID);
  if (ctl->options.json)
    lk_ctl_list_print (faults, ctl, "faults");
}

static void
print_added (LkCtl *ctl, guint n_added, guint n_known, guint n_left_out)
{
  g_autoptr (GString) text = g_string_new (NULL);

  lk_text_add_part (text, ngettext ("%u machine added", "%u machines added", n_added), n_added);
  lk_text_add_part (text, ngettext ("%u known already", "%u known already", n_known), n_known);
  lk_text_add_part (text, ngettext ("%u line left out", "%u lines left out", n_left_out),
                    n_left_out);
  lk_ctl_print (ctl, "%s\n", text->str);
}

/* Bad lines end the command with the status of a bad file, after the good ones were added. */
static LkExit
add_list (LkCtl *ctl, LkFileList *list, LkExit status_for_faults)
{
  g_autoptr (GError) error = NULL;
  guint n_added = 0;
  guint n_known = 0;
  guint n_bad = list->faults->len - list->n_duplicates;

  tell_faults (ctl, list);
  if (ctl->options.dry_run)
    print_found (ctl, list);
  else if (list->sightings->len > 0 &&
           !lk_console_add_machines (ctl->console, list, &n_added, &n_known, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "added", n_added);
  lk_ctl_set_count (ctl, "known", n_known);
  if (!ctl->options.dry_run)
    print_added (ctl, n_added, n_known, list->faults->len);
  if (n_bad > 0)
    return lk_ctl_end_discovery (ctl, list->sightings, TRUE, status_for_faults);
  return lk_ctl_end_discovery (ctl, list->sightings, TRUE,
                               list->sightings->len > 0 ? LK_EXIT_OK : LK_EXIT_NOTHING);
}

static LkExit
discover_file (LkCtl *ctl)
{
  const char *path = ctl->args[0];
  gboolean is_stdin = g_str_equal (path, "-");
  int fd = is_stdin ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkFileList) list = NULL;

  if (fd < 0)
    {
      g_set_error (&error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return lk_ctl_fail_as (ctl, LK_EXIT_BAD_FILE, g_steal_pointer (&error));
    }

  list = lk_file_list_read_fd (fd, is_stdin ? _ ("The list") : path, &error);
  if (!is_stdin)
    close (fd);
  if (list == NULL)
    return lk_ctl_fail_as (ctl, LK_EXIT_BAD_FILE, g_steal_pointer (&error));

  return add_list (ctl, list, LK_EXIT_BAD_FILE);
}

static LkExit
discover_address (LkCtl *ctl)
{
  g_autoptr (LkFileList) list = lk_file_list_from_words ((const char *const *) ctl->args);

  return add_list (ctl, list, LK_EXIT_USAGE);
}

static LkExit
list_rows (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, FALSE, &status);
  g_autoptr (LkCtlList) list = NULL;

  if (rows == NULL)
    return status;

  list = lk_ctl_list_rows (rows);
  lk_ctl_list_print (list, ctl, "rows");
  if (rows->len > 0)
    return LK_EXIT_OK;

  if (ctl->args[0] == NULL && ctl->options.select == NULL && ctl->options.product == NULL)
    {
      lk_ctl_say (ctl, _ ("No machines yet; add some with: latchkeyctl discover file FILE"));
      return LK_EXIT_OK;
    }
  lk_ctl_say (ctl, _ ("Nothing matched"));
  return LK_EXIT_NOTHING;
}

static LkExit
show_machines (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, TRUE, &status);

  return rows != NULL ? lk_ctl_show_rows (ctl, rows) : status;
}

static LkExit
tag (LkCtl *ctl)
{
  g_autofree char *add = ctl->options.add != NULL ? g_strjoinv (",", ctl->options.add) : NULL;
  g_autofree char *remove =
      ctl->options.remove != NULL ? g_strjoinv (",", ctl->options.remove) : NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (LkCtlList) list = NULL;
  g_autoptr (GError) error = NULL;
  LkExit status;
  guint n = 0;

  if (add == NULL && remove == NULL)
    return lk_ctl_fail_usage (ctl, _ ("Say which tags: --add TAGS, --remove TAGS, or both"));
  rows = lk_ctl_get_rows (ctl, TRUE, &status);
  if (rows == NULL)
    return status;
  if (rows->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing matched"));
      return LK_EXIT_NOTHING;
    }
  if (ctl->options.dry_run)
    {
      list = lk_ctl_list_rows (rows);
      lk_ctl_list_print (list, ctl, "rows");
      return LK_EXIT_OK;
    }

  if (!lk_console_change_tags (ctl->console, rows, add, remove, &n, &error))
    return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_USAGE, g_steal_pointer (&error));
  lk_ctl_set_count (ctl, "tagged", n);
  lk_ctl_print (ctl, ngettext ("Tags of %u machine changed\n", "Tags of %u machines changed\n", n),
                n);
  return LK_EXIT_OK;
}

static LkExit
forget (LkCtl *ctl)
{
  LkExit status;
  g_autoptr (GPtrArray) rows = lk_ctl_get_rows (ctl, TRUE, &status);
  g_autoptr (GHashTable) machines = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr (LkCtlList) list = NULL;
  g_autofree char *question = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  if (rows == NULL)
    return status;
  if (rows->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing matched"));
      return LK_EXIT_NOTHING;
    }

  for (guint i = 0; i < rows->len; i++)
    g_hash_table_add (machines, &((LkRow *) g_ptr_array_index (rows, i))->machine_id);
  if (ctl->options.dry_run)
    {
      list = lk_ctl_list_rows (rows);
      lk_ctl_list_print (list, ctl, "rows");
      return LK_EXIT_OK;
    }

  question = g_strdup_printf (
      ngettext ("Forget %u machine with what is known of it? Its activations stay on record.",
                "Forget %u machines with what is known of them? Their activations"
                " stay on record.",
                g_hash_table_size (machines)),
      g_hash_table_size (machines));
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_forget (ctl->console, rows, &n, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "forgotten", n);
  lk_ctl_print (ctl, ngettext ("%u machine forgotten\n", "%u machines forgotten\n", n), n);
  return LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_machine_commands[] = {
  { "discover file", N_ ("FILE"),
    N_ ("Add machines from a CSV file or a plain list (- for standard input)"),
    "discover file fleet.csv\ndiscover file --dry-run fleet.csv\ncut -f1 hosts | latchkeyctl "
    "discover file -",
    LK_TAKES_DRY_RUN | LK_TAKES_SAVE | LK_TAKES_READ, 1, 1, discover_file },
  { "discover address", N_ ("NAME…"), N_ ("Add machines by name or address"),
    "discover address pc-001.lab.test 10.0.0.7 [fd00::7]:5986",
    LK_TAKES_DRY_RUN | LK_TAKES_SAVE | LK_TAKES_READ, 1, -1, discover_address },
  { "list", N_ ("[NAME…]"), N_ ("List products, one row each, with their licence state"),
    "list\nlist --select 'state=grace,days<7'\nlist --csv --select 'domain=lab.test'",
    LK_TAKES_ROWS | LK_TAKES_CSV, 0, -1, list_rows },
  { "show", N_ ("NAME…"),
    N_ ("Show everything that is known of machines, and what was done to them"), "show pc-001",
    LK_TAKES_ROWS, 0, -1, show_machines },
  { "tag", N_ ("NAME…"), N_ ("Give tags to machines, or take them away"),
    "tag pc-001 pc-002 --add lab,'floor 2'\ntag --select 'tag=lab' --remove lab\n"
    "list --select 'tag=lab'",
    LK_TAKES_ROWS | LK_TAKES_DRY_RUN | LK_TAKES_TAGS, 0, -1, tag },
  { "forget", N_ ("NAME…"), N_ ("Delete machines; their activations stay on record"),
    "forget pc-001\nforget --select 'result=failed,name=old-*' --yes",
    LK_TAKES_ROWS | LK_TAKES_DRY_RUN | LK_TAKES_YES, 0, -1, forget },
  { 0 },
};
