/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-xml.h"

/**
 * LkWsmanRow:
 *
 * One instance: property name → value. Arrays keep all their values.
 */
typedef struct _LkWsmanRow LkWsmanRow;

/* From an instance, an XmlFragment or a method's output: whatever has properties as children. */
LkWsmanRow *lk_wsman_row_new (const xmlNode *instance);
void lk_wsman_row_free (LkWsmanRow *row);

/* NULL when absent or nil. */
const char *lk_wsman_row_get (const LkWsmanRow *row, const char *property);
const char *lk_wsman_row_get_nth (const LkWsmanRow *row, const char *property, guint n);
gboolean lk_wsman_row_get_uint (const LkWsmanRow *row, const char *property, guint64 *out);
gboolean lk_wsman_row_get_boolean (const LkWsmanRow *row, const char *property);
/* Milliseconds since 1970, 0 for "never" (1601) and for what is no datetime. */
gint64 lk_wsman_row_get_time (const LkWsmanRow *row, const char *property);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWsmanRow, lk_wsman_row_free)
