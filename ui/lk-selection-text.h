/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The text of a selection (`--select`) as the filters of the main list read and write it. */

/* The value of the condition “@field=…”; to be freed, or NULL when there is none. */
char *lk_selection_text_get (const char *text, const char *field);
/* The text with that condition set, or without one on @field (@value NULL); to be freed. */
char *lk_selection_text_set (const char *text, const char *field, const char *value);
