/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-fleet.h"

#include "base/lk-clock.h"
#include "base/lk-error.h"
#include "lab/lk-lab-birth.h"
#include "lab/lk-lab-journal.h"

#include <string.h>

#define PLACES_A_NET 250 /* 127.1.x.1 to 127.1.x.250 */

typedef struct
{
  GMutex change_lock; /* held over a commit */
  GMutex lock;        /* held over a copy */
  LkLabTraits traits;
  LkLabState state;
} Machine;

typedef struct
{
  char *key;
  char *iid;
  guint n;
} Spend;

struct _LkLabFleet
{
  guint n;
  Machine *machines;
  LkLabFaultSet *faults;
  LkLabJournal *journal; /* or NULL */

  GMutex lock; /* for what follows */
  gint64 now;  /* virtual minute; it stands still unless it is moved */
  guint *machine_at;
  guint *place_of;
  GHashTable *spends; /* "key iid" → Spend */
};

static void
spend_free (gpointer data)
{
  Spend *self = data;

  g_free (self->key);
  g_free (self->iid);
  g_free (self);
}

static void
add_spend (const char *key, const char *iid, guint n, gpointer user_data)
{
  LkLabFleet *self = user_data;
  g_autofree char *pair = g_strjoin (" ", key, iid, NULL);
  Spend *spend = g_hash_table_lookup (self->spends, pair);

  if (spend == NULL)
    {
      spend = g_new0 (Spend, 1);
      spend->key = g_strdup (key);
      spend->iid = g_strdup (iid);
      g_hash_table_insert (self->spends, g_steal_pointer (&pair), spend);
    }
  spend->n += n;
}

void
lk_lab_fleet_free (LkLabFleet *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->journal, lk_lab_journal_free);
  for (guint i = 0; i < self->n; i++)
    {
      g_mutex_clear (&self->machines[i].change_lock);
      g_mutex_clear (&self->machines[i].lock);
    }
  g_free (self->machines);
  g_free (self->machine_at);
  g_free (self->place_of);
  g_clear_pointer (&self->faults, lk_lab_fault_set_free);
  g_clear_pointer (&self->spends, g_hash_table_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
restore_machine (guint machine, const LkLabState *state, gpointer user_data)
{
  LkLabFleet *self = user_data;

  if (machine < self->n)
    self->machines[machine].state = *state;
}

static void
restore_place (guint machine, guint place, gpointer user_data)
{
  LkLabFleet *self = user_data;

  if (machine < self->n && place < self->n)
    {
      self->place_of[machine] = place;
      self->machine_at[place] = machine;
    }
}

/* The journal keeps what differs from the fleet at its birth, so it must be born alike. */
static gboolean
open_journal (LkLabFleet *self, const LkLabFleetOptions *options, GError **error)
{
  g_autofree char *birth =
      g_strdup_printf ("machines=%u seed=%" G_GUINT64_FORMAT " mix=%s", options->n_machines,
                       options->seed, options->profile_mix != NULL ? options->profile_mix : "");

  self->journal = lk_lab_journal_open (options->state_path, birth, &self->now, error);
  return self->journal != NULL;
}

static gboolean
resume (LkLabFleet *self, GError **error)
{
  const LkLabRestore restore = { restore_machine, restore_place, add_spend, self };

  if (self->journal == NULL)
    return TRUE;
  self->now = lk_lab_journal_get_now (self->journal);
  return lk_lab_journal_restore (self->journal, &restore, error);
}

LkLabFleet *
lk_lab_fleet_new (const LkLabFleetOptions *options, GError **error)
{
  g_autoptr (LkLabFleet) self = g_new0 (LkLabFleet, 1);
  g_autoptr (LkLabBirth) birth = NULL;

  g_mutex_init (&self->lock);
  self->spends = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, spend_free);
  if (options->n_machines == 0 || options->n_machines > LK_LAB_MAX_MACHINES)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "A lab has 1 to %d machines",
                   LK_LAB_MAX_MACHINES);
      return NULL;
    }
  self->faults = lk_lab_fault_set_new (options->n_machines, options->seed, options->faults, error);
  birth = lk_lab_birth_new (options->profile_mix, error);
  if (self->faults == NULL || birth == NULL)
    return NULL;

  self->now = lk_clock_now (NULL) / LK_MINUTE;
  if (options->state_path != NULL && !open_journal (self, options, error))
    return NULL;

  self->machines = g_new0 (Machine, options->n_machines);
  self->machine_at = g_new0 (guint, options->n_machines);
  self->place_of = g_new0 (guint, options->n_machines);
  for (self->n = 0; self->n < options->n_machines; self->n++)
    {
      Machine *machine = &self->machines[self->n];

      g_mutex_init (&machine->change_lock);
      g_mutex_init (&machine->lock);
      self->machine_at[self->n] = self->n;
      self->place_of[self->n] = self->n;
      lk_lab_birth_make (birth, options->seed, self->n, self->now, &machine->traits,
                         &machine->state);
    }

  return resume (self, error) ? g_steal_pointer (&self) : NULL;
}

