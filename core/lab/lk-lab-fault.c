/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-fault.h"

#include "base/lk-error.h"
#include "lab/lk-lab-machine.h"

#include <string.h>

#define DEFAULT_SLOW_MS 2000
#define DEFAULT_BUSY    3
#define MAX_VALUE       600000

static const char *const words[LK_LAB_N_FAULTS] = {
  [LK_LAB_DEAD] = "dead",
  [LK_LAB_REFUSING] = "refusing",
  [LK_LAB_SILENT] = "silent",
  [LK_LAB_SLOW] = "slow",
  [LK_LAB_WRONG_PASSWORD] = "wrong-password",
  [LK_LAB_BREAK] = "break",
  [LK_LAB_GARBAGE] = "garbage",
  [LK_LAB_BAD_XML] = "bad-xml",
  [LK_LAB_ENDLESS] = "endless",
  [LK_LAB_ACT_THEN_TIMEOUT] = "act-then-timeout",
  [LK_LAB_ACT_THEN_RESET] = "act-then-reset",
  [LK_LAB_ACCESS_DENIED] = "access-denied",
  [LK_LAB_FILTERED_TOKEN] = "filtered-token",
  [LK_LAB_NAMESPACE_DENIED] = "namespace-denied",
  [LK_LAB_NO_LICENSING] = "no-licensing",
  [LK_LAB_BUSY] = "busy",
  [LK_LAB_REIMAGED] = "reimaged",
  [LK_LAB_REFITTED] = "refitted",
  [LK_LAB_TAKEOVER] = "takeover",
};

typedef struct
{
  guint mask; /* atomic, a bit each */
  gint slow_ms;
  gint busy; /* requests left */
} Place;

struct _LkLabFaultSet
{
  guint n_places;
  Place *places;
};

const char *
lk_lab_fault_to_word (LkLabFault fault)
{
  return words[fault];
}

gboolean
lk_lab_fault_from_word (const char *word, LkLabFault *out)
{
  for (guint i = 0; i < LK_LAB_N_FAULTS; i++)
    if (g_str_equal (words[i], word))
      {
        *out = (LkLabFault) i;
        return TRUE;
      }

  return FALSE;
}

void
lk_lab_fault_set_free (LkLabFaultSet *self)
{
  if (self == NULL)
    return;
  g_free (self->places);
  g_free (self);
}

gboolean
lk_lab_fault_set_has (const LkLabFaultSet *self, guint place, LkLabFault fault)
{
  return (g_atomic_int_get (&self->places[place].mask) & (1u << fault)) != 0;
}

guint
lk_lab_fault_set_get_value (const LkLabFaultSet *self, guint place, LkLabFault fault)
{
  if (!lk_lab_fault_set_has (self, place, fault))
    return 0;
  if (fault == LK_LAB_SLOW)
    return (guint) g_atomic_int_get (&self->places[place].slow_ms);
  return fault == LK_LAB_BUSY ? (guint) g_atomic_int_get (&self->places[place].busy) : 1;
}

void
lk_lab_fault_set_put (LkLabFaultSet *self, guint place, LkLabFault fault, gboolean on, guint value)
{
  Place *at = &self->places[place];

  if (fault == LK_LAB_SLOW)
    g_atomic_int_set (&at->slow_ms, value > 0 ? (gint) MIN (value, MAX_VALUE) : DEFAULT_SLOW_MS);
  if (fault == LK_LAB_BUSY)
    g_atomic_int_set (&at->busy, value > 0 ? (gint) MIN (value, MAX_VALUE) : DEFAULT_BUSY);
  if (on)
    g_atomic_int_or (&at->mask, 1u << fault);
  else
    g_atomic_int_and (&at->mask, ~(1u << fault));
}

gboolean
lk_lab_fault_set_take_busy (LkLabFaultSet *self, guint place)
{
  if (!lk_lab_fault_set_has (self, place, LK_LAB_BUSY))
    return FALSE;
  if (g_atomic_int_add (&self->places[place].busy, -1) > 0)
    return TRUE;

  lk_lab_fault_set_put (self, place, LK_LAB_BUSY, FALSE, 1);
  return FALSE;
}

gboolean
lk_lab_fault_set_is_healthy (const LkLabFaultSet *self, guint place)
{
  return g_atomic_int_get (&self->places[place].mask) == 0;
}

/* "slow=5%:2000ms" */
static gboolean
apply_part (LkLabFaultSet *self, guint64 seed, const char *part, GError **error)
{
  g_auto (GStrv) halves = g_strsplit (part, "=", 2);
  LkLabFault fault;
  char *end = NULL;
  gdouble percent;
  guint64 value = 0;

  if (g_strv_length (halves) != 2 || !lk_lab_fault_from_word (g_strstrip (halves[0]), &fault))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "“%s” is no fault", part);
      return FALSE;
    }

  percent = g_ascii_strtod (halves[1], &end);
  if (end != halves[1] && *end == '%')
    end++;
  if (end != halves[1] && *end == ':')
    value = g_ascii_strtoull (end + 1, &end, 10);
  if (end == halves[1] || (*end != '\0' && strcmp (end, "ms") != 0) ||
      !(percent >= 0 && percent <= 100))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID,
                   "“%s” is no share of the machines: write “%s=2%%”", part, halves[0]);
      return FALSE;
    }

  for (guint i = 0; i < self->n_places; i++)
    if ((gdouble) (lk_lab_draw (seed, words[fault], i) % 1000000) < percent * 10000)
      lk_lab_fault_set_put (self, i, fault, TRUE, (guint) MIN (value, MAX_VALUE));
  return TRUE;
}

LkLabFaultSet *
lk_lab_fault_set_new (guint n_places, guint64 seed, const char *spec, GError **error)
{
  g_autoptr (LkLabFaultSet) self = g_new0 (LkLabFaultSet, 1);
  g_auto (GStrv) parts = g_strsplit (spec != NULL ? spec : "", ",", -1);

  self->n_places = n_places;
  self->places = g_new0 (Place, n_places);
  for (guint i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0' && !apply_part (self, seed, parts[i], error))
      return NULL;

  return g_steal_pointer (&self);
}
