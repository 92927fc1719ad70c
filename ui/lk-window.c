/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-window.h"

#include "model/lk-summary.h"
#include "model/lk-watch.h"
#include "ui/lk-add-machines-dialog.h"
#include "ui/lk-ask-bar.h"
#include "ui/lk-duplicates-window.h"
#include "ui/lk-field.h"
#include "ui/lk-job-words.h"
#include "ui/lk-open-file.h"
#include "ui/lk-order.h"
#include "ui/lk-pages.h"
#include "ui/lk-practice-page.h"
#include "ui/lk-preferences.h"
#include "ui/lk-sidebar.h"
#include "ui/lk-welcome-page.h"
#include "ui/lk-window-state.h"

#include <glib/gi18n.h>

#define SHORT_TOAST 5  /* seconds */
#define LONG_TOAST  20 /* for what nobody may have been waiting for */

struct _LkWindow
{
  AdwApplicationWindow parent_instance;

  LkDesk *desk;
  LkPage *page; /* that is shown; owned by the stack */
  LkWatch *watch;
  GSettings *state;
  gboolean is_settled;
  gboolean is_asked_for; /* a page, although there are no machines yet */
  char *going_on;        /* what was found at work, until it is said */
  char *stopping;        /* what would stop with us, or NULL */
  gboolean may_stop;     /* a person agreed to that */

  AdwToastOverlay *toasts;
  GtkStack *root_stack;
  AdwLeaflet *leaflet;
  LkSidebar *sidebar;
  GtkWidget *practice_mark;
  LkAskBar *ask_bar;
  GtkImage *status_icon;
  GtkLabel *status_label;
  AdwWindowTitle *title;
  AdwBin *tools;
  GtkStack *pages;
  LkPracticePage *practice_page;
};

typedef enum
{
  SIGNAL_SETTLED,
  N_SIGNALS,
} LkWindowSignal;

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LkWindow, lk_window, ADW_TYPE_APPLICATION_WINDOW)

/* @label NULL: without a button. */
static void
add_toast (LkWindow *self,
           const char *text,
           guint seconds,
           const char *label,
           const char *action,
           GVariant *target)
{
  g_autofree char *markup = g_markup_escape_text (text, -1);
  AdwToast *toast = adw_toast_new (markup);

  adw_toast_set_timeout (toast, seconds);
  adw_toast_set_button_label (toast, label);
  adw_toast_set_action_target_value (toast, target);
  adw_toast_set_action_name (toast, action);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

static void
settle (LkWindow *self)
{
  if (self->is_settled)
    return;
  self->is_settled = TRUE;
  g_signal_emit (self, signals[SIGNAL_SETTLED], 0);
}

static const LkPageEntry *
find_page (const char *name)
{
  const LkPageEntry *entry = lk_pages_get_all ();

  while (entry->name != NULL && !g_str_equal (entry->name, name))
    entry++;
  return entry->name != NULL ? entry : NULL;
}

/* Pages are made when they are first shown. */
static LkPage *
get_page (LkWindow *self, const LkPageEntry *entry)
{
  GtkWidget *page = gtk_stack_get_child_by_name (self->pages, entry->name);

  if (page == NULL)
    {
      page = g_object_new (entry->get_type (), NULL);
      gtk_stack_add_named (self->pages, page, entry->name);
      lk_page_set_desk (LK_PAGE (page), self->desk);
    }
  return LK_PAGE (page);
}

static void
show_page (LkWindow *self, const char *name, const char *selection)
{
  const LkPageEntry *entry = find_page (name);
  LkPage *page = entry != NULL ? get_page (self, entry) : NULL;

  if (page == NULL)
    return;
  if (selection != NULL)
    lk_page_show_view (page, selection);
  if (page == self->page)
    return;

  self->page = page;
  adw_bin_set_child (self->tools, lk_page_get_tools (page));
  gtk_widget_insert_action_group (GTK_WIDGET (self), "page", lk_page_get_actions (page));
  adw_window_title_set_title (self->title, _ (entry->title));
  lk_field_show_page (self->pages, entry->name);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.find", lk_page_get_search (page) != NULL);
}

static void
show_root (LkWindow *self, const char *name)
{
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->root_stack), name) == 0)
    return;
  lk_field_show_page (self->root_stack, name);
  if (g_str_equal (name, "main") && self->page == NULL)
    {
      g_autofree char *page = lk_window_state_get_page (self->state);
      const LkPageEntry *entry = find_page (page);

      if (entry == NULL)
        entry = lk_pages_get_all ();
      show_page (self, entry->name, NULL);
      lk_sidebar_select (self->sidebar, entry->name, NULL);
    }
}