guint
lk_lab_fleet_get_n_machines (LkLabFleet *self)
{
  return self->n;
}

const LkLabTraits *
lk_lab_fleet_get_traits (LkLabFleet *self, guint machine)
{
  return &self->machines[machine].traits;
}

LkLabFaultSet *
lk_lab_fleet_get_faults (LkLabFleet *self)
{
  return self->faults;
}

gboolean
lk_lab_fleet_is_journalled (LkLabFleet *self)
{
  return self->journal != NULL;
}

static void
run_timers (const LkLabTraits *traits, LkLabState *state, gint64 now)
{
  for (guint i = 0; i < state->n_products; i++)
    lk_lab_license_apply (&state->products[i].license, traits->generation->profile, LK_LAB_TICK,
                          LK_KEY_UNKNOWN, now);
}

void
lk_lab_fleet_view (LkLabFleet *self, guint machine, LkLabView *view)
{
  Machine *of = &self->machines[machine];

  g_mutex_lock (&of->lock);
  view->state = of->state;
  g_mutex_unlock (&of->lock);
  view->traits = &of->traits;
  view->now = lk_lab_fleet_get_now (self);
  run_timers (view->traits, &view->state, view->now);
}

guint32
lk_lab_fleet_get_address (guint place)
{
  return 127u << 24 | 1u << 16 | (place / PLACES_A_NET) << 8 | (place % PLACES_A_NET + 1);
}

gboolean
lk_lab_fleet_find_place (LkLabFleet *self, guint32 address, guint *place)
{
  guint host = address & 0xFF;

  *place = (address >> 8 & 0xFF) * PLACES_A_NET + host - 1;
  return address >> 16 == (127u << 8 | 1u) && host >= 1 && host <= PLACES_A_NET && *place < self->n;
}

guint
lk_lab_fleet_get_machine_at (LkLabFleet *self, guint place)
{
  guint machine;

  g_mutex_lock (&self->lock);
  machine = self->machine_at[place];
  g_mutex_unlock (&self->lock);
  return machine;
}

guint
lk_lab_fleet_get_place_of (LkLabFleet *self, guint machine)
{
  guint place;

  g_mutex_lock (&self->lock);
  place = self->place_of[machine];
  g_mutex_unlock (&self->lock);
  return place;
}

gboolean
lk_lab_fleet_swap_places (LkLabFleet *self, guint one, guint other, GError **error)
{
  guint place = lk_lab_fleet_get_place_of (self, one);
  guint other_place = lk_lab_fleet_get_place_of (self, other);

  if (self->journal != NULL &&
      !lk_lab_journal_write_places (self->journal, one, other_place, other, place, error))
    return FALSE;

  g_mutex_lock (&self->lock);
  restore_place (one, other_place, self);
  restore_place (other, place, self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

gint64
lk_lab_fleet_get_now (LkLabFleet *self)
{
  gint64 now;

  g_mutex_lock (&self->lock);
  now = self->now;
  g_mutex_unlock (&self->lock);
  return now;
}

gboolean
lk_lab_fleet_advance (LkLabFleet *self, gint64 minutes, GError **error)
{
  gint64 now = lk_lab_fleet_get_now (self) + minutes;

  g_return_val_if_fail (minutes >= 0, FALSE);

  if (self->journal != NULL && !lk_lab_journal_write_now (self->journal, now, error))
    return FALSE;

  g_mutex_lock (&self->lock);
  self->now = now;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gboolean
commit (LkLabFleet *self,
        guint machine,
        const LkLabState *state,
        LkLabEffect *effect,
        GError **error)
{
  Machine *of = &self->machines[machine];

  if (self->journal != NULL && !lk_lab_journal_write (self->journal, machine, state, effect,
                                                      lk_lab_fleet_get_now (self), error))
    return FALSE;

  g_mutex_lock (&of->lock);
  of->state = *state;
  g_mutex_unlock (&of->lock);
  if (effect->spend_key != NULL)
    {
      g_mutex_lock (&self->lock);
      add_spend (effect->spend_key, effect->spend_iid, 1, self);
      g_mutex_unlock (&self->lock);
    }
  return TRUE;
}

gboolean
lk_lab_fleet_change (LkLabFleet *self,
                     guint machine,
                     LkLabChangeFunc func,
                     gpointer user_data,
                     guint32 *code,
                     GError **error)
{
  Machine *of = &self->machines[machine];
  LkLabEffect effect = { 0 };
  LkLabView view;
  gboolean ok = TRUE;

  g_mutex_lock (&of->change_lock);
  lk_lab_fleet_view (self, machine, &view);
  if (func (&of->traits, &view.state, view.now, &effect, user_data))
    ok = commit (self, machine, &view.state, &effect, error);
  g_mutex_unlock (&of->change_lock);

  *code = effect.code;
  g_free (effect.spend_key);
  g_free (effect.spend_iid);
  return ok;
}

void
lk_lab_fleet_foreach_spend (LkLabFleet *self, LkLabSpendFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->spends);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    func (((Spend *) value)->key, ((Spend *) value)->iid, ((Spend *) value)->n, user_data);
  g_mutex_unlock (&self->lock);
}
