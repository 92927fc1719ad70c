/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* For the very start of a program that holds secrets: its memory ends up in no core file, and
 * neither a debugger nor /proc opens it to other programs of the same user. */
void lk_process_protect (void);
