/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What benchmarks share: medians and one line for each figure. */

/* How many times a thing is measured; its figure is the median. */
#define LK_BENCH_ROUNDS 3

/* Seconds of this process: by the wall, and of the processor in all threads. */
double lk_bench_now (void);
double lk_bench_cpu (void);

/* Sorts @values in place. */
double lk_bench_median (double *values, guint n);

/* Prints "name  value unit  (bar: at most 50)  holds". @bar 0: a figure without one. */
void lk_bench_say_at_most (const char *name, double value, const char *unit, double bar);
void lk_bench_say_at_least (const char *name, double value, const char *unit, double bar);
