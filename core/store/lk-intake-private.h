/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-intake.h"

struct _LkIntake
{
  LkDb *db;
  char *store_id;
  gboolean is_own;
  LkIntakeTally *tally;
  gboolean is_awaited; /* items wait for confirmation IDs or for room */
  GHashTable *here;    /* row there → row here */
  GHashTable *taken;   /* rows here that stand for one there */
};

/* The row here, 0 when the other store's row was not taken. */
gint64 lk_intake_get_machine (LkIntake *self, gint64 there);
/* The same; counts and tells when there is none. */
gint64 lk_intake_need_machine (LkIntake *self, gint64 there, const char *what);

/* Tells a person; takes @text. */
void lk_intake_remark (LkIntake *self, char *text);
/* Says that both sides differ, in words that it takes. */
void lk_intake_note_conflict (LkIntake *self, char *text);

/* Around what one row changes: counts it if anything was. */
int lk_intake_begin_row (LkIntake *self);
void lk_intake_end_row (LkIntake *self, int begun);

/* Notes an event of a machine here, unless it is there already. */
gboolean
lk_intake_note_once (LkIntake *self, gint64 machine_id, const LkEvent *event, GError **error);
