/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-window-state.h"

#include "base/lk-process.h"

#define SCHEMA "org.latchkey.Latchkey"

/* From the build folder when we run in there, where nothing is installed. */
static GSettingsSchema *
find_schema (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  GSettingsSchema *schema =
      source != NULL ? g_settings_schema_source_lookup (source, SCHEMA, TRUE) : NULL;
  g_autofree char *folder = NULL;
  g_autoptr (GSettingsSchemaSource) own = NULL;

  if (schema != NULL)
    return schema;
  folder = lk_process_get_build_folder ("data");
  if (folder != NULL)
    own = g_settings_schema_source_new_from_directory (folder, source, TRUE, NULL);
  return own != NULL ? g_settings_schema_source_lookup (own, SCHEMA, TRUE) : NULL;
}

GSettings *
lk_window_state_open (void)
{
  g_autoptr (GSettingsSchema) schema = find_schema ();

  return schema != NULL ? g_settings_new_full (schema, NULL, NULL) : NULL;
}

void
lk_window_state_restore (GSettings *state, GtkWindow *window)
{
  if (state == NULL)
    return;
  gtk_window_set_default_size (window, g_settings_get_int (state, "window-width"),
                               g_settings_get_int (state, "window-height"));
  if (g_settings_get_boolean (state, "window-maximized"))
    gtk_window_maximize (window);
}

void
lk_window_state_save (GSettings *state, GtkWindow *window, const char *page)
{
  int width;
  int height;

  if (state == NULL)
    return;
  gtk_window_get_default_size (window, &width, &height);
  g_settings_set_boolean (state, "window-maximized", gtk_window_is_maximized (window));
  if (width > 0 && height > 0)
    {
      g_settings_set_int (state, "window-width", width);
      g_settings_set_int (state, "window-height", height);
    }
  if (page != NULL)
    g_settings_set_string (state, "page", page);
}

char *
lk_window_state_get_page (GSettings *state)
{
  return state != NULL ? g_settings_get_string (state, "page") : g_strdup ("");
}
