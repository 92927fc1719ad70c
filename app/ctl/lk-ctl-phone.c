/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "console/lk-phone-sheet.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"
#include "domain/lk-identifiers.h"
#include "domain/lk-job.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE  (4 << 20)
#define MAX_TYPED 256

static const LkCtlColumn columns[] = {
  { "machine", N_ ("Machine"), 's' },     { "product", N_ ("Product"), 's' },
  { "partial_key", N_ ("Key"), 's' },     { "state", N_ ("State"), 's' },
  { "iid", N_ ("Installation ID"), 's' }, { "cid", N_ ("Confirmation ID"), 's' },
  { "left", N_ ("Left"), 'i' },           { NULL, NULL, 0 },
};

static void
print_line (LkCtl *ctl, const LkPhoneLine *line)
{
  g_autofree char *groups = line->iid != NULL ? lk_digits_to_groups (line->iid) : NULL;
  g_autofree char *cid = line->cid != NULL ? lk_digits_to_groups (line->cid) : NULL;

  lk_ctl_print (ctl, _ ("%s, %s: %s\n"), line->machine,
                line->product != NULL ? line->product : _ ("no product"),
                lk_phone_state_to_title (line->state));
  if (groups != NULL)
    lk_ctl_print (ctl, _ ("  installation ID  %s\n"), groups);
  if (cid != NULL)
    lk_ctl_print (ctl, _ ("  confirmation ID  %s\n"), cid);
}

static void
print_lines (LkCtl *ctl, GPtrArray *lines)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (columns);

  for (guint i = 0; i < lines->len; i++)
    {
      const LkPhoneLine *line = g_ptr_array_index (lines, i);

      lk_ctl_list_add (list, line->machine, line->product, line->partial_key,
                       lk_phone_state_to_word (line->state), line->iid, line->cid,
                       line->left >= 0 ? line->left : G_MININT64);
      if (!ctl->options.json && !ctl->options.csv)
        print_line (ctl, line);
    }
  if (ctl->options.json || ctl->options.csv)
    lk_ctl_list_print (list, ctl, "phone");
}

/* Everything that a person must not type twice is on the disk when this returns TRUE. */
static gboolean
take (LkCtl *ctl, const LkPhoneLine *line, const char *typed, GArray *keys, GError **error)
{
  LkTaken taken;

  if (!lk_console_take_cid (ctl->console, line, typed, &taken, error))
    return FALSE;

  lk_ctl_say (ctl, "%s: %s", line->machine, lk_taken_to_title (taken));
  g_array_append_val (keys, line->key);
  return TRUE;
}

/* The groups are read back over the telephone before they are kept: check digits miss one wrong
 * digit in fifteen. FALSE: it is to be typed again. */
static gboolean
read_back (LkCtl *ctl, const char *typed)
{
  g_autofree char *cid = lk_digits_from_typed (LK_DIGITS_CID, typed, NULL, NULL);
  g_autofree char *groups = cid != NULL ? lk_digits_to_groups (cid) : NULL;
  LkExit status;

  if (groups == NULL)
    return TRUE; /* what is wrong with it is said when it is taken */
  lk_ctl_say (ctl, _ ("Read back: %s"), groups);
  return lk_ctl_confirm (ctl, _ ("Is that right?"), &status);
}

/* One line is read out, and asked for until it is right or passed over. FALSE when the input has
 * ended or the store cannot take it. */
static gboolean
enter (LkCtl *ctl, const LkPhoneLine *line, GArray *keys, GError **error)
{
  g_autofree char *cost = lk_phone_line_describe_cost (line);
  char typed[MAX_TYPED];

  print_line (ctl, line);
  lk_ctl_say (ctl, "  %s", cost);
  while (TRUE)
    {
      g_autoptr (GError) cause = NULL;

      fprintf (stderr, "%s ", _ ("Confirmation ID (an empty line passes it over):"));
      fflush (stderr);
      if (fgets (typed, sizeof typed, stdin) == NULL)
        return FALSE;
      if (*g_strstrip (typed) == '\0')
        return TRUE;
      if (!read_back (ctl, typed))
        continue;
      if (take (ctl, line, typed, keys, &cause))
        return TRUE;
      if (!g_error_matches (cause, LK_ERROR, LK_ERROR_INVALID))
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      lk_ctl_say (ctl, "%s", cause->message);
    }
}

