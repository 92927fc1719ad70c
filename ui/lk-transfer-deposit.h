/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"

#include <gtk/gtk.h>

/* Asks whether to deposit every confirmation ID that is on record and not on its machine yet. */
void lk_transfer_deposit (GtkWidget *from, LkDesk *desk);
