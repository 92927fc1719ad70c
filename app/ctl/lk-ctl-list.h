/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/lk-ctl.h"

/**
 * LkCtlColumn:
 *
 * @name: in JSON and CSV; NULL: for people only
 * @title: in tables, to be translated; NULL: for programs only
 * @kind: 's' text (const char *, NULL for none), 'i' number (gint64, G_MININT64 for none),
 *   'b' yes or no (int), 't' time (gint64 ms, 0 for none), 'x' code (guint32, 0 for none)
 */
typedef struct
{
  const char *name;
  const char *title;
  char kind;
} LkCtlColumn;

/**
 * LkCtlList:
 *
 * Rows that go out as a table for people, as CSV, or as objects in JSON.
 */
typedef struct _LkCtlList LkCtlList;

/* @columns end with a kind of 0 and must outlive the list. */
LkCtlList *lk_ctl_list_new (const LkCtlColumn *columns);
void lk_ctl_list_free (LkCtlList *self);

/* One row: a value for each column, by its kind. */
void lk_ctl_list_add (LkCtlList *self, ...);
guint lk_ctl_list_get_length (const LkCtlList *self);

/* As the options ask for it; in JSON as the member @name, an array. */
void lk_ctl_list_print (LkCtlList *self, LkCtl *ctl, const char *name);
/* Row @row as members of the object that is being built. */
void lk_ctl_list_build_row (const LkCtlList *self, guint row, JsonBuilder *json);

/* One line of a stream: an object with its @type and the only row of the list. */
void lk_ctl_list_print_line (const LkCtlList *self, LkCtl *ctl, const char *type);

/* Fits a text into @width columns of a terminal; to be freed. */
char *lk_ctl_fit (const char *text, guint width);
guint lk_ctl_get_width (const char *text);

/* "2026-11-23 20:15" in local time, "" for 0; to be freed. */
char *lk_ctl_format_time (gint64 ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkCtlList, lk_ctl_list_free)
