/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-credentials.h"
#include "net/lk-link.h"
#include "store/lk-pins.h"

/**
 * LkMachineTarget:
 *
 * Where a link to one machine leads, as a job would go there: of a known machine, or of any
 * address.
 */
typedef struct
{
  LkLinkOptions options; /* complete but for the login */
  LkMachineNames names;
  GPtrArray *rows; /* what the others point into; or NULL */
  guint row;       /* which of them it is */
  LkSighting *sighting;
  char *full_name;
  LkTrust *trust;
  LkPinRow *pin;
} LkMachineTarget;

/* @name: of a known machine, or any "NAME", "NAME:PORT" or "https://NAME". */
LkMachineTarget *lk_machine_target_find (LkConsole *console, const char *name, GError **error);
/* Of row @row of @rows. @trust, if it is NULL there, is made when needed and kept for the next one.
 */
LkMachineTarget *lk_machine_target_new_for_row (LkConsole *console,
                                                GPtrArray *rows,
                                                guint row,
                                                LkTrust **trust,
                                                GError **error);
void lk_machine_target_free (LkMachineTarget *self);
/* "pc-001:5986 (TLS)", to be freed. */
char *lk_machine_target_describe (const LkMachineTarget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkMachineTarget, lk_machine_target_free)
