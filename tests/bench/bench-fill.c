/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lk-bench-fleet.h"

/* bench-fill STORE: the fleet of 100,000 products, for benchmarks of whole programs. */
int
main (int argc, char **argv)
{
  if (argc != 2)
    return 2;

  lk_bench_fill_fleet (argv[1]);
  return 0;
}
