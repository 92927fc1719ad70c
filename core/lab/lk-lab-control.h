/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lab/lk-lab.h"

/**
 * LkLabControl:
 *
 * The lab's other side, for tests and demonstrations: HTTP with JSON on 127.0.0.1. It tells the
 * truth about machines, moves the clock, and lets things happen to them. README.md has the paths.
 */
typedef struct _LkLabControl LkLabControl;

/* @lab must outlive it. @port 0: any. */
LkLabControl *lk_lab_control_new (LkLab *lab, guint16 port, GError **error);
void lk_lab_control_free (LkLabControl *self);
guint16 lk_lab_control_get_port (LkLabControl *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkLabControl, lk_lab_control_free)
