/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What can be wrong with a machine, as a word of --faults and of the control port. A place may
 * have several. */
typedef enum
{
  LK_LAB_DEAD,             /* connecting times out */
  LK_LAB_REFUSING,         /* connections are reset */
  LK_LAB_SILENT,           /* accepts and never answers */
  LK_LAB_SLOW,             /* value: milliseconds more for each answer */
  LK_LAB_WRONG_PASSWORD,   /* the lab's password is not this machine's */
  LK_LAB_BREAK,            /* half an answer, then the connection ends */
  LK_LAB_GARBAGE,          /* no HTTP */
  LK_LAB_BAD_XML,          /* HTTP around something that is no XML */
  LK_LAB_ENDLESS,          /* an answer without an end */
  LK_LAB_ACT_THEN_TIMEOUT, /* does what it is told and says that it timed out */
  LK_LAB_ACT_THEN_RESET,   /* does what it is told and resets the connection */
  LK_LAB_ACCESS_DENIED,    /* methods are not allowed */
  LK_LAB_FILTERED_TOKEN,   /* a local administrator without his rights: all of WMI is denied */
  LK_LAB_NAMESPACE_DENIED, /* the account may not read the namespace */
  LK_LAB_NO_LICENSING,     /* the licensing classes are not there */
  LK_LAB_BUSY,             /* value: so many requests meet a quota first */
  LK_LAB_REIMAGED, /* once its installation ID was read under a new MAK, it is set up anew */
  LK_LAB_REFITTED, /* …, it gets other hardware */
  LK_LAB_TAKEOVER, /* …, the next machine answers at its address */
} LkLabFault;
#define LK_LAB_N_FAULTS (LK_LAB_TAKEOVER + 1)

/**
 * LkLabFaultSet:
 *
 * The faults of every place. Read without a lock on every request; changed by the control port.
 */
typedef struct _LkLabFaultSet LkLabFaultSet;

/* @spec: "dead=2%,slow=5%:2000ms,refusing=1%"; which places it hits depends on @seed alone. */
LkLabFaultSet *
lk_lab_fault_set_new (guint n_places, guint64 seed, const char *spec, GError **error);
void lk_lab_fault_set_free (LkLabFaultSet *self);

gboolean lk_lab_fault_set_has (const LkLabFaultSet *self, guint place, LkLabFault fault);
guint lk_lab_fault_set_get_value (const LkLabFaultSet *self, guint place, LkLabFault fault);
void
lk_lab_fault_set_put (LkLabFaultSet *self, guint place, LkLabFault fault, gboolean on, guint value);
/* Counts one of LK_LAB_BUSY's requests off; FALSE when none is left. */
gboolean lk_lab_fault_set_take_busy (LkLabFaultSet *self, guint place);
gboolean lk_lab_fault_set_is_healthy (const LkLabFaultSet *self, guint place);

const char *lk_lab_fault_to_word (LkLabFault fault);
gboolean lk_lab_fault_from_word (const char *word, LkLabFault *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabFaultSet, lk_lab_fault_set_free)
