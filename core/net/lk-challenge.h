/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "net/lk-http.h"

/* The schemes that a server offers, from its WWW-Authenticate headers (RFC 9110 11.6.1, RFC 4559):
 * several headers, or several schemes in one, with parameters or a token each. */

/* Whether @scheme is offered, in any case. @token, if given: what stands behind it, decoded; NULL
 * when nothing does. A token that is no base64 counts as none. */
gboolean lk_challenge_find (const LkHttpMessage *answer, const char *scheme, GBytes **token);

/* "Negotiate, Kerberos", for messages; "nothing" when there is none. To be freed. */
char *lk_challenge_describe (const LkHttpMessage *answer);
