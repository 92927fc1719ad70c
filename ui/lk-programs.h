/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* One of our other programs, installed or in the build folder that we run from: "latchkey-lab",
 * kept below app/@folder in a build; beside us, or in PATH. To be freed, or NULL. */
char *lk_programs_find (const char *program, const char *folder);
