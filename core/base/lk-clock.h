/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* All times in Latchkey are milliseconds since 1970-01-01 UTC, in a gint64. */
#define LK_SECOND ((gint64) 1000)
#define LK_MINUTE (60 * LK_SECOND)
#define LK_HOUR   (60 * LK_MINUTE)
#define LK_DAY    (24 * LK_HOUR)

/**
 * LkClock:
 *
 * Where "now" comes from. Whoever waits or stamps is given one; tests and the lab give their own.
 * The struct is owned by whoever made it and must outlive its users. Called from any thread.
 */
typedef struct
{
  gint64 (*now) (gpointer user_data);
  gpointer user_data;
} LkClock;

/* A NULL @clock is the system's. */
gint64 lk_clock_now (const LkClock *clock);

/* "2026-11-23T20:15:02Z", to be freed; an empty string for 0. */
char *lk_time_to_iso8601 (gint64 ms);

/* "50ms", "30s", "10m", "12h", "7d", without a unit seconds; not negative. */
gboolean lk_duration_parse (const char *text, gint64 *ms);
