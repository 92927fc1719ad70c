/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A fleet of two products a machine. */
#define LK_BENCH_N_PRODUCTS 100000

/* Makes the store at @path and fills it; gives the products written each second. */
double lk_bench_fill_fleet (const char *path);
/* With the store "fleet.db" in it. */
void lk_bench_remove_folder (const char *folder);
