/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

/**
 * LkDeskRun:
 *
 * The thread that runs a store's jobs while the window is open, for lk-desk.c. When another process
 * does so, it tries again each second and takes over.
 */
typedef struct _LkDeskRun LkDeskRun;

/* On the main context, whenever one of them is another one. @wanted: credential sets whose
 * passwords the jobs wait for, one a line; NULL: none. */
typedef void (*LkDeskRunFunc) (LkDeskRunner runner,
                               const char *trouble,
                               const char *wanted,
                               gpointer user_data);

LkDeskRun *lk_desk_run_start (const char *path, LkDeskRunFunc func, gpointer user_data);
/* Interrupts it; @func is not called any more. Waits until @deadline (monotonic, µs) and leaves the
 * thread to itself after that. */
void lk_desk_run_stop (LkDeskRun *self, gint64 deadline);
void lk_desk_run_restart (LkDeskRun *self);
void lk_desk_run_answer (LkDeskRun *self, const char *name, const LkSecret *password);
