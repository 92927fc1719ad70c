/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkWql:
 *
 * One query in the subset of WQL that is asked over WS-Management:
 * SELECT *|column, … FROM class [WHERE condition], with =, <>, !=, <, >, <=, >=, LIKE, IS [NOT]
 * NULL, AND, OR, NOT and parentheses. Text from a stranger: its length, depth and number of parts
 * are limited.
 */
typedef struct _LkWql LkWql;

#define LK_WQL_MAX_BYTES   8192
#define LK_WQL_MAX_DEPTH   16
#define LK_WQL_MAX_PARTS   256
#define LK_WQL_MAX_COLUMNS 128

/* LK_ERROR_INVALID when it is none. */
LkWql *lk_wql_parse (const char *text, GError **error);
void lk_wql_free (LkWql *self);

const char *lk_wql_get_class (const LkWql *self);
/* NULL-terminated, in the order asked for; NULL for "*". */
const char *const *lk_wql_get_columns (const LkWql *self);
/* NULL-terminated: the columns of the condition. */
const char *const *lk_wql_get_used (const LkWql *self);

/* A row's value of a column; NULL for null. Valid until the next call. */
typedef const char *(*LkWqlGet) (const char *column, gpointer row);
/* Numbers compare as numbers, texts without case; null equals only NULL. */
gboolean lk_wql_matches (const LkWql *self, LkWqlGet get, gpointer row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWql, lk_wql_free)
