/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"
#include "licensing/lk-check.h"

/**
 * LkMachineCheck:
 *
 * How far one machine came.
 */
typedef struct
{
  gint64 machine_id; /* 0: not known here */
  char *name;
  char *peer;         /* where it was looked for: "pc-001:5986 (TLS)" */
  GPtrArray *results; /* of LkCheckResult, in order, at least one */
} LkMachineCheck;

void lk_machine_check_free (LkMachineCheck *self);
/* The stage that failed first, or the last one that went well; the check's own. */
const LkCheckResult *lk_machine_check_get_last (const LkMachineCheck *self);

/**
 * LkCheckGroup:
 *
 * Machines that need the same, or nothing.
 */
typedef struct
{
  LkCheckCause cause;
  GPtrArray *checks; /* of LkMachineCheck, not its own */
} LkCheckGroup;

/* By what failed first: the ready ones, then in the order of the stages. */
GPtrArray *lk_check_group (GPtrArray *checks);
/* "37 of 40 ready; Firewall: 2, Clocks differ: 1", to be freed. */
char *lk_check_groups_describe (GPtrArray *groups, guint n_all);

/* Called in any thread, one at a time, as machines are done. */
typedef void (*LkCheckFunc) (const LkMachineCheck *check,
                             guint n_done,
                             guint n_all,
                             gpointer user_data);

/* Talks to machines stage by stage, with the credential, the port and the pin that a job would
 * use; changes nothing there and writes nothing down. Names in @choice may be of known machines, or
 * any "NAME", "NAME:PORT" or "https://NAME"; else one check for each machine of the rows.
 * @n_workers 0: as set for jobs. Gives LkMachineCheck in that order; cancelled, those that were
 * begun. */
GPtrArray *lk_console_check_machines (LkConsole *self,
                                      const LkChoice *choice,
                                      guint n_workers,
                                      LkCheckFunc func,
                                      gpointer user_data,
                                      GCancellable *cancellable,
                                      GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkMachineCheck, lk_machine_check_free)
