/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ctl/lk-ctl.h"

/* Prints the completion script of "bash", "zsh" or "fish", made from the tables of commands and
 * options; FALSE for another shell. */
gboolean lk_ctl_print_completion (const char *shell);
