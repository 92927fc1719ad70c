/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * LkWholeFile:
 *
 * A file that comes into being as a whole or not at all. What is written goes to “PATH.partial” in
 * the same folder, which is renamed when all of it is on the disk. One program at a time writes to
 * a path; what a dead one left is taken away by the next.
 *
 * Errors are LK_ERROR_INVALID and name the file, the step and the reason.
 */
typedef struct _LkWholeFile LkWholeFile;

/* Only its owner may read it. A symbolic link at @path is followed; anything but an ordinary file
 * at its end is refused. */
LkWholeFile *lk_whole_file_new (const char *path, GError **error);
gboolean lk_whole_file_write (LkWholeFile *self, const void *data, gsize length, GError **error);
/* Brings it to the disk and in its place. When even the last step fails, that of the folder, it is
 * in its place, but a power cut may take it away. */
gboolean lk_whole_file_finish (LkWholeFile *self, GError **error);
/* Unless it was finished, nothing is left of it, and what stood at its place still does. */
void lk_whole_file_free (LkWholeFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWholeFile, lk_whole_file_free)
