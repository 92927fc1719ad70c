/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Words that people give to machines: "lab", "floor 2". Case makes no difference. */

#define LK_TAGS_MAX 32 /* of one machine */

/* From "lab, floor 2": separated by commas, semicolons or bars, each once. An array that ends with
 * NULL, g_strfreev(); NULL with LK_ERROR_INVALID, which names the one that is wrong. */
char **lk_tags_parse (const char *text, GError **error);
/* Those of @tags that are not among @others; g_strfreev(). */
char **lk_tags_subtract (char **tags, char **others);