static void
on_page_chosen (LkWindow *self, const char *name, const char *selection, gboolean is_activated)
{
  show_page (self, name, selection);
  if (is_activated)
    adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

/* Pages are of use without a machine, too: where there is a backend and no fleet. */
static void
leave_welcome (LkWindow *self)
{
  if (!lk_window_is_empty (self))
    return;
  self->is_asked_for = TRUE;
  show_root (self, "main");
}

static void
on_back (LkWindow *self)
{
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void
on_show_page (GtkWidget *widget, const char *action, GVariant *name)
{
  LkWindow *self = LK_WINDOW (widget);

  leave_welcome (self);
  show_page (self, g_variant_get_string (name, NULL), NULL);
  lk_sidebar_select (self->sidebar, g_variant_get_string (name, NULL), NULL);
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void
on_show_rows (GtkWidget *widget, const char *action, GVariant *selection)
{
  LkWindow *self = LK_WINDOW (widget);
  const char *text = g_variant_get_string (selection, NULL);

  show_page (self, "products", text);
  lk_sidebar_select (self->sidebar, "products", text);
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void
on_find (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LkWindow *self = LK_WINDOW (widget);
  GtkWidget *search = self->page != NULL ? lk_page_get_search (self->page) : NULL;

  if (search != NULL)
    gtk_widget_grab_focus (search);
}

static void
on_preferences (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LkWindow *self = LK_WINDOW (widget);

  gtk_window_present (GTK_WINDOW (lk_preferences_new (GTK_WINDOW (self), self->desk)));
}

static void
on_add_machines (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LkWindow *self = LK_WINDOW (widget);

  if (self->desk != NULL)
    gtk_window_present (
        GTK_WINDOW (lk_add_machines_dialog_new (GTK_WINDOW (self), self->desk, NULL)));
}

void
lk_window_open_file (LkWindow *self, GFile *file)
{
  if (self->desk != NULL)
    lk_open_file (GTK_WIDGET (self), self->desk, file);
}

static gboolean
on_drop (LkWindow *self, const GValue *value)
{
  lk_window_open_file (self, g_value_get_object (value));
  return TRUE;
}

static void
on_open_file (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LkWindow *self = LK_WINDOW (widget);

  if (self->desk != NULL)
    lk_open_file_choose (widget, self->desk, _ ("The File to Open"));
}

static void
on_duplicates (GtkWidget *widget, const char *action, GVariant *parameter)
{
  LkWindow *self = LK_WINDOW (widget);

  if (self->desk != NULL)
    gtk_window_present (GTK_WINDOW (lk_duplicates_window_new (GTK_WINDOW (self), self->desk)));
}

static void
on_activate_all (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LkWindow *self = user_data;

  if (self->desk != NULL)
    lk_order_ask (GTK_WIDGET (self), self->desk, NULL, NULL);
}

/* A job that was interrupted goes on by itself as soon as we run the jobs, and that is said. */
static void
say_what_goes_on (LkWindow *self)
{
  LkDeskRunner runner = lk_desk_get_runner (self->desk);

  if (self->going_on == NULL || runner == LK_DESK_STARTING || runner == LK_DESK_STUCK)
    return;
  if (runner == LK_DESK_RUNNING) /* with another process it never stopped */
    add_toast (self, self->going_on, LONG_TOAST, _ ("_Show"), "win.show-page",
               g_variant_new_string ("jobs"));
  g_clear_pointer (&self->going_on, g_free);
}

static void
note_jobs (LkWindow *self, const LkSummary *summary)
{
  g_free (self->stopping);
  self->stopping = lk_jobs_describe_stopping (summary->running);
  if (self->is_settled)
    return;
  self->going_on = lk_jobs_describe_going_on (summary->running);
  say_what_goes_on (self);
}

static void
on_summary (gpointer answer, const GError *error, gpointer user_data)
{
  LkWindow *self = user_data;
  g_autoptr (LkSummary) summary = answer;

  if (summary != NULL)
    {
      lk_sidebar_set_summary (self->sidebar, summary);
      note_jobs (self, summary);
      if (summary->n_machines > 0 || self->is_asked_for)
        show_root (self, "main");
      else
        show_root (self, lk_desk_is_practice (self->desk) ? "practice" : "welcome");
    }
  else
    {
      show_root (self, "main");
      lk_window_say (GTK_WIDGET (self), error->message);
    }

  settle (self);
}

static void
on_state_changed (LkWindow *self)
{
  const char *trouble = lk_desk_get_trouble (self->desk);
  const char *icon = "emblem-ok-symbolic";
  const char *text = NULL;

  switch (lk_desk_get_runner (self->desk))
    {
    case LK_DESK_STARTING:
      icon = "content-loading-symbolic";
      text = _ ("Starting…");
      break;
    case LK_DESK_RUNNING:
      text = _ ("This window runs the jobs");
      break;
    case LK_DESK_OTHER:
      icon = "system-run-symbolic";
      text = _ ("Another process runs the jobs");
      break;
    case LK_DESK_STUCK:
      text = _ ("Nobody runs the jobs");
      break;
    default:
      g_assert_not_reached ();
    }

  gtk_image_set_from_icon_name (self->status_icon,
                                trouble != NULL ? "dialog-warning-symbolic" : icon);
  gtk_label_set_text (self->status_label, trouble != NULL ? trouble : text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->status_label), text);
  if (trouble != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->status_icon), "warning");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->status_icon), "warning");
  say_what_goes_on (self);
}

