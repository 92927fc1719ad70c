/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double
read_clock (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

double
lk_bench_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

double
lk_bench_cpu (void)
{
  return read_clock (CLOCK_PROCESS_CPUTIME_ID);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

double
lk_bench_median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare);
  return values[n / 2];
}

static void
say (const char *name, double value, const char *unit, const char *word, double bar, gboolean holds)
{
  printf ("%-52s %10.2f %-6s", name, value, unit);
  if (bar > 0)
    printf ("  (bar: %s %g)  %s", word, bar, holds ? "holds" : "MISSED");
  printf ("\n");
  fflush (stdout);
}

void
lk_bench_say_at_most (const char *name, double value, const char *unit, double bar)
{
  say (name, value, unit, "at most", bar, value <= bar);
}

void
lk_bench_say_at_least (const char *name, double value, const char *unit, double bar)
{
  say (name, value, unit, "at least", bar, value >= bar);
}
