/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "report/lk-report.h"

/* A report by name, see lk_report_get_names(). */
LkReport *lk_console_report (LkConsole *self, const char *name, GError **error);
