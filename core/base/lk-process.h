/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* For the very start of a program that holds secrets: its memory ends up in no core file, and
 * neither a debugger nor /proc opens it to other programs of the same user. */
void lk_process_protect (void);

/* The folder @name of the build folder that this program is run from, to be freed; NULL for a
 * program that is installed. */
char *lk_process_get_build_folder (const char *name);
