/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/lk-secret.h"
#include "ctl/lk-ctl.h"

/* Talking with a person: on standard error, never on standard output. */

/* One line. */
void lk_ctl_say (LkCtl *ctl, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A line that is written over by the next one, on a terminal only; NULL wipes it away. */
void lk_ctl_show_progress (LkCtl *ctl, const char *text);

/* Text from a machine or a file, made safe for a terminal: no control characters. To be freed. */
char *lk_ctl_clean (const char *text);

/* Asks; the default is no. --yes answers. Without a terminal to ask on it is a usage error, which
 * is told. @status gets how to end when it gives FALSE. */
gboolean lk_ctl_confirm (LkCtl *ctl, const char *question, LkExit *status);

/* One secret, asked for on the terminal. */
LkSecret *lk_ctl_ask_secret (const char *prompt, GError **error);
/* A secret from --…-fd, from --…-file, or asked for without an echo (twice if @is_new). */
LkSecret *lk_ctl_get_secret (LkCtl *ctl, const char *prompt, gboolean is_new, GError **error);
