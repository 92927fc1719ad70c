/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-locale.h"
#include "base/lk-process.h"
#include "ui/lk-application.h"
#include "ui/lk-ui-resources.h"

#include <libxml/parser.h>
#include <signal.h>
#include <sys/resource.h>

#define WANTED_DESCRIPTORS 4096

static void
set_limits (void)
{
  struct rlimit files;

  signal (SIGPIPE, SIG_IGN);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < WANTED_DESCRIPTORS)
    {
      files.rlim_cur = MIN (files.rlim_max, WANTED_DESCRIPTORS);
      setrlimit (RLIMIT_NOFILE, &files);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (LkApplication) application = NULL;

  lk_process_protect ();
  set_limits ();
  lk_locale_init ();
  xmlInitParser (); /* before there are threads */

  g_resources_register (lk_ui_get_resource ());
  application = lk_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
