/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Where our other programs and data are: installed, or in the build folder that we run from. */

/* NULL: we do not run from a build folder. To be freed. */
char *lk_programs_get_build_folder (const char *name);
/* "latchkey-lab", kept below app/@folder in a build; beside us, or in PATH. To be freed, or NULL.
 */
char *lk_programs_find (const char *program, const char *folder);
