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

gboolean
lk_duration_parse (const char *text, gint64 *ms)
{
  static const struct
  {
    const char *unit;
    gint64 ms;
  } units[] = { { "ms", 1 },          { "", LK_SECOND }, { "s", LK_SECOND }, { "m", LK_MINUTE },
                { "min", LK_MINUTE }, { "h", LK_HOUR },  { "d", LK_DAY } };
  char *end = NULL;
  guint64 number = g_ascii_isdigit (*text) ? g_ascii_strtoull (text, &end, 10) : 0;

  for (guint i = 0; end != NULL && i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (end, units[i].unit) && number <= (guint64) (G_MAXINT64 / LK_DAY))
      {
        *ms = (gint64) number * units[i].ms;
        return TRUE;
      }

  return FALSE;
}
