/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-fleet.h"

/**
 * LkLabJournal:
 *
 * What happened in a lab, on disk: the states that differ from birth, the places, the spends, the
 * clock, and a list of effects for whoever wants to check. From any thread; a write has returned
 * when it is on the disk.
 */
typedef struct _LkLabJournal LkLabJournal;

typedef struct
{
  void (*machine) (guint machine, const LkLabState *state, gpointer user_data);
  void (*place) (guint machine, guint place, gpointer user_data);
  LkLabSpendFunc spend;
  gpointer user_data;
} LkLabRestore;

/* @birth names how the fleet was made; a file of another fleet is refused. @now goes in as the
 * clock of a new lab and comes out as the clock at its birth. */
LkLabJournal *
lk_lab_journal_open (const char *path, const char *birth, gint64 *now, GError **error);
void lk_lab_journal_free (LkLabJournal *self);
/* The clock when the lab ended last. */
gint64 lk_lab_journal_get_now (LkLabJournal *self);

gboolean lk_lab_journal_restore (LkLabJournal *self, const LkLabRestore *restore, GError **error);
gboolean lk_lab_journal_write (LkLabJournal *self,
                               guint machine,
                               const LkLabState *state,
                               const LkLabEffect *effect,
                               gint64 now,
                               GError **error);
gboolean lk_lab_journal_write_places (LkLabJournal *self,
                                      guint machine,
                                      guint place,
                                      guint other,
                                      guint other_place,
                                      GError **error);
gboolean lk_lab_journal_write_now (LkLabJournal *self, gint64 now, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabJournal, lk_lab_journal_free)
