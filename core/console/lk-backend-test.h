/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

#include <gio/gio.h>

/**
 * LkBackendTest:
 * @n_steps: how many steps there are on the way
 * @n_done: how many of them succeeded; all of them when the backend can be used
 *
 * How far a conversation with the backend came.
 */
typedef struct
{
  char *peer;
  guint n_steps;
  guint n_done;
  gint64 remaining; /* −1: not told */
  GError *error;    /* why it stopped, or NULL */
} LkBackendTest;

void lk_backend_test_free (LkBackendTest *self);

/* "Find the address": step @n of a test, for people, translated. */
const char *lk_backend_test_get_step (guint n);

/* Asks the backend that is set up for nothing, which spends nothing, and says which step failed.
 * NULL when none is set up. */
LkBackendTest *lk_console_test_backend (LkConsole *self, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkBackendTest, lk_backend_test_free)
