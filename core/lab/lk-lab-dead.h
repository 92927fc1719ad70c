/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkLabDead:
 *
 * An address and port where connecting times out: a listener of its own, more exact than the lab's,
 * whose backlog of none is filled, so that the kernel drops whatever knocks.
 */
typedef struct _LkLabDead LkLabDead;

/* @address: IPv4, host order. */
LkLabDead *lk_lab_dead_new (guint32 address, guint16 port, GError **error);
void lk_lab_dead_free (LkLabDead *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabDead, lk_lab_dead_free)
