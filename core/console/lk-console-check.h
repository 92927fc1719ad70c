/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console.h"
#include "licensing/lk-check.h"

/* Talks to one machine stage by stage, with the credential, the port and the pin that a job would
 * use; changes nothing there and writes nothing down. @name: of a known machine, or any "NAME",
 * "NAME:PORT" or "https://NAME". @peer, if given, gets where it went, to be freed. Gives
 * LkCheckResult, in order. */
GPtrArray *lk_console_check_machine (LkConsole *self,
                                     const char *name,
                                     char **peer,
                                     GCancellable *cancellable,
                                     GError **error);
