/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-reports.h"
#include "ctl/lk-ctl-list.h"
#include "ctl/lk-ctl-talk.h"

#include <glib/gi18n.h>

static void
list_names (LkCtl *ctl)
{
  static const LkCtlColumn columns[] = { { "name", N_ ("REPORT"), 's' }, { 0 } };
  g_autoptr (LkCtlList) list = lk_ctl_list_new (columns);
  const char *const *names = lk_report_get_names ();

  for (guint i = 0; names[i] != NULL; i++)
    lk_ctl_list_add (list, names[i]);
  lk_ctl_list_print (list, ctl, "reports");
}

static const char *
get_told (GPtrArray *texts, guint n)
{
  const char *text = g_ptr_array_index (texts, n);

  return *text != '\0' ? text : NULL;
}

static LkExit
report (LkCtl *ctl)
{
  LkCtlColumn columns[LK_REPORT_MAX_COLUMNS + 1] = { 0 };
  g_autoptr (LkReport) answer = NULL;
  g_autoptr (LkCtlList) list = NULL;
  g_autoptr (GError) error = NULL;

  if (ctl->args[0] == NULL)
    {
      list_names (ctl);
      return LK_EXIT_OK;
    }

  answer = lk_console_report (ctl->console, ctl->args[0], &error);
  if (answer == NULL)
    return lk_ctl_fail (ctl, g_steal_pointer (&error));

  for (guint i = 0; i < answer->names->len; i++)
    columns[i] = (LkCtlColumn){ get_told (answer->names, i), get_told (answer->titles, i), 's' };
  list = lk_ctl_list_new (columns);
  for (guint i = 0; i < answer->rows->len; i++)
    {
      const char *values[LK_REPORT_MAX_COLUMNS] = { NULL };
      const char *const *row = g_ptr_array_index (answer->rows, i);

      for (guint j = 0; row[j] != NULL; j++)
        values[j] = row[j];
      /* The list takes as many as it has columns. */
      lk_ctl_list_add (list, values[0], values[1], values[2], values[3], values[4], values[5],
                       values[6], values[7]);
    }
  lk_ctl_list_print (list, ctl, "rows");
  return LK_EXIT_OK;
}

const LkCtlCommand lk_ctl_report_commands[] = {
  { "report", N_ ("[NAME]"), N_ ("Answer a question about the fleet as a table"),
    "report\nreport licenses\nreport failures --csv", LK_TAKES_CSV, 0, 1, report },
  { 0 },
};
