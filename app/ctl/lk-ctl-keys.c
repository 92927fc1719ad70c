/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-error.h"
#include "console/lk-console-keys.h"
#include "ctl/lk-ctl-show.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_REF 10

static const LkCtlColumn key_columns[] = {
  { "id", N_ ("Id"), 'i' },
  { "last_five", NULL, 's' },
  { NULL, N_ ("Key"), 's' },
  { "kind", N_ ("Type"), 's' },
  { "practice", NULL, 'b' },
  { "edition", N_ ("Edition"), 's' },
  { "remarks", N_ ("Remarks"), 's' },
  { "key_identity", NULL, 's' },
  { "epid", NULL, 's' },
  { "remaining", NULL, 'i' },
  { "left", N_ ("Left"), 'i' },
  { "in_flight", N_ ("Reserved"), 'i' },
  { "used", N_ ("Used"), 'i' },
  { "checked_at", N_ ("As of"), 't' },
  { "blocked_code", NULL, 'x' },
  { "created_at", NULL, 't' },
  { NULL, NULL, 0 },
};

static void
add_row (LkCtlList *list, const LkKeyRow *row)
{
  g_autofree char *mask = lk_product_key_mask (row->last_five);
  gboolean is_known = row->pool.remaining >= 0;

  lk_ctl_list_add (list, row->id, row->last_five, mask, lk_key_kind_to_word (row->kind),
                   row->is_practice, row->edition, row->remarks, row->key_identity, row->epid,
                   is_known ? row->pool.remaining : G_MININT64,
                   is_known ? row->pool.left : G_MININT64, (gint64) row->pool.open,
                   (gint64) row->pool.confirmed, row->pool.checked_at, row->pool.blocked_code,
                   row->created_at);
}

static LkExit
print_row (LkCtl *ctl, const LkKeyRow *row)
{
  g_autoptr (LkCtlList) list = lk_ctl_list_new (key_columns);

  add_row (list, row);
  lk_ctl_list_print (list, ctl, "keys");
  return LK_EXIT_OK;
}

/* NULL after a usage error: a whole key is not used and not repeated. */
static const char *
get_ref (LkCtl *ctl)
{
  if (strlen (ctl->args[0]) <= LONGEST_REF)
    return ctl->args[0];

  lk_ctl_fail_usage (ctl, _ ("A product key is named by its id or its last five, never typed as an"
                             " argument; see: latchkeyctl key list"));
  return NULL;
}

/* Which key was meant is a question of what there is. */
static LkExit
fail_for_key (LkCtl *ctl, GError *error)
{
  return lk_ctl_fail_with (ctl, LK_ERROR_INVALID, LK_EXIT_NOTHING, error);
}

static LkExit
add_key (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) key = lk_ctl_get_secret (ctl, _ ("Product key"), FALSE, &error);
  g_autoptr (LkKeyRow) row = NULL;
  gboolean is_new = FALSE;

  if (key == NULL ||
      !lk_console_add_key (ctl->console, key, ctl->options.remarks, &row, &is_new, &error))
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  if (!is_new)
    lk_ctl_say (ctl, _ ("This product key is owned already"));
  json_builder_set_member_name (ctl->json, "new");
  json_builder_add_boolean_value (ctl->json, is_new);
  return print_row (ctl, row);
}

static LkExit
list_keys (LkCtl *ctl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) keys = lk_console_list_keys (ctl->console, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (key_columns);

  if (keys == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < keys->len; i++)
    add_row (list, g_ptr_array_index (keys, i));
  lk_ctl_list_print (list, ctl, "keys");
  return LK_EXIT_OK;
}

static const LkCtlColumn reveal_columns[] = {
  { "at", N_ ("Shown in full"), 't' },
  { "who", N_ ("To"), 's' },
  { NULL, NULL, 0 },
};

static LkExit
print_reveals (LkCtl *ctl, const LkKeyRow *row)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) reveals = lk_console_list_reveals (ctl->console, row, &error);
  g_autoptr (LkCtlList) list = lk_ctl_list_new (reveal_columns);

  if (reveals == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < reveals->len; i++)
    {
      const LkReveal *reveal = g_ptr_array_index (reveals, i);

      lk_ctl_list_add (list, reveal->at, reveal->who);
    }
  if (reveals->len > 0 || ctl->options.json)
    {
      lk_ctl_print (ctl, "\n");
      lk_ctl_list_print (list, ctl, "reveals");
    }
  return LK_EXIT_OK;
}

/* Straight to the descriptor: buffers of the C library are never wiped. */
static LkExit
write_key (LkCtl *ctl, const LkSecret *key)
{
  const char *text = lk_secret_peek (key);
  gsize length = lk_secret_get_length (key);
  gsize done = 0;
  gssize n = 0;

  fflush (stdout);
  while (done < length && (n = write (STDOUT_FILENO, text + done, length - done)) > 0)
    done += (gsize) n;

  return done == length && write (STDOUT_FILENO, "\n", 1) == 1 ? LK_EXIT_OK : LK_EXIT_ERROR;
}

