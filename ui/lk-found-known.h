/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ui/lk-desk.h"
#include "ui/lk-found-list.h"

/* Asks the store which of @found (LkFound) are known already, marks these, and has @list count
 * them.
 * @cancellable must be cancelled before @list goes. A store that cannot be read marks nothing;
 * adding says what is wrong with it. */
void
lk_found_ask_known (LkDesk *desk, GPtrArray *found, GCancellable *cancellable, LkFoundList *list);
