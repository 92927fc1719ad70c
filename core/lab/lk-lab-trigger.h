/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-machine.h"

/* What happens to a machine behind the back of whoever manages it. */

typedef enum
{
  LK_LAB_TRIGGER_KEY_INSTALLED = 1 << 0, /* by a method, since birth */
  LK_LAB_TRIGGER_FIRED = 1 << 1,         /* the surprise has been had */
} LkLabTrigger;

void lk_lab_trigger_note_method (LkLabState *state, const char *what);
/* Whether the installation ID is being read between install-key and deposit-cid, the moment for a
 * surprise. */
gboolean lk_lab_trigger_is_armed (const LkLabState *state);

/* Windows is set up anew: another client machine ID, the setup key, the first grace. The hardware
 * stays, and so do installation IDs under the same key. */
void lk_lab_machine_reimage (const LkLabTraits *traits, LkLabState *state, gint64 now);
/* Other hardware: other installation IDs; with another main board another SMBIOS UUID, too. */
void
lk_lab_machine_refit (const LkLabTraits *traits, LkLabState *state, gboolean board, gint64 now);
void lk_lab_machine_reboot (const LkLabTraits *traits, LkLabState *state, gint64 now);