static void
mark_practice (LkWindow *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "practice");
  gtk_widget_set_visible (self->practice_mark, TRUE);
  adw_window_title_set_subtitle (self->title, _ ("Practice lab"));
  gtk_window_set_title (GTK_WINDOW (self), _ ("Latchkey – Practice Lab"));
  lk_practice_page_set_desk (self->practice_page, self->desk);
}

LkWindow *
lk_window_new (GtkApplication *application, const char *path, gboolean is_practice)
{
  LkWindow *self = g_object_new (LK_TYPE_WINDOW, "application", application, NULL);

  lk_field_name_parts (
      GTK_WIDGET (gtk_application_window_get_help_overlay (GTK_APPLICATION_WINDOW (self))));
  self->desk = lk_desk_new (path, is_practice);
  lk_window_state_restore (self->state, GTK_WINDOW (self));
  g_signal_connect_swapped (self->desk, "state-changed", G_CALLBACK (on_state_changed), self);
  lk_ask_bar_set_desk (self->ask_bar, self->desk);
  self->watch = lk_watch_new (lk_desk_get_reader (self->desk), lk_summary_read,
                              (GDestroyNotify) lk_summary_free, on_summary, self);
  on_state_changed (self);
  if (is_practice)
    mark_practice (self);
  lk_watch_set_active (self->watch, TRUE);
  return self;
}

LkDesk *
lk_window_get_desk (LkWindow *self)
{
  return self->desk;
}

gboolean
lk_window_is_settled (LkWindow *self)
{
  return self->is_settled;
}

gboolean
lk_window_is_empty (LkWindow *self)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->root_stack), "welcome") == 0;
}

void
lk_window_say (GtkWidget *widget, const char *text)
{
  lk_window_say_with (widget, text, NULL, NULL, NULL);
}

void
lk_window_say_with (GtkWidget *widget,
                    const char *text,
                    const char *label,
                    const char *action,
                    GVariant *target)
{
  GtkWidget *window = gtk_widget_get_ancestor (widget, LK_TYPE_WINDOW);
  g_autoptr (GVariant) owned = target != NULL ? g_variant_ref_sink (target) : NULL;

  if (window != NULL)
    add_toast (LK_WINDOW (window), text, SHORT_TOAST, label, action, owned);
}

