/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

#define LK_TYPE_ROW_VERBS (lk_row_verbs_get_type ())
G_DECLARE_FINAL_TYPE (LkRowVerbs, lk_row_verbs, LK, ROW_VERBS, GObject)

/**
 * LkRowVerbs:
 *
 * What can be done with rows of the main list: the verbs that order a job, "phone",
 * "save-request", "check", "merge" and "forget".
 * The rows are known by their keys alone, most of them were never read: their machines are looked
 * up first.
 */
/* @from: where windows open and words are said; it owns us. */
LkRowVerbs *lk_row_verbs_new (GtkWidget *from, LkDesk *desk);
/* Nothing comes of what was begun. */
void lk_row_verbs_stop (LkRowVerbs *self);

#define LK_VERB_CHECK       "check"
#define LK_VERB_CERTIFICATE "certificate"
#define LK_VERB_TAGS        "tags"
#define LK_VERB_FORGET      "forget"
#define LK_VERB_MERGE       "merge"
#define LK_VERB_PHONE       "phone"
#define LK_VERB_SAVE        "save-request"

/* @verb: a plan of domain/lk-job.h, or one of the above; static. @keys: gint64 of rows. */
void lk_row_verbs_do (LkRowVerbs *self, const char *verb, GArray *keys);
