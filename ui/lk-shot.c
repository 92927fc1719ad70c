/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-shot.h"

#include <stdio.h>
#include <string.h>

#define N_FRAMES   6
#define MAX_FRAMES 400
#define DOTS       (96 * 1024) /* an inch, at 100 % text, in GTK's unit */
#define DO_MS      900         /* until what an action asked for has been answered */
#define LOOK_MS    200
#define MAX_LOOKS  450
#define DIALOG_MS  2000 /* what a dialog asks before it shows itself */

typedef struct
{
  GtkWindow *window;
  GtkWindow *target;
  char *path;
  char *what;
  guint page;  /* from 1; 0: the one that is shown */
  char *press; /* the id of a button, pressed before the picture is taken */
  int width;
  int height;
  guint after_ms;
  guint n_frames;
  gboolean waits; /* until no spinner turns */
  guint n_looks;
  char **actions;
  guint n_done;
} Shot;

static void
shot_free (Shot *self)
{
  g_free (self->path);
  g_free (self->what);
  g_free (self->press);
  g_strfreev (self->actions);
  g_free (self);
}

/* NULL while nothing is drawn yet. */
static GdkTexture *
render (GtkWindow *window)
{
  int width = gtk_widget_get_width (GTK_WIDGET (window));
  int height = gtk_widget_get_height (GTK_WIDGET (window));
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (window));
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;

  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (snapshot);
  if (node == NULL)
    return NULL;
  return gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node,
                                      &GRAPHENE_RECT_INIT (0, 0, width, height));
}

static gboolean
close_all (gpointer user_data)
{
  gtk_window_destroy (user_data);
  return G_SOURCE_REMOVE;
}

/* A list needs some frames until its rows are made and measured. */
static gboolean
on_frame (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  Shot *self = user_data;
  g_autoptr (GdkTexture) texture = NULL;

  if (++self->n_frames < N_FRAMES)
    return G_SOURCE_CONTINUE;
  texture = render (self->target);
  if (texture == NULL && self->n_frames < MAX_FRAMES)
    return G_SOURCE_CONTINUE;

  if (texture == NULL || !gdk_texture_save_to_png (texture, self->path))
    g_critical ("No picture could be written to %s", self->path);
  if (self->target != self->window)
    g_idle_add (close_all, self->target);
  g_idle_add (close_all, self->window);
  return G_SOURCE_REMOVE;
}

static GtkWindow *
find_dialog (GtkWindow *window)
{
  GListModel *all = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (all); i++)
    {
      g_autoptr (GtkWindow) other = g_list_model_get_item (all, i);

      if (other != window && gtk_window_get_transient_for (other) == window &&
          gtk_widget_get_visible (GTK_WIDGET (other)))
        return other;
    }
  return window;
}

/* Of the preferences, or of a dialog with a switcher. */
static void
show_dialog_page (GtkWindow *window, guint n)
{
  g_autoptr (GtkSelectionModel) pages = NULL;
  g_autoptr (GPtrArray) queue = g_ptr_array_new ();

  g_ptr_array_add (queue, window);
  for (guint i = 0; i < queue->len && pages == NULL; i++)
    for (GtkWidget *child = gtk_widget_get_first_child (queue->pdata[i]); child != NULL;
         child = gtk_widget_get_next_sibling (child))
      {
        if (pages == NULL && ADW_IS_VIEW_STACK (child))
          pages = adw_view_stack_get_pages (ADW_VIEW_STACK (child));
        else if (pages == NULL && GTK_IS_STACK_SWITCHER (child))
          pages = gtk_stack_get_pages (gtk_stack_switcher_get_stack (GTK_STACK_SWITCHER (child)));
        g_ptr_array_add (queue, child);
      }
  if (pages != NULL)
    gtk_selection_model_select_item (pages, n, TRUE);
}

static gboolean
has_spinner (GtkWidget *widget)
{
  if (GTK_IS_SPINNER (widget) && gtk_widget_get_mapped (widget) &&
      gtk_spinner_get_spinning (GTK_SPINNER (widget)))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (has_spinner (child))
      return TRUE;
  return FALSE;
}

static void
do_action (GtkWidget *window, const char *detailed)
{
  g_autoptr (GVariant) target = NULL;
  g_autofree char *name = NULL;

  if (!g_action_parse_detailed_name (detailed, &name, &target, NULL) ||
      !gtk_widget_activate_action_variant (window, name, target))
    g_critical ("“%s” could not be done", detailed);
}

