/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Search filters of LDAP (RFC 4515), as people write them. */

#define LK_LDAP_FILTER_MAX 8192 /* bytes */

/* Whether a server can be asked with @filter; outer parentheses may be left out. Else
 * LK_ERROR_INVALID, which says what is wrong and at which character, and @at (or NULL) gets that
 * character's number, the first one's being 1. */
gboolean lk_ldap_filter_check (const char *filter, guint *at, GError **error);

/* What @attribute must be like: @pattern means itself, but for “*”; to be freed. */
char *lk_ldap_filter_from_pattern (const char *attribute, const char *pattern);

/* Whether @text can name an attribute: a word or an OID, with options behind “;” (RFC 4512 2.5). */
gboolean lk_ldap_attribute_is_valid (const char *text);
