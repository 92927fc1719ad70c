/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "console/lk-console-reports.h"

#include "console/lk-console-private.h"

LkReport *
lk_console_report (LkConsole *self, const char *name, GError **error)
{
  LkStore *store = lk_console_get_store (self, error);

  return store != NULL ? lk_report_new (store, name, error) : NULL;
}
