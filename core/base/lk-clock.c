/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-clock.h"

gint64
lk_clock_now (const LkClock *clock)
{
  return clock != NULL ? clock->now (clock->user_data) : g_get_real_time () / 1000;
}

char *
lk_time_to_iso8601 (gint64 ms)
{
  g_autoptr (GDateTime) time = ms != 0 ? g_date_time_new_from_unix_utc (ms / 1000) : NULL;

  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup ("");
}
