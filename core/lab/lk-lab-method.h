/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-answer.h"
#include "lab/lk-lab-fleet.h"

/* Whether the machine's generation has this method of this class. */
gboolean
lk_lab_method_exists (const LkLabTraits *traits, const char *class_name, const char *method);

/* Invokes the method on the machine. Gives the answer and its HTTP status in @status; @has_effect
 * says whether something was done. */
GBytes *lk_lab_method_invoke (LkLabFleet *fleet,
                              guint machine,
                              const LkLabRequest *request,
                              const LkLabVoice *voice,
                              guint *status,
                              gboolean *has_effect);
