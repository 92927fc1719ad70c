/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/lk-find-saved-page.h"

#include "console/lk-console-sources.h"
#include "console/lk-source-search.h"
#include "ui/lk-field.h"
#include "ui/lk-find-bar.h"
#include "ui/lk-find-saved.h"
#include "ui/lk-product-columns.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _LkFindSavedPage
{
  GtkBox parent_instance;

  LkDesk *desk;
  GCancellable *cancellable;
  GPtrArray *sources; /* LkSource, in the order of the rows */
  char *chosen;       /* the name of the one that is selected, or NULL */
  char *leaving;      /* the one that is to be removed, while that is asked */

  GtkWidget *none;
  GtkListBox *list;
  GtkLabel *problem;
  LkFindBar *bar;
};

G_DEFINE_FINAL_TYPE (LkFindSavedPage, lk_find_saved_page, GTK_TYPE_BOX)

static void
show_problem (LkFindSavedPage *self, const GError *error)
{
  gtk_label_set_text (self->problem, error != NULL ? error->message : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), error != NULL);
}

static const LkSource *
get_chosen (LkFindSavedPage *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);
  int i = row != NULL ? gtk_list_box_row_get_index (row) : -1;

  return self->sources != NULL && i >= 0 ? self->sources->pdata[i] : NULL;
}

static void
on_selected (LkFindSavedPage *self)
{
  const LkSource *source = get_chosen (self);
  g_autofree char *name =
      source != NULL ? g_strdup_printf (_ ("Search %s again"), source->name) : NULL;

  if (source == NULL || g_strcmp0 (source->name, self->chosen) == 0)
    return;
  g_free (self->chosen);
  self->chosen = g_strdup (source->name);
  lk_find_bar_clear (self->bar); /* what another one found */
  lk_find_bar_set_verb (self->bar, _ ("_Search Again"), name);
}

static void
on_search (LkFindSavedPage *self)
{
  if (self->chosen != NULL)
    lk_find_bar_start (self->bar, self->desk, FALSE, lk_find_saved_run, g_strdup (self->chosen),
                       g_free);
}

static gpointer
remove_source (LkConsole *console, gpointer name, GCancellable *cancellable, GError **error)
{
  return lk_console_remove_source (console, name, error) ? g_strdup ("") : NULL;
}

static void
on_removed (gpointer answer, const GError *error, gpointer user_data)
{
  LkFindSavedPage *self = user_data;
  g_autofree char *done = answer;

  show_problem (self, error);
  lk_find_saved_page_reload (self);
}

static void
on_remove_agreed (LkFindSavedPage *self)
{
  if (self->leaving != NULL)
    lk_desk_call (self->desk, remove_source, g_steal_pointer (&self->leaving), g_free, g_free,
                  self->cancellable, on_removed, self);
}

static void
on_remove (LkFindSavedPage *self, GtkWidget *button)
{
  g_autofree char *heading = NULL;

  g_free (self->leaving);
  self->leaving = g_strdup (g_object_get_data (G_OBJECT (button), "lk-source"));
  heading = g_strdup_printf (_ ("Remove the Search %s?"), self->leaving);
  lk_field_confirm (GTK_WIDGET (self), heading, _ ("The machines that it found stay."),
                    _ ("_Remove"), G_CALLBACK (on_remove_agreed), self);
}

static void
add_row (LkFindSavedPage *self, const LkSource *source)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  g_autofree char *what = lk_source_describe (source);
  g_autofree char *at = lk_time_to_text (source->run_at);
  g_autofree char *found =
      g_strdup_printf (ngettext ("%u machine, %s", "%u machines, %s", source->n_machines),
                       source->n_machines, at);
  g_autofree char *details =
      g_strdup_printf ("%s\n%s", what, source->run_at != 0 ? found : _ ("Not searched again yet"));
  g_autofree char *verb = g_strdup_printf (_ ("Remove the search %s"), source->name);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), source->name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), details);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Remove this search; its machines stay"));
  lk_field_name (button, verb);
  g_object_set_data_full (G_OBJECT (button), "lk-source", g_strdup (source->name), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_remove), self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  gtk_list_box_append (self->list, row);
}

/* The one that was selected stays so. */
static void
fill (LkFindSavedPage *self)
{
  guint n = self->sources->len;
  guint selected = 0;
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (self->list, 0)) != NULL)
    gtk_list_box_remove (self->list, GTK_WIDGET (row));
  for (guint i = 0; i < n; i++)
    {
      const LkSource *source = self->sources->pdata[i];

      add_row (self, source);
      if (g_strcmp0 (source->name, self->chosen) == 0)
        selected = i;
    }
  if (n > 0)
    gtk_list_box_select_row (self->list,
                             gtk_list_box_get_row_at_index (self->list, (int) selected));
  else
    {
      g_clear_pointer (&self->chosen, g_free);
      lk_find_bar_clear (self->bar);
    }
  gtk_widget_set_visible (self->none, n == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->bar), n > 0);
}

static gpointer
list_sources (LkConsole *console, gpointer question, GCancellable *cancellable, GError **error)
{
  return lk_console_list_sources (console, error);
}

static void
on_listed (gpointer answer, const GError *error, gpointer user_data)
{
  LkFindSavedPage *self = user_data;

  if (answer == NULL)
    {
      show_problem (self, error);
      return;
    }
  g_clear_pointer (&self->sources, g_ptr_array_unref);
  self->sources = answer;
  fill (self);
}

void
lk_find_saved_page_reload (LkFindSavedPage *self)
{
  lk_desk_call (self->desk, list_sources, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                self->cancellable, on_listed, self);
}

void
lk_find_saved_page_set_desk (LkFindSavedPage *self, LkDesk *desk)
{
  g_set_object (&self->desk, desk);
}

GListModel *
lk_find_saved_page_get_list (LkFindSavedPage *self)
{
  return lk_find_bar_get_list (self->bar);
}

static void
lk_find_saved_page_dispose (GObject *object)
{
  LkFindSavedPage *self = LK_FIND_SAVED_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), LK_TYPE_FIND_SAVED_PAGE);
  g_clear_object (&self->desk);

  G_OBJECT_CLASS (lk_find_saved_page_parent_class)->dispose (object);
}

static void
lk_find_saved_page_finalize (GObject *object)
{
  LkFindSavedPage *self = LK_FIND_SAVED_PAGE (object);

  g_object_unref (self->cancellable);
  g_clear_pointer (&self->sources, g_ptr_array_unref);
  g_free (self->chosen);
  g_free (self->leaving);

  G_OBJECT_CLASS (lk_find_saved_page_parent_class)->finalize (object);
}

#define BIND(child) gtk_widget_class_bind_template_child (widget_class, LkFindSavedPage, child)

static void
lk_find_saved_page_class_init (LkFindSavedPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = lk_find_saved_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = lk_find_saved_page_finalize;
  g_type_ensure (LK_TYPE_FIND_BAR);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/latchkey/Latchkey/ui/lk-find-saved-page.ui");
  BIND (none);
  BIND (list);
  BIND (problem);
  BIND (bar);
  gtk_widget_class_bind_template_callback (widget_class, on_search);
  gtk_widget_class_bind_template_callback (widget_class, on_selected);
  gtk_widget_class_bind_template_callback (widget_class, lk_find_saved_page_reload);
}

static void
lk_find_saved_page_init (LkFindSavedPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
