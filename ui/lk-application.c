/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-application.h"

#include "ui/lk-field.h"
#include "ui/lk-help-window.h"
#include "ui/lk-pace.h"
#include "ui/lk-practice.h"
#include "ui/lk-shot.h"
#include "ui/lk-window.h"

#include <glib/gi18n.h>

struct _LkApplication
{
  AdwApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (LkApplication, lk_application, ADW_TYPE_APPLICATION)

static LkWindow *
find_window (LkApplication *self, const char *path)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    {
      LkDesk *desk = LK_IS_WINDOW (l->data) ? lk_window_get_desk (l->data) : NULL;

      if (desk != NULL && g_str_equal (lk_desk_get_path (desk), path))
        return l->data;
    }
  return NULL;
}

/* @path NULL: the store that is used when none is named. */
static LkWindow *
open_store (LkApplication *self, const char *path)
{
  g_autoptr (LkConsole) console = lk_console_new (path, NULL); /* knows where it would be */
  g_autofree char *practice = lk_practice_get_store_path ();
  LkWindow *window = find_window (self, lk_console_get_path (console));

  if (window == NULL)
    window = lk_window_new (GTK_APPLICATION (self), lk_console_get_path (console),
                            g_str_equal (lk_console_get_path (console), practice));
  gtk_window_present (GTK_WINDOW (window));
  return window;
}

static void
on_practice (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkApplication *self = user_data;
  GtkWindow *before = gtk_application_get_active_window (GTK_APPLICATION (self));
  g_autofree char *path = lk_practice_get_store_path ();
  LkWindow *window = open_store (self, path);

  /* Nobody looks for two windows after the one button of an empty one. */
  if (before != NULL && before != GTK_WINDOW (window) && LK_IS_WINDOW (before) &&
      lk_window_is_empty (LK_WINDOW (before)))
    gtk_window_close (before);
}

static void
on_help (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkApplication *self = user_data;

  lk_help_window_present (gtk_application_get_active_window (self));
}

static void
on_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWidget *about = g_object_new (
      ADW_TYPE_ABOUT_WINDOW, "transient-for", gtk_application_get_active_window (user_data),
      "application-name", "Latchkey", "application-icon", LK_APPLICATION_ID, "version",
      PACKAGE_VERSION, "developer-name", _ ("The Latchkey developers"), "comments",
      _ ("Manages volume activation for the Windows computers that an organisation owns."),
      "license-type", GTK_LICENSE_GPL_3_0, NULL);

  lk_field_name_parts (about);
  gtk_window_present (GTK_WINDOW (about));
}

static void
on_quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (user_data));

  for (GList *l = windows; l != NULL; l = l->next)
    if (LK_IS_WINDOW (l->data))
      gtk_window_close (l->data);
}

static const GActionEntry actions[] = {
  { .name = "practice", .activate = on_practice },
  { .name = "help", .activate = on_help },
  { .name = "about", .activate = on_about },
  { .name = "quit", .activate = on_quit },
};

static const struct
{
  const char *action;
  const char *keys[2];
} accelerators[] = {
  { "app.quit", { "<Control>q" } },
  { "app.help", { "F1" } },
  { "win.preferences", { "<Control>comma" } },
  { "win.find", { "<Control>f" } },
  { "win.add-machines", { "<Control>n" } },
  { "win.open-file", { "<Control>o" } },
  { "window.close", { "<Control>w" } },
  { "win.show-page::overview", { "<Alt>1" } },
  { "win.show-page::products", { "<Alt>2" } },
  { "win.show-page::keys", { "<Alt>3" } },
  { "win.show-page::activations", { "<Alt>4" } },
  { "win.show-page::jobs", { "<Alt>5" } },
  { "win.show-page::transfer", { "<Alt>6" } },
};

static void
lk_application_startup (GApplication *application)
{
  GtkApplication *self = GTK_APPLICATION (application);

  G_APPLICATION_CLASS (lk_application_parent_class)->startup (application);

  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (guint i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (self, accelerators[i].action,
                                           (const char *[]){ accelerators[i].keys[0], NULL });
  gtk_window_set_default_icon_name (LK_APPLICATION_ID);
}

static void
lk_application_activate (GApplication *application)
{
  open_store (LK_APPLICATION (application), NULL);
}

/* What the desktop does with files, where it starts programs by D-Bus. */
static void
lk_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  LkWindow *window = open_store (LK_APPLICATION (application), NULL);

  for (int i = 0; i < n_files; i++)
    lk_window_open_file (window, files[i]);
}

static int
lk_application_command_line (GApplication *application, GApplicationCommandLine *line)
{
  LkApplication *self = LK_APPLICATION (application);
  GVariantDict *options = g_application_command_line_get_options_dict (line);
  g_autofree char *practice = lk_practice_get_store_path ();
  g_autofree char *path = NULL;
  g_autofree const char **files = NULL;
  const char *name = NULL;
  LkWindow *window;

  if (g_variant_dict_lookup (options, "db", "^&ay", &name))
    path = g_canonicalize_filename (name, g_application_command_line_get_cwd (line));
  else if (g_variant_dict_contains (options, "practice"))
    path = g_steal_pointer (&practice);
  window = open_store (self, path);
  g_variant_dict_lookup (options, G_OPTION_REMAINING, "^a&ay", &files);
  for (guint i = 0; files != NULL && files[i] != NULL; i++)
    {
      g_autoptr (GFile) file = g_application_command_line_create_file_for_arg (line, files[i]);

      lk_window_open_file (window, file);
    }
  lk_shot_arrange (window, options);
  lk_pace_arrange (window, options);
  return 0;
}

static int
lk_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  if (!g_variant_dict_contains (options, "version"))
    return -1;
  g_print ("latchkey %s\n", PACKAGE_VERSION);
  return 0;
}

static void
lk_application_class_init (LkApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->startup = lk_application_startup;
  application_class->activate = lk_application_activate;
  application_class->open = lk_application_open;
  application_class->command_line = lk_application_command_line;
  application_class->handle_local_options = lk_application_handle_local_options;
}

static void
lk_application_init (LkApplication *self)
{
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, NULL, N_ ("Open this store"), N_ ("FILE") },
    { "practice", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Open the practice lab"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Show the version"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, NULL, NULL, N_ ("[FILE…]") },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (G_APPLICATION (self), entries);
  lk_shot_add_options (G_APPLICATION (self));
  lk_pace_add_options (G_APPLICATION (self));
}

LkApplication *
lk_application_new (void)
{
  return g_object_new (LK_TYPE_APPLICATION, "application-id", LK_APPLICATION_ID, "flags",
                       G_APPLICATION_HANDLES_COMMAND_LINE | G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/org/latchkey/Latchkey", NULL);
}
