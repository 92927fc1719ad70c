/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-process.h"

#include <glib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The leak checker looks into its own process as a debugger does, which only root may do to one
 * that cannot be dumped. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_CHECKED 1
#endif
#endif
#ifndef IS_CHECKED
#define IS_CHECKED 0
#endif

void
lk_process_protect (void)
{
  const struct rlimit none = { 0, 0 };

  if (setrlimit (RLIMIT_CORE, &none) != 0)
    g_warning ("Core files cannot be switched off");
  if (!IS_CHECKED && prctl (PR_SET_DUMPABLE, 0) != 0)
    g_warning ("The memory of this process cannot be closed to others");
}

char *
lk_process_get_build_folder (const char *name)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *own = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autofree char *root = own != NULL ? g_build_filename (own, "..", "..", NULL) : NULL;
  g_autofree char *mark = root != NULL ? g_build_filename (root, "build.ninja", NULL) : NULL;

  if (mark == NULL || !g_file_test (mark, G_FILE_TEST_EXISTS))
    return NULL;
  return g_build_filename (root, name, NULL);
}
