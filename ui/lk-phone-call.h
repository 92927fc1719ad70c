/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-phone.h"
#include "domain/lk-identifiers.h"
#include "ui/lk-desk.h"

/* What the dialog of the telephone asks of the console's thread, and how it says it. */

/**
 * LkPhoneList:
 *
 * @lines: LkPhoneLine of what can be telephoned for, or has its confirmation ID on record
 */
typedef struct
{
  GPtrArray *lines;
  guint n_licensed; /* left out */
  guint n_without;  /* left out: no installation ID */
} LkPhoneList;

void lk_phone_list_free (LkPhoneList *self);
/* Why there is no line, translated. */
const char *lk_phone_list_explain (const LkPhoneList *self);

/* An LkDeskFunc: keys of rows (GArray of gint64) → LkPhoneList. */
gpointer lk_phone_call_list (LkConsole *console,
                             gpointer question,
                             GCancellable *cancellable,
                             GError **error);

/* What a group of a confirmation ID is called, as in Windows' own dialog: 'A' to 'H'. */
char lk_phone_group_letter (guint group);
/* Why the text of a group is wrong, in words; to be freed. */
char *lk_phone_explain_group (guint group, const char *text);

typedef struct _LkPhoneTyped LkPhoneTyped;

LkPhoneTyped *lk_phone_typed_new (const LkPhoneLine *line, const char *cid);
void lk_phone_typed_free (LkPhoneTyped *self);

/* An LkDeskFunc: LkPhoneTyped → what came of it, in words. Keeps the confirmation ID, then files
 * the job that deposits it; fails only when it could not be kept. */
gpointer lk_phone_call_take (LkConsole *console,
                             gpointer question,
                             GCancellable *cancellable,
                             GError **error);
