/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkSelection:
 *
 * The small language that chooses rows, for --select and for the window's search. Conditions
 * joined by commas must all hold:
 *
 *   state=grace,days<7,domain=lab.test,name=pc-*
 *
 * Fields: name, domain, address, product, edition, state, days, kind, key (last five), app
 * (windows, office), result (ok, failed), id. Operators: = != and, for days and id, < <= > >=.
 * "state=attention" are those that a person should look at: notification, non-genuine, or the last
 * step on the machine failed. A value may hold * and ?, and several values separated by |. A word
 * without an operator is looked for in name, domain, product and key.
 */
typedef struct
{
  char *text;             /* as it was written */
  char *where;            /* SQL over machine AS m and product AS p, with ? parameters */
  GPtrArray *values;      /* of char * */
  gboolean names_product; /* a condition says which products are meant */
} LkSelection;

/* NULL or "" selects everything. LK_ERROR_INVALID says which condition is wrong and why. */
LkSelection *lk_selection_parse (const char *text, GError **error);
/* The rows of these machines by name or address, or of one row id each ("#12"). */
LkSelection *lk_selection_from_names (const char *const *names);
void lk_selection_free (LkSelection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSelection, lk_selection_free)
