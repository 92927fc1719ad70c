/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config.h"

/* Crash hooks, compiled in by -Dcrash_hooks=true only: with LATCHKEY_CRASH="commit:7" in the
 * environment the program ends, as if by SIGKILL, the 7th time it comes past that point. With
 * LATCHKEY_CRASH_COUNT=FILE it appends the name of each point that it passes to that file. */
#if LK_CRASH_HOOKS
void lk_crash_point (const char *point);
#else
#define lk_crash_point(point) ((void) 0)
#endif