static LkExit
enter_all (LkCtl *ctl, GPtrArray *lines, GArray *keys)
{
  g_autoptr (GError) error = NULL;

  if (!isatty (STDIN_FILENO) || !isatty (STDERR_FILENO))
    return lk_ctl_fail_usage (ctl, _ ("There is no terminal to ask on; give them with --cid-file"));
  for (guint i = 0; i < lines->len; i++)
    {
      const LkPhoneLine *line = g_ptr_array_index (lines, i);

      /* One on record that was typed may be corrected, when it alone is meant. */
      if (line->state != LK_PHONE_WAITING && line->state != LK_PHONE_IN_FLIGHT &&
          !(lines->len == 1 && line->is_typed))
        continue;
      if (!enter (ctl, line, keys, &error))
        break;
    }

  return error != NULL ? lk_ctl_fail (ctl, g_steal_pointer (&error)) : LK_EXIT_OK;
}

static char *
read_text (const char *path, GError **error)
{
  gboolean is_stdin = g_str_equal (path, "-");
  int fd = is_stdin ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  gssize n = fd >= 0 ? 0 : -1;

  while (fd >= 0 && text->len <= MAX_FILE && (n = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  if (n < 0)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot read “%s”: %s"), path,
                 g_strerror (errno));
  else if (text->len > MAX_FILE || memchr (text->str, '\0', text->len) != NULL)
    g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("“%s” is too long, or no text"), path);
  if (fd >= 0 && !is_stdin)
    close (fd);

  return error != NULL && *error != NULL ? NULL : g_strdup (text->str);
}

/* NULL: no line has that installation ID; or, without one, more than one line may be meant. */
static const LkPhoneLine *
find_line (GPtrArray *lines, const char *iid)
{
  const LkPhoneLine *found = NULL;

  for (guint i = 0; i < lines->len; i++)
    {
      const LkPhoneLine *line = g_ptr_array_index (lines, i);

      if (line->iid == NULL || (iid != NULL && !g_str_equal (line->iid, iid)))
        continue;
      if (found != NULL)
        return iid != NULL ? found : NULL;
      found = line;
    }

  return found;
}

static LkExit
take_file (LkCtl *ctl, GPtrArray *lines, GArray *keys)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = read_text (ctl->options.cid_file, &error);
  g_autoptr (GPtrArray) answers = text != NULL ? lk_phone_answers_parse (text, &error) : NULL;
  LkExit status = LK_EXIT_OK;

  if (answers == NULL)
    return lk_ctl_fail_as (ctl, LK_EXIT_BAD_FILE, g_steal_pointer (&error));

  for (guint i = 0; i < answers->len; i++)
    {
      const LkPhoneAnswer *answer = g_ptr_array_index (answers, i);
      const LkPhoneLine *line = find_line (lines, answer->iid);
      g_autofree char *groups = answer->iid != NULL ? lk_digits_to_groups (answer->iid) : NULL;

      if (line == NULL)
        {
          g_clear_error (&error);
          if (groups != NULL)
            g_set_error (&error, LK_ERROR, LK_ERROR_INVALID,
                         _ ("No chosen row has the installation ID %s"), groups);
          else
            g_set_error_literal (&error, LK_ERROR, LK_ERROR_INVALID,
                                 _ ("More than one row is chosen: write each confirmation ID behind"
                                    " its installation ID"));
          status = lk_ctl_fail_as (ctl, LK_EXIT_SOME_FAILED, g_steal_pointer (&error));
        }
      else if (!take (ctl, line, answer->cid, keys, &error))
        return lk_ctl_fail (ctl, g_steal_pointer (&error));
    }

  return status;
}

