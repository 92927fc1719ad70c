/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console/lk-console-machines.h"
#include "ui/lk-desk.h"

#include <adwaita.h>

/* Asks for the tags of machines. @rows: LkRow, one of each machine. Shows the tags that all of them
 * have; those that only some of them have stay as they are. */
void lk_tags_ask (GtkWidget *from, LkDesk *desk, GPtrArray *rows);
