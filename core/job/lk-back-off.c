/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "job/lk-back-off.h"

gint64
lk_back_off_get_first (const LkRunnerOptions *options)
{
  return options->first_back_off > 0 ? options->first_back_off : 30 * LK_SECOND;
}

gint64
lk_back_off_get_longest (const LkRunnerOptions *options)
{
  return options->longest_back_off > 0 ? options->longest_back_off : LK_HOUR;
}

gint64
lk_back_off (const LkRunnerOptions *options, guint attempt)
{
  gint64 wait = lk_back_off_get_first (options);
  gint64 longest = lk_back_off_get_longest (options);

  for (guint i = 1; i < attempt && wait < longest; i++)
    wait *= 2;
  wait = MIN (wait, longest);

  return (gint64) ((double) wait * g_random_double_range (0.75, 1.25));
}