static gboolean
press (GtkWidget *widget, const char *id)
{
  if (GTK_IS_BUTTON (widget) && gtk_widget_get_mapped (widget) &&
      gtk_widget_is_sensitive (widget) &&
      g_strcmp0 (gtk_buildable_get_buildable_id (GTK_BUILDABLE (widget)), id) == 0)
    return gtk_widget_activate (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (press (child, id))
      return TRUE;
  return FALSE;
}

static gboolean
aim (gpointer user_data)
{
  Shot *self = user_data;

  self->target = find_dialog (self->target != NULL ? self->target : self->window);
  if (self->waits && has_spinner (GTK_WIDGET (self->target)) && self->n_looks++ < MAX_LOOKS)
    {
      g_timeout_add (LOOK_MS, aim, self);
      return G_SOURCE_REMOVE;
    }
  if (self->page > 0)
    show_dialog_page (self->target, self->page - 1);
  if (self->press != NULL)
    {
      /* A dialog that is still at work lets nothing be pressed. */
      gboolean is_pressed = press (GTK_WIDGET (self->target), self->press);

      if (!is_pressed && self->n_looks++ == MAX_LOOKS)
        g_critical ("“%s” could not be pressed", self->press);
      if (is_pressed || self->n_looks > MAX_LOOKS)
        g_clear_pointer (&self->press, g_free);
      self->page = 0;
      g_timeout_add (is_pressed ? DIALOG_MS : LOOK_MS, aim, self);
      return G_SOURCE_REMOVE;
    }
  if (self->width > 0 && self->target != self->window)
    gtk_window_set_default_size (self->target, self->width, self->height);
  gtk_widget_add_tick_callback (GTK_WIDGET (self->target), on_frame, self,
                                (GDestroyNotify) shot_free);
  return G_SOURCE_REMOVE;
}

static gboolean
take (gpointer user_data)
{
  Shot *self = user_data;

  if (self->actions != NULL && self->actions[self->n_done] != NULL)
    {
      do_action (GTK_WIDGET (self->window), self->actions[self->n_done++]);
      g_timeout_add (DO_MS, take, self);
      return G_SOURCE_REMOVE;
    }

  return aim (self);
}

static gboolean
show (gpointer user_data)
{
  Shot *self = user_data;
  GtkWidget *window = GTK_WIDGET (self->window);

  /* A dialog of another page: "keys/page.add-key". */
  if (strchr (self->what, '/') != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (self->what, "/", 2);

      gtk_widget_activate_action (window, "win.show-page", "s", parts[0]);
      gtk_widget_activate_action (window, parts[1], NULL);
      g_timeout_add (DIALOG_MS, aim, self);
      return G_SOURCE_REMOVE;
    }
  if (g_str_equal (self->what, "preferences"))
    gtk_widget_activate_action (window, "win.preferences", NULL);
  else if (g_str_equal (self->what, "shortcuts"))
    gtk_widget_activate_action (window, "win.show-help-overlay", NULL);
  else if (g_str_equal (self->what, "help") || g_str_equal (self->what, "about"))
    {
      g_autofree char *action = g_strconcat ("app.", self->what, NULL);

      gtk_widget_activate_action (window, action, NULL);
    }
  else if (!g_str_equal (self->what, "window"))
    gtk_widget_activate_action (window, "win.show-page", "s", self->what);

  return take (self);
}

static void
on_settled (Shot *self)
{
  g_timeout_add (self->after_ms, show, self);
}

void
lk_shot_arrange (LkWindow *window, GVariantDict *options)
{
  const char *path = NULL;
  const char *size = NULL;
  const char *actions = NULL;
  int after = 100;
  int page = 0;
  int scale = 1;
  Shot *self;

  if (!g_variant_dict_lookup (options, "shot", "^&ay", &path))
    return;
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  if (g_variant_dict_lookup (options, "shot-text-scale", "i", &scale))
    g_object_set (gtk_settings_get_default (), "gtk-xft-dpi", scale * DOTS, NULL);
  if (g_variant_dict_contains (options, "shot-rtl"))
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  self = g_new0 (Shot, 1);
  self->window = GTK_WINDOW (window);
  self->path = g_strdup (path);
  if (!g_variant_dict_lookup (options, "shot-of", "s", &self->what))
    self->what = g_strdup ("window");
  if (g_variant_dict_lookup (options, "shot-do", "&s", &actions))
    self->actions = g_strsplit (actions, " + ", -1);
  g_variant_dict_lookup (options, "shot-after", "i", &after);
  g_variant_dict_lookup (options, "shot-page", "i", &page);
  g_variant_dict_lookup (options, "shot-press", "s", &self->press);
  self->waits = g_variant_dict_contains (options, "shot-wait");
  self->after_ms = (guint) MAX (after, 0);
  self->page = (guint) MAX (page, 0);
  if (g_variant_dict_lookup (options, "shot-size", "&s", &size) &&
      sscanf (size, "%dx%d", &self->width, &self->height) == 2)
    gtk_window_set_default_size (self->window, self->width, self->height);

  if (lk_window_is_settled (window))
    on_settled (self);
  else
    g_signal_connect_swapped (window, "settled", G_CALLBACK (on_settled), self);
}

void
lk_shot_add_options (GApplication *application)
{
  const GOptionFlags hidden = G_OPTION_FLAG_HIDDEN;
  const GOptionEntry entries[] = {
    { "shot", 0, hidden, G_OPTION_ARG_FILENAME, NULL, NULL, NULL },
    { "shot-of", 0, hidden, G_OPTION_ARG_STRING, NULL, NULL, NULL },
    { "shot-page", 0, hidden, G_OPTION_ARG_INT, NULL, NULL, NULL },
    { "shot-press", 0, hidden, G_OPTION_ARG_STRING, NULL, NULL, NULL },
    { "shot-do", 0, hidden, G_OPTION_ARG_STRING, NULL, NULL, NULL },
    { "shot-size", 0, hidden, G_OPTION_ARG_STRING, NULL, NULL, NULL },
    { "shot-after", 0, hidden, G_OPTION_ARG_INT, NULL, NULL, NULL },
    { "shot-text-scale", 0, hidden, G_OPTION_ARG_INT, NULL, NULL, NULL },
    { "shot-wait", 0, hidden, G_OPTION_ARG_NONE, NULL, NULL, NULL },
    { "shot-rtl", 0, hidden, G_OPTION_ARG_NONE, NULL, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (application, entries);
}
