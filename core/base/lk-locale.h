/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* For the start of a program, before there are threads: texts in the user's language from here on,
 * by gettext. A program that runs from its build folder takes the catalogues that lie there.
 * Numbers that another program reads must be written and read by g_ascii_… functions. */
void lk_locale_init (void);

/* The part of it that a program without texts needs, too: from here on several threads may read
 * numbers. g_ascii_string_to_unsigned() takes any errno for a number that is wrong (GLib 2.74), and
 * the first use in a process, which opens the C locale, leaves one behind in those who wait. */
void lk_locale_open_numbers (void);

/* Adds one more to a list of parts that can stand alone ("3 failed", "1 paused"), behind the
 * language's own comma, so that no part has to be translated as the middle of a sentence. */
void lk_text_add_part (GString *list, const char *format, ...) G_GNUC_PRINTF (2, 3);
