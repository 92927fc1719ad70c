/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-machine.h"

/**
 * LkLabBirth:
 *
 * Makes machines from a seed: the same seed, number and mix always give the same machine.
 */
typedef struct _LkLabBirth LkLabBirth;

/* @mix: "10=3,2022=1" (generation and weight), or NULL for the usual one. */
LkLabBirth *lk_lab_birth_new (const char *mix, GError **error);
void lk_lab_birth_free (LkLabBirth *self);
/* Machine @index from 0, as it is at the virtual minute @now. */
void lk_lab_birth_make (LkLabBirth *self,
                        guint64 seed,
                        guint index,
                        gint64 now,
                        LkLabTraits *traits,
                        LkLabState *state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabBirth, lk_lab_birth_free)
