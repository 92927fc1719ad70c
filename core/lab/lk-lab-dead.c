/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lab/lk-lab-dead.h"

#include "base/lk-error.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct _LkLabDead
{
  int listener;
  int filler;
};

void
lk_lab_dead_free (LkLabDead *self)
{
  if (self == NULL)
    return;
  if (self->filler >= 0)
    close (self->filler);
  if (self->listener >= 0)
    close (self->listener);
  g_free (self);
}

static gboolean
fill (LkLabDead *self, const struct sockaddr_in *address)
{
  int one = 1;

  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  self->filler = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (self->listener < 0 || self->filler < 0)
    return FALSE;

  setsockopt (self->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt (self->listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  /* Without the same device the other listener would be the more exact one. */
  setsockopt (self->listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo");
  return bind (self->listener, (const struct sockaddr *) address, sizeof *address) == 0 &&
         listen (self->listener, 0) == 0 &&
         connect (self->filler, (const struct sockaddr *) address, sizeof *address) == 0;
}

LkLabDead *
lk_lab_dead_new (guint32 address, guint16 port, GError **error)
{
  g_autoptr (LkLabDead) self = g_new0 (LkLabDead, 1);
  const struct sockaddr_in at = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (address),
  };

  self->listener = -1;
  self->filler = -1;
  if (!fill (self, &at))
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, "Cannot make an address of the lab dead: %s",
                   g_strerror (errno));
      return NULL;
    }
  return g_steal_pointer (&self);
}
