/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lk-peer.h"

/**
 * LkFakeMachine:
 *
 * A machine with one Windows product that answers WS-Management from fixed texts, and is told by
 * the test what to do wrong. Set the fields before the link connects, or between calls.
 */
typedef struct
{
  LkPeer *peer;
  const char *stack;   /* "3.0" */
  const char *uuid;    /* of the SMBIOS */
  const char *unknown; /* a column or class it does not know, or NULL */
  const char *fault;   /* the code of the fault that methods answer, decimal, or NULL */
  gboolean hangs_up;   /* in place of a method's answer */
  gboolean misrelates; /* answers name another request */
  guint drop_after;    /* closes the connection after so many answers, 0 for never */
  GMutex lock;
  GPtrArray *requests; /* bodies, as they came */
} LkFakeMachine;

LkFakeMachine *lk_fake_machine_new (void);
void lk_fake_machine_free (LkFakeMachine *self);
guint lk_fake_machine_count (LkFakeMachine *self);
/* Requests whose body contains @words. */
guint lk_fake_machine_count_with (LkFakeMachine *self, const char *words);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkFakeMachine, lk_fake_machine_free)