static LkExit
take_and_deposit (LkCtl *ctl, GPtrArray *lines)
{
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (gint64));
  LkExit status = ctl->options.enter ? enter_all (ctl, lines, keys) : take_file (ctl, lines, keys);
  LkOrder order = { .plan = LK_PLAN_DEPOSIT };
  LkExit deposited;

  lk_ctl_set_count (ctl, "taken", keys->len);
  if (keys->len == 0)
    {
      lk_ctl_say (ctl, _ ("No confirmation ID was taken"));
      return status != LK_EXIT_OK ? status : LK_EXIT_NOTHING;
    }

  order.choice.keys = &g_array_index (keys, gint64, 0);
  order.choice.n_keys = keys->len;
  deposited = lk_ctl_run_order (ctl, &order);
  return deposited != LK_EXIT_OK ? deposited : status;
}

static LkExit
write_sheet (LkCtl *ctl, GPtrArray *lines)
{
  const char *path = ctl->options.sheet;
  guint n = lk_phone_sheet_count (lines);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (n == 0)
    {
      lk_ctl_say (ctl, _ ("None of the chosen products has to be telephoned for"));
      return LK_EXIT_NOTHING;
    }
  if (g_str_equal (path, "-"))
    {
      text = lk_phone_sheet_to_text (lines, lk_clock_now (NULL));
      fputs (text, stdout);
      return LK_EXIT_OK;
    }
  if (!lk_phone_sheet_save (lines, lk_clock_now (NULL), path, &error))
    return lk_ctl_fail_as (ctl, LK_EXIT_BAD_FILE, g_steal_pointer (&error));

  lk_ctl_set_count (ctl, "written", n);
  lk_ctl_say (ctl,
              g_dngettext (NULL, "“%s” has the installation ID of %u product",
                           "“%s” has the installation IDs of %u products", n),
              path, n);
  return LK_EXIT_OK;
}

static LkExit
phone (LkCtl *ctl)
{
  gboolean prints = ctl->options.sheet != NULL;
  gboolean takes = ctl->options.enter || ctl->options.cid_file != NULL;
  gboolean is_unknown_name = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  LkChoice choice = { 0 };

  if (ctl->options.enter && ctl->options.cid_file != NULL)
    return lk_ctl_fail_usage (ctl, _ ("Choose --enter or --cid-file, not both"));
  if (prints &&
      (takes || ctl->options.csv || (ctl->options.json && g_str_equal (ctl->options.sheet, "-"))))
    return lk_ctl_fail_usage (ctl, _ ("--sheet goes with none of --enter, --cid-file and --csv, and"
                                      " “--sheet -” not with --json"));
  if (!lk_ctl_get_choice (ctl, &choice, takes))
    return LK_EXIT_USAGE;

  lines = lk_console_list_phone (ctl->console, &choice, &is_unknown_name, &error);
  if (lines == NULL)
    return is_unknown_name ? lk_ctl_fail_as (ctl, LK_EXIT_NOTHING, g_steal_pointer (&error))
                           : lk_ctl_fail (ctl, g_steal_pointer (&error));
  if (lines->len == 0)
    {
      lk_ctl_say (ctl, _ ("Nothing matched"));
      return LK_EXIT_NOTHING;
    }
  if (takes && !ctl->options.dry_run)
    return take_and_deposit (ctl, lines);
  if (prints && !ctl->options.dry_run)
    return write_sheet (ctl, lines);

  print_lines (ctl, lines);
  return LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_phone_commands[] = {
  { "phone", N_ ("[NAME…]"),
    N_ ("Show installation IDs to read out by telephone, and take the confirmation IDs"),
    "phone --select 'state=grace'\nphone --select 'state=grace' --sheet calls.html\n"
    "phone pc-001 --enter\n"
    "phone --select 'state=grace' --cid-file answers.txt --yes",
    LK_TAKES_ROWS | LK_TAKES_CSV | LK_TAKES_DRY_RUN | LK_TAKES_YES | LK_TAKES_JOB |
        LK_TAKES_WORKERS | LK_TAKES_CIDS,
    0, -1, phone },
  { 0 },
};