static LkExit
reveal_key (LkCtl *ctl, const char *ref, const LkKeyRow *row)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkSecret) key = NULL;
  g_autofree char *mask = lk_product_key_mask (row->last_five);
  g_autofree char *question =
      g_strdup_printf (_ ("Show all of %s? The event log will say that you saw it."), mask);
  LkExit status;

  if (ctl->options.json)
    return lk_ctl_fail_usage (ctl, _ ("A whole product key is printed as plain text only"));
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;

  key = lk_console_reveal_key (ctl->console, ref, &error);
  return key != NULL ? write_key (ctl, key) : fail_for_key (ctl, g_steal_pointer (&error));
}

static LkExit
show_key (LkCtl *ctl)
{
  const char *ref = get_ref (ctl);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyRow) row = NULL;

  if (ref == NULL)
    return LK_EXIT_USAGE;
  row = lk_console_find_key (ctl->console, ref, &error);
  if (row == NULL)
    return fail_for_key (ctl, g_steal_pointer (&error));
  if (ctl->options.reveal)
    return reveal_key (ctl, ref, row);

  print_row (ctl, row);
  return print_reveals (ctl, row);
}

static LkExit
remove_key (LkCtl *ctl)
{
  const char *ref = get_ref (ctl);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyRow) row = NULL;
  g_autofree char *mask = NULL;
  g_autofree char *question = NULL;
  LkExit status;

  if (ref == NULL)
    return LK_EXIT_USAGE;
  row = lk_console_find_key (ctl->console, ref, &error);
  if (row == NULL)
    return fail_for_key (ctl, g_steal_pointer (&error));
  if (ctl->options.dry_run)
    return print_row (ctl, row);

  mask = lk_product_key_mask (row->last_five);
  question = g_strdup_printf (_ ("Remove %s? It cannot be shown again; its activations stay on"
                                 " record."),
                              mask);
  if (!lk_ctl_confirm (ctl, question, &status))
    return status;
  if (!lk_console_remove_key (ctl->console, ref, &error))
    return lk_ctl_fail_as (ctl, LK_EXIT_LOCKED, g_steal_pointer (&error));

  lk_ctl_print (ctl, _ ("%s is removed\n"), mask);
  return LK_EXIT_OK;
}

static LkExit
set_remaining (LkCtl *ctl)
{
  const char *ref = get_ref (ctl);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyRow) row = NULL;
  gint64 n;

  if (ref == NULL)
    return LK_EXIT_USAGE;
  if (!lk_console_parse_remaining (ctl->args[1], &n, &error))
    return lk_ctl_fail_usage (ctl, "%s", error->message);

  row = lk_console_set_remaining (ctl->console, ref, n, &error);
  return row != NULL ? print_row (ctl, row) : fail_for_key (ctl, g_steal_pointer (&error));
}

static LkExit
check_key (LkCtl *ctl)
{
  const char *ref = get_ref (ctl);
  g_autoptr (GError) error = NULL;
  g_autoptr (LkKeyRow) row = NULL;

  if (ref == NULL)
    return LK_EXIT_USAGE;
  row = lk_console_check_key (ctl->console, ref, &error);
  return row != NULL ? print_row (ctl, row) : fail_for_key (ctl, g_steal_pointer (&error));
}

const LkCtlCommand lk_ctl_key_commands[] = {
  { "key add", "", N_ ("Add a product key that you own; it is asked for, and never an argument"),
    "key add --remarks 'Site licence 2026'\nkey add --key-file ~/mak.txt\nkey add --key-fd 0 < "
    "mak.txt",
    LK_TAKES_KEY_TEXT, 0, 0, add_key },
  { "key list", "", N_ ("List product keys, masked, with what is left of each"),
    "key list\nkey list --csv", LK_TAKES_CSV, 0, 0, list_keys },
  { "key show", N_ ("REF"), N_ ("Show one product key, masked, and who saw it in full"),
    "key show 8QXYZ --json\nkey show 8QXYZ --reveal", LK_TAKES_REVEAL | LK_TAKES_YES, 1, 1,
    show_key },
  { "key check", N_ ("REF"), N_ ("Ask the backend how many activations are left; spends none"),
    "key check 8QXYZ", 0, 1, 1, check_key },
  { "key set-remaining", N_ ("REF NUMBER"), N_ ("Enter how many activations are left"),
    "key set-remaining 8QXYZ 310", 0, 2, 2, set_remaining },
  { "key remove", N_ ("REF"), N_ ("Remove a product key"), "key remove 8QXYZ --yes",
    LK_TAKES_YES | LK_TAKES_DRY_RUN, 1, 1, remove_key },
  { 0 },
};
