/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/lk-store.h"

/* Reads the whole store and gives what is wrong with it, one string each; an empty array when it is
 * sound. */
GPtrArray *lk_store_check (LkStore *self, GError **error);
