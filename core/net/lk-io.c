/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/lk-io.h"

#include <errno.h>
#include <poll.h>

/* poll() counts milliseconds; rounding down would turn the last one into a busy loop. */
static int
time_left (const LkPatience *patience)
{
  gint64 left = patience->until - g_get_monotonic_time ();

  return left <= 0 ? 0 : (int) MIN ((left + 999) / 1000, G_MAXINT);
}

LkIo
lk_io_wait (int fd, short events, const LkPatience *patience)
{
  struct pollfd fds[] = {
    { .fd = fd, .events = events },
    { .fd = patience->cancel_fd, .events = POLLIN }, /* poll() skips a negative one */
  };

  while (TRUE)
    {
      int timeout = time_left (patience);
      int n = poll (fds, G_N_ELEMENTS (fds), timeout);

      if (n < 0 && errno != EINTR)
        return LK_IO_FAILED;
      if (n > 0)
        return fds[1].revents != 0 ? LK_IO_CANCELLED : LK_IO_OK;
      if (n == 0 && timeout == 0)
        return LK_IO_TIMED_OUT;
    }
}

LkPatience
lk_patience_shorten (const LkPatience *patience, guint ms)
{
  LkPatience shorter = *patience;

  shorter.until = MIN (patience->until, g_get_monotonic_time () + (gint64) ms * 1000);
  return shorter;
}
