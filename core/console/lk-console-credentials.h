/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"

/* Named sets of user and password, each for the machines whose name, full name, address or domain
 * its scope matches; of several that match, the most specific one is used. */

/* Adds a set, or replaces the one of that name. @scope: a pattern with * and ?, NULL for "*". */
gboolean lk_console_put_credential (LkConsole *self,
                                    const char *name,
                                    const char *user,
                                    const char *scope,
                                    const LkSecret *password,
                                    GError **error);
GPtrArray *lk_console_list_credentials (LkConsole *self, GError **error);
gboolean lk_console_remove_credential (LkConsole *self, const char *name, GError **error);

/* What a machine calls itself, to find the set for it. */
typedef struct
{
  const char *name;
  const char *fqdn;
  const char *address;
  const char *domain;
} LkMachineNames;

/* User (to be freed) and password for a machine, from any thread; LK_ERROR_DENIED when no set
 * fits. */
gboolean lk_console_get_credential (LkConsole *self,
                                    const LkMachineNames *names,
                                    char **user,
                                    LkSecret **password,
                                    GError **error);

/* How well a scope fits: 0 not at all, else the more the closer. */
guint lk_scope_match (const char *scope, const LkMachineNames *names);
