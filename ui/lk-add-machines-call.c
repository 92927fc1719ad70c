/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-add-machines-call.h"

#include "base/lk-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <unistd.h>

static void
adding_clear (gpointer data)
{
  LkAdding *self = data;

  g_clear_pointer (&self->list, lk_file_list_free);
  g_free (self->problem);
}

void
lk_adding_unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, adding_clear);
}

gpointer
lk_add_machines_call_add (LkConsole *console,
                          gpointer question,
                          GCancellable *cancellable,
                          GError **error)
{
  LkAdding *adding = question;
  g_autoptr (GError) cause = NULL;

  if (!lk_console_add_machines (console, adding->list, &adding->n_added, &adding->n_known, &cause))
    adding->problem = g_strdup (cause->message);
  return g_atomic_rc_box_acquire (adding);
}

gpointer
lk_add_machines_call_read (LkConsole *console,
                           gpointer question,
                           GCancellable *cancellable,
                           GError **error)
{
  const char *path = question;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  LkFileList *list;

  if (fd < 0)
    {
      g_set_error (error, LK_ERROR, LK_ERROR_INVALID, _ ("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }
  list = lk_file_list_read_fd (fd, path, error);
  close (fd);
  return list;
}
