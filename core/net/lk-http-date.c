/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-http.h"

#include <stdio.h>

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

char *
lk_http_format_date (gint64 seconds)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (seconds);

  return g_strdup_printf ("%s, %02d %s %04d %02d:%02d:%02d GMT",
                          days[g_date_time_get_day_of_week (date) - 1],
                          g_date_time_get_day_of_month (date),
                          months[g_date_time_get_month (date) - 1], g_date_time_get_year (date),
                          g_date_time_get_hour (date), g_date_time_get_minute (date),
                          g_date_time_get_second (date));
}

gboolean
lk_http_parse_date (const char *text, gint64 *seconds)
{
  g_autoptr (GDateTime) date = NULL;
  char month[4] = "";
  int parts[5] = { 0 };
  int n = 0;

  if (text == NULL ||
      sscanf (text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT%n", &parts[0], month, &parts[1],
              &parts[2], &parts[3], &parts[4], &n) != 6 ||
      n == 0)
    return FALSE;

  for (guint i = 0; date == NULL && i < G_N_ELEMENTS (months); i++)
    if (g_str_equal (months[i], month))
      date = g_date_time_new_utc (parts[1], (int) i + 1, parts[0], parts[2], parts[3], parts[4]);
  if (date == NULL)
    return FALSE;
  *seconds = g_date_time_to_unix (date);
  return TRUE;
}
