/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab-class.h"
#include "lab/lk-lab-fault.h"

/**
 * LkLabFleet:
 *
 * All machines of a lab, the places (addresses) they stand at, the virtual clock and the practice
 * activation service's count. From any thread.
 */
typedef struct _LkLabFleet LkLabFleet;

#define LK_LAB_MAX_MACHINES 20000

typedef struct
{
  guint n_machines;
  guint64 seed;
  const char *profile_mix; /* "10=3,2022=1", or NULL: the usual one */
  const char *faults;      /* see LkLabFaults, or NULL */
  const char *state_path;  /* the journal, or NULL: nothing outlives the process */
} LkLabFleetOptions;

LkLabFleet *lk_lab_fleet_new (const LkLabFleetOptions *options, GError **error);
void lk_lab_fleet_free (LkLabFleet *self);

guint lk_lab_fleet_get_n_machines (LkLabFleet *self);
const LkLabTraits *lk_lab_fleet_get_traits (LkLabFleet *self, guint machine);
/* A copy of how the machine is now, its timers run. */
void lk_lab_fleet_view (LkLabFleet *self, guint machine, LkLabView *view);

/* Place i has the address 127.1.x.y; another machine may stand there than i. */
guint32 lk_lab_fleet_get_address (guint place);
gboolean lk_lab_fleet_find_place (LkLabFleet *self, guint32 address, guint *place);
guint lk_lab_fleet_get_machine_at (LkLabFleet *self, guint place);
guint lk_lab_fleet_get_place_of (LkLabFleet *self, guint machine);
gboolean lk_lab_fleet_swap_places (LkLabFleet *self, guint one, guint other, GError **error);

gint64 lk_lab_fleet_get_now (LkLabFleet *self);
gboolean lk_lab_fleet_advance (LkLabFleet *self, gint64 minutes, GError **error);

/* What a change did beside the machine's own state. */
typedef struct
{
  const char *what; /* "install-key", … for the journal */
  char *spend_key;  /* an online activation was asked for with this key identity … */
  char *spend_iid;  /* … and this installation ID */
  guint32 code;     /* HRESULT of the refusal, 0 when it is done */
} LkLabEffect;

/* Changes a copy of @state. When it gives FALSE nothing is kept. */
typedef gboolean (*LkLabChangeFunc) (const LkLabTraits *traits,
                                     LkLabState *state,
                                     gint64 now,
                                     LkLabEffect *effect,
                                     gpointer user_data);

/* Applies a change: one at a time for each machine, on disk before it is seen and before this
 * returns. FALSE only when the journal failed; the change has not happened then. */
gboolean lk_lab_fleet_change (LkLabFleet *self,
                              guint machine,
                              LkLabChangeFunc func,
                              gpointer user_data,
                              guint32 *code,
                              GError **error);

/* Whether changes wait for a disk, so that a loop must not do them itself. */
gboolean lk_lab_fleet_is_journalled (LkLabFleet *self);

/* Calls @func for each pair that was activated online, with how often it was asked for. */
typedef void (*LkLabSpendFunc) (const char *key, const char *iid, guint n, gpointer user_data);
void lk_lab_fleet_foreach_spend (LkLabFleet *self, LkLabSpendFunc func, gpointer user_data);

LkLabFaultSet *lk_lab_fleet_get_faults (LkLabFleet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabFleet, lk_lab_fleet_free)
