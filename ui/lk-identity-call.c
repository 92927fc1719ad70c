/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-identity-call.h"

#include "console/lk-console-identity.h"
#include "console/lk-console-machines.h"

gpointer
lk_identity_call_list (LkConsole *console,
                       gpointer question,
                       GCancellable *cancellable,
                       GError **error)
{
  return lk_console_list_duplicates (console, error);
}

typedef gboolean (*Verb) (LkConsole *console, GPtrArray *machines, GError **error);

static gpointer
call (LkConsole *console, const char *const *names, Verb verb, GError **error)
{
  const LkChoice choice = { .names = names };
  g_autoptr (GPtrArray) rows = lk_console_list_rows (console, &choice, NULL, error);
  g_autoptr (GPtrArray) machines = NULL;

  if (rows == NULL)
    return NULL;
  machines = lk_console_list_machines (rows, names);
  return verb (console, machines, error) ? g_strdup ("") : NULL;
}

gpointer
lk_identity_call_merge (LkConsole *console,
                        gpointer names,
                        GCancellable *cancellable,
                        GError **error)
{
  return call (console, names, lk_console_merge, error);
}

gpointer
lk_identity_call_keep_apart (LkConsole *console,
                             gpointer names,
                             GCancellable *cancellable,
                             GError **error)
{
  return call (console, names, lk_console_keep_apart, error);
}

gpointer
lk_identity_call_split (LkConsole *console,
                        gpointer merged,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_ptr_array_add (one, merged);
  return lk_console_split (console, ((LkMerged *) merged)->machine_id, one, ids, error)
             ? g_strdup ("")
             : NULL;
}

char **
lk_identity_name_two (gint64 first_id, gint64 second_id)
{
  char **names = g_new0 (char *, 3);

  names[0] = g_strdup_printf ("#%" G_GINT64_FORMAT, first_id);
  names[1] = g_strdup_printf ("#%" G_GINT64_FORMAT, second_id);
  return names;
}
