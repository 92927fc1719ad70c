/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* For the start of a program, before there are threads: texts in the user's language from here on,
 * by gettext. A program that runs from its build folder takes the catalogues that lie there.
 * Numbers that another program reads must be written and read by g_ascii_… functions. */
void lk_locale_init (void);
