/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-fleet.h"

/* How things really are, as JSON, to be freed. */

/* Of one machine, or of all when @machine is G_MAXUINT. */
char *lk_lab_truth_dup_machines (LkLabFleet *fleet, guint machine);
char *lk_lab_truth_dup_spends (LkLabFleet *fleet);
