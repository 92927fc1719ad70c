/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-programs.h"

#include "base/lk-process.h"

/* The folder that our own executable is in, to be freed. */
static char *
get_own_folder (void)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);

  return path != NULL ? g_path_get_dirname (path) : NULL;
}

static char *
take_if_executable (char *path)
{
  if (path != NULL && g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return path;
  g_free (path);
  return NULL;
}

char *
lk_programs_find (const char *program, const char *folder)
{
  g_autofree char *own = get_own_folder ();
  g_autofree char *app = lk_process_get_build_folder ("app");
  char *path = NULL;

  if (app != NULL)
    path = take_if_executable (g_build_filename (app, folder, program, NULL));
  if (path == NULL && own != NULL)
    path = take_if_executable (g_build_filename (own, program, NULL));
  return path != NULL ? path : g_find_program_in_path (program);
}