/* From here on nothing that is asked may answer. */
static void
close_desk (LkWindow *self)
{
  GtkWidget *child;

  if (self->desk == NULL)
    return;
  g_clear_pointer (&self->watch, lk_watch_free);
  g_signal_handlers_disconnect_by_data (self->desk, self);
  for (child = gtk_widget_get_first_child (GTK_WIDGET (self->pages)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    lk_page_set_desk (LK_PAGE (child), NULL);
  lk_practice_page_set_desk (self->practice_page, NULL);
  lk_ask_bar_set_desk (self->ask_bar, NULL);
  lk_desk_close (self->desk);
  g_clear_object (&self->desk);
}

static gboolean
is_being_asked (LkWindow *self)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (ADW_IS_MESSAGE_DIALOG (l->data) &&
        gtk_window_get_transient_for (l->data) == GTK_WINDOW (self))
      return TRUE;
  return FALSE;
}

static gboolean
close_now (gpointer self)
{
  gtk_window_close (self);
  return G_SOURCE_REMOVE;
}

/* After the question has gone: it would not survive us. */
static void
on_stop_agreed (LkWindow *self)
{
  self->may_stop = TRUE;
  g_idle_add_full (G_PRIORITY_DEFAULT, close_now, g_object_ref (self), g_object_unref);
}

static gboolean
lk_window_close_request (GtkWindow *window)
{
  LkWindow *self = LK_WINDOW (window);
  const char *page = gtk_stack_get_visible_child_name (self->pages);

  if (self->stopping != NULL && !self->may_stop && self->desk != NULL &&
      lk_desk_get_runner (self->desk) == LK_DESK_RUNNING)
    {
      if (!is_being_asked (self))
        lk_field_confirm (GTK_WIDGET (self), _ ("Close While Jobs Run?"), self->stopping,
                          _ ("_Stop and Close"), G_CALLBACK (on_stop_agreed), self);
      return TRUE;
    }
  lk_window_state_save (self->state, window, page);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE); /* what runs may need a moment to stop */
  close_desk (self);
  return GTK_WINDOW_CLASS (lk_window_parent_class)->close_request (window);
}

static void
lk_window_dispose (GObject *object)
{
  LkWindow *self = LK_WINDOW (object);

  close_desk (self);
  self->page = NULL;
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_WINDOW);
  g_clear_object (&self->state);
  g_clear_pointer (&self->going_on, g_free);
  g_clear_pointer (&self->stopping, g_free);

  G_OBJECT_CLASS (lk_window_parent_class)->dispose (object);
}

static void
lk_window_class_init (LkWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = lk_window_close_request;

  signals[SIGNAL_SETTLED] = g_signal_new ("settled", LK_TYPE_WINDOW, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (LK_TYPE_ASK_BAR);
  g_type_ensure (LK_TYPE_PRACTICE_PAGE);
  g_type_ensure (LK_TYPE_SIDEBAR);
  g_type_ensure (LK_TYPE_WELCOME_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-window.ui");
  gtk_widget_class_bind_template_child (widget_class, LkWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, root_stack);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, practice_mark);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, ask_bar);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, status_icon);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, status_label);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, title);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, tools);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, LkWindow, practice_page);
  gtk_widget_class_bind_template_callback (widget_class, on_page_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_back);

  gtk_widget_class_install_action (widget_class, "win.show-page", "s", on_show_page);
  gtk_widget_class_install_action (widget_class, "win.show-rows", "s", on_show_rows);
  gtk_widget_class_install_action (widget_class, "win.find", NULL, on_find);
  gtk_widget_class_install_action (widget_class, "win.preferences", NULL, on_preferences);
  gtk_widget_class_install_action (widget_class, "win.add-machines", NULL, on_add_machines);
  gtk_widget_class_install_action (widget_class, "win.duplicates", NULL, on_duplicates);
  gtk_widget_class_install_action (widget_class, "win.open-file", NULL, on_open_file);
}

static void
lk_window_init (LkWindow *self)
{
  const GActionEntry entries[] = { { .name = "activate-all", .activate = on_activate_all } };
  GtkDropTarget *target;

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  self->state = lk_window_state_open ();
  gtk_widget_init_template (GTK_WIDGET (self));

  target = gtk_drop_target_new (G_TYPE_FILE, GDK_ACTION_COPY);
  g_signal_connect_swapped (target, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}
