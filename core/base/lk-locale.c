/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/lk-locale.h"

#include "base/lk-process.h"

#include <glib/gi18n-lib.h>
#include <libintl.h>
#include <locale.h>

void
lk_locale_open_numbers (void)
{
  g_ascii_strtoull ("0", NULL, 10);
}

void
lk_locale_init (void)
{
  g_autofree char *built = lk_process_get_build_folder ("po");

  lk_locale_open_numbers ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, built != NULL ? built : LK_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

void
lk_text_add_part (GString *list, const char *format, ...)
{
  va_list args;

  if (list->len > 0)
    g_string_append (list, C_ ("between the parts of a list", ", "));
  va_start (args, format);
  g_string_append_vprintf (list, format, args);
  va_end (args);
}
