/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* How an operation on a descriptor ended. */
typedef enum
{
  LK_IO_OK,
  LK_IO_TIMED_OUT,
  LK_IO_CANCELLED,
  LK_IO_CLOSED, /* by the peer, in order */
  LK_IO_FAILED,
} LkIo;

/**
 * LkPatience:
 *
 * How long a wait may last, and the descriptor that becomes readable when nobody wants it any more.
 */
typedef struct
{
  gint64 until;  /* in the time of g_get_monotonic_time() */
  int cancel_fd; /* -1 for none */
} LkPatience;

/* Waits for poll() @events on @fd: OK, TIMED_OUT, CANCELLED, or FAILED with errno. */
LkIo lk_io_wait (int fd, short events, const LkPatience *patience);

/* @ms from now, but never later than @patience allows. */
LkPatience lk_patience_shorten (const LkPatience *patience, guint ms);
