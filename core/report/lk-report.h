/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/**
 * LkReport:
 *
 * A question asked of the store, answered as a table.
 */
typedef struct
{
  char *title;
  GPtrArray *names;  /* of columns, for programs; char *, "" for one that they are not told */
  GPtrArray *titles; /* the same for people, translated */
  GPtrArray *rows;   /* of GStrv, one string a column */
} LkReport;

#define LK_REPORT_MAX_COLUMNS 8

/* Names of the reports, NULL-terminated: "licenses", "failures", "pools". */
const char *const *lk_report_get_names (void);
/* NULL with LK_ERROR_INVALID for an unknown name. */
LkReport *lk_report_new (LkStore *store, const char *name, GError **error);
void lk_report_free (LkReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkReport, lk_report_free)
