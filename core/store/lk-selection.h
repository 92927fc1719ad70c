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
 * (windows, office), result (ok, failed), stage (of an activation by proxy: needs-key, has-iid,
 * waiting, has-cid, deposited, licensed), tag (that a person gave to the machine), transfer (the
 * number of a request that was saved here, or of an answer to it), id. Operators: = != and, for
 * days and id, < <= > >=. "state=attention" are those that a person should look at: notification,
 * non-genuine, or the last step on the machine failed. A value may hold * and ?, and several values
 * separated by |. A word without an operator is looked for in name, domain, product and key.
 */

/* The same conditions over machines alone, or over products alone, so that both tables can be read
 * side by side without a join. A row matches when both halves' @where hold and each of the @n_mixed
 * conditions that look at both holds in one of them: together, their sums of @any have all bits. */
typedef struct
{
  char *where;       /* SQL over m or p, with ? parameters */
  GPtrArray *values; /* of char * */
  char *any;         /* SQL: the sum of 1 << i for each mixed condition that holds */
  GPtrArray *any_values;
} LkSelectionHalf;

typedef struct
{
  char *text;             /* as it was written */
  char *where;            /* SQL over machine AS m and product AS p, with ? parameters */
  GPtrArray *values;      /* of char * */
  gboolean names_product; /* a condition says which products are meant */
  LkSelectionHalf machine;
  LkSelectionHalf product; /* holds for "no product" as the whole does with NULLs */
  guint n_mixed;
} LkSelection;

/* NULL or "" selects everything. LK_ERROR_INVALID says which condition is wrong and why. */
LkSelection *lk_selection_parse (const char *text, GError **error);
/* The rows of these machines by name or address, or of one row id each ("#12"). */
LkSelection *lk_selection_from_names (const char *const *names);
void lk_selection_free (LkSelection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkSelection, lk_selection_free)
