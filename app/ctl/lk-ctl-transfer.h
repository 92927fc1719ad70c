/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-transfer.h"
#include "ctl/lk-ctl.h"

/* What the verbs of the air gap share. */

/* The passphrase for @path, if that is a sealed file, or for a new file when @seals; NULL when none
 * is needed. FALSE after it was told why it could not be had, with @status. */
gboolean lk_ctl_get_passphrase (LkCtl *ctl,
                                const char *path,
                                gboolean seals,
                                LkSecret **passphrase,
                                LkExit *status);

/* Says which step comes next in this store. */
void lk_ctl_say_next_hop (LkCtl *ctl);

/* A file that cannot be used ends with LK_EXIT_BAD_FILE. */
LkExit lk_ctl_fail_for_file (LkCtl *ctl, GError *error);

/* Counts of a file in the JSON object. */
void lk_ctl_build_transfer (LkCtl *ctl, const LkTransferRow *row);
