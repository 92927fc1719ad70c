/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-answer.h"
#include "lab/lk-lab-fleet.h"

/**
 * LkLabContexts:
 *
 * Enumerations that are not at their end: they expire, there is a limit to them, and each Pull
 * gives the rest a new name. From any thread.
 */
typedef struct _LkLabContexts LkLabContexts;

LkLabContexts *lk_lab_contexts_new (guint lifetime_ms);
void lk_lab_contexts_free (LkLabContexts *self);

/* Enumerate, Pull, Release and Get. @reads_iid, if given, says whether installation IDs were asked
 * for. */
GBytes *lk_lab_enumerate (LkLabContexts *self,
                          LkLabFleet *fleet,
                          guint machine,
                          const LkLabRequest *request,
                          const LkLabVoice *voice,
                          guint *status,
                          gboolean *reads_iid);
GBytes *lk_lab_pull (LkLabContexts *self,
                     guint machine,
                     const LkLabRequest *request,
                     const LkLabVoice *voice,
                     guint *status);
GBytes *lk_lab_release (LkLabContexts *self,
                        guint machine,
                        const LkLabRequest *request,
                        const LkLabVoice *voice,
                        guint *status);
GBytes *lk_lab_get (LkLabFleet *fleet,
                    guint machine,
                    const LkLabRequest *request,
                    const LkLabVoice *voice,
                    guint *status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabContexts, lk_lab_contexts_free)
